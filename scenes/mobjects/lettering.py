"""Words and formulas, set by Typst and drawn as one path each.

The text and maths face is New Computer Modern, which comes inside the `typst` wheel; the Japanese face is
Noto Sans CJK JP, which comes as a wheel of its own. The machine's own fonts are never looked at, so a picture
is the same everywhere. Typst runs in this process and writes no file, so scenes that render side by side
cannot disturb each other (Manim's Text rewrites its cached SVG in place).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import noto_cjk_sans_jp_regular
import numpy as np
import numpy.typing as npt
import svgelements
import typst
from manim import VGroup, VMobject, config

from model_probe.errors import UserError
from scenes.layout import Box
from scenes.mobjects import marks, palette

Points = npt.NDArray[np.float64]
Words = TypeVar("Words", bound=VMobject)

TEXT_FACES = '("New Computer Modern", "New Computer Modern Math", "Noto Sans CJK JP")'
MONO_FACES = '("DejaVu Sans Mono", "New Computer Modern Math", "Noto Sans CJK JP")'
# of a line that holds a word in a script that only the monospaced face has: a sentence that quotes a token
ALL_FACES = '("New Computer Modern", "New Computer Modern Math", "Noto Sans CJK JP", "DejaVu Sans Mono")'
POINT_SIZE = 10.0  # Typst sets everything at 10 pt; one em becomes `size` frame units afterwards
ASCENT, DESCENT = 0.82, 0.24  # the line box in em, the same for every string, so that baselines agree
MARK_SIZE = 0.56  # em of a mark's name; and of its frame, where it begins, ends and how thick it is
MARK_BOTTOM, MARK_TOP, MARK_RULE, MARK_PAD, MARK_GAP = -0.14, 0.76, 0.025, 0.1, 0.06
CAPITALS = 0.68  # em, the height of the face's capitals
WEIGHT = 1.1  # stroke width that keeps Computer Modern's thin strokes legible on a phone
NUMERALS = frozenset("0123456789.,+−% ")

_SVG, _HREF = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_PAGE = "#set page(width: auto, height: auto, margin: 0pt, fill: none)\n"
_STRING = (
    _PAGE + "#set text(size: 10pt, font: {faces}, fallback: false, top-edge: 8.2pt, bottom-edge: -2.4pt)\n"
    "#sys.inputs.string"
)
_FORMULA = (
    _PAGE + f"#set text(size: 10pt, font: {TEXT_FACES}, fallback: false)\n"
    "#set par(leading: 0.8em)\n#let tone(c, body) = text(fill: rgb(c), body)\n{source}"
)


class MissingGlyph(UserError):  # noqa: N818 (it names what is missing, as KeyError does)
    """A string holds a character that none of the suite's faces can draw."""


def legible() -> float:
    """The smallest em, in frame units: a little over 18 pixels where the shorter side has 1,080."""
    return float(18.3 / 1080 * min(config.frame_width, config.frame_height))


@cache
def _compiler() -> typst.Compiler:
    folder = str(Path(noto_cjk_sans_jp_regular.__file__).parent)
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[folder])
    return typst.Compiler(font_paths=fonts, ignore_system_fonts=True)


@lru_cache(maxsize=4096)
def _outline(path_data: str) -> Points:
    """An SVG path as Manim's points: four a cubic curve, (4n, 3), y down as in the SVG."""
    curves: list[list[complex]] = []
    for segment in svgelements.Path(path_data):
        match segment:
            case svgelements.CubicBezier():
                curve = [segment.start, segment.control1, segment.control2, segment.end]
            case svgelements.QuadraticBezier():
                start, control, end = (complex(p) for p in (segment.start, segment.control, segment.end))
                curve = [start, start + (control - start) * 2 / 3, end + (control - end) * 2 / 3, end]
            case svgelements.Line() | svgelements.Close():
                if segment.start is None or segment.end is None or segment.start == segment.end:
                    continue
                start, end = complex(segment.start), complex(segment.end)
                curve = [start + (end - start) * t for t in (0, 1 / 3, 2 / 3, 1)]
            case _:
                continue
        curves.append([complex(point) for point in curve])
    flat = np.array(curves, dtype=np.complex128).reshape(-1)
    return np.stack([flat.real, flat.imag, np.zeros(len(flat))], axis=-1)


def _place(matrix: svgelements.Matrix, points: Points) -> Points:
    x, y = points[:, 0], points[:, 1]
    placed = points.copy()
    placed[:, 0] = matrix.a * x + matrix.c * y + matrix.e
    placed[:, 1] = matrix.b * x + matrix.d * y + matrix.f
    return placed


def _draw(
    element: ET.Element, matrix: svgelements.Matrix, glyphs: dict[str, str], found: list[tuple[str, Points]]
) -> None:
    """Collect (fill colour, points) of everything drawn under `element`, in drawing order."""
    for child in element:
        # The child's own transform acts first; svgelements writes "first A, then B" as A * B.
        own = svgelements.Matrix(child.get("transform", "")) * matrix
        if child.tag == f"{_SVG}use":
            at = svgelements.Matrix.translate(float(child.get("x", 0)), float(child.get("y", 0))) * own
            found.append(
                (child.get("fill", "#000000"), _place(at, _outline(glyphs[child.get(_HREF, "")[1:]])))
            )
        elif child.tag == f"{_SVG}path":
            if child.get("fill", "none") != "none":
                found.append((child.get("fill", "#000000"), _place(own, _outline(child.get("d", "")))))
            elif child.get("stroke") is not None:  # a fraction bar or a root: a line with a thickness
                line = _place(own, _outline(child.get("d", "")))
                found.append(
                    (child.get("stroke", "#000000"), _thicken(line, float(child.get("stroke-width", 0.4))))
                )
        elif child.tag == f"{_SVG}g":
            _draw(child, own, glyphs, found)


def _thicken(line: Points, thickness: float) -> Points:
    """A straight horizontal rule as the outline of a thin rectangle."""
    (x0, y0), (x1, y1) = line[0, :2], line[-1, :2]
    half = thickness / 2
    corners = [(x0, y0 - half), (x1, y1 - half), (x1, y1 + half), (x0, y0 + half), (x0, y0 - half)]
    sides = [np.linspace((*a, 0.0), (*b, 0.0), 4) for a, b in pairwise(corners)]
    return np.concatenate(sides)


def _typeset(source: str, inputs: dict[str, str]) -> tuple[ET.Element, dict[str, str]]:
    svg = _compiler().compile(input=source.encode(), format="svg", sys_inputs=inputs)
    assert isinstance(svg, bytes)  # one page: Typst answers a list only for several
    root = ET.fromstring(svg)
    glyphs = {
        symbol.get("id", ""): symbol[0].get("d", "") for symbol in root.iter(f"{_SVG}symbol") if len(symbol)
    }
    return root, glyphs


def string_points(string: str, mono: bool) -> tuple[Points, float]:
    """Outline of `string` in em, baseline at y = 0, and its advance width in em; marks are boxed."""
    if marks.unmarked(string):
        return _set(string, mono)
    parts, pen = [], 0.0
    for stretch in marks.stretches(string):
        points, advance = _boxed(stretch) if marks.MARK.fullmatch(stretch) else _set(stretch, mono)
        parts.append(points + np.array([pen, 0.0, 0.0]))
        pen += advance
    return np.concatenate(parts), pen


@lru_cache(maxsize=1024)
def _boxed(mark: str) -> tuple[Points, float]:
    """The name of a character that cannot be seen, small, in a frame that stands in the line."""
    points, advance = _set(mark[1:-1], False)
    width = MARK_SIZE * advance + 2 * MARK_PAD
    middle = (MARK_TOP + MARK_BOTTOM) / 2
    baseline = middle - MARK_SIZE * CAPITALS / 2
    parts = [points * MARK_SIZE + np.array([MARK_GAP + MARK_PAD, baseline, 0.0])]
    for inset, way in ((0.0, 1), (MARK_RULE, -1)):  # the inner edge runs the other way: a ring
        left, right = MARK_GAP + inset, MARK_GAP + width - inset
        bottom, top = MARK_BOTTOM + inset, MARK_TOP - inset
        corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)][::way]
        parts += [np.linspace((*a, 0.0), (*b, 0.0), 4) for a, b in pairwise(corners)]
    return np.concatenate(parts), width + 2 * MARK_GAP


@lru_cache(maxsize=8192)
def _set(string: str, mono: bool) -> tuple[Points, float]:
    """Outline and advance of a string without marks."""
    faces = _faces(mono) if drawable(string, mono) else ALL_FACES
    source = _STRING.replace("{faces}", faces)
    root, glyphs = _typeset(source, {"string": string})
    width = float(root.get("viewBox", "0 0 0 0").split()[2])
    found: list[tuple[str, Points]] = []
    _draw(root, svgelements.Matrix(), glyphs, found)
    points = np.concatenate([p for _, p in found]) if found else np.zeros((0, 3))
    points = points / POINT_SIZE
    points[:, 1] = ASCENT - points[:, 1]
    return points, width / POINT_SIZE


def _faces(mono: bool) -> str:
    return MONO_FACES if mono else TEXT_FACES


@cache
def _blank_glyphs(faces: str) -> frozenset[str]:
    """The outlines that the faces draw for a character that they lack."""
    source = _STRING.replace("{faces}", faces)
    unassigned = chr(0x10FFFD)  # a private-use character that no face of ours fills
    _, glyphs = _typeset(source, {"string": unassigned})
    return frozenset(glyphs.values())


def drawable(string: str, mono: bool = False) -> bool:
    """Whether the text's faces, or the monospaced ones, have a glyph for every character of `string`."""
    return _drawable(string, _faces(mono))


@lru_cache(maxsize=65536)
def _drawable(string: str, faces: str) -> bool:
    string = marks.MARK.sub("", string)
    if all(" " <= character <= "~" for character in string):
        return True
    if any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in string):
        return False
    _, glyphs = _typeset(_STRING.replace("{faces}", faces), {"string": string})
    return _blank_glyphs(faces).isdisjoint(glyphs.values())


def _numeral_points(string: str) -> tuple[Points, float]:
    """`string` put together from single glyphs: counting numbers need no new typesetting a frame."""
    parts, pen = [], 0.0
    for character in string:
        points, advance = string_points(character, False)
        moved = points.copy()
        moved[:, 0] += pen
        parts.append(moved)
        pen += advance
    return np.concatenate(parts), pen


def _line_box(width: float) -> Points:
    """Two invisible dots that make a mobject's box the line box: spaces count, and baselines agree."""
    corners = np.array([[0.0, -DESCENT, 0.0], [width, ASCENT, 0.0]])
    return np.repeat(corners, 4, axis=0)


class Lettering(VMobject):
    """One line of text as one path.

    Its box is the typographic line box: leading and trailing spaces count, and two strings aligned by their
    boxes share a baseline.

    Args:
        string: what is written.
        size: the em in frame units (the frame is 8 units high; 0.1334 is 18 px at 1080p).
        colour: `#RRGGBB`.
        mono: set in the monospaced face, used for bytes and ids.

    Raises:
        MissingGlyph: no face of the suite has one of the characters.
    """

    def __init__(self, string: str, size: float = 0.3, colour: str = palette.INK, mono: bool = False) -> None:
        super().__init__(stroke_width=WEIGHT * min(1.0, size / 0.3), fill_opacity=1.0)
        self.mono = mono
        self.size = size
        self.set_stroke(colour, opacity=1.0)
        self.set_fill(colour, opacity=1.0)
        self.string = ""
        self._write(string, size)
        self.center()

    def _write(self, string: str, em: float) -> None:
        if string and NUMERALS.issuperset(string) and not self.mono:
            points, width = _numeral_points(string)
        else:
            if not drawable(string, self.mono) and not _drawable(string, ALL_FACES):
                lacking = next((c for c in string if not _drawable(c, ALL_FACES)), string)
                raise MissingGlyph(f"no face of the suite can draw U+{ord(lacking[0]):04X} in {string!r}")
            points, width = string_points(string, self.mono)
        self.string = string
        self._advance = width
        self.points = np.concatenate([_line_box(width), points]) * em

    @property
    def em(self) -> float:
        """The em as it stands: `size`, and whatever scaled it since."""
        low, high = self.points[0], self.points[4]  # the line box's corners, whatever turned or moved them
        return float(np.linalg.norm(high - low) / np.hypot(self._advance, ASCENT + DESCENT))

    def rewrite(self, string: str, anchor: npt.ArrayLike = (-1.0, 0.0, 0.0)) -> Lettering:
        """Change what is written, at the scale that it has now.

        The side of the line box that `anchor` points to stays where it is.
        """
        if string != self.string:
            edge = np.asarray(anchor, dtype=float)
            before = self.get_critical_point(edge)
            self._write(string, self.em)
            self.shift(before - self.get_critical_point(edge))
        return self


def fitted(words: Words, fit: Box | float | None) -> Words:
    """Make words smaller, never larger, so that they fit a width in frame units, or a box: in its middle."""
    if isinstance(fit, Box):
        words.scale(min(1.0, fit.width / max(words.width, 1e-9), fit.height / max(words.height, 1e-9)))
        words.move_to(fit.center)
    elif fit is not None:
        words.scale(min(1.0, fit / max(words.width, 1e-9)))
    return words


def text(
    string: str,
    size: float = 0.3,
    colour: str = palette.INK,
    mono: bool = False,
    fit: Box | float | None = None,
) -> Lettering:
    """One line of text; see `Lettering`, and `fitted` for what it is to fit into."""
    return fitted(Lettering(string, size, colour, mono), fit)


def lines(
    strings: list[str],
    size: float = 0.3,
    colour: str = palette.INK,
    leading: float = 1.3,
    fit: Box | float | None = None,
) -> VGroup:
    """Several centred lines of text, `leading` em from baseline to baseline; `fit` as in `fitted`."""
    group = VGroup(*(text(string, size, colour) for string in strings))
    for row, line in enumerate(group):
        line.move_to([0.0, -row * leading * size, 0.0])
    return fitted(group.center(), fit)


_RULER = "#010203"  # no picture has this colour


class Formula(VGroup):
    """Mathematics as `formula` sets it: one submobject for each run of one colour."""


def formula(
    source: str, size: float = 0.4, colour: str = palette.INK, fit: Box | float | None = None
) -> Formula:
    r"""Typst markup, maths between dollar signs; one submobject for each run of one colour.

    `#tone("#FFFF00", $q$)` sets a part in another colour; the rest takes `colour`. `fit` as in `fitted`.

    Raises:
        MissingGlyph: no face of the suite has one of the characters.
        typst.TypstError: the markup is wrong (a mistake in a scene, not in a prompt).
    """
    root, glyphs = _typeset(_FORMULA.replace("{source}", source), {})
    if not _blank_glyphs(TEXT_FACES).isdisjoint(glyphs.values()):
        raise MissingGlyph(f"no face of the suite can draw all of {source!r}")
    found: list[tuple[str, Points]] = []
    _draw(root, svgelements.Matrix(), glyphs, found)
    group = Formula()
    last_fill = None
    for fill, points in found:
        placed = points * size / POINT_SIZE
        placed[:, 1] *= -1
        if fill != last_fill:
            part = VMobject(stroke_width=WEIGHT * min(1.0, size / 0.3), fill_opacity=1.0)
            tone = colour if fill in ("#000000", "black") else fill[:7].upper()
            part.set_stroke(tone, opacity=1.0).set_fill(tone, opacity=1.0)
            group.add(part)
            last_fill = fill
        group[-1].points = np.concatenate([group[-1].points, placed])
    fitted(group.center(), fit)
    return group


def words_or_formula(
    source: str, size: float = 0.3, colour: str = palette.INK, fit: Box | float | None = None
) -> Lettering | VGroup:
    """One line: a formula where there is maths between dollar signs, without spaces inside them, else text.

    The formula has the box of a line of text, so that their baselines agree.
    """
    if "$" not in source:
        return text(source, size, colour, fit=fit)
    standing, *parts = formula(f'#tone("{_RULER}", [H]){source}', size, colour)  # an H stands on the baseline
    left, baseline = standing.get_right()[0], standing.get_bottom()[1]
    box = VMobject(stroke_width=0, fill_opacity=0)
    box.points = _line_box(0.0) * size + np.array([left, baseline, 0.0])
    return fitted(Formula(box, *parts).center(), fit)

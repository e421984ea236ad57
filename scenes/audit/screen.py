"""What a scene shows and says, beat by beat, and where each number of it comes from.

A number on screen is a run of digits in what can be read there at the end of any animation, or in what is
said. What is rewritten within a beat, a number that counts, is listed as it was last.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from manim import config, tempconfig

from scenes.audit.instruments import instrumented, quoted
from scenes.audit.origins import Unfounded, Writer
from scenes.audit.records import MARK, RECORDS, unmarked
from scenes.audit.wording import spans
from scenes.lecture_scene import LectureScene
from scenes.mobjects.attention_grid import AttentionGrid
from scenes.mobjects.lettering import Formula, Lettering
from scenes.mobjects.number_matrix import NumberMatrix
from scenes.render.quality import ASPECTS, QUALITIES, pixels
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings

DIGITS = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?:e[+−-]?\d+)?")
MARKUP = re.compile(r'#tone\("#[0-9A-Fa-f]{6}",|#h\([^)]*\)|#v\([^)]*\)')  # of Typst, not seen
NAMES = ("model_name", "model_note", "quantization")  # facts that are words
WRITTEN = (Lettering, Formula, AttentionGrid, NumberMatrix)
FAINTEST = 0.01  # opacity of what can be seen
SIGNS = "+−-"
DRAWN, SAID = "drawn", "said"


@dataclass(frozen=True)
class Shown:
    """A number on screen.

    Attributes:
        scene, beat: where it is.
        where: `drawn` or `said`.
        text: its digits, as they are shown.
        value: the number before it was rounded.
        origin: the tensor and the place in it, or the formula; "" where there is none.
        tensors: those that it comes from.
        fault: why it has no origin; "" where it has one.
        around: the words that it stands in.
    """

    scene: str
    beat: str
    where: str
    text: str
    value: str
    origin: str
    tensors: tuple[str, ...]
    fault: str
    around: str

    @property
    def complaint(self) -> str:
        """A line that says which number has no origin, and why."""
        words = " ".join(self.around.split())
        return f"{self.scene}, {self.beat}: {self.text} {self.where} in {words[:80]!r}: {self.fault}"


def audited(name: str, scene_class: type[LectureScene], settings: Settings) -> list[Shown]:
    """Play a scene without drawing it, and list every number that it shows."""
    seen: dict[tuple[str, str, str], None] = {}

    class Audited(scene_class):  # type: ignore[valid-type, misc]
        stood: ClassVar[dict[tuple[int, int], tuple[str, Any]]] = {}  # by mobject and place in it

        @contextmanager
        def beat(self, beat: str, *arguments: Any, **more: Any) -> Iterator[None]:
            self.stood.clear()
            with super().beat(beat, *arguments, **more):
                yield
            self.look()
            seen.update({(beat, DRAWN, words): None for words, _ in self.stood.values()})
            seen[beat, SAID, self.beats[-1].narration] = None

        def play(self, *arguments: Any, **more: Any) -> None:
            super().play(*arguments, **more)
            self.look()

        def setup(self) -> None:
            facts = self.trace.facts
            self.trace.facts = replace(facts, **{name: quoted(getattr(facts, name)) for name in NAMES})
            super().setup()

        def look(self) -> None:
            for mobject in (each for top in self.mobjects for each in top.get_family()):
                if isinstance(mobject, WRITTEN) and visible(mobject):
                    for place, words in enumerate(written(mobject)):
                        self.stood[id(mobject), place] = words, mobject

    Audited.__name__, Audited.__module__ = scene_class.__name__, scene_class.__module__
    width, height = pixels(QUALITIES["h"], settings.aspect)
    with (
        instrumented(sys.modules[scene_class.__module__]),
        tempconfig({"pixel_width": width, "pixel_height": height}),
    ):
        config.frame_width, config.frame_height = ASPECTS[settings.aspect]
        rehearse(Audited, settings)
        return [each for beat, where, words in seen for each in numbers(name, beat, where, words)]


def written(mobject: Any) -> list[str]:
    """What is written in a mobject."""
    if isinstance(mobject, Formula):
        return [MARKUP.sub("", getattr(mobject, "source", ""))]
    if isinstance(mobject, AttentionGrid):
        return [
            look.words for look in mobject.looks.values() if look.words and look.ink > 0 and look.seen > 0
        ]
    if isinstance(mobject, NumberMatrix):
        return [
            f"{value:+.{mobject.digits}f}".replace("-", SIGNS[1]) for row in mobject.values for value in row
        ]
    return [mobject.string]


def visible(mobject: Any) -> bool:
    """Whether something of a mobject would be drawn."""
    if isinstance(mobject, (AttentionGrid, NumberMatrix)):
        cells = mobject.cells if isinstance(mobject, AttentionGrid) else mobject
        return bool(cells.opacity > FAINTEST)
    parts = mobject.get_family() if isinstance(mobject, Formula) else [mobject]
    opaque = (max(part.get_fill_opacity(), part.get_stroke_opacity()) for part in parts if len(part.points))
    return any(opacity > FAINTEST for opacity in opaque)


def numbers(scene: str, beat: str, where: str, words: str) -> Iterator[Shown]:
    """The numbers in a text, each with what was recorded when it was formatted."""
    plain = unmarked(words)
    if not any(character.isdigit() for character in plain):
        return
    named = spans(plain)
    at = 0
    marks: dict[int, str] = {}
    for part in re.split(f"({MARK.pattern})", words):
        if MARK.fullmatch(part):
            marks[at] = part
        else:
            at += len(part)
    for match in DIGITS.finditer(plain):
        start, text = match.start(), match.group()
        mark = marks.get(start)
        if mark is None and start and plain[start - 1] in SIGNS and (mark := marks.get(start - 1)):
            text = plain[start - 1] + text
        if mark is None:
            if not any(begin <= start and match.end() <= end for begin, end, _ in named):
                yield Shown(scene, beat, where, text, "", "", (), "no origin", plain)
            continue
        record = RECORDS[mark]
        fault, origin, writer = "", "", Writer()
        if not _same(text, record.text):
            fault = f"formatted as {record.text}, shown as {text}"
        else:
            try:
                origin = writer.write(record.origin)
            except Unfounded as error:
                fault = str(error)
        yield Shown(scene, beat, where, text, repr(record.value), origin, tuple(writer.tensors), fault, plain)


def _same(shown: str, formatted: str) -> bool:
    """Whether digits and sign are those that were formatted; zeros at the end may have been cut."""
    try:
        one, other = (Decimal(each.replace(",", "").replace("−", "-")) for each in (shown, formatted))
    except InvalidOperation:
        return False
    return one == other

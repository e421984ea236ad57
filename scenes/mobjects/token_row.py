"""Tokens as abutting rectangles.

The leading space belongs to its token; bytes that are no text are shown as hex, characters that cannot be
seen by their names.
"""

from __future__ import annotations

from functools import partial
from itertools import accumulate

from manim import Rectangle, VGroup

from scenes.declared import quoted
from scenes.language import _
from scenes.layout import SHELF, Box
from scenes.mobjects import marks, palette
from scenes.mobjects.elision import elide
from scenes.mobjects.lettering import Lettering, drawable, text

PADDING = 0.35  # em, above and below the words
SIDE = 0.16  # em, left and right
SMALLEST = 0.26  # frame units: 35 px at 1080p
LONGEST = 24  # characters of one label before it is cut
MARK_PLACES = 3  # characters that a mark takes the place of


def token_label(piece: bytes, longest: int = LONGEST) -> tuple[str, bool]:
    """How a token is written, and whether it is written in the monospaced face.

    Text is itself, with a mark for what cannot be seen and what no face of the suite can draw; see `marks`.
    Bytes that are not whole characters are shown as hex. What has more than `longest` characters is cut.
    """
    try:
        word = piece.decode()
    except UnicodeDecodeError:
        return quoted(_cut(piece.hex(" ").upper(), longest)), True
    if not word:
        return marks.EMPTY, False
    labels = [marks.visible(word, partial(drawable, mono=mono)) for mono in (False, True)]
    missing = [len(marks.MARK.findall(label)) for label in labels]
    mono = missing[1] < missing[0]  # the monospaced face has scripts that the text face lacks
    return quoted(_cut(labels[mono], longest)), mono


def _cut(label: str, longest: int = LONGEST) -> str:
    units = marks.units(label)
    ends = list(accumulate(1 if len(unit) == 1 else MARK_PLACES for unit in units))
    if not ends or ends[-1] <= longest:
        return label
    return "".join(unit for unit, end in zip(units, ends, strict=True) if end < longest) + "…"


def token_quote(piece: bytes) -> str:
    """A token inside a sentence: its text without the space that it begins with, else its bytes as 0x8E."""
    try:
        piece.decode()
    except UnicodeDecodeError:
        return quoted(_cut("0x" + piece.hex().upper()))
    label, _mono = token_label(piece)
    return label.strip(" ") or label.replace(" ", "␣")


def token_words(piece: bytes, size: float, colour: str, longest: int = LONGEST) -> Lettering:
    """A token's label without its rectangle; spaces that it ends with, or is made of, are ␣, not a gap."""
    label, mono = token_label(piece, longest)
    words = label.rstrip(" ")
    label = words + "␣" * (len(label) - len(words))
    return text(label, size * (0.72 if mono else 1.0), colour, mono)


class TokenChip(VGroup):
    """One token: a rectangle and its words.

    Attributes:
        index: the token's position in the prompt.
        box, words: the two parts.
    """

    def __init__(self, piece: bytes, index: int, size: float = 0.4, longest: int = LONGEST) -> None:
        colour = palette.token_colour(index)
        self.index = index
        self.piece = piece
        self.words = token_words(piece, size, colour, longest)
        self.box = Rectangle(
            width=max(self.words.width, 0.3 * size) + 2 * SIDE * size,
            height=size * (1 + 2 * PADDING),
            stroke_color=colour,
            stroke_width=1.5,
            fill_color=colour,
            fill_opacity=0.15,
        )
        self.words.move_to(self.box)
        super().__init__(self.box, self.words)

    def tint(self, colour: str) -> TokenChip:
        """Take another colour than that of its place in the prompt."""
        self.box.set_stroke(colour).set_fill(colour)
        self.words.set_color(colour)
        return self


class TokenRow(VGroup):
    """The prompt's tokens side by side, as many as fit into `width`; the rest are counted in the gap.

    Args:
        tokens: the bytes of each token.
        width: the most that the row may take, in frame units.
        size: em of the words where all fit; shrunk down to `SMALLEST` before anything is left out.

    Attributes:
        chips: position in the prompt → its chip, for the positions shown.
        gap: the words that stand for the positions left out, or None.
        hidden: how many are left out.
    """

    def __init__(self, tokens: list[bytes], width: float, size: float = 0.4) -> None:
        chips = {index: TokenChip(tokens[index], index, size) for index in _candidates(len(tokens))}
        scale = min(1.0, width / sum(chip.width for chip in chips.values()))
        limit = len(tokens)
        if size * scale < SMALLEST or len(chips) < len(tokens):
            scale = max(SMALLEST / size, 0.72)
            limit = _most_that_fit(chips, len(tokens), (width - 9 * SMALLEST) / scale)
        shown = elide(len(tokens), limit)
        self.hidden = len(tokens) - sum(index is not None for index in shown)
        self.chips: dict[int, TokenChip] = {}
        self.gap: Lettering | None = None
        super().__init__()
        for index in shown:
            if index is None:
                self.gap = text(
                    " " + _("⋯ {count} more ⋯").format(count=self.hidden) + " ", size * 0.8, palette.FAINT
                )
                self.add(self.gap)
            else:
                self.chips[index] = chips[index]
                self.add(chips[index])
        self.arrange(buff=0).scale(scale)
        if self.width > width:
            self.scale_to_fit_width(width)


def shelved_row(tokens: list[bytes], shelf: Box) -> TokenRow:
    """The prompt's tokens as one scene hands them to the next: in `Layout.shelf`, the same in every scene.

    A scene's last picture holds this row, and so does the first one of the scene after it, so that a film of
    several cuts on the same picture.
    """
    row = TokenRow(tokens, shelf.width, size=SHELF / (1 + 2 * PADDING))
    row.move_to(shelf.center)
    return row


def _candidates(count: int) -> list[int]:
    """Positions that could be shown at all: no frame holds more than 60 at either end."""
    return [index for index in elide(count, 120) if index is not None]


def _most_that_fit(chips: dict[int, TokenChip], count: int, width: float) -> int:
    """The largest number of places whose chips are together no wider than `width`."""
    widths = {index: chip.width for index, chip in chips.items()}
    for limit in range(min(count, len(chips)), 2, -1):
        if sum(widths[index] for index in elide(count, limit) if index is not None) <= width:
            return limit
    return 2

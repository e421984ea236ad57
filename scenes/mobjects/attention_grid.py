"""The attention grid: queries in rows, keys in columns, as `pattern[layer, head]` prints them.

It looks the same in every scene: tokens in their own hues, a yellow rule along the queries, a teal one along
the keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from manim import Animation, FadeIn, Group, LaggedStart, Line, TransformFromCopy, VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.elision import elide_around
from scenes.mobjects.glyphs import line_of
from scenes.mobjects.lettering import legible, text
from scenes.mobjects.numerals import count, signed
from scenes.mobjects.raster import Raster, pixels_per_unit
from scenes.mobjects.token_row import TokenRow, token_words

MOST_PLACES = 12  # rows and columns whose numbers can be read on a phone
NARROWEST = 0.8  # frame units: a cell in which a number can be read
FEWEST_PLACES = 7  # the first, the last, and one between with its neighbours
GAP_SHARE = 0.7  # of a cell: the place of the tokens left out
CELL = (3.6, 1.6)  # frame units: the largest cell, for a prompt of few tokens
FLATTEST, TALLEST = 2.6, 1.2  # width over height, height over width
LABEL_SIZE = 0.3
SMALLEST_LABEL = 0.2
WIDEST_NUMBER = 2.65  # em of `100 %`
QUIET = 0.62  # ink of a number of little account; less would not reach 4.5 : 1 on a cell in both themes
NUMBER_SIZE, LEGIBLE_NUMBER, SMALLEST_NUMBER = 0.55, 0.26, 0.22
DISC = 0.44  # radius of the dot of a weight of 1, in cell heights
ALONE, BESIDE = 0.22, 0.18  # the most that the radius may be of a cell's width, without and with its number
SIDE, SUMS = 1.45, 1.5  # frame units at its left for its rows' words, at its right for what they add up to
NARROW_SIDE, NARROW_SUMS = 1.25, 1.1  # where it stands in a narrow stage
NARROW = 9.0
BELOW = 0.35  # and below it, for its name
RULE = 0.05  # from the cells to the rules beside them
DEPTH = 4.0  # a score so far below its row's largest does not glow: its share is a fiftieth of that one's
DARKEST = 0.45  # of a glowing cell's colour over the ground: its number stays readable


@dataclass(frozen=True)
class Look:
    """What one cell shows.

    Attributes:
        words: its number.
        ink: brightness of the number, 0…1.
        glow: brightness of the ground, 0…1.
        dot: the weight that the dot's area stands for, 0…1.
        aside: 0, dot and number in the middle; 1, side by side.
        seen: opacity of the whole cell, 0…1.
        shine: share of the glowing colour over the ground; a number needs a dark one.
    """

    words: str = ""
    ink: float = 1.0
    glow: float = 0.0
    dot: float = 0.0
    aside: float = 0.0
    seen: float = 1.0
    shine: float = DARKEST


def most_places(width: float) -> int:
    """How many columns whose numbers can be read there is room for in so many frame units."""
    return max(FEWEST_PLACES, min(MOST_PLACES, int(width / NARROWEST)))


def weight_colour(weight: float) -> str:
    """The colour of a weight's dot, and of its bar."""
    red, green, blue = palette.WEIGHT_RAMP[round(255 * min(1.0, weight))] / 255
    return palette.hexadecimal((red, green, blue))


UNSEEN = Look(seen=0.0)


def score_look(score: float, largest: float) -> Look:
    """A score as a signed number; the ground glows the more, the less it lies below its row's largest.

    Only that distance counts in a softmax. A number above zero is no better than one below.
    """
    glow = min(1.0, max(0.0, 1 - (largest - score) / DEPTH))
    return Look(signed(score, 1 if abs(score) < 99.95 else 0), ink=1.0 if glow > 0.05 else QUIET, glow=glow)


def share_words(weight: float) -> str:
    """A weight in whole per cent."""
    return f"{100 * weight:.0f} %"


def weight_look(weight: float, roomy: bool, dots: float = 1.0) -> Look:
    """A weight as its share in per cent (`dots` 0) or as a dot (1), beside the number where there is room.

    On the way the number makes room first, by moving aside or by fading; then the dot grows.
    """
    ink = QUIET + (1 - QUIET) * min(1.0, weight)
    first, then = min(1.0, 2 * dots), max(0.0, 2 * dots - 1)
    return Look(
        share_words(weight),
        ink=ink if roomy else ink * (1 - first),
        dot=weight * then,
        aside=first if roomy else 0.0,
    )


def rules(cells: Raster) -> VGroup:
    """The queries' rule down the left side of the cells and the keys' along their top."""
    corner, right, below = cells.points[:3]
    away = np.array([-RULE, RULE, 0])
    return VGroup(
        Line(corner + away, below + away, stroke_color=palette.QUERY, stroke_width=2.5),
        Line(corner + away, right + away, stroke_color=palette.KEY, stroke_width=2.5),
    )


def staged(tokens: Sequence[bytes], key: int, stage: Box) -> AttentionGrid:
    """The grid of a prompt where every scene about one head has it, so that one begins as another ends.

    Args:
        tokens: of the prompt. The first and last ones are shown where there are many, and `key`.
        key: a position that is always shown.
        stage: where it stands.
    """
    side, sums = (SIDE, SUMS) if stage.width > NARROW else (NARROW_SIDE, NARROW_SUMS)
    places = elide_around(len(tokens), most_places(stage.width - sums - side), key)
    grid = AttentionGrid(tokens, places, stage.width - sums, stage.height - BELOW, side=side)
    grid.move_to([0, stage.center[1] + BELOW / 2 - 0.02, 0])
    grid.shift([(side - sums) / 2 - grid.cells.get_x(), 0, 0])
    return grid


class AttentionGrid(Group):
    """Cells with labels: a row for each query, a column for each key.

    Args:
        tokens: the bytes of each token of the prompt.
        places: the positions shown, the same in rows and columns; None marks a gap.
        width, height: the most it may take, labels included, in frame units.
        side: the least width of the rows' labels, where other words will stand in their place.

    Attributes:
        looks: (query, key) → what that cell shows now; positions, not places.
        cells: the image of all cells.
        row_labels, column_labels: place → its label, in order.
        rules: the queries' and the keys'.
        cell: width and height of a cell in frame units.
    """

    def __init__(
        self,
        tokens: Sequence[bytes],
        places: Sequence[int | None],
        width: float,
        height: float,
        side: float = 0.0,
    ) -> None:
        self.places = list(places)
        shares = np.array([GAP_SHARE if place is None else 1.0 for place in places])
        self.row_labels = self._labels(tokens)
        self.column_labels = self._labels(tokens)
        longest = max(label.width for label in self.row_labels)
        most = max(SMALLEST_LABEL / LABEL_SIZE * longest, 0.2 * width)
        if longest > most:
            self.row_labels.scale(most / longest)
        side = max(side, *(label.width + 0.15 for label in self.row_labels))
        self.cell, header = self._fit(shares, width - side, height)
        fine = pixels_per_unit()
        self._rows = np.rint(np.concatenate([[0], np.cumsum(shares)]) * self.cell[1] * fine).astype(int)
        self._columns = np.rint(np.concatenate([[0], np.cumsum(shares)]) * self.cell[0] * fine).astype(int)
        self._em = round(self._size_of_numbers() * fine)
        pixels = np.zeros((self._rows[-1], self._columns[-1], 4), dtype=np.uint8)
        self.cells = Raster(pixels, self._columns[-1] / fine, self._rows[-1] / fine)
        self.looks = {(q, k): UNSEEN for q in self.positions for k in self.positions}
        self.rules = rules(self.cells)
        super().__init__(self.cells, self.row_labels, self.column_labels, self.rules)
        self._attach(header)
        self.move_to([0, 0, 0])

    @property
    def positions(self) -> list[int]:
        """The positions that have a row and a column."""
        return [place for place in self.places if place is not None]

    def _labels(self, tokens: Sequence[bytes]) -> VGroup:
        labels = VGroup()
        for index, place in enumerate(self.places):
            if place is None:
                before, after = self.places[index - 1], self.places[index + 1]
                assert before is not None
                assert after is not None
                labels.add(text(f"⋯ {count(after - before - 1)}", 0.8 * LABEL_SIZE, palette.FAINT))
            else:
                labels.add(token_words(tokens[place], LABEL_SIZE, palette.token_colour(place)))
        return labels

    def _fit(
        self, shares: npt.NDArray[np.float64], width: float, height: float
    ) -> tuple[tuple[float, float], float]:
        """Size the cells; lay the columns' labels flat where they fit, else lean them."""
        widest = max(label.width / share for label, share in zip(self.column_labels, shares, strict=True))
        header = 1.3 * LABEL_SIZE
        high = min(CELL[1], (height - header) / shares.sum())
        wide = min(CELL[0], width / shares.sum(), FLATTEST * high)
        shrink = (wide - 0.1) / widest
        smallest = shrink * min(label.em for label in self.column_labels)
        if shrink >= SMALLEST_LABEL / LABEL_SIZE and smallest >= legible():
            self.column_labels.scale(min(1.0, shrink))
            return (wide, min(high, TALLEST * wide)), header
        longest = max(label.width for label in self.column_labels)
        self.column_labels.scale(min(1.0, max(0.28 * height / np.sqrt(0.5), 1.0) / longest))
        reach = max(label.width for label in self.column_labels) * np.sqrt(0.5)
        header = reach + LABEL_SIZE
        high = min(CELL[1], (height - header) / shares.sum())
        wide = min(CELL[0], (width - reach) / (shares.sum() - 0.5), FLATTEST * high)
        for label in self.column_labels:
            label.rotate(np.pi / 4)
        return (wide, min(high, TALLEST * wide)), header

    def _attach(self, header: float) -> None:
        """Put the labels at their rows and columns."""
        left, top = self.cells.points[0][:2]
        fine = pixels_per_unit()
        leaning = header > 1.3 * LABEL_SIZE
        for index, label in enumerate(self.row_labels):
            y = top - (self._rows[index] + self._rows[index + 1]) / 2 / fine
            label.move_to([left - 0.15 - label.width / 2, y, 0])
        for index, label in enumerate(self.column_labels):
            x = left + (self._columns[index] + self._columns[index + 1]) / 2 / fine
            if leaning:
                label.move_to([x - 0.08 + label.width / 2, top + 0.06 + label.height / 2, 0])
            else:
                label.move_to([x, top + 0.1 + label.height / 2, 0])

    def _size_of_numbers(self) -> float:
        """As large as leaves room for a dot beside, where that is still legible."""
        wide, high = self.cell
        size = min(NUMBER_SIZE, max(SMALLEST_NUMBER, 0.45 * high), 0.58 * high, 0.92 * wide / WIDEST_NUMBER)
        return min(size, max(LEGIBLE_NUMBER, self._beside_dot() / WIDEST_NUMBER))

    def _beside_dot(self) -> float:
        """The width that the largest dot leaves in a cell for a number."""
        wide, high = self.cell
        return 0.88 * wide - 2 * min(DISC * high, BESIDE * wide)

    def arrival(self, row: TokenRow) -> Animation:
        """The tokens come down from a row and stand along the grid; those that it does not show fade in."""
        moves = []
        for labels in (self.row_labels, self.column_labels):
            for place, label in zip(self.places, labels, strict=True):
                chip = None if place is None else row.chips.get(place)
                moves.append(FadeIn(label) if chip is None else TransformFromCopy(chip.words, label))
        return LaggedStart(*moves, lag_ratio=0.02)

    def place_of(self, query: int, key: int) -> npt.NDArray[np.float64]:
        """The middle of a cell, where the grid stands now."""
        row, column = self.places.index(query), self.places.index(key)
        return self.middle_of(row, column)

    def middle_of(self, row: int, column: int) -> npt.NDArray[np.float64]:
        """The middle of a place, gaps included, where the grid stands now."""
        corner, right, below = self.cells.points[:3]
        x = (self._columns[column] + self._columns[column + 1]) / 2 / self._columns[-1]
        y = (self._rows[row] + self._rows[row + 1]) / 2 / self._rows[-1]
        middle: npt.NDArray[np.float64] = corner + x * (right - corner) + y * (below - corner)
        return middle

    @property
    def roomy(self) -> bool:
        """Whether a dot and its number fit into a cell side by side."""
        return self._beside_dot() >= WIDEST_NUMBER * self.number_size - 0.01

    @property
    def number_size(self) -> float:
        """The em of the numbers in the cells, in frame units."""
        return self._em / pixels_per_unit()

    def show(self, looks: Mapping[tuple[int, int], Look]) -> AttentionGrid:
        """Change what some cells show; the others stay as they are."""
        for (query, key), look in looks.items():
            if self.looks[query, key] != look:
                self.looks[query, key] = look
                self._paint(self.places.index(query), self.places.index(key), look)
        return self

    def _paint(self, row: int, column: int, look: Look) -> None:
        """Draw one cell into the image."""
        gap = max(1, round(0.02 * pixels_per_unit()))
        area = self.cells.pixels[
            self._rows[row] : self._rows[row + 1] - gap,
            self._columns[column] : self._columns[column + 1] - gap,
        ]
        if look.seen <= 0:
            area[:] = 0
            return
        height, width = area.shape[:2]
        area[..., :3] = palette.dim(palette.ATTENTION_RAMP[round(255 * look.glow)], look.shine)
        area[..., 3] = 255
        largest = min(DISC * height, (ALONE + (BESIDE - ALONE) * look.aside) * width)
        if look.dot > 0:
            middle = (height / 2, width / 2 + look.aside * (largest + 0.04 * width - width / 2))
            radius = largest * np.sqrt(look.dot)
            disc = _disc(area.shape[:2], middle, radius)
            _blend(area, disc, palette.WEIGHT_RAMP[round(255 * min(1.0, look.dot))])
        if look.words and look.ink > 0:
            coverage = line_of(look.words, self._em)
            high, wide = min(height, coverage.shape[0]), min(width, coverage.shape[1])
            y = (height - high) // 2
            x = round((width - wide) / 2 + look.aside * (0.97 * width - wide / 2 - width / 2))
            ink = palette.dim(palette.pixel(palette.INK), look.ink).round().astype(int)
            cut = (coverage.shape[0] - high) // 2
            box = area[y : y + high, x : x + wide]
            _blend(box, coverage[cut : cut + high, :wide] / 255, ink, strength=min(1.0, 3 * look.ink))
        if look.seen < 1:
            area[:] = area * look.seen


def _disc(shape: tuple[int, int], middle: tuple[float, float], radius: float) -> npt.NDArray[np.float32]:
    y, x = np.ogrid[: shape[0], : shape[1]]
    away = np.hypot(y + 0.5 - middle[0], x + 0.5 - middle[1])
    return np.clip(radius - away + 0.5, 0, 1).astype(np.float32)


def _blend(
    area: npt.NDArray[np.uint8],
    coverage: npt.NDArray[np.floating],
    colour: npt.NDArray[np.integer],
    strength: float = 1.0,
) -> None:
    share = (coverage * strength)[..., None]
    area[..., :3] = area[..., :3] * (1 - share) + colour * share + 0.5

"""Where things go in the frame: one set of boxes, derived from the frame's shape."""

from __future__ import annotations

from dataclasses import dataclass

from manim import config

MARGIN = 0.45
HEADER = 0.62  # height of the band with the title and the credit
HEADER_LINE = 0.32  # more, where title and credit stand below each other
CAPTION_SIZE = 0.3
CAPTION_LEADING = 1.32
CAPTION_LINES = 2
SHELF = 0.68  # height of the tokens' row on the shelf
BELOW_SHELF = 0.25  # frame units that stay free between the shelf and what stands below it


@dataclass(frozen=True)
class Box:
    """A rectangle in frame units."""

    left: float
    right: float
    bottom: float
    top: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From bottom to top."""
        return self.top - self.bottom

    @property
    def center(self) -> tuple[float, float, float]:
        """The middle, as Manim's points are."""
        return ((self.left + self.right) / 2, (self.bottom + self.top) / 2, 0.0)

    def inset(self, across: float, up: float) -> Box:
        """The box inside this one, so far from its sides, and from its top and bottom."""
        return Box(self.left + across, self.right - across, self.bottom + up, self.top - up)

    def columns(self, *shares: float, gap: float = 0.4) -> list[Box]:
        """Cut it from left to right into boxes with widths in proportion to `shares`."""
        free = self.width - gap * (len(shares) - 1)
        boxes, left = [], self.left
        for share in shares:
            width = free * share / sum(shares)
            boxes.append(Box(left, left + width, self.bottom, self.top))
            left += width + gap
        return boxes

    def rows(self, *shares: float, gap: float = 0.3) -> list[Box]:
        """Cut it from top to bottom into boxes with heights in proportion to `shares`."""
        free = self.height - gap * (len(shares) - 1)
        boxes, top = [], self.top
        for share in shares:
            height = free * share / sum(shares)
            boxes.append(Box(self.left, self.right, top - height, top))
            top -= height + gap
        return boxes

    def stack(self, *heights: float | None, gap: float = 0.3) -> list[Box]:
        """Cut it from top to bottom into boxes of these heights in frame units; None takes what is left.

        Several of None share what is left; where the heights ask for more than there is, all shrink alike.
        """
        free = self.height - gap * (len(heights) - 1)
        asked = sum(height for height in heights if height is not None)
        rest = max(0.0, free - asked) / max(1, heights.count(None))
        shrunk = min(1.0, free / asked) if asked else 1.0
        boxes, top = [], self.top
        for height in heights:
            bottom = top - (rest if height is None else height * shrunk)
            boxes.append(Box(self.left, self.right, bottom, top))
            top = bottom - gap
        return boxes


@dataclass(frozen=True)
class Layout:
    """The frame's bands, from top to bottom: header (title and credit), stage, caption.

    Attributes:
        wide: whether there is room for two things side by side; else they stand one below the other.
        caption_lines: how many lines of caption there is room for.
    """

    frame: Box
    header: Box
    stage: Box
    caption: Box
    wide: bool
    caption_lines: int

    @classmethod
    def of_frame(cls) -> Layout:
        """The layout of the frame that Manim is configured for."""
        half_width, half_height = config.frame_width / 2, config.frame_height / 2
        left, right = -half_width + MARGIN, half_width - MARGIN
        top, bottom = half_height - 0.3, -half_height + 0.28
        wide = config.frame_width > 0.8 * config.frame_height
        header = HEADER if wide else HEADER + HEADER_LINE
        # What fills two lines of a screen takes three of a square and five of a phone held upright
        lines = CAPTION_LINES + (right - left < 12) + 2 * (right - left < 9)
        caption_top = bottom + lines * CAPTION_LEADING * CAPTION_SIZE
        return cls(
            frame=Box(-half_width, half_width, -half_height, half_height),
            header=Box(left, right, top - header + 0.2, top),
            stage=Box(left, right, caption_top + 0.2, top - header),
            caption=Box(left, right, bottom, caption_top),
            wide=wide,
            caption_lines=lines,
        )

    @property
    def shelf(self) -> Box:
        """The stage's upper edge: the prompt's tokens stand there when a scene ends and the next begins."""
        return Box(self.stage.left, self.stage.right, self.stage.top - SHELF, self.stage.top)

    def split(self, box: Box, *shares: float, gap: float = 0.4) -> list[Box]:
        """Cut a box side by side in a wide frame, one below the other in a narrow one."""
        return box.columns(*shares, gap=gap) if self.wide else box.rows(*shares, gap=gap)

    def stack(self, box: Box, *heights: float | None, gap: float = 0.3) -> list[Box]:
        """Cut a box one below the other, in any frame; see `Box.stack`."""
        return box.stack(*heights, gap=gap)

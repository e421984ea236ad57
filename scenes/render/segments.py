"""A film in segments: cut where its beats begin, each drawn by itself, and joined without encoding again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Segment:
    """Some beats of a scene that follow each other.

    Attributes:
        first: the first of its plays, from 0, as Manim counts them.
        last: the last of them; -1 for the scene's last.
        frames: how many frames it has.
    """

    first: int
    last: int
    frames: int


def pieces(workers: int, films: int) -> int:
    """Into how many segments each of some films is cut, so that all workers have work to the end.

    Every segment plays what is before it without drawing, so there are no more than are of use: none where
    there are four films a worker, else two rounds of work, and never more than one each.
    """
    if films >= 4 * workers:
        return 1
    return min(workers, -(-2 * workers // films))


def cut(starts: Sequence[tuple[int, int]], frames: int, count: int, least: int) -> list[Segment]:
    """Segments of about equal length, cut where beats begin.

    Args:
        starts: of each beat the play and the frame that it begins with.
        frames: of the whole film.
        count: how many segments are wanted; there may be fewer.
        least: frames that a segment has at least.
    """
    count = max(1, min(count, frames // max(1, least)))
    wanted = [frames * number / count for number in range(1, count)]
    inner = [(play, frame) for play, frame in starts if play > 0 and 0 < frame < frames]
    chosen = {min(inner, key=lambda start: abs(start[1] - goal)) for goal in wanted if inner}
    edges = [(0, 0), *sorted(chosen), (0, frames)]  # the last segment's last play is -1, whatever it is
    return [Segment(first, after - 1, end - start) for (first, start), (after, end) in pairwise(edges)]

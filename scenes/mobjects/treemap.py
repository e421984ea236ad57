"""Rectangles to scale: a box cut into pieces whose areas are in proportion to numbers."""

from __future__ import annotations

from collections.abc import Sequence

from scenes.layout import Box


def treemap(sizes: Sequence[float], box: Box) -> list[Box]:
    """Cut a box into rectangles of these relative areas, each as near to a square as may be.

    Squarified treemaps (Bruls, Huizing, van Wijk 2000): the largest first, row by row along the shorter side;
    what comes back is in the order of `sizes`, which are all above zero.
    """
    order = sorted(range(len(sizes)), key=lambda index: -sizes[index])
    unit = box.width * box.height / sum(sizes)
    places: dict[int, Box] = {}
    while order:
        along = min(box.width, box.height)
        row = [order.pop(0)]
        while order and _worst([*row, order[0]], sizes, unit, along) <= _worst(row, sizes, unit, along):
            row.append(order.pop(0))
        deep = sum(sizes[index] for index in row) * unit / along
        pen = 0.0
        for index in row:
            wide = sizes[index] * unit / deep
            if box.width >= box.height:  # a column at the left, from the top
                places[index] = Box(box.left, box.left + deep, box.top - pen - wide, box.top - pen)
            else:
                places[index] = Box(box.left + pen, box.left + pen + wide, box.top - deep, box.top)
            pen += wide
        if box.width >= box.height:
            box = Box(box.left + deep, box.right, box.bottom, box.top)
        else:
            box = Box(box.left, box.right, box.bottom, box.top - deep)
    return [places[index] for index in range(len(sizes))]


def _worst(row: Sequence[int], sizes: Sequence[float], unit: float, along: float) -> float:
    """How far from a square the most elongated rectangle of a row is: 1 or more."""
    deep = sum(sizes[index] for index in row) * unit / along
    sides = [(sizes[index] * unit / deep, deep) for index in row]
    return max(max(wide / high, high / wide) for wide, high in sides)

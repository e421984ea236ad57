"""Where a number comes from: an element of a tensor, a fact, or a formula over such.

An origin keeps references and no values; nothing is worked out before `Writer` writes it. Elements are found
by moving places, as the numbers were moved, through what was indexed, sorted, joined or turned.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from model_probe.trace import TENSORS

DEEPEST = 7  # steps of a formula before it is cut short
LONGEST = 240  # characters of one
SEVERAL = 4  # operands of a function that are all written
MANY = 4000  # steps looked through for the tensors of a long formula

Index = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Origin:
    """Where an array, or a number (an array without axes), comes from."""

    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Read(Origin):
    """A part of a tensor of the trace: for each of its axes the place, or the places as a range."""

    name: str
    cuts: tuple[int | range, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Said(Origin):
    """Something that has a name: a fact, a shape, a mark on a scale, a published constant."""

    words: str
    kind: str = "fact"
    of: tuple[Origin, ...] = ()


@dataclass(frozen=True, eq=False)
class Constant(Origin):
    """A number or an array that was written into the code."""

    value: Any


@dataclass(frozen=True, eq=False)
class Lost(Origin):
    """An array that does not come from the trace."""

    why: str = "an array that is not from the trace"


@dataclass(frozen=True, eq=False)
class Computed(Origin):
    """What a function gave: element by element, along one axis, or in a way of its own."""

    name: str
    operands: tuple[Origin, ...]
    way: str = "whole"  # or "each", "along"
    axis: tuple[int, ...] | None = None
    kept: bool = False


@dataclass(frozen=True, eq=False)
class Moved(Origin):
    """What was only moved: `move` takes arrays of places for the operands, and moves them as it did."""

    name: str
    operands: tuple[Origin, ...]
    move: Callable[..., Any] = field(repr=False)
    found: dict[str, Any] = field(default_factory=dict, repr=False)

    def places(self) -> Any:
        """Which element of all operands, one after the other, each element is."""
        if "places" not in self.found:
            start, counted = 0, []
            for each in self.operands:
                size = math.prod(each.shape)
                counted.append(np.arange(start, start + size).reshape(each.shape))
                start += size
            self.found["places"] = np.asarray(self.move(*counted))
        return self.found["places"]

    def source(self, at: Index) -> tuple[Origin, Index]:
        """The operand that an element is from, and its place there."""
        place = int(self.places()[at])
        for each in self.operands:
            size = math.prod(each.shape)
            if place < size:
                return each, tuple(
                    int(part) for part in np.unravel_index(place, each.shape)
                ) if each.shape else ()
            place -= size
        raise IndexError(place)


@dataclass(frozen=True, eq=False)
class Item(Origin):
    """A part of what has an origin: whole numbers and slices that run forward, one an axis."""

    whole: Origin
    cuts: tuple[int | range, ...]


@dataclass(frozen=True, eq=False)
class Size(Origin):
    """How many elements an array has, along one axis or in all (None)."""

    whole: Origin
    axis: int | None


def element(shape: tuple[int, ...], whole: Origin, index: Any) -> Origin:
    """The origin of `whole[index]`, of that shape."""
    items = index if isinstance(index, tuple) else (index,)
    cuts: list[int | range] = []
    if any(item is Ellipsis for item in items):
        gap = next(i for i, item in enumerate(items) if item is Ellipsis)
        items = (*items[:gap], *[slice(None)] * (len(whole.shape) - len(items) + 1), *items[gap + 1 :])
    if all(
        isinstance(item, (int, np.integer, slice)) and not isinstance(item, (bool, np.bool_))
        for item in items
    ):
        items = (*items, *[slice(None)] * (len(whole.shape) - len(items)))
        for item, size in zip(items, whole.shape, strict=True):
            cuts.append(range(size)[item] if isinstance(item, slice) else int(item) % max(size, 1))
        cut = tuple(cuts)
        if isinstance(whole, Read):
            return Read(shape, whole.name, _within(whole.cuts, cut), whole.sizes)
        return Item(shape, whole, cut)
    plain = tuple(np.asarray(item) if isinstance(item, (np.ndarray, list)) else item for item in items)
    return Moved(shape, "", (whole,), lambda places: places[plain])


def _within(cuts: tuple[int | range, ...], further: tuple[int | range, ...]) -> tuple[int | range, ...]:
    rest = iter(further)
    return tuple(
        cut
        if isinstance(cut, int)
        else cut[inner]
        if isinstance(inner := next(rest), int)
        else _part(cut, inner)
        for cut in cuts
    )


def _part(cut: range, inner: range) -> range:
    return range(cut.start + cut.step * inner.start, cut.start + cut.step * inner.stop, cut.step * inner.step)


INFIX = {
    "add": "+", "subtract": "−", "multiply": "×", "divide": "/", "true_divide": "/", "floor_divide": "//",
    "power": "^", "float_power": "^", "greater": ">", "less": "<", "greater_equal": "≥", "less_equal": "≤",
    "equal": "=", "not_equal": "≠", "remainder": "mod", "bitwise_and": "and", "logical_and": "and",
    "bitwise_or": "or", "logical_or": "or",
}  # fmt: skip
REDUCED = {"add": "sum", "maximum": "max", "minimum": "min", "multiply": "product", "logical_and": "all"}
REDUCED |= {"logical_or": "any"}
ROUND = frozenset({0.5, 0.25, math.e, math.pi, math.log(2), math.log2(math.e)})


class Unfounded(Exception):  # noqa: N818 it says what the number is
    """A number, or a part of its formula, that does not come from the trace."""


class Writer:
    """Writes one origin.

    Attributes:
        tensors: the tensors that it named.
    """

    def __init__(self) -> None:
        self.tensors: dict[str, None] = {}
        self.grounded = False

    def write(self, origin: Origin) -> str:
        """The whole of it. Raises Unfounded."""
        words = self._at(origin, _all(origin), 0)
        grounds = (Read, Said) if "…" in words else ()
        if not self.grounded and not any(isinstance(each, grounds) for each in _within_reach(origin)):
            raise Unfounded("written into the code")
        for each in _within_reach(origin) if "…" in words else ():
            if isinstance(each, Lost):
                raise Unfounded(each.why)
            if isinstance(each, Read):
                self.tensors[each.name] = None
        return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"

    def _at(self, origin: Origin, at: Index, deep: int) -> str:
        if deep > DEEPEST:
            return "…"
        match origin:
            case Lost():
                raise Unfounded(origin.why)
            case Said():
                self.grounded = True
                for each in origin.of:
                    self._at(each, _all(each), DEEPEST - 1)
                return origin.words
            case Size():
                return self._size(origin, deep)
            case Constant():
                return self._constant(origin, at)
            case Read():
                return self._read(origin, at)
            case Item():
                return self._at(origin.whole, _outer(origin.cuts, at), deep)
            case Moved() if all(isinstance(place, int) for place in at):
                source, place = origin.source(at)
                return self._at(source, place, deep)
            case Moved():
                few = origin.operands[:2] if len(origin.operands) > SEVERAL else origin.operands
                inner = ", ".join(self._at(each, _all(each), deep + 1) for each in few)
                if len(origin.operands) > SEVERAL:
                    inner += f", … {len(origin.operands)} in all"
                return f"{origin.name}({inner})" if origin.name else f"{inner}[…]"
            case Computed():
                return self._computed(origin, at, deep)
        raise TypeError(type(origin))

    def _size(self, origin: Size, deep: int) -> str:
        whole, axis = origin.whole, origin.axis
        words = self._at(whole, _all(whole), deep + 1)
        if axis is None:
            return f"size of {words}"
        if isinstance(whole, Read):
            left = [place for place, cut in enumerate(whole.cuts) if isinstance(cut, range)]
            return f"size of {words}, axis {TENSORS[whole.name][1][left[axis]]}"
        return f"size of {words}, axis {axis}"

    def _constant(self, origin: Constant, at: Index) -> str:
        value = origin.value
        if isinstance(value, np.ndarray):
            if not all(isinstance(place, int) for place in at) or value.dtype.kind not in "biuf":
                return "…"
            value = value[at].item()
        if isinstance(value, float):
            return f"{value:.6g}"
        return str(value)

    def _read(self, origin: Read, at: Index) -> str:
        self.tensors[origin.name], self.grounded = None, True
        cuts = _within(
            origin.cuts,
            tuple(range(n)[p] if isinstance(p, slice) else p for p, n in zip(at, origin.shape, strict=True)),
        )
        parts = [
            str(cut) if isinstance(cut, int) else ":" if cut == range(size) else _sliced(cut)
            for cut, size in zip(cuts, origin.sizes, strict=True)
        ]
        while parts and parts[-1] == ":":
            parts.pop()
        return f"{origin.name}[{', '.join(parts)}]" if parts else origin.name

    def _computed(self, origin: Computed, at: Index, deep: int) -> str:
        name, operands = origin.name, origin.operands
        if len(operands) > SEVERAL:
            parts = [self._at(each, _broadcast(at, each.shape), deep + 1) for each in operands[:2]]
            return f"{name}({', '.join(parts)}, … {len(operands)} in all)"
        if origin.way == "each":
            parts = [self._at(each, _broadcast(at, each.shape), deep + 1) for each in operands]
            if name in INFIX and len(parts) == 2:
                if name in ("add", "subtract") and len(operands) == 2:
                    _check_added(operands)
                return _infixed(name, parts, deep)
            if name == "negative":
                return f"−{parts[0]}"
            return f"{name}({', '.join(parts)})"
        if origin.way == "along" and origin.axis is not None:
            inner = operands[0]
            places = iter(at)
            index = tuple(
                (next(places) and slice(None)) or slice(None) if origin.kept and axis in origin.axis
                else slice(None) if axis in origin.axis else next(places)
                for axis in range(len(inner.shape))
            )  # fmt: skip
            return f"{name}({self._at(inner, index, deep + 1)})"
        parts = [self._at(each, _all(each), deep + 1) for each in operands]
        chosen = any(isinstance(place, int) for place in at)
        if name == "matmul" and len(operands) == 2 and chosen:
            return self._product(operands, at, deep)
        where = f"[{', '.join(':' if isinstance(p, slice) else str(p) for p in at)}]" if chosen else ""
        return f"{name}({', '.join(parts)}){where}"

    def _product(self, operands: tuple[Origin, ...], at: Index, deep: int) -> str:
        left, right = operands
        rows = at[: len(left.shape) - 1] if len(left.shape) > 1 else ()
        columns = at[-1:] if len(right.shape) > 1 else ()
        first = self._at(left, (*rows, slice(None)), deep + 1)
        back = (slice(None),) * (len(right.shape) - 2)
        second = self._at(right, (*back, slice(None), *columns), deep + 1)
        return f"{first} · {second}"


def _check_added(operands: tuple[Origin, ...]) -> None:
    """A formula over tensors adds no fraction that was written into the code."""
    for each in operands:
        if isinstance(each, Constant) and isinstance(each.value, float) and each.value % 1:
            raise Unfounded(f"{each.value:.6g} is added to it by the code")


def _infixed(name: str, parts: list[str], deep: int) -> str:
    words = f"{parts[0]} {INFIX[name]} {parts[1]}"
    return f"({words})" if deep else words


def _sliced(cut: range) -> str:
    if not cut:
        return "0:0"
    stop = cut[-1] + (1 if cut.step > 0 else -1)
    words = f"{cut.start}:{'' if stop < 0 else stop}"
    return words if cut.step == 1 else f"{words}:{cut.step}"


def _all(origin: Origin) -> Index:
    return (slice(None),) * len(origin.shape)


def _outer(cuts: tuple[int | range, ...], at: Index) -> Index:
    """Places in the whole of places in its part."""
    rest = iter(at)
    found: list[Any] = []
    for cut in cuts:
        if isinstance(cut, int):
            found.append(cut)
            continue
        place = next(rest)
        found.append(cut[place] if isinstance(place, int) else place)
    return tuple(found)


def _broadcast(at: Index, shape: tuple[int, ...]) -> Index:
    """The places in an operand that has fewer axes, or some of size 1."""
    last = at[len(at) - len(shape) :]
    return tuple(
        (0 if size == 1 and isinstance(place, int) else place)
        for place, size in zip(last, shape, strict=True)
    )


def _within_reach(origin: Origin) -> Iterator[Origin]:
    seen, waiting = {id(origin)}, [origin]
    while waiting and len(seen) < MANY:
        each = waiting.pop()
        yield each
        inner = (
            each.operands if isinstance(each, (Computed, Moved))
            else (each.whole,) if isinstance(each, (Item, Size))
            else each.of if isinstance(each, Said) else ()
        )  # fmt: skip
        for other in inner:
            if id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)

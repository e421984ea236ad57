"""Scenes that play with numbers that know where they come from.

While `instrumented` holds, the suite's modules have other functions under the names `float`, `int`, `len`,
`range`, `enumerate`, `np` and `math`: they do the same and keep origins. Nothing else of Python or NumPy is
touched, and everything is put back.
"""

from __future__ import annotations

import builtins
import copy
import math
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from types import ModuleType
from typing import Any

import numpy as np

from model_probe import derived, runs
from model_probe import trace as trace_module
from model_probe.trace import Facts, Trace
from scenes import chosen_head, declared, mathematics
from scenes.audit.origins import (
    Computed,
    Constant,
    Moved,
    Origin,
    Read,
    Said,
    Size,
    Unfounded,
    Writer,
    element,
)
from scenes.audit.records import MARK, RECORDS, unmarked
from scenes.audit.values import (
    JOINING,
    Number,
    Traced,
    Whole,
    applied,
    bare,
    gathered,
    is_traced,
    origin_of,
    traced,
)
from scenes.mobjects import glyphs, lettering, marks, numerals

LEFT_ALONE = ("scenes.audit", "scenes.render", "scenes.publish", "scenes.voice", "scenes.notebook")


class OriginTensor:
    """A tensor of a trace; what is read of it has an origin."""

    def __init__(self, name: str, tensor: trace_module.Tensor) -> None:
        self._name, self._tensor = name, tensor
        sizes = tuple(map(bare, tensor.shape))
        self._origin = Read(sizes, name, tuple(range(size) for size in sizes), sizes)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._tensor, name)

    @property
    def shape(self) -> tuple[Any, ...]:
        """Its sizes."""
        return tuple(
            Whole(size, Size((), self._origin, axis)) for axis, size in enumerate(self._origin.shape)
        )

    def __len__(self) -> int:
        return len(self._tensor)

    def __getitem__(self, index: Any) -> Any:
        plain = bare(index)
        values = self._tensor[plain]
        return traced(values, element(np.shape(values), self._origin, plain))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self._tensor, dtype=dtype)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return applied(function.__name__, function, _read(args), kwargs)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*_read(inputs), **kwargs)

    def __iter__(self) -> Iterator[Any]:
        return (self[at] for at in range(len(self)))

    def rows(self) -> Iterator[Any]:
        """See `Tensor.rows`."""
        return self._tensor.rows()

    def __deepcopy__(self, memo: Any) -> OriginTensor:
        return self


def _read(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value[...] if isinstance(value, OriginTensor) else value for value in values)


class OriginTrace(Trace):
    """A trace whose tensors and facts know that they are its own."""

    def __init__(self, path: Any, file: Any, facts: Facts) -> None:
        super().__init__(path, file, with_origins(facts))
        self._origins: dict[str, OriginTensor] = {}

    def __getattr__(self, name: str) -> Any:
        tensor = super().__getattr__(name)
        return self._origins.setdefault(name, OriginTensor(name, tensor))


def with_origins(facts: Facts) -> Facts:
    """Facts whose numbers are known to be facts."""
    return replace(
        facts,
        **{field.name: _fact(getattr(facts, field.name), f"facts.{field.name}") for field in fields(facts)},
    )


def _fact(value: Any, name: str) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return traced(value, Said((), name))
    if isinstance(value, dict):
        return {key: _fact(each, f"{name}[{key!r}]") for key, each in value.items()}
    if isinstance(value, list):
        return [_fact(each, f"{name}[{at}]") for at, each in enumerate(value)]
    return value


class _Like(type):
    """A class that stands for a built-in one: its instances are the other's."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.__mro__[1])

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, cls.__mro__[1])


class Float(builtins.float, metaclass=_Like):
    """`float` that keeps origins."""

    dtype = np.dtype(np.float64)

    def __new__(cls, value: Any = 0.0) -> Any:  # noqa: D102 as the class
        if isinstance(value, Number):
            return value
        if isinstance(value, Whole):
            return Number(bare(value), value.origin)
        if isinstance(value, Traced):
            one = value.item()
            return Number(bare(one), one.origin) if is_traced(one) else builtins.float(one)
        if isinstance(value, str) and (mark := MARK.search(value)):
            return Number(builtins.float(unmarked(value)), RECORDS[mark.group()].origin)
        return builtins.float(value)


class Int(builtins.int, metaclass=_Like):
    """`int` that keeps origins."""

    dtype = np.dtype(np.int64)

    def __new__(cls, value: Any = 0, *base: Any) -> Any:  # noqa: D102 as the class
        if isinstance(value, Traced):
            value = value.item()
        if isinstance(value, Whole):
            return value
        if isinstance(value, Number):
            origin: Origin = Computed((), "floor" if value >= 0 else "ceil", (value.origin,), "each")
            whole = builtins.int(bare(value))
            return Whole(whole, value.origin if whole == bare(value) else origin)
        if isinstance(value, str) and (mark := MARK.search(value)):
            return Whole(builtins.int(unmarked(value), *base), RECORDS[mark.group()].origin)
        return builtins.int(value, *base)


def length(value: Any) -> Any:
    """`len` that says of what."""
    size = builtins.len(value)
    if isinstance(value, (Traced, OriginTensor)):
        return value.shape[0]
    if of := next(_sources(value), None):
        return Whole(size, of)
    return size


def _sources(value: Any) -> Iterator[Origin]:
    """Of what a list's length is the count: of numbers with origins, of tokens, of things that hold such."""
    if isinstance(value, (str, bytes)):
        yield Said(
            (),
            f"number of {'characters' if isinstance(value, str) else 'bytes'} of {value[:24]!r}",
            "counted",
        )
        return
    if not hasattr(value, "__iter__"):
        return
    several = [each for each, _ in zip(value, range(3), strict=False)]
    first = next((each for each in several if is_traced(each)), several[0] if several else None)
    if isinstance(first, (bytes, str)):
        yield Said((), f"number of {'tokens' if isinstance(first, bytes) else 'words'} listed", "counted")
    elif isinstance(first, (Traced, Number, Whole)):
        yield Computed((), "number of", (origin_of(first),))
    else:
        held = first if isinstance(first, tuple) else getattr(first, "__dict__", {}).values()
        for each in held:
            if isinstance(each, (Traced, Number, Whole)):
                yield Computed((), "number of", (origin_of(each),))
                return
            if isinstance(each, bytes) or (isinstance(first, tuple) and isinstance(each, str)):
                yield Said((), "number of these tokens", "counted")
                return


def steps(*ends: Any) -> Any:
    """`range` whose numbers are places along what its end counts."""
    plain = builtins.range(*map(bare, ends))
    last = ends[0] if builtins.len(ends) == 1 else ends[1]
    if not isinstance(last, Whole):
        return plain
    return [Whole(at, Computed((), "place along", (last.origin,))) for at in plain]


def numbered(values: Any, start: Any = 0) -> Iterator[tuple[Any, Any]]:
    """`enumerate` whose numbers are places in what is traced."""
    listed = values if hasattr(values, "__len__") else list(values)
    of = length(listed)
    for at, value in builtins.enumerate(listed, start):
        yield (Whole(at, Computed((), "place along", (of.origin,))) if isinstance(of, Whole) else at), value


class _Numpy(ModuleType):
    """NumPy whose makers of arrays keep origins, as its functions do of lists."""

    def __getattr__(self, name: str) -> Any:
        plain = getattr(np, name)
        if isinstance(plain, (type, ModuleType, np.ufunc)) or not callable(plain):
            return plain

        def keeping(*values: Any, **more: Any) -> Any:
            if not any(map(_deep, values)):
                return plain(*values, **more)
            listed = isinstance(values[0], (list, tuple)) and name not in JOINING
            first = gathered(values[0]) if listed else values[0]
            return applied(name, plain, (first, *values[1:]), more)

        return keeping

    @staticmethod
    def _made(value: Any, dtype: Any, copy: bool) -> Any:
        dtype = {Float: builtins.float, Int: builtins.int}.get(dtype, dtype)
        if isinstance(value, OriginTensor):
            return _Numpy._made(value[...], dtype, False)
        if isinstance(value, Traced):
            if dtype is not None and np.dtype(dtype) != value.dtype:
                return value.astype(dtype)
            return value.copy() if copy else value
        if isinstance(value, (Number, Whole)):
            return Float(value) if dtype is not None and np.dtype(dtype).kind == "f" else value
        if isinstance(value, (list, tuple)) and _deep(value):
            return gathered(value, dtype)
        return np.array(value, dtype=dtype) if copy else np.asarray(value, dtype=dtype)

    def array(self, value: Any, dtype: Any = None, **_: Any) -> Any:
        """See NumPy."""
        return self._made(value, dtype, True)

    def asarray(self, value: Any, dtype: Any = None, **_: Any) -> Any:
        """See NumPy."""
        return self._made(value, dtype, False)

    asanyarray = ascontiguousarray = asarray

    def zeros(self, shape: Any, dtype: Any = builtins.float, **_: Any) -> Any:
        """See NumPy."""
        return _blank(np.zeros(bare(shape), _dtype(dtype)))

    def empty(self, shape: Any, dtype: Any = builtins.float, **_: Any) -> Any:
        """See NumPy."""
        return _blank(np.zeros(bare(shape), _dtype(dtype)))

    def full(self, shape: Any, value: Any, dtype: Any = None, **_: Any) -> Any:
        """See NumPy."""
        made = np.full(bare(shape), bare(value), _dtype(dtype))
        if is_traced(value) and not np.shape(value):
            return traced(made, Moved(made.shape, "", (origin_of(value),), lambda p: np.full(made.shape, p)))
        return _blank(made)

    def zeros_like(self, value: Any, dtype: Any = None, **_: Any) -> Any:
        """See NumPy."""
        return _blank(np.zeros_like(bare(np.asarray(bare(value))), dtype=_dtype(dtype)))

    empty_like = zeros_like

    def ndenumerate(self, values: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
        """See NumPy."""
        values = self.asarray(values)
        for at in np.ndindex(*map(bare, values.shape)):
            sizes = [
                Computed((), "place along", (Size((), origin_of(values), axis),)) for axis in range(len(at))
            ]
            yield tuple(Whole(*each) for each in zip(at, sizes, strict=True)), values[at]

    def arange(self, *ends: Any, dtype: Any = None) -> Any:
        """See NumPy."""
        made = np.arange(*map(bare, ends), dtype=_dtype(dtype))
        if any(map(is_traced, ends)):
            return traced(made, Computed(made.shape, "arange", tuple(map(origin_of, ends))))
        return made


def _dtype(dtype: Any) -> Any:
    return {Float: builtins.float, Int: builtins.int}.get(dtype, dtype)


def _blank(made: Any) -> Any:
    """An array to be filled: small ones, and columns of a vocabulary; a picture's pixels need no origin."""
    if made.dtype == np.uint8 or made.ndim > 3 or not made.ndim:
        return made
    return traced(made, Constant(made.shape, np.array(made)))


def _deep(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_deep, value))
    return is_traced(value)


class _Math(ModuleType):
    """`math` that keeps origins."""

    def __getattr__(self, name: str) -> Any:
        plain = getattr(math, name)
        if not callable(plain):
            return plain

        def keeping(*values: Any, **more: Any) -> Any:
            result = plain(*map(bare, values), **bare(more))
            if not any(map(is_traced, values)) or isinstance(result, bool):
                return result
            return traced(result, Computed((), name, tuple(map(origin_of, values)), "each"))

        return keeping


def named(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose results are written by its name, not by all that it did."""

    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        given = [*args, *kwargs.values()]
        if not any(map(is_traced, given)):
            return result
        return traced(
            bare(result), Computed(np.shape(bare(result)), function.__name__, tuple(map(origin_of, given)))
        )

    return call


def ruled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A rule that chooses layer and head, or the like, from the trace that it is given."""

    def call(trace: Any) -> Any:
        origin = Said((), f"{function.__name__}(trace)", "rule")
        return tuple(Whole(each, origin) for each in function(trace))

    return call


def summed(values: Any, start: Any = 0) -> Any:
    """`sum` that says of what."""
    listed = [*values]
    result = builtins.sum(listed, start)
    origins = [origin_of(each) for each in listed if is_traced(each)]
    if not is_traced(result) or len(origins) < 3:
        return result
    return traced(bare(result), Computed((), "sum", tuple(origins), "each"))


def outermost(function: Callable[..., Any]) -> Callable[..., Any]:
    """`max` or `min`: what a number with an origin is held to, such as 0, comes from it as well."""

    def call(*values: Any, **more: Any) -> Any:
        result = function(*values, **more)
        if "key" in more or is_traced(result) or len(values) < 2 or not any(map(is_traced, values)):
            return result
        return traced(result, Computed((), function.__name__, tuple(map(origin_of, values)), "each"))

    return call


def scale_mark(value: Any, of: str = "scale") -> Any:
    """See `scenes.declared`. A number that has an origin keeps it; no others than round ones are marks."""
    if is_traced(value) and founded(value.origin):
        return value
    value = bare(value)
    return traced(value, Said((), f"mark on the {of}", "scale")) if rounded(value) else value


def chosen(value: Any, rule: str) -> Any:
    """See `scenes.declared`."""
    if is_traced(value) and founded(value.origin):
        return value
    value = bare(value)
    return traced(value, Said((), rule, "rule")) if rounded(value) else value


def bound(limit: Any, value: Any) -> Any:
    """See `scenes.declared`."""
    return traced(bare(limit), Computed((), "limit", (value.origin,))) if is_traced(value) else limit


def published(value: Any, source: str) -> Any:
    """See `scenes.declared`."""
    return traced(bare(value), Said((), source, "published"))


def founded(origin: Origin) -> bool:
    """Whether a number comes from the trace."""
    writer = Writer()
    try:
        writer.write(origin)
    except Unfounded:
        return False
    return not isinstance(origin, Constant)


def rounded(value: float) -> bool:
    """Whether a number is round enough for a mark on a scale: whole, or of two figures."""
    return math.isfinite(value) and (
        abs(value - round(value)) < 1e-9 or math.isclose(value, builtins.float(f"{value:.1e}"), rel_tol=1e-9)
    )


def quoted(words: str) -> str:
    """See `scenes.declared`: digits in what is quoted are letters of a text."""
    if MARK.search(words):
        return words
    said = Said((), "quoted text", "quoted")
    parts = re.split(r"(\d+)", words)
    return "".join(RECORDS.marked(part, part, said) if part.isdigit() else part for part in parts)


def tallied(function: Callable[..., Any]) -> Callable[..., Any]:
    """A tally of the parameters of a published model."""

    def call(*args: Any) -> Any:
        source = "of a published shape: model_probe.derived.parameter_tally"
        return {name: published(number, f"{name} {source}") for name, number in function(*args).items()}

    return call


def ways_of_writing() -> tuple[Any, ...]:
    """The ways in which the suite has a model write on; their settings are the code's."""

    def known(method: Any, row: int) -> Any:
        method = copy.copy(method)
        for name, value in vars(method).items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                origin = Said((), f"model_probe.runs.ROWS[{row}]: {name}", "rule")
                object.__setattr__(method, name, traced(value, origin))
        return method

    return tuple((known(method, row), added) for row, (method, added) in enumerate(runs.ROWS))


def modules() -> list[ModuleType]:
    """The suite's modules that work with numbers."""
    found = [
        module for name, module in sys.modules.items() if name.startswith(("scenes.", "model_probe.derived"))
    ]
    return [m for m in found if m is not None and not m.__name__.startswith(LEFT_ALONE) and m is not declared]


@contextmanager
def instrumented(*more: ModuleType) -> Iterator[None]:
    """Within it a scene that is made and played has numbers with origins.

    Args:
        more: modules besides the suite's, such as the one that the scene is from.
    """
    RECORDS.clear()
    numpy, maths = _Numpy("numpy"), _Math("math")
    names: dict[str, Any] = {"float": Float, "int": Int, "len": length, "range": steps, "enumerate": numbered}
    names |= {"sum": summed, "max": outermost(max), "min": outermost(min)}
    swapped: dict[int, Any] = {id(np): numpy, id(math): maths, id(Trace): OriginTrace}
    swapped |= {
        id(getattr(declared, each.__name__)): each for each in (scale_mark, chosen, bound, published, quoted)
    }
    swapped[id(runs.ROWS)] = ways_of_writing()
    swapped[id(derived.parameter_tally)] = tallied(derived.parameter_tally)
    for name in ("softmax", "entropy_bits", "effective_number"):
        swapped[id(getattr(mathematics, name))] = named(getattr(mathematics, name))
    stripped = (lettering.drawable, lettering._drawable, lettering.string_points, glyphs.line_of)
    swapped |= {id(function): _stripping(function) for function in stripped}
    swapped |= {
        id(each): _of_so_many_digits(each) for each in (numerals.signed, numerals.plain, numerals.percent)
    }
    swapped[id(marks.visible)] = _between_marks(marks.visible)
    swapped[id(chosen_head.worth_showing)] = ruled(chosen_head.worth_showing)
    swapped |= {
        id(function): _sourced(function) for function in (lettering.formula, lettering.words_or_formula)
    }
    before: list[tuple[dict[str, Any], str, Any]] = []
    absent = object()
    for module in (*modules(), *more):
        space = module.__dict__
        for name, value in [*space.items()]:
            if id(value) in swapped:
                before.append((space, name, value))
                space[name] = swapped[id(value)]
        for name, value in names.items():
            before.append((space, name, space.get(name, absent)))
            space[name] = value
    write = lettering.Lettering._write

    def plain_write(self: Any, string: str, em: float) -> None:
        write(self, unmarked(string), em)
        self.string = string

    lettering.Lettering._write = plain_write  # type: ignore[method-assign]
    try:
        yield
    finally:
        lettering.Lettering._write = write  # type: ignore[method-assign]
        for space, name, value in reversed(before):
            if value is absent:
                space.pop(name, None)
            else:
                space[name] = value


def _stripping(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(string: str, *args: Any, **kwargs: Any) -> Any:
        return function(unmarked(string), *args, **kwargs)

    return call


def _of_so_many_digits(function: Callable[..., str]) -> Callable[..., str]:
    def call(value: Any, digits: int = 1) -> str:
        return function(value, bare(digits))  # how many there are is no number that is shown

    return call


def _between_marks(function: Callable[..., str]) -> Callable[..., str]:
    def call(words: str, *args: Any) -> str:
        parts = re.split(f"({MARK.pattern})", words)
        return "".join(part if MARK.fullmatch(part) else function(part, *args) for part in parts if part)

    return call


def _sourced(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(source: str, *args: Any, **kwargs: Any) -> Any:
        if "$" not in source and function.__name__ == "words_or_formula":
            return function(source, *args, **kwargs)
        made = function(unmarked(source), *args, **kwargs)
        made.source = source
        return made

    return call

"""Arrays and numbers that know where they come from, as NumPy's and Python's own otherwise."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from scenes.audit.origins import REDUCED, Computed, Constant, Lost, Moved, Origin, Read, Size, element
from scenes.audit.records import RECORDS, unmarked

# What NumPy's functions do to arrays: they only move the elements, or they work along axes.
JOINING = frozenset(("concatenate", "stack", "vstack", "hstack", "column_stack"))
MOVING = JOINING | {
    *("take", "take_along_axis", "repeat", "tile", "flip", "fliplr", "flipud", "roll", "rot90", "sort"),
    *("transpose", "moveaxis", "swapaxes", "reshape", "ravel", "squeeze", "expand_dims", "broadcast_to"),
    *("append", "insert", "delete", "diagonal", "atleast_1d", "atleast_2d", "partition", "unique"),
    *("compress", "copy"),
}
ALONG = frozenset(
    (
        "sum",
        "mean",
        "max",
        "min",
        "amax",
        "amin",
        "prod",
        "median",
        "argmax",
        "argmin",
        "any",
        "all",
        "std",
        "var",
        "count_nonzero",
        "norm",
    )
)
NOTHING = frozenset(("zeros_like", "ones_like", "empty_like", "full_like"))


def origin_of(value: Any) -> Origin:
    """Where a value comes from; what is not traced was written into the code, or is lost."""
    if isinstance(value, (Traced, Number, Whole)):
        return value.origin
    if isinstance(value, np.ndarray):
        small = value.size == 1 or value.dtype.kind in "biu"
        return Constant(value.shape, value.copy()) if small else Lost(value.shape)
    if isinstance(value, (list, tuple)):
        return origin_of(gathered(value))
    if isinstance(value, np.generic):
        value = value.item()
    return Constant((), value)


def traced(value: Any, origin: Origin) -> Any:
    """A value that knows where it comes from."""
    if isinstance(value, np.ndarray) and value.ndim:
        found = value.view(Traced)
        found._origin = origin
        return found
    if isinstance(value, np.ndarray):
        value = value[()]
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        return Whole(int(value), origin)
    if isinstance(value, (float, np.floating)):
        return Number(float(value), origin)
    return value


def is_traced(value: Any) -> bool:
    """Whether a value, or one of a list, is traced."""
    if isinstance(value, (Traced, Number, Whole)):
        return True
    return isinstance(value, (list, tuple)) and any(map(is_traced, value))


def bare(value: Any) -> Any:
    """A value as NumPy and Python have it."""
    if isinstance(value, Traced):
        return value.view(np.ndarray)
    if isinstance(value, Number):
        return float.__float__(value)
    if isinstance(value, Whole):
        return int.__index__(value)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return (
            type(value)(bare(each) for each in value)
            if type(value) in (list, tuple)
            else [bare(each) for each in value]
        )
    if isinstance(value, dict):
        return {bare(key): bare(each) for key, each in value.items()}
    if isinstance(value, slice):
        return slice(bare(value.start), bare(value.stop), bare(value.step))
    return value


def gathered(values: Iterable[Any], dtype: Any = None) -> Any:
    """An array of what a list holds, traced where anything in it is."""
    listed = list(values)
    try:
        whole = np.array(bare(listed), dtype=dtype)
    except ValueError:  # a list of things of several shapes
        return np.zeros(0)
    if not whole.ndim or whole.dtype == object:
        return whole
    flat: list[Origin] = []

    def collect(part: Any) -> None:
        if isinstance(part, (list, tuple)):
            for each in part:
                collect(each)
        else:
            flat.append(origin_of(part))

    collect(listed)
    if sum(math.prod(each.shape) for each in flat) != whole.size:
        return whole
    shape = whole.shape
    return traced(
        whole,
        Moved(
            shape, "", tuple(flat), lambda *p: np.concatenate([np.ravel(each) for each in p]).reshape(shape)
        ),
    )


def applied(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function of NumPy gives, with its origin."""
    result = function(*bare(args), **bare(kwargs))
    if isinstance(result, np.ndarray) and result.size == 0:
        return result
    if isinstance(result, str):  # a number that was formatted
        return RECORDS.marked(result, bare(args[0]), origin_of(args[0]))
    if isinstance(result, (list, tuple)):
        operands = tuple(origin_of(each) for each in args if isinstance(each, np.ndarray) or is_traced(each))
        if any(isinstance(each, Lost) for each in operands):
            return result
        parts = [
            traced(each, Computed(np.shape(each), f"{name}[{at}]", operands))
            if isinstance(each, (np.ndarray, np.number)) else each
            for at, each in enumerate(result)
        ]  # fmt: skip
        return type(result)(parts) if type(result) in (list, tuple) else type(result)(*parts)
    shape = np.shape(result)
    if name in NOTHING or isinstance(result, np.dtype):
        return result
    if name == "where" and len(args) == 3:
        choice = bare(np.asarray(bare(args[0])))
        one, other = (origin_of(each) for each in args[1:])
        return traced(result, Moved(shape, "where", (one, other), lambda a, b: np.where(choice, a, b)))
    if name in MOVING:
        first = args[0]
        joined = name in JOINING
        sources = tuple(map(origin_of, first)) if joined else (origin_of(first),)
        if name in ("append", "insert"):
            return _joined(name, function, args, kwargs, result)
        rest = bare(args[1:])
        if name in ("sort", "partition"):
            order = np.argsort(bare(np.asarray(first)), **bare(kwargs))
            return traced(
                result,
                Moved(shape, "sort", sources, lambda p: np.take_along_axis(p, order, kwargs.get("axis", -1))),
            )
        if name == "unique":
            return (
                traced(result, Computed(shape, "unique", sources))
                if isinstance(result, np.ndarray)
                else result
            )
        if name == "broadcast_to":
            return traced(result, Moved(shape, "", sources, lambda p: np.broadcast_to(p, shape)))
        if joined:
            return traced(result, Moved(shape, name, sources, lambda *p: function(p, *rest, **bare(kwargs))))
        return traced(result, Moved(shape, "", sources, lambda p: function(p, *rest, **bare(kwargs))))
    operands = tuple(origin_of(each) for each in args if isinstance(each, np.ndarray) or is_traced(each))
    if any(isinstance(each, Lost) for each in operands) and len(operands) > 1 and name not in ("interp",):
        return result
    if name in ALONG and len(operands) == 1:
        axis = kwargs.get("axis", args[1] if len(args) > 1 and isinstance(args[1], int) else None)
        return traced(result, reduction(name, shape, operands[0], axis, bool(kwargs.get("keepdims"))))
    return traced(result, Computed(shape, name, operands))


def _joined(name: str, function: Callable[..., Any], args: Any, kwargs: Any, result: Any) -> Any:
    if name == "append":
        sources = (origin_of(args[0]), origin_of(args[1]))
        return traced(
            result, Moved(result.shape, name, sources, lambda a, b: np.append(a, b, **bare(kwargs)))
        )
    sources = (origin_of(args[0]), origin_of(args[2]))
    where = bare(args[1])
    return traced(
        result, Moved(result.shape, name, sources, lambda a, b: np.insert(a, where, b, **bare(kwargs)))
    )


def reduction(name: str, shape: tuple[int, ...], inner: Origin, axis: Any, kept: bool) -> Origin:
    """What a function along some axes, or all (None), gives."""
    count = len(inner.shape)
    axes = range(count) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return Computed(shape, name, (inner,), "along", tuple(int(each) % max(count, 1) for each in axes), kept)


def _ufunc(ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    out = kwargs.pop("out", None)
    plain = [bare(each) for each in inputs]
    if out is not None:
        kwargs["out"] = tuple(bare(each) for each in out)
    kwargs = bare(kwargs)
    result = getattr(ufunc, method)(*plain, **kwargs)
    if isinstance(result, tuple) or result is None or result is NotImplemented:
        return result
    origins = tuple(origin_of(each) for each in inputs)
    arrays = [each for each in inputs if isinstance(each, np.ndarray) and each.ndim]
    lost = any(isinstance(each, Lost) for each in origins)
    shape = np.shape(result)
    origin: Origin
    if lost or (
        arrays and not any(isinstance(each, Traced) for each in arrays) and arrays[0].dtype.kind == "f"
    ):
        origin = Lost(shape)
    elif method == "__call__" and ufunc.signature is None:
        origin = simplified(shape, ufunc.__name__, origins, [*plain])
    elif method == "reduce":
        axis = kwargs.get("axis", inputs[1] if len(inputs) > 1 else 0)
        name = REDUCED.get(ufunc.__name__, ufunc.__name__)
        origin = reduction(name, shape, origins[0], axis, bool(kwargs.get("keepdims")))
    elif method == "accumulate":
        origin = Computed(shape, "cumsum" if ufunc is np.add else f"{ufunc.__name__}.accumulate", origins[:1])
    else:
        origin = Computed(
            shape, ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}", origins
        )
    if out is not None:
        if isinstance(out[0], Traced):
            out[0]._origin = origin
        return out[0]
    return result if isinstance(origin, Lost) else traced(result, origin)


def simplified(shape: tuple[int, ...], name: str, origins: tuple[Origin, ...], values: list[Any]) -> Origin:
    """Element by element, without what changes nothing: an animation ends by adding 1 × what is missing."""
    if len(origins) == 2:
        for at, other in ((1, 0), (0, 1)):
            value = _everywhere(origins[at])
            if value is None:
                continue
            same = (
                (name == "multiply" and abs(value - 1) < 1e-9)
                or (name in ("divide", "power") and at == 1 and value == 1)
                or (name in ("add", "maximum") and value == 0)
                or (name == "subtract" and at == 1 and value == 0)
            )
            if same and origins[other].shape == shape:
                return origins[other]
        if name == "add":  # a + (b − a): a change that has come to its end
            for start, step in (origins, origins[::-1]):
                if isinstance(step, Computed) and step.name == "subtract" and step.way == "each":
                    after, before = step.operands
                    if after.shape == shape and _same(before, start):
                        return after
    return Computed(shape, name, origins, "each")


def _everywhere(origin: Origin) -> float | None:
    """The number that was written into the code, where it is one for all elements; 0 for 0 × anything."""
    if isinstance(origin, Computed) and origin.way == "each" and len(origin.operands) == 2:
        first, second = (
            _everywhere(each) if isinstance(each, Constant) else None for each in origin.operands
        )
        if origin.name == "multiply" and 0 in (first, second):
            return 0.0
        if origin.name == "power" and second == 0:
            return 1.0
    if not isinstance(origin, Constant):
        return None
    value = origin.value
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "iuf" or not value.size or (value != value.flat[0]).any():
            return None
        value = value.flat[0].item()
    return float(value) if isinstance(value, (int, float)) else None


def _same(one: Origin, other: Origin) -> bool:
    if one is other:
        return True
    if isinstance(one, Read) and isinstance(other, Read):
        return (one.name, one.cuts) == (other.name, other.cuts)
    if isinstance(one, Constant) and isinstance(other, Constant):
        return one.shape == other.shape and bool(np.all(np.asarray(one.value) == np.asarray(other.value)))
    return False


class Traced(np.ndarray):
    """An array with an origin."""

    _origin: Origin | None

    def __array_finalize__(self, source: Any) -> None:
        self._origin = getattr(source, "_origin", None)
        if self._origin is not None and self._origin.shape != np.ndarray.shape.__get__(self):
            self._origin = None

    @property
    def origin(self) -> Origin:
        """Where it comes from."""
        shape = np.ndarray.shape.__get__(self)
        if self._origin is None or self._origin.shape != shape:
            return Lost(shape)
        return self._origin

    @property
    def shape(self) -> Any:
        """Its sizes, whole numbers that have an origin themselves."""
        return tuple(
            Whole(size, Size((), self.origin, axis))
            for axis, size in enumerate(np.ndarray.shape.__get__(self))
        )

    @shape.setter
    def shape(self, shape: Any) -> None:
        np.ndarray.shape.__set__(self, bare(shape))  # type: ignore[attr-defined]

    @property
    def size(self) -> Any:
        """The number of elements."""
        return Whole(np.ndarray.size.__get__(self), Size((), self.origin, None))

    def __getitem__(self, index: Any) -> Any:
        plain = bare(index)
        result = np.ndarray.__getitem__(self.view(np.ndarray), plain)
        origin = self.origin
        if isinstance(origin, Lost):
            return result
        if any(each is None for each in (plain if isinstance(plain, tuple) else (plain,))):
            shape = np.shape(result)
            return traced(result, Moved(shape, "", (origin,), lambda places: places[plain]))
        return traced(result, element(np.shape(result), origin, plain))

    def __setitem__(self, index: Any, value: Any) -> None:
        plain, shape = bare(index), np.ndarray.shape.__get__(self)
        np.ndarray.__setitem__(self.view(np.ndarray), plain, bare(value))
        before, new = self.origin, origin_of(value)

        def moved(old: Any, coming: Any) -> Any:
            places = old.copy()
            places[plain] = coming
            return places

        self._origin = Moved(shape, "", (before, new), moved)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _ufunc(ufunc, method, *inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return applied(function.__name__, function, args, kwargs)

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def copy(self, order: Any = "C") -> Any:
        """A copy with the same origin."""
        return traced(np.array(self.view(np.ndarray), order=order), self.origin)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """The same numbers in another kind; whole numbers are rounded down."""
        result = self.view(np.ndarray).astype(dtype, *args, **kwargs)
        origin = self.origin
        if result.dtype.kind in "iu" and self.dtype.kind == "f":
            origin = Computed(origin.shape, "floor", (origin,), "each")
        return result if isinstance(origin, Lost) else traced(result, origin)

    def item(self, *at: Any) -> Any:
        """One number."""
        if at:
            return self.reshape(-1)[at[0]] if len(at) == 1 else self[at]
        return self.reshape(-1)[0]

    def tolist(self) -> Any:
        """Lists of numbers that have origins."""
        return (
            [each.tolist() if isinstance(each, Traced) else each for each in self]
            if self.ndim
            else self.item()
        )

    def __iter__(self) -> Any:
        return (self[at] for at in range(len(self)))

    def __float__(self) -> float:
        return float(self.view(np.ndarray).item())

    def __reduce__(self) -> Any:
        return self.view(np.ndarray).__reduce__()


def _method(name: str) -> Callable[..., Any]:
    def call(self: Traced, *args: Any, **kwargs: Any) -> Any:
        result = getattr(self.view(np.ndarray), name)(*bare(args), **bare(kwargs))
        if isinstance(self.origin, Lost):
            return result
        shape = np.shape(result)
        if name in ("reshape", "transpose", "ravel", "flatten", "squeeze", "repeat", "take", "swapaxes"):
            plain, more = bare(args), bare(kwargs)
            return traced(
                result, Moved(shape, "", (self.origin,), lambda p: getattr(p, name)(*plain, **more))
            )
        if name in ("round", "cumsum", "argsort", "clip"):
            way = "each" if name == "round" else "whole"
            return traced(result, Computed(shape, name, (self.origin,), way))
        if name == "dot":
            return traced(result, Computed(shape, "matmul", (self.origin, origin_of(args[0]))))
        axis = kwargs.get("axis", args[0] if args and not isinstance(args[0], np.ndarray) else None)
        return traced(result, reduction(name, shape, self.origin, bare(axis), bool(kwargs.get("keepdims"))))

    return call


for _name in (
    *("reshape", "transpose", "ravel", "flatten", "squeeze", "repeat", "take", "swapaxes", "round", "cumsum"),
    *("argsort", "dot", "sum", "mean", "max", "min", "argmax", "argmin", "any", "all", "prod", "std", "var"),
):
    setattr(Traced, _name, _method(_name))
Traced.T = property(lambda self: self.transpose())  # type: ignore[assignment]


def _formatted(value: Any, spec: str) -> str:
    spec = unmarked(spec)
    text = format(bare(value), spec)
    return text if spec[-1:] in ("x", "X", "c", "b", "o") else RECORDS.marked(text, bare(value), value.origin)


class Number(np.float64):
    """A real number with an origin."""

    origin: Origin

    def __new__(cls, value: float, origin: Origin) -> Number:  # noqa: D102 as the class
        made = super().__new__(cls, value)
        made.origin = origin
        return made

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _ufunc(ufunc, method, *inputs, **kwargs)

    def __format__(self, spec: str) -> str:
        return _formatted(self, spec)

    def __str__(self) -> str:
        return RECORDS.marked(repr(bare(self)), bare(self), self.origin)

    def __hash__(self) -> int:
        return hash(bare(self))

    def __deepcopy__(self, memo: Any) -> Number:
        return self

    def __copy__(self) -> Number:
        return self

    def __reduce__(self) -> Any:
        return float, (bare(self),)

    def item(self, *_: Any) -> Any:
        """Itself."""
        return self

    tolist = item

    def __round__(self, digits: Any = None) -> Any:
        value = round(bare(self), bare(digits)) if digits is not None else round(bare(self))
        return traced(value, Computed((), "round", (self.origin,), "each"))

    def __floor__(self) -> Any:
        return Whole(math.floor(bare(self)), Computed((), "floor", (self.origin,), "each"))

    def __ceil__(self) -> Any:
        return Whole(math.ceil(bare(self)), Computed((), "ceil", (self.origin,), "each"))

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        """The same number in another kind."""
        return traced(np.asarray(bare(self)).astype(dtype)[()], self.origin)


class Whole(int):
    """A whole number with an origin; whether something holds is one as well, 0 or 1."""

    origin: Origin

    def __new__(cls, value: int, origin: Origin) -> Whole:  # noqa: D102 as the class
        made = super().__new__(cls, value)
        made.origin = origin
        return made

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _ufunc(ufunc, method, *inputs, **kwargs)

    def __format__(self, spec: str) -> str:
        return _formatted(self, spec)

    def __str__(self) -> str:
        return RECORDS.marked(int.__repr__(self), bare(self), self.origin)

    def __hash__(self) -> int:
        return int.__hash__(self)

    def __deepcopy__(self, memo: Any) -> Whole:
        return self

    def __copy__(self) -> Whole:
        return self

    def __reduce__(self) -> Any:
        return int, (bare(self),)

    def item(self, *_: Any) -> Any:
        """Itself."""
        return self

    tolist = item

    def __round__(self, digits: Any = None) -> Any:
        return self

    sum = item
    ndim, shape, size = 0, (), 1


def _operation(name: str, function: Callable[[Any, Any], Any], swapped: bool) -> Callable[[Any, Any], Any]:
    def operate(self: Any, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            if not isinstance(other, Traced) and other.ndim:
                plain = bare(self)
                return function(other, plain) if swapped else function(plain, other)
            return _ufunc_of(name, other, self) if swapped else _ufunc_of(name, self, other)
        if not isinstance(other, (int, float, np.number, np.bool_)):
            return NotImplemented
        one, two = (other, self) if swapped else (self, other)
        plain = [bare(one), bare(two)]
        value = function(*plain)
        return traced(value, simplified((), name, (origin_of(one), origin_of(two)), plain))

    return operate


def _ufunc_of(name: str, one: Any, two: Any) -> Any:
    return _ufunc(getattr(np, name), "__call__", one, two)


_OPERATORS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "truediv": operator.truediv,
    "floordiv": operator.floordiv, "mod": operator.mod, "pow": operator.pow,
}  # fmt: skip
_UFUNCS = {"sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide"}
_UFUNCS |= {"mod": "remainder", "pow": "power", "add": "add"}
_COMPARED = {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}

for _kind in (Number, Whole):
    for _short, _function in _OPERATORS.items():
        setattr(_kind, f"__{_short}__", _operation(_UFUNCS[_short], _function, False))
        setattr(_kind, f"__r{_short}__", _operation(_UFUNCS[_short], _function, True))
    for _short, _long in _COMPARED.items():
        setattr(_kind, f"__{_short}__", _operation(_long, getattr(operator, _short), False))
    _kind.__divmod__ = lambda self, other: (self // other, self % other)  # type: ignore[method-assign]
    _kind.__neg__ = lambda self: traced(-bare(self), Computed((), "negative", (self.origin,), "each"))  # type: ignore[method-assign]
    _kind.__abs__ = lambda self: traced(abs(bare(self)), Computed((), "abs", (self.origin,), "each"))  # type: ignore[method-assign]
    _kind.__pos__ = lambda self: self  # type: ignore[method-assign]

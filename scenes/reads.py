"""What a scene reads from its trace, said before it is played, so that a trace need hold no more.

A scene's `reads` is a plain tuple of entries. An entry is a tensor's name, and what may follow it:

    resid_pre_LTD               without it the scene cannot be drawn
    k_LHTK or k_LCTK            one of them: families differ
    scores_LHTS of one head     of the layer and the head that are shown, nothing else of it
    typo_ids_U if any           the scene does without where the run left none

All in this order: `mask_TS or mask_LTS if any`. Every trace has `token_ids_T`; it is not named.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from model_probe.errors import MissingTensor
from model_probe.trace import LAST_ROWS, TENSORS, Trace
from scenes import SceneEntry

_ENTRY = re.compile(r"(\w+)(?: or (\w+))?( of one head)?( if any)?")


@dataclass(frozen=True)
class Read:
    """One entry of a scene's `reads`.

    Attributes:
        names: the tensor, or two of which a trace has one.
        one_head: whether only the layer and the head that are shown are read.
        optional: whether the scene can do without.
    """

    names: tuple[str, ...]
    one_head: bool = False
    optional: bool = False

    def found(self, trace: Trace) -> str | None:
        """The one that this trace holds; for the last rows of a tensor, the whole will do."""
        whole = [
            name
            for name, rows in LAST_ROWS.items()
            if rows in self.names and name not in trace.facts.one_head
        ]
        return next((name for name in (*self.names, *whole) if trace.has(name)), None)


def parse(entries: Iterable[str]) -> tuple[Read, ...]:
    """Read the entries of a scene's `reads`.

    Raises:
        ValueError: one is no entry, or names no tensor of a trace.
    """
    found = []
    for entry in entries:
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise ValueError(f"{entry!r} is no entry of `reads`; see scenes/reads.py")
        names = tuple(name for name in match.group(1, 2) if name)
        unknown = [name for name in names if name not in TENSORS]
        if unknown:
            raise ValueError(
                f"{entry!r}: there is no tensor {unknown[0]}; `model_probe.trace.TENSORS` has all"
            )
        found.append(Read(names, bool(match[3]), bool(match[4])))
    return tuple(found)


@cache
def declared(entry: SceneEntry) -> tuple[Read, ...]:
    """What the scene of a registry entry says that it reads, from its source: importing Manim takes a second.

    Raises:
        ValueError: its `reads` is not written out as a plain tuple of entries.
    """
    spec = find_spec(entry.module)
    assert spec is not None
    assert spec.origin is not None
    source = ast.parse(Path(spec.origin).read_bytes())
    bodies = (
        node.body for node in source.body if isinstance(node, ast.ClassDef) and node.name == entry.class_name
    )
    for statement in next(bodies, []):
        names = (
            statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        )
        if any(isinstance(name, ast.Name) and name.id == "reads" for name in names):
            try:
                return parse(ast.literal_eval(statement.value))  # type: ignore[attr-defined]
            except (ValueError, TypeError) as error:
                raise ValueError(f"{entry.module}: `reads` of {entry.class_name}: {error}") from None
    return ()


@dataclass(frozen=True)
class Wanted:
    """What a recording has to keep for some scenes.

    Attributes:
        tensors: the tensors.
        of_one_head: those of them of which the layer and the head that are shown are enough.
    """

    tensors: frozenset[str]
    of_one_head: frozenset[str]


def wanted(scenes: Iterable[Iterable[Read]]) -> Wanted:
    """What all these scenes read together."""
    reads = [read for scene in scenes for read in scene]
    whole = {name for read in reads if not read.one_head for name in read.names}
    one_head = {name for read in reads if read.one_head for name in read.names}
    return Wanted(frozenset(whole | one_head | {"token_ids_T"}), frozenset(one_head - whole))


def check(scene: str, reads: Iterable[Read], trace: Trace) -> None:
    """See that a trace holds what a scene cannot be drawn without.

    Raises:
        MissingTensor: it does not; the message names the scene and the tensor.
    """
    for read in reads:
        if not read.optional and read.found(trace) is None:
            raise MissingTensor(f"{trace.lacks(read.names[0])}; {scene} reads it")

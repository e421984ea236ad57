"""Traces that are not as they were written: what a reader must refuse in a line, or read without failing.

`python -m tests.model_probe.mutations TRACE --count 10000` mutates a trace that often and counts the answers.
"""

from __future__ import annotations

import json
import random
import struct
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from model_probe.errors import TraceError
from model_probe.summary import print_summary
from model_probe.trace import METADATA_KEY, TENSORS, Trace

_ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1, 3, 10**9, 10**40, 1e308, float("nan"), float("inf"), "", "1.x", "x" * 5000,
    "\ud800", "a\nb\x00\x1b[31m", [], [0, 0], [10**9], ["a"], {}, {"a": {}}, {"embedding": 10**40},
)  # fmt: skip
_DTYPES = ("F8_E4M3", "F8_E5M2", "BF16", "F16", "F32", "F64", "I8", "I32", "I64", "U8", "U16", "BOOL", "X")


def mutate(whole: bytes, chance: random.Random) -> bytes:
    """One mutation of a safetensors file: of its bytes, its header, its facts or its integers."""
    (length,) = struct.unpack("<Q", whole[:8])
    header, data = json.loads(whole[8 : 8 + length]), bytearray(whole[8 + length :])
    kind: Callable[[bytes, Any, bytearray, random.Random], bytes] = chance.choice(
        [_bytes, _header, _facts, _facts, _integers, _integers, _integers]
    )
    return kind(whole, header, data, chance)


def _bytes(whole: bytes, header: Any, data: bytearray, chance: random.Random) -> bytes:
    changed = bytearray(whole)
    if chance.random() < 0.3:
        return bytes(changed[: chance.randrange(len(changed))])
    reach = chance.choice([8, 400, len(changed)])
    for _ in range(chance.choice([1, 4, 40])):
        changed[chance.randrange(reach)] = chance.randrange(256)
    return bytes(changed)


def _header(whole: bytes, header: Any, data: bytearray, chance: random.Random) -> bytes:
    name = chance.choice([name for name in header if name != "__metadata__"])
    entry = header[name]
    match chance.randrange(6):
        case 0:
            del header[name]
        case 1:
            entry["dtype"] = chance.choice(_DTYPES)
        case 2:
            entry["shape"] = entry["shape"][::-1]
        case 3:
            entry["shape"] = [*entry["shape"], 1]
        case 4:
            other = chance.choice([other for other in header if other != "__metadata__"])
            header[name], header[other] = header[other], header[name]
        case _:  # other sizes that fit what the tensor has of bytes
            dtype = chance.choice(_DTYPES)
            size = {"F64": 8, "I64": 8, "F32": 4, "I32": 4}.get(dtype, 2 if "16" in dtype else 1)
            start, end = entry["data_offsets"]
            entry |= {"dtype": dtype, "shape": [(end - start) // size]}
    return _joined(header, data)


def _facts(whole: bytes, header: Any, data: bytearray, chance: random.Random) -> bytes:
    facts = json.loads(header["__metadata__"][METADATA_KEY])
    name = chance.choice(sorted(facts))
    match chance.randrange(4):
        case 0:
            del facts[name]
        case 1 if isinstance(facts[name], dict) and facts[name]:
            facts[name][chance.choice(sorted(facts[name]))] = chance.choice(_ODD)
        case _:
            facts[name] = chance.choice(_ODD)
    header["__metadata__"][METADATA_KEY] = json.dumps(facts)
    return _joined(header, data)


def _integers(whole: bytes, header: Any, data: bytearray, chance: random.Random) -> bytes:
    wanted = ("I64", "I32", "U8") if chance.random() < 0.8 else ("F32", "F16", "F64")
    names = [n for n, e in header.items() if n != "__metadata__" and e["dtype"] in wanted]
    entry = header[chance.choice(names)]
    start, end = entry["data_offsets"]
    if start == end:
        return _joined(header, data)
    dtype = {"I64": "<i8", "I32": "<i4", "U8": "u1", "F32": "<f4", "F16": "<f2", "F64": "<f8"}[entry["dtype"]]
    values = np.frombuffer(bytes(data[start:end]), dtype).copy()
    for _ in range(chance.choice([1, 1, 3, len(values)])):
        limit = np.iinfo(dtype) if values.dtype.kind in "iu" else np.finfo(dtype)
        odd = [limit.max, limit.min, 0, 1, 2, 255, values[chance.randrange(len(values))]]
        odd += [float("nan"), float("inf")] if values.dtype.kind == "f" else []
        with np.errstate(all="ignore"):
            values[chance.randrange(len(values))] = np.array(chance.choice(odd)).astype(dtype)
    data[start:end] = values.tobytes()
    return _joined(header, data)


def _joined(header: Any, data: bytearray) -> bytes:
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + bytes(data)


def read_everything(path: Path) -> str:
    """Open a trace and use all of it; how that went: "read", or the refusal's one line.

    Raises:
        Exception: whatever else happens.
    """
    try:
        trace = Trace.open(path)
    except TraceError as error:
        return _refused(error)
    for layer in trace.facts.kept("l"):
        for head in trace.facts.kept("h"):
            _tolerant(lambda layer=layer, head=head: trace.keys(layer, head))  # type: ignore[misc]
    _tolerant(lambda: [np.asarray(getattr(trace, name)) for name in TENSORS if trace.has(name)])
    _tolerant(lambda: [trace.token_bytes(i) for i in range(trace.facts.n_vocab)])
    _tolerant(lambda: (trace.tokens, trace.typo_tokens))
    _tolerant(trace.check_bytes)
    _tolerant(lambda: print_summary(trace))
    return "read"


def _tolerant(use: Callable[[], Any]) -> None:
    """What a tensor's numbers are is only seen where they are read: a line says that they are not finite."""
    try:
        use()
    except TraceError as error:
        _refused(error)


def _refused(error: TraceError) -> str:
    if not str(error).isprintable():
        raise ValueError(f"not one plain line: {error!r}")
    return "refused"


def answers(trace: Path, count: int, seed: int, use: Callable[[Path], str]) -> tuple[Counter[str], list[str]]:
    """Mutate a trace `count` times; how often each answer came, and the tracebacks of what failed."""
    whole, chance = trace.read_bytes(), random.Random(seed)
    counted: Counter[str] = Counter()
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.safetensors"
        for number in range(count):
            path.write_bytes(mutate(whole, chance))
            try:
                counted[use(path)] += 1
            except Exception:
                counted["failed"] += 1
                failures.append(f"mutation {number}: {traceback.format_exc()}")
    return counted, failures


@click.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.option("--count", default=1000)
@click.option("--seed", default=0)
def main(trace: Path, count: int, seed: int) -> None:
    """Mutate TRACE and count how a reader answers."""
    counted, failures = answers(trace, count, seed, read_everything)
    kinds = Counter(failure.strip().splitlines()[-1][:150] for failure in failures)
    print(*failures[:3], sep="\n", file=sys.stderr)
    for kind, times in kinds.most_common():
        print(f"{times:6d}  {kind}", file=sys.stderr)
    print(dict(counted), file=sys.stderr)


if __name__ == "__main__":
    main()

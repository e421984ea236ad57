from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model_probe.trace import Trace, write_trace

Change = Callable[[NDArray[Any]], NDArray[Any]]
GoesRed = Callable[[Callable[[Path], Any], Callable[[Any, Trace], None], str, Change], None]


@pytest.fixture
def trace(storyteller_trace: Path) -> Trace:
    return Trace.open(storyteller_trace)


@pytest.fixture
def altered(trace: Trace, tmp_path: Path) -> Callable[[str, Change], Path]:
    """A copy of the trace in which one tensor is not what the model computed."""

    def alter(name: str, change: Change) -> Path:
        tensors = {each: np.asarray(getattr(trace, each)) for each in trace.tensor_names}
        tensors[name] = np.ascontiguousarray(change(tensors[name].copy()), dtype=tensors[name].dtype)
        return write_trace(tmp_path / f"altered-{name}.safetensors", tensors, trace.facts)

    return alter


@pytest.fixture
def goes_red(trace: Trace, altered: Callable[[str, Change], Path]) -> GoesRed:
    """Check that what is drawn from an altered trace does not pass for the original."""

    def show(
        play: Callable[[Path], Any], check: Callable[[Any, Trace], None], name: str, change: Change
    ) -> None:
        scene = play(altered(name, change))
        with pytest.raises(AssertionError):
            check(scene, trace)

    return show

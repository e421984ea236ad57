"""One forward pass with everything on the way kept, by whichever code runs the model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe import lean
from model_probe.network import Network, Run
from model_probe.plan import Recording, Selection
from model_probe.stored_weights import OtherTypeError


@dataclass(frozen=True)
class Capture(Run):
    """A run with its tensors, and the last token's rows of others, by their names in the trace."""

    tensors: dict[str, NDArray[Any]]
    last: dict[str, NDArray[np.float32]] = field(default_factory=dict)


def load(
    config: dict[str, Any], files: Sequence[Path], device: str = "cpu", *, reference: bool = False
) -> Network:
    """Make a model ready to run: on the CPU in numpy what `lean` knows, all others as transformers has them.

    Args:
        config: the model's `config.json`.
        files: its safetensors files, beside each other and beside the config.
        device: "cpu", "cuda", "cuda:1", "mps".
        reference: have transformers run it, whatever it is.

    Raises:
        ModelError: the weights do not fit the config or cannot be read.
    """
    if device == "cpu" and not reference and lean.can_run(config):
        with suppress(OtherTypeError):
            return lean.load(config, files)
    from model_probe import reference as library

    return library.load(config, str(files[0].parent), device)


def capture(
    network: Network,
    ids_T: NDArray[np.int64],
    selection: Selection | None = None,
    only: Collection[str] | None = None,
    first: int = 0,
    last: Collection[str] = (),
) -> Capture:
    """Run the model once over T token ids and keep every tensor of the run, or those that are selected.

    Logits are given from position `first` on; of the tensors `last`, the last token's rows are kept as well.

    Raises:
        ModelError: a layer was not met; the library then computes by a path that is not read.
    """
    recording = Recording(network.shape, len(ids_T), selection, only, last=last)
    run = network.run(ids_T, recording, first)
    return Capture(run.logits_TV, run.cache, {**recording.finished(), "token_ids_T": ids_T}, recording.last)

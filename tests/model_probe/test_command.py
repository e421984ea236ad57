import os
import subprocess
import sys
from pathlib import Path

import pytest

from model_probe.trace import Trace

ROOT = Path(__file__).parent.parent.parent
COMMANDS = {
    "show": ["model_probe", "show"],
    "record": ["model_probe", "Once", "--model", "storyteller", "--steps", "1", "-o"],
    "help": ["scenes.render", "--help"],
    "stills": ["scenes.render.stills", "--help"],
}


def run(name: str, *arguments: str, redirect: str = "", **environment: str) -> tuple[int, str, str]:
    """A command in a shell of its own, with its streams redirected as one would type it."""
    line = [sys.executable, "-m", *COMMANDS[name], *arguments]
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f'"$@" {redirect}', "bash", *line],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=120,
        check=False,
    )
    return result.returncode, result.stdout.decode(), result.stderr.decode()


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("trace") / "t.safetensors")
    assert run("record", path)[0] == 0
    return path


def test_what_a_terminal_cannot_write_is_written_in_ascii(trace: str) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    code, said, complained = run("show", trace, **ascii_only)
    assert (code, complained) == (0, "")
    assert "8 layers \\xd7 8 heads" in said


def test_a_prompt_is_its_bytes_in_utf8_whatever_the_locale(tmp_path: Path) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    words = "naïve 猫"
    for name, locale in (("a", {}), ("b", ascii_only)):
        line = [sys.executable, "-m", "model_probe", words, "--model", "storyteller", "--steps", "1"]
        command = [*line, "-o", str(tmp_path / name)]
        subprocess.run(command, cwd=ROOT, env={**os.environ, **locale}, check=True)
    assert Trace.open(tmp_path / "b").facts.prompt == words
    assert Trace.open(tmp_path / "b").digest == Trace.open(tmp_path / "a").digest


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("name", list(COMMANDS))
def test_output_that_finds_no_room_is_one_line(name: str, trace: str, tmp_path: Path) -> None:
    arguments = {"show": [trace], "record": [str(tmp_path / "t")]}.get(name, [])
    assert run(name, *arguments, redirect=">/dev/full") == (2, "", "error: the disk is full\n")


def test_nobody_listens(trace: str) -> None:
    code, _, complained = run("show", trace, redirect="| head -n 0")
    assert code in (0, 1, 141)  # done before the pipe was closed; rich noticed; we did
    assert complained == ""
    assert run("show", "missing", redirect="2>&-")[0] == 2
    assert run("show", trace, redirect=">&-")[::2] == (0, "")


@pytest.mark.parametrize("out", ["a file", "/dev/null/x", "x" * 300])
def test_stills_that_cannot_be_written_are_one_line(trace: str, tmp_path: Path, out: str) -> None:
    (tmp_path / "a file").touch()
    line = [sys.executable, "-m", "scenes.render.stills", "mask", "--trace", trace, "--out", out]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a file"]

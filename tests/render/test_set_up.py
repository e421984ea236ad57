"""`render.sh` sets itself up once, whatever happens in between.

Python, pip and the package manager are stand-ins that write down what they are asked for.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

TRIALS = int(os.environ.get("TRIALS", "0"))
RENDER_SH = Path(__file__).parent.parent.parent / "render.sh"

PYTHON = r"""#!/bin/sh
if [ "$1" = -I ]; then
    shift
elif [ "$2" != scenes.render ]; then
    echo "not isolated: $*" >>"$STAND_INS/asked"
fi
case "$1 $2" in
    "-c "*sysconfig*) echo "$STAND_INS/include" ;;
    "-c "*python%d*) echo python3.13 ;;
    "-c "*) ;;
    "-m venv")
        echo "venv" >>"$STAND_INS/asked"
        mkdir -p "$3/bin"
        cp "$STAND_INS/python3.13" "$3/bin/python"
        ;;
    "-m pip")
        case "$*" in *--require-hashes*requirements.lock*) echo "pip" >>"$STAND_INS/asked" ;; esac
        if [ -e "$STAND_INS/slow" ]; then sleep 1; fi
        if [ -e "$STAND_INS/offline" ]; then echo "no network"; exit 1; fi
        case "$*" in *" -e "*) touch "$(dirname "$0")/../whole" ;; esac
        ;;
    *) exec "$REAL_PYTHON" "$@" ;;
esac
"""


@dataclass
class Clone:
    """A directory with `render.sh` and as little more as it takes."""

    path: Path
    stand_ins: Path
    first: str = ""  # entries of the PATH before all others

    def start(
        self, *arguments: str, via: Path | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[str]:
        environment = {
            "PATH": f"{self.first}{self.stand_ins}:{os.environ['PATH']}",
            "STAND_INS": str(self.stand_ins),
            "REAL_PYTHON": sys.executable,
            "PYTHONPATH": str(self.path),  # stands in for the installed package
        }
        return subprocess.Popen(
            [str(via or self.path / "render.sh"), *arguments],
            cwd=cwd or self.path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, via: Path | None = None, cwd: Path | None = None) -> tuple[int, str, str]:
        process = self.start(*arguments, via=via, cwd=cwd)
        said, complained = process.communicate(timeout=30)
        return process.returncode, said, complained

    def asked(self) -> list[str]:
        """What was asked for since the last time."""
        log = self.stand_ins / "asked"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def stand_in(self, name: str, script: str) -> None:
        path = self.stand_ins / name
        path.write_text(script)
        path.chmod(0o755)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path / "a clone", tmp_path / "bin")
    package = clone.path / "scenes" / "render"
    package.mkdir(parents=True)
    shutil.copy(RENDER_SH, clone.path)
    (clone.path / "requirements.lock").write_text("one==1\n")
    (clone.path / "requirements-torch.lock").write_text("torch==1\n")
    (clone.path / "pyproject.toml").write_text("")
    (package / "__main__.py").write_text("import os, sys; print(os.getcwd(), sys.argv[1:])")
    (clone.stand_ins / "include").mkdir(parents=True)
    (clone.stand_ins / "include" / "Python.h").touch()
    clone.stand_in("python3.13", PYTHON)
    for name in ("cc", "pkg-config"):
        clone.stand_in(name, "#!/bin/sh\n")
    for name in ("apt-get", "sudo"):  # no test installs anything
        clone.stand_in(name, f'#!/bin/sh\necho "{name} $*" >>"$STAND_INS/asked"; exit 1\n')
    return clone


def test_the_lock_holds_every_dependency_with_digests() -> None:
    text = (RENDER_SH.parent / "requirements.lock").read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert all(re.match(r"\S+==\S+.*\\\n(    --hash=sha256:[0-9a-f]{64}.*\n?)+$", each) for each in entries)
    locked = {entry.partition("==")[0] for entry in entries}
    project = tomllib.loads((RENDER_SH.parent / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = {re.split(r"[^A-Za-z0-9_-]", each)[0].lower().replace("_", "-") for each in wanted}
    assert names - locked == {"torch"}


def test_the_first_use_sets_up_and_the_next_does_not(clone: Clone) -> None:
    assert clone.run("--list", "a b")[:2] == (0, f"{clone.path} ['--list', 'a b']\n")
    assert clone.asked() == ["venv", "pip"]
    assert clone.run("--list") == (0, f"{clone.path} ['--list']\n", "")
    assert clone.asked() == []


def test_it_runs_from_anywhere_through_a_link_and_beside_other_scenes(clone: Clone, tmp_path: Path) -> None:
    elsewhere = tmp_path / "film project"
    (elsewhere / "scenes").mkdir(parents=True)
    (elsewhere / "scenes" / "__init__.py").write_text("raise RuntimeError('not these')")
    link = elsewhere / "films"
    link.symlink_to(clone.path / "render.sh")
    assert clone.run("--list", via=link, cwd=elsewhere)[:2] == (0, f"{elsewhere} ['--list']\n")


def test_what_lies_where_one_happens_to_be_is_not_run(clone: Clone, tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    for name in ("python3.13", "python3"):
        (downloads / name).write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
        (downloads / name).chmod(0o755)
    clone.first = ".:../downloads:"
    assert clone.run("--list", cwd=downloads)[0] == 0
    assert clone.asked() == ["venv", "pip"]  # and nothing that was not isolated
    assert not (tmp_path / "ran").exists()


def test_what_failed_is_begun_anew(clone: Clone) -> None:
    offline = clone.stand_ins / "offline"
    offline.touch()
    code, said, complained = clone.run()
    assert (code, said) == (1, "")
    assert complained.splitlines()[-2:] == ["no network", "error: the set-up failed; the reason is above"]
    assert clone.asked() == ["venv", "pip"]
    offline.unlink()
    assert clone.run()[0] == 0
    assert clone.asked() == ["venv", "pip"]


def test_another_lock_is_an_update_and_a_failed_one_loses_nothing(clone: Clone) -> None:
    clone.run()
    clone.asked()
    lock, offline = clone.path / "requirements.lock", clone.stand_ins / "offline"
    lock.write_text("one==2\n")
    offline.touch()
    assert clone.run()[0] == 1
    lock.write_text("one==1\n")
    assert clone.run()[0] == 0  # back at what there was, without pip
    assert clone.asked() == ["pip"]
    lock.write_text("one==2\n")
    offline.unlink()
    assert clone.run()[0] == 0
    assert clone.run()[0] == 0
    assert clone.asked() == ["pip"]


def test_a_moved_directory_is_set_up_anew(clone: Clone) -> None:
    clone.run()
    clone.path = clone.path.rename(clone.path.with_name("moved"))
    clone.asked()
    assert clone.run()[0] == 0
    assert clone.asked() == ["venv", "pip"]


def test_an_environment_without_its_python_is_made_anew(clone: Clone) -> None:
    clone.run()
    (clone.path / ".venv" / "bin" / "python").unlink()
    clone.asked()
    assert clone.run()[0] == 0
    assert clone.asked() == ["venv", "pip"]


def test_ctrl_c_is_one_line_and_the_next_start_repeats_the_set_up(clone: Clone) -> None:
    slow = clone.stand_ins / "slow"
    slow.touch()
    process = clone.start()
    deadline = time.monotonic() + 20
    while not (clone.stand_ins / "asked").exists() or "pip" not in (clone.stand_ins / "asked").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, complained = process.communicate(timeout=30)
    assert process.returncode == 130
    assert complained.splitlines()[1:] == ["the set-up was interrupted; the next start repeats it"]
    slow.unlink()
    clone.asked()
    assert clone.run()[0] == 0
    assert clone.asked() == ["venv", "pip"]


@pytest.mark.skipif(shutil.which("flock") is None, reason="without flock two set-ups are not kept apart")
def test_two_first_uses_at_once_set_up_once(clone: Clone) -> None:
    (clone.stand_ins / "slow").touch()
    both = [clone.start("--list") for _ in range(2)]
    for process in both:
        assert process.communicate(timeout=30)[0] == f"{clone.path} ['--list']\n"
    assert clone.asked() == ["venv", "pip"]


def group_killed(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)


def shell_killed(process: subprocess.Popen[str]) -> None:
    process.kill()  # what it started goes on by itself


def terminated(process: subprocess.Popen[str]) -> None:
    process.terminate()


def interrupted(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGINT)


ENDS = (group_killed, shell_killed, terminated, interrupted)


@pytest.mark.skipif(shutil.which("flock") is None, reason="without flock set-ups are not kept apart")
@pytest.mark.parametrize("seed", range(TRIALS or len(ENDS)))
def test_whoever_is_killed_at_whatever_moment_the_others_find_all_set_up(seed: int, clone: Clone) -> None:
    """Two or three first uses, one of which is ended at random; a hundred by TRIALS=100."""
    (clone.stand_ins / "slow").touch()
    chance = random.Random(seed)
    company = [clone.start("--list")]
    for _ in range(chance.choice((1, 2))):
        time.sleep(chance.uniform(0, 0.5))
        company.append(clone.start("--list"))
    victim = chance.choice(company)
    time.sleep(chance.uniform(0, 3))
    if victim.poll() is None:
        ENDS[seed % len(ENDS)](victim)
    for process in company:
        said, complained = process.communicate(timeout=60)
        if process is not victim:
            assert process.returncode == 0, complained
        if process.returncode == 0:
            assert said == f"{clone.path} ['--list']\n"
            assert (clone.path / ".venv/whole").exists()
    assert clone.run("--list")[:2] == (0, f"{clone.path} ['--list']\n")
    assert (clone.path / ".venv/whole").exists()
    clone.asked()
    assert clone.run("--list")[0] == 0
    assert clone.asked() == []  # and that was all


def test_what_the_system_lacks_is_said_in_lines_to_type(clone: Clone) -> None:
    clone.stand_in("pkg-config", "#!/bin/sh\nexit 1\n")
    code, said, complained = clone.run("--setup")
    assert (code, said) == (2, "")
    assert "  sudo apt-get install libpango1.0-dev\n" in complained  # that, and not what is there already
    assert "  sudo dnf install " in complained
    assert "  brew install " in complained
    assert not (clone.path / ".venv").exists()
    assert "venv" not in clone.asked()


def test_without_a_python_that_will_do(clone: Clone) -> None:
    for name in ("python3.13", "python3.12", "python3.11", "python3"):
        clone.stand_in(name, "#!/bin/sh\nexit 1\n")
    assert clone.run() == (
        2,
        "",
        "error: Python 3.11, 3.12 or 3.13 is needed, and none of them is on the PATH\n",
    )

"""Nothing of the machine leaks in: a user's settings, plugins, what is printed, the names of folders."""

import os
from pathlib import Path

import pytest

from scenes.render.__main__ import main

SETTINGS = """
[CLI]
from_animation_number = 3
upto_animation_number = 3
format = gif
renderer = opengl
dry_run = True
plugins = loud
background_color = RED
background_opacity = 0.3
frame_height = 3
save_last_frame = True
max_files_cached = 1
seed = 7
quality = low_quality
write_all = True
media_dir = {nowhere}
[video_encoder]
codec = mpeg4
"""


def render(trace: Path, out: Path, *more: str) -> bytes:
    assert main(["small", "--trace", str(trace), "--out", str(out), "--quality", "l", *more]) == 0
    return (out / "clips" / "small.mp4").read_bytes()


@pytest.mark.usefixtures("small_scenes")
def test_settings_plugins_and_what_is_printed_change_nothing(
    storyteller_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = render(storyteller_trace, tmp_path / "plain")
    home, here, site = tmp_path / "home", tmp_path / "here", tmp_path / "site"
    for folder in (home / ".config" / "manim", here, site / "loud-1.dist-info"):
        folder.mkdir(parents=True)
    (here / "manim.cfg").write_text(SETTINGS)
    (home / ".config" / "manim" / "manim.cfg").write_text("[CLI]\npixel_width = not a number\n")
    (site / "loud.py").write_text("raise SystemExit('a plugin was run')")
    (site / "loud-1.dist-info" / "entry_points.txt").write_text("[manim.plugins]\nloud = loud\n")
    (site / "loud-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 1\n")
    (site / "usercustomize.py").write_text("")
    (site / "sitecustomize.py").write_text("print('7\\n{\"clip\": 1}')")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.getcwd()]))
    monkeypatch.chdir(here)
    assert render(storyteller_trace, Path("out")) == expected


@pytest.mark.usefixtures("small_scenes")
@pytest.mark.parametrize("name", ["Ann's {draft} 100 %d #1 $x\\y\nü", "concat:a|b"])
def test_a_folder_may_have_any_name(
    name: str, storyteller_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    out = Path(name) / "data:x"
    render(storyteller_trace, out, "--format", "mp4,webm,gif")
    made = {path.name for path in (out / "clips").iterdir()}
    assert {"small.mp4", "small.webm", "small.gif", "small.png"} <= made
    assert (out / "lecture.mp4").stat().st_size > 10_000
    assert {path.name for path in tmp_path.iterdir()} == {name}

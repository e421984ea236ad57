"""Nothing of the machine leaks in: a user's settings, plugins, what is printed, the names of folders."""

import os
from dataclasses import replace
from pathlib import Path
from unicodedata import category

import numpy as np
import pytest

from model_probe.record import record
from model_probe.trace import Trace, write_trace
from scenes.render.__main__ import main
from tests.render.conftest import only_small_scenes

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


@pytest.mark.usefixtures("small_scenes")
def test_any_name_of_a_model_is_drawn_and_shown_with_marks(storyteller_trace: Path, tmp_path: Path) -> None:
    trace = Trace.open(storyteller_trace)
    name = "two\nlines\x1b[31m\x00\u202e <b>\u200b" + "x" * 300
    facts = replace(trace.facts, model_name=name, model_note="why\nnot\x07", quantization="Q\t4")
    tensors = {each: np.asarray(getattr(trace, each)) for each in trace.tensor_names}
    path = write_trace(tmp_path / "t.safetensors", tensors, facts)
    out = tmp_path / "out"
    assert main(["small", "--trace", str(path), "--out", str(out), "--quality", "l"]) == 0
    shown = "two⟨↵⟩lines⟨ESC⟩[31m⟨NUL⟩⟨RLO⟩ <b>⟨ZWSP⟩"
    for page in ("index.html", "slides.html", "clips/small.html", "transcript.en.html", "transcript.en.md"):
        text = (out / page).read_bytes()
        assert not {byte for byte in text if byte < 32} - {10}, page
        if "clips" not in page and not page.endswith("md"):
            assert shown.replace("<b>", "&lt;b&gt;") in text.decode(), page


def test_no_control_character_of_a_prompt_stands_raw_in_a_page(tmp_path: Path) -> None:
    prompt = "".join(map(chr, range(1, 32))) + "\x7f\x80\x9f a"
    trace = record(prompt, tmp_path / "t.safetensors", model="storyteller", steps=1)
    with only_small_scenes():
        arguments = ["small", "--trace", str(trace), "--out", str(tmp_path / "out"), "--quality", "l"]
        assert main(arguments) == 0
    for page in (tmp_path / "out").glob("*.html"):
        raw = {c for c in page.read_text(encoding="utf-8") if category(c) == "Cc"}
        assert raw <= {"\n", "\t"}, page.name

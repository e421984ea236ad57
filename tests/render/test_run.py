"""The whole command, with small scenes: what it leaves behind, whatever happens in between."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from model_probe.record import record
from scenes import SCENES
from scenes.render import digest
from scenes.render.__main__ import main
from scenes.render.manifest import Manifest

ROOT = Path(__file__).parent.parent.parent


def run(out: Path, trace: Path, *arguments: str) -> int:
    return main(["--trace", str(trace), "--out", str(out), "--quality", "l", *arguments])


def manifest_of(out: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    return values


def texts_of(*names: str) -> set[str]:
    """The text files beside these clips."""
    kinds = ("en.vtt", "ja.vtt", "en.srt", "ja.srt", "chapters.en.vtt", "chapters.ja.vtt")
    return {f"clips/{name}.{kind}" for name in names for kind in kinds}


LECTURE_TEXTS = {
    name.format(language)
    for language in ("en", "ja")
    for name in (
        "lecture.{}.vtt",
        "lecture.{}.srt",
        "chapters.{}.vtt",
        "youtube.{}.txt",
        "transcript.{}.md",
        "transcript.{}.html",
    )
}


def files_in(out: Path) -> set[str]:
    return {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} - {".lock"}


@pytest.mark.usefixtures("small_scenes")
def test_a_clip_is_what_the_manifest_says(
    storyteller_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, storyteller_trace, "small") == 0
    texts = texts_of("small") | LECTURE_TEXTS
    pages = {"index.html", "slides.html", "clips/small.html", "clips/small.png"}
    films = {"clips/small.mp4", "lecture.mp4", "manifest.json", "logs/small.log"}
    assert files_in(tmp_path) == films | pages | texts
    named = (manifest_of(tmp_path)["clips"]["small"]["texts"], manifest_of(tmp_path)["lecture"]["texts"])
    assert {name for each in named for kinds in each.values() for name in kinds.values()} == texts
    entry = manifest_of(tmp_path)["clips"]["small"]
    clip = tmp_path / "clips" / "small.mp4"
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (stream.width, stream.height, stream.average_rate) == (854, 480, 15)
        # primaries BT.709, transfer sRGB, matrix BT.601, studio range: in the stream …
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (
            1,
            13,
            6,
            1,
        )
        assert (context.profile, context.pix_fmt) == ("High", "yuv420p")
        frames = [frame.pts for frame in container.decode(stream)]
    assert {b - a for a, b in pairwise(frames)} == {
        stream.time_base.denominator // 15
    }  # no frame early or late
    assert len(frames) == entry["frames"] == round(entry["seconds"] * 15)
    content = clip.read_bytes()
    assert b"colrnclx\x00\x01\x00\x0d\x00\x06" in content  # … and in the container
    assert content.index(b"moov") < content.index(b"mdat")  # plays before it is loaded
    assert len(content) == entry["bytes"]
    assert subprocess.check_output(["sha256sum", str(clip)], text=True).split()[0] == entry["sha256"]
    assert [beat["name"] for beat in entry["beats"]] == ["only"]
    assert entry["beats"][0]["narration"] == {"en": "A", "ja": "A"}
    assert 0 <= entry["beats"][0]["start"] < entry["beats"][0]["end"] <= entry["seconds"]
    with av.open(str(clip)) as container:  # the poster is the frame just before the chosen beat ends
        pictures = {round(float(f.time), 3): f.to_ndarray(format="rgb24") for f in container.decode(video=0)}
    poster = np.array(Image.open(tmp_path / entry["poster"]))
    np.testing.assert_array_equal(
        poster, pictures[min(pictures, key=lambda at: abs(at - entry["poster_at"]))]
    )
    said = capsys.readouterr().out
    assert "\x1b" not in said  # no terminal: no control characters
    assert "small" in said
    assert "storyteller 8M" in said


@pytest.mark.usefixtures("small_scenes")
def test_what_is_up_to_date_is_not_rendered_again(
    storyteller_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, storyteller_trace, "small")
    clip = tmp_path / "clips" / "small.mp4"
    before = clip.stat().st_mtime_ns
    capsys.readouterr()

    assert run(tmp_path, storyteller_trace, "small") == 0
    assert "unchanged" in capsys.readouterr().out
    assert clip.stat().st_mtime_ns == before

    clip.write_bytes(clip.read_bytes()[:-1] + b"!")  # not what was made: made again
    assert run(tmp_path, storyteller_trace, "small") == 0
    assert "unchanged" not in capsys.readouterr().out
    assert run(tmp_path, storyteller_trace, "small", "--lang", "ja") == 0
    assert "unchanged" not in capsys.readouterr().out


@pytest.mark.usefixtures("small_scenes")
def test_a_clip_knows_what_it_used_and_nothing_else_makes_it_out_of_date(
    storyteller_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, storyteller_trace, "steps")
    used = manifest_of(tmp_path)["clips"]["steps"]["used"]
    assert "Captions" in used["messages"]
    assert set(used["modules"]) >= {
        *("scenes.lecture_scene", "scenes.mobjects.lettering", "model_probe.trace"),
        *("scenes.render.stage", "tests.render.small_scenes"),
    }
    assert not {"scenes.render.run", "scenes.publish.page", "scenes.lecture.mask"} & set(used["modules"])
    known = digest.sources()
    made = [tmp_path / "clips" / "steps.mp4", tmp_path / "index.html"]
    for changed, anew in (
        ("scenes.lecture.mask", [False, False]),  # another scene's
        ("scenes.mobjects.raster", [True, False]),  # the same film comes of it, and the page is of the film
        ("scenes.publish.page", [False, True]),
    ):
        monkeypatch.setitem(known, changed, "another")
        digest._source.cache_clear()
        before = [path.stat().st_mtime_ns for path in made]
        assert run(tmp_path, storyteller_trace, "steps") == 0
        assert [path.stat().st_mtime_ns > old for path, old in zip(made, before, strict=True)] == anew, (
            changed
        )
    digest._source.cache_clear()


@pytest.mark.usefixtures("small_scenes")
def test_texts_that_went_missing_are_written_again(
    storyteller_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, storyteller_trace, "small")
    texts = sorted(texts_of("small") | LECTURE_TEXTS)
    before = {name: (tmp_path / name).read_bytes() for name in texts}
    for name in texts[::2]:
        (tmp_path / name).unlink()
    for name in texts[1::2]:
        (tmp_path / name).write_text("edited")
    capsys.readouterr()

    assert run(tmp_path, storyteller_trace, "small") == 0
    assert "unchanged" in capsys.readouterr().out
    assert {name: (tmp_path / name).read_bytes() for name in texts} == before


@pytest.mark.usefixtures("small_scenes")
def test_a_scene_that_fails_takes_no_other_with_it(
    storyteller_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, storyteller_trace, "small", "broken", "killed", "noisy") == 1
    assert files_in(tmp_path) >= {"clips/small.mp4", "logs/broken.log", "logs/killed.log"}
    assert {f"clips/{path.name}" for path in (tmp_path / "clips").iterdir()} == {
        *(f"clips/{name}.{kind}" for name in ("small", "noisy") for kind in ("mp4", "png", "html")),
        *texts_of("small", "noisy"),
    }
    said = capsys.readouterr().out
    log = tmp_path / "logs" / "broken.log"
    assert f"failed: RuntimeError: the scene is broken; its log is {log}\n" in said
    assert "in two lines" in log.read_text()
    assert "SIGKILL" in said
    assert "{\n" in (tmp_path / "logs" / "noisy.log").read_text()  # printed, and not taken for news
    assert not (tmp_path / ".work").exists()


def test_a_lecture_has_a_chapter_for_each_clip(tmp_path: Path) -> None:
    from scenes.publish.lecture import join

    clips = []
    for name, colour, count in (("red", (255, 0, 0), 20), ("blue", (0, 0, 255), 31)):
        path = tmp_path / f"{name}.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=15)
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            picture = np.full((64, 64, 3), colour, dtype=np.uint8)
            for _ in range(count):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode(None))
        clips.append((path, f"the {name} one"))
    join(tmp_path / "lecture.mp4", clips)

    with av.open(str(tmp_path / "lecture.mp4")) as lecture:
        marks = [(c["metadata"]["title"], c["start"] * c["time_base"]) for c in lecture.chapters()]
        frames = [frame.to_ndarray(format="rgb24")[32, 32] for frame in lecture.decode(video=0)]
    assert marks == [("the red one", 0), ("the blue one", pytest.approx(20 / 15, abs=1e-3))]
    assert len(frames) == 51
    assert frames[19][0] > 200 > 60 > frames[19][2]
    assert frames[20][2] > 200 > 60 > frames[20][0]
    content = (tmp_path / "lecture.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.usefixtures("small_scenes")
def test_strange_prompts_survive_the_manifest(tmp_path: Path) -> None:
    prompt = '"quotes" </script>\n\t& مرحبا 🙂 \\x $x$ <b>'
    trace = record(prompt, tmp_path / "t.safetensors", model="storyteller", steps=1)
    assert run(tmp_path / "out", trace, "small") == 0
    assert manifest_of(tmp_path / "out")["clips"]["small"]["prompt"] == prompt
    assert "<script" not in (tmp_path / "out" / "transcript.en.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("small_scenes")
def test_a_manifest_of_another_hand_is_made_anew(
    storyteller_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(out, storyteller_trace, "small")
    sound = (out / "manifest.json").read_text(encoding="utf-8")
    capsys.readouterr()
    run(out, storyteller_trace, "small")
    said = capsys.readouterr()
    assert (said.err, "unchanged" in said.out) == ("", True)

    def with_entry(**values: Any) -> str:
        manifest = json.loads(sound)
        manifest["clips"]["small"] |= values
        return json.dumps(manifest)

    for changed in (
        "[" * 100_000,
        "[]",
        sound[:-100],
        sound.replace('"seconds": ', '"seconds": NaN, "was": '),
        with_entry(poster="../../outside.png"),
        with_entry(poster="clips/../../outside.png"),
        with_entry(file="/etc/passwd"),
        with_entry(beats=[]),
        with_entry(beats={"name": 1}),
        with_entry(seconds="long"),
        with_entry(further={"gif": ["clips/small.gif"]}),
        json.dumps({**json.loads(sound), "clips": [1]}),
        json.dumps({**json.loads(sound), "lecture": {"file": "x"}}),
        json.dumps({**json.loads(sound), "clips": {"../small": json.loads(sound)["clips"]["small"]}}),
    ):
        (out / "manifest.json").write_text(changed, encoding="utf-8")
        manifest = Manifest(out / "manifest.json")
        assert (manifest.clips, manifest.lecture, manifest.request) == ({}, None, None), changed[:200]
        line = capsys.readouterr().err
        assert line.startswith(f"{out / 'manifest.json'} is not as it was written (")
        assert line.endswith("); it is made anew\n")
        assert line.count("\n") == 1
    assert run(out, storyteller_trace, "small") == 0
    assert (out / "manifest.json").read_text(encoding="utf-8") == sound


def start(out: Path, trace: Path, *names: str) -> subprocess.Popen[str]:
    """The command in a process of its own, with the registry of these tests."""
    code = (
        "import sys, scenes; from tests.render.conftest import SMALL; scenes.SCENES.clear();"
        "scenes.SCENES.update(SMALL); from scenes.render.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, *names, "--trace", str(trace), "--out", str(out), "--quality", "l"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for(condition: Any, what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen in a minute"
        time.sleep(0.05)


def rendered(out: Path) -> set[str]:
    """The clips that a run in `out` has noted so far, with all that lies beside them."""
    files = manifest_of(out)["files"] if (out / "manifest.json").exists() else {}
    names = {Path(name).stem for name in files if name.endswith(".mp4")}
    return {name for name in names if {f"clips/{name}.png", *texts_of(name)} <= set(files)}


def processes_of(out: Path) -> list[int]:
    """Processes that work in `out`, found by what they have open."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            opened = [os.readlink(link) for link in (process / "fd").iterdir()]
        except OSError:
            continue
        if any(path.startswith(str(out)) for path in opened) and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


def test_ctrl_c_ends_cleanly_and_the_next_run_goes_on(storyteller_trace: Path, tmp_path: Path) -> None:
    process = start(tmp_path, storyteller_trace, "small", "endless")
    wait_for(lambda: "small" in rendered(tmp_path), "the first clip")
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert said.splitlines()[-1] == "stopped; the same command goes on from here"
    assert processes_of(tmp_path) == []
    done = {"clips/small.mp4", "clips/small.png", *texts_of("small")}
    assert files_in(tmp_path) == {"manifest.json", "logs/small.log", "logs/endless.log"} | done

    again, _ = start(tmp_path, storyteller_trace, "small").communicate(timeout=60)
    assert "unchanged" in again


def test_after_kill_9_nothing_half_written_is_taken_for_a_clip(
    storyteller_trace: Path, tmp_path: Path
) -> None:
    process = start(tmp_path, storyteller_trace, "small", "endless")
    wait_for(lambda: "small" in rendered(tmp_path), "the first clip")
    children = [pid for pid in processes_of(tmp_path) if pid != process.pid]
    process.kill()
    process.wait()
    for pid in children:  # the machine went down with everything on it
        os.kill(pid, signal.SIGKILL)
    (tmp_path / "clips" / ".endless.mp4.part").write_bytes(b"half")
    assert (tmp_path / ".work").exists()

    again, _ = start(tmp_path, storyteller_trace, "small").communicate(timeout=60)
    assert "unchanged" in again
    assert not (tmp_path / ".work").exists()
    assert {f"clips/{path.name}" for path in (tmp_path / "clips").iterdir()} == {
        "clips/small.mp4",
        "clips/small.png",
        "clips/small.html",
        *texts_of("small"),
    }


def test_two_runs_do_not_share_a_directory(storyteller_trace: Path, tmp_path: Path) -> None:
    first = start(tmp_path, storyteller_trace, "endless")
    wait_for((tmp_path / ".work").exists, "the first run's start")
    second = start(tmp_path, storyteller_trace, "small")
    said, _ = second.communicate(timeout=60)
    first.send_signal(signal.SIGINT)
    first.wait(30)
    assert second.returncode == 2
    assert said == f"error: another run is at work in {tmp_path}; give this one another --out\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["nosuch"],
            f"there is no scene 'nosuch'; there are {', '.join(SCENES)}",
        ),
        (["--prompt", "a", "--prompt-file", "b"], "exclude each other"),
        (["--trace", "missing.safetensors"], "missing.safetensors does not exist"),
        (["--prompt", "", "--model", "storyteller"], "the prompt is empty"),
        (
            ["--prompt", "word " * 5000, "--model", "storyteller"],
            "5,002 tokens; the model's context holds 256",
        ),
        (["--prompt-file", "missing.txt"], "missing.txt cannot be read"),
        (["--model", "no-such-dir/at/all"], "no-such-dir/at/all"),
        (["--quality", "x"], "'x' is not one of"),
        (["--jobs", "0"], "0 is not in the range"),
        (["--lang", "xx"], "no language 'xx': there are en, ja"),
        (["--lang", "./ja"], "no language './ja': there are en, ja"),
        (["--lang", "ja/"], "no language 'ja/': there are en, ja"),
        (["--out", "README.md"], "--out README.md is a file; a directory is wanted"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").touch()
    assert main(arguments) == 2
    errors = capfd.readouterr().err.splitlines()
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    assert said in errors[0]
    assert [path.name for path in tmp_path.rglob("*")] == ["README.md"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--chat", "--model", "storyteller", "--prompt", "Why?"], "storyteller has no chat template"),
        (["--model", "nobody/nothing", "--prompt", "a"], "nobody/nothing"),
        (["--model", "storyteller", "--layer", "8"], "layer 8"),
    ],
)
def test_what_the_probe_refuses_leaves_no_folder_behind(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    assert main(["mask", "--out", str(tmp_path / "new" / "out"), *arguments]) == 2
    errors = capfd.readouterr().err.splitlines()
    assert len(errors) == 1
    assert said in errors[0]
    assert not list(tmp_path.iterdir())


def test_what_was_there_before_a_refusal_is_there_after_it(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    assert main(["mask", "--out", str(tmp_path), "--trace", str(tmp_path / "missing")]) == 2
    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == ["clips"]


def test_a_layer_that_the_model_lacks(
    storyteller_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, storyteller_trace, "mask", "--layer", "8") == 2
    assert capsys.readouterr().err == "error: --layer 8: storyteller 8M has 8 layers, 0 to 7\n"


@pytest.mark.usefixtures("small_scenes")
def test_a_full_disk_leaves_nothing_half_written(storyteller_trace: Path, tmp_path: Path) -> None:
    """A limit on file size stands in for the disk: writing past it fails in the same place."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000));"
        "import scenes; from tests.render.conftest import SMALL; scenes.SCENES.clear();"
        "scenes.SCENES.update(SMALL); from scenes.render.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "small", "--trace", str(storyteller_trace), "--out", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "small  failed: " in ended.stdout
    assert not list(tmp_path.glob("clips/*"))


@pytest.mark.skipif(
    not Path("/proc").is_dir(), reason="only where /proc is: nobody, root included, can write it"
)
def test_a_directory_that_cannot_be_written(
    storyteller_trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(Path("/proc/out"), storyteller_trace, "mask") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_out_in_a_file(storyteller_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run(tmp_path / "file" / "out", storyteller_trace, "mask") == 2
    assert capsys.readouterr().err.startswith("error: Not a directory: ")


def test_help_and_list_load_neither_manim_nor_torch() -> None:
    for option in ("--help", "--list"):
        code = (
            "import sys; from scenes.render.__main__ import main; code = main([sys.argv[1]]);"
            "assert not {'manim', 'torch', 'transformers', 'numpy'} & sys.modules.keys(); sys.exit(code)"
        )
        said = subprocess.check_output([sys.executable, "-c", code, option], cwd=ROOT, text=True)
        assert "heads" in said


def test_importing_every_scene_leaves_torch_alone() -> None:
    code = (
        "import sys; from scenes import SCENES, load; [load(name) for name in SCENES];"
        "assert not {'torch', 'transformers'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)

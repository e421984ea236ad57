"""Speech: what is heard in the films, measured in their decoded sound, with stand-ins for the engines."""

import json
import os
import shutil
import signal
import sys
import wave
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from model_probe.errors import UserError
from scenes.language import reading_time
from scenes.publish.lecture import join
from scenes.render.digest import clip_digest
from scenes.settings import Settings
from scenes.voice import engines as voice
from tests.render.test_run import manifest_of, run, start, wait_for

SECONDS_A_CHARACTER = 0.1
EXACT = 0.05  # seconds

# Speaks a tone of 0.1 s a character; FAULT has it fail at words that hold the fault's name.
STAND_IN = f"""#!{sys.executable}
import json, math, os, struct, sys, time, wave
words = sys.stdin.read().strip()
name, arguments = os.path.basename(sys.argv[0]), sys.argv[1:]
target = next(b for a, b in zip(arguments, arguments[1:]) if a in ("-w", "-o", "-ow", "--output_file"))
with open(os.path.join(os.path.dirname(sys.argv[0]), "heard"), "a") as heard:
    heard.write(json.dumps([os.getpid(), name, arguments, words]) + "\\n")
count = round({SECONDS_A_CHARACTER} * len(words) * 22050)
if "mute" in words:
    count = 0
if "hang" in words:
    time.sleep(600)
if "fail" in words:
    sys.exit("loading …\\nno such voice")
if "lazy" in words:
    sys.exit(0)
if "garble" in words:
    sys.exit(open(target, "w").write("no sound") * 0)
with wave.open(target, "wb") as sound:
    sound.setparams((1, 2, 22050, 0, "NONE", ""))
    tone = (int(32767 * math.sin(2 * math.pi * 1000 * i / 22050)) for i in range(count))
    sound.writeframes(b"".join(struct.pack("<h", sample) for sample in tone))
"""

Heard = list[tuple[float, float]]
"""When each sound begins and ends, in seconds."""


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with stand-ins for every engine, the only one on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in voice.ENGINES:
        (folder / name).write_text(STAND_IN)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def calls(engines: Path) -> list[list[Any]]:
    """(process, program, arguments, words) of every time that a stand-in was started."""
    return [json.loads(line) for line in (engines / "heard").read_text().splitlines()]


def sound(film: Path) -> npt.NDArray[np.float32]:
    """The decoded track at 48 kHz, each frame where its time stamp puts it."""
    codec = {".mp4": "aac", ".webm": "opus"}[film.suffix]
    with av.open(str(film)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec.canonical_name, stream.rate, stream.layout.name) == (codec, 48000, "mono")
        frames = [(frame.time, frame.to_ndarray()[0]) for frame in container.decode(stream)]
    track = np.zeros(round(frames[-1][0] * 48000) + len(frames[-1][1]), dtype=np.float32)
    for at, samples in frames:
        track[round(at * 48000) : round(at * 48000) + len(samples)] = samples
    return track


def heard(film: Path) -> Heard:
    """The sounds of a film: louder than a tenth of the loudest, parted by at least 0.1 s of less."""
    track = np.abs(sound(film))
    loud = np.flatnonzero(track > track.max() / 10) / 48000
    edges = np.flatnonzero(np.diff(loud) > 0.1)
    return list(zip(loud[[0, *(edges + 1)]], loud[[*edges, -1]], strict=True))


def colour_changes(film: Path) -> list[float]:
    """When the middle of the picture turns to another colour, in seconds."""
    with av.open(str(film)) as container:
        seen = [
            (f.time, f.to_ndarray(format="rgb24")[240, 427].astype(int)) for f in container.decode(video=0)
        ]
    return [later for (_, a), (later, b) in pairwise(seen) if np.abs(a - b).max() > 100]


def length(words: str) -> float:
    return SECONDS_A_CHARACTER * len(words)


@pytest.mark.usefixtures("small_scenes")
@pytest.mark.parametrize("ground", [["--transparent"], []])
def test_a_webm_is_heard_as_its_clip_is(
    storyteller_trace: Path, tmp_path: Path, engines: Path, ground: list[str]
) -> None:
    voiced = ["spoken", "--voice", "espeak-ng:en-gb", "--format", "webm", *ground]
    assert run(tmp_path, storyteller_trace, *voiced) == 0
    film = tmp_path / "clips" / "spoken.webm"
    np.testing.assert_allclose(heard(film), heard(film.with_suffix(".mp4")), atol=EXACT)
    loudest = [np.abs(sound(film.with_suffix(suffix))).max() for suffix in (".webm", ".mp4")]
    assert loudest[0] == pytest.approx(loudest[1], rel=0.1)
    with av.open(str(film)) as container:
        times = [packet.dts * packet.time_base for packet in container.demux() if packet.dts is not None]
    assert max(earlier - later for earlier, later in pairwise(times)) < 0.1  # sound and pictures side by side
    alpha_mode = b"\x53\xc0\x81\x01"  # an element of Matroska's track header
    assert (alpha_mode in film.read_bytes()[:1000]) == bool(ground)
    with av.open(str(film)) as container:
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        first = next(f for packet in container.demux(video=0) for f in decoder.decode(packet))
    assert first.format.name == ("yuva420p" if ground else "yuv420p")


@pytest.mark.usefixtures("small_scenes")
def test_each_narration_is_heard_from_its_beats_first_picture_on(
    storyteller_trace: Path, tmp_path: Path, engines: Path
) -> None:
    assert run(tmp_path, storyteller_trace, "spoken", "--voice", "espeak-ng:en-gb") == 0
    entry = manifest_of(tmp_path)["clips"]["spoken"]
    assert entry["voice"] == "espeak-ng:en-gb"
    film = tmp_path / "clips" / "spoken.mp4"
    beats = {beat["name"]: beat for beat in entry["beats"]}
    said = {
        "played": "Played longer than said.",
        "said": "It takes longer to say this than to read it, by far.",
        "read": "0.5",
        "last": "The last words .",
    }
    sounds = dict(zip(said, heard(film), strict=True))
    for name, (begins, ends) in sounds.items():
        assert begins == pytest.approx(beats[name]["start"], abs=EXACT), name
        assert ends - begins == pytest.approx(length(said[name]), abs=EXACT), name
        assert ends < beats[name]["end"], name
    shown = dict(zip(beats, [0.0, *colour_changes(film)], strict=True))
    for name, (begins, _) in sounds.items():
        assert begins == pytest.approx(shown[name], abs=EXACT), name

    frame = 1 / 15
    lasts = {name: beat["end"] - beat["start"] for name, beat in beats.items()}
    assert 4.0 <= lasts["played"] <= 4.0 + frame
    assert length(said["said"]) + voice.BREATH == pytest.approx(lasts["said"], abs=2 * frame)
    assert length(said["said"]) > reading_time(said["said"], "en")
    assert lasts["read"] == pytest.approx(reading_time("0.5", "en"), abs=2 * frame)
    assert len(sound(film)) / 48000 == pytest.approx(entry["seconds"], abs=EXACT)

    assert 0.4 < np.abs(sound(film)).max() < 0.9  # heard, and not clipped
    title = "spoken &\"'"
    assert [words for *_, words in calls(engines)] == [title, *said.values()]  # once, in one language
    assert entry["beats"][0]["narration"] == dict.fromkeys(("en", "ja"), said["played"])
    content = film.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert not list(tmp_path.rglob("*.wav"))


@pytest.mark.usefixtures("small_scenes", "engines")
def test_a_lecture_may_have_clips_with_and_without_a_voice(storyteller_trace: Path, tmp_path: Path) -> None:
    assert run(tmp_path, storyteller_trace, "small") == 0
    assert run(tmp_path, storyteller_trace, "spoken", "--voice", "auto") == 0
    clips = manifest_of(tmp_path)["clips"]
    assert (clips["small"]["voice"], clips["spoken"]["voice"]) == (None, "say:Samantha")
    alone = heard(tmp_path / "clips" / "spoken.mp4")
    silence = clips["small"]["seconds"]
    expected = [(silence + begins, silence + ends) for begins, ends in alone]
    np.testing.assert_allclose(heard(tmp_path / "lecture.mp4"), expected, atol=0.01)

    films = {name: tmp_path / "clips" / f"{name}.mp4" for name in clips}
    order = ["spoken", "small", "spoken", "spoken", "small"]
    join(tmp_path / "longer.mp4", [(films[name], name) for name in order])
    expected, offset = [], 0.0
    for name in order:
        expected += [(offset + begins, offset + ends) for begins, ends in alone if name == "spoken"]
        offset += clips[name]["frames"] / 15
    np.testing.assert_allclose(heard(tmp_path / "longer.mp4"), expected, atol=0.01)
    assert len(sound(tmp_path / "longer.mp4")) / 48000 == pytest.approx(offset, abs=EXACT)
    with av.open(str(tmp_path / "longer.mp4")) as container:
        times = [packet.dts * packet.time_base for packet in container.demux() if packet.dts is not None]
    assert max(a - b for a, b in pairwise(times)) < 2  # sound and pictures side by side in the file


@pytest.mark.usefixtures("small_scenes")
def test_without_a_voice_nothing_is_spoken(storyteller_trace: Path, tmp_path: Path, engines: Path) -> None:
    assert run(tmp_path, storyteller_trace, "spoken") == 0
    for film in (tmp_path / "clips" / "spoken.mp4", tmp_path / "lecture.mp4"):
        with av.open(str(film)) as container:
            assert [stream.type for stream in container.streams if stream.type == "audio"] == []
    said = manifest_of(tmp_path)["clips"]["spoken"]["beats"][1]
    assert said["end"] - said["start"] == pytest.approx(
        reading_time(said["narration"]["en"], "en"), abs=2 / 15
    )
    assert not (engines / "heard").exists()


def test_another_voice_and_a_changed_one_make_another_clip(engines: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"one")
    silent = Settings(Path("t"))
    voices = ("espeak-ng:en", "espeak-ng:de", f"piper:{model}")

    def digests() -> list[str]:
        return [clip_digest("mask", replace(silent, voice=each), "0", "l") for each in (None, *voices)]

    first = digests()
    assert len(set(first)) == 4
    assert digests() == first
    model.write_bytes(b"two")
    assert [a == b for a, b in zip(first, digests(), strict=True)] == [True, True, True, False]
    (engines / "espeak-ng").write_text(STAND_IN + "# newer")
    assert [a == b for a, b in zip(first, digests(), strict=True)] == [True, False, False, False]


@pytest.mark.parametrize(
    ("wanted", "language", "program", "arguments"),
    [
        ("espeak-ng", "en", "espeak-ng", ["-b", "1", "-v", "en", "-w", "WAV", "--stdin"]),
        ("espeak-ng:ja", "ja", "espeak-ng", ["-b", "1", "-v", "ja", "-w", "WAV", "--stdin"]),
        (
            "auto",
            "ja",
            "say",
            ["-v", "Kyoko", "-o", "WAV", "--file-format=WAVE", "--data-format=LEI16@22050", "-f", "-"],
        ),
        (
            "open_jtalk:MODEL",
            "ja",
            "open_jtalk",
            ["-x", "/var/lib/mecab/dic/open-jtalk/naist-jdic", "-m", "MODEL", "-ow", "WAV"],
        ),
        ("piper:MODEL", "ja", "piper", ["--model", "MODEL", "--output_file", "WAV"]),
    ],
)
def test_an_engine_is_asked_in_its_own_way(
    engines: Path, tmp_path: Path, wanted: str, language: str, program: str, arguments: list[str]
) -> None:
    model = tmp_path / "a model.onnx"
    model.touch()
    chosen = voice.resolve(wanted.replace("MODEL", str(model)), language)
    words = "猫が\n[[slnc 9]] 0.5 の確率で <b>鳴く</b>"
    spoken = voice.speech(words, language, chosen, tmp_path / "spoken")
    again = voice.speech(words, language, chosen, tmp_path / "spoken")
    assert spoken is not None
    assert spoken == again
    with wave.open(str(spoken.file)) as wav:
        assert spoken.seconds == wav.getnframes() / 22050
    ((_, name, given, heard_words),) = calls(engines)  # spoken once
    assert name == program
    places = {"WAV": str(spoken.file.with_name(f".{spoken.file.name}.part")), "MODEL": str(model)}
    assert given == [places.get(argument, argument) for argument in arguments]
    assert heard_words == "猫が [ [slnc 9] ] 0.5 の確率で 鳴く"


@pytest.mark.parametrize("narration", ["", "…", "“ ”", "\x00\n", "<b></b>"])
def test_where_there_is_no_word_nothing_is_said(engines: Path, tmp_path: Path, narration: str) -> None:
    assert voice.speech(narration, "en", "espeak-ng:en", tmp_path / "spoken") is None
    assert not (engines / "heard").exists()


@pytest.mark.parametrize(
    ("wanted", "language", "installed", "said"),
    [
        (
            "auto",
            "en",
            "",
            "nothing on the PATH speaks language en; there may be say (comes with macOS); open",
        ),
        ("auto", "ja", "espeak-ng piper", "nothing on the PATH speaks language ja"),
        ("nobody", "en", "", "no such engine; there are auto, say, open_jtalk, espeak-ng, piper"),
        ("espeak-ng", "en", "", "espeak-ng is not on the PATH (sudo apt-get install espeak-ng)"),
        ("espeak-ng", "ja", "espeak-ng", "no voice of its own for language ja; name one, as in espeak-ng:"),
        ("piper", "en", "piper", "no voice of its own for language en; name one, as in piper:MODEL.onnx"),
        ("piper:missing.onnx", "en", "piper", "there is no file missing.onnx"),
        (
            "espeak-ng:fail",
            "en",
            "failing",
            "the voice espeak-ng:fail failed with exit code 1: no such voice",
        ),
        ("", "en", "espeak-ng", "there is no such engine; there are auto"),
    ],
)
@pytest.mark.usefixtures("small_scenes")
def test_a_voice_that_cannot_be_had_gets_one_line_before_anything_is_made(
    storyteller_trace: Path,
    tmp_path: Path,
    engines: Path,
    capfd: pytest.CaptureFixture[str],
    wanted: str,
    language: str,
    installed: str,
    said: str,
) -> None:
    if installed == "failing":
        (engines / "espeak-ng").write_text(STAND_IN.replace("fail", "spoken"))
        installed = "espeak-ng"
    for name in {*voice.ENGINES} - set(installed.split()):
        (engines / name).unlink()
    out = tmp_path / "out"
    assert run(out, storyteller_trace, "spoken", "--voice", wanted, "--lang", language) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert not [path for path in out.rglob("*") if path.is_file() and path.name != ".lock"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("fail", "the voice espeak-ng:en failed with exit code 1: no such voice"),
        ("hang", "the voice espeak-ng:en did not speak within 1 s"),
        ("lazy", "the voice espeak-ng:en wrote no WAV file"),
        ("garble", "the voice espeak-ng:en wrote no WAV file"),
        ("mute", "the voice espeak-ng:en wrote a WAV file without a sound"),
    ],
)
def test_an_engine_that_fails_leaves_one_line_and_nothing_else(
    engines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, said: str
) -> None:
    monkeypatch.setattr(voice, "TIMEOUT", 1.0)
    with pytest.raises(UserError) as raised:
        voice.speech(f"a {fault}", "en", "espeak-ng:en", tmp_path / "spoken")
    assert str(raised.value) == said
    assert not list((tmp_path / "spoken").iterdir())
    ((process, *_),) = calls(engines)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


@pytest.mark.usefixtures("small_scenes")
def test_an_engine_that_fails_in_the_middle_leaves_no_clip(
    storyteller_trace: Path, tmp_path: Path, engines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (engines / "espeak-ng").write_text(STAND_IN.replace("fail", "last"))
    assert run(tmp_path, storyteller_trace, "spoken", "--voice", "espeak-ng") == 1
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "spoken  failed: the voice espeak-ng:en failed with exit code 1: no such voice"
    assert not list((tmp_path / "clips").glob("*"))
    assert "Traceback" not in (tmp_path / "logs" / "spoken.log").read_text()


def test_ctrl_c_ends_the_engine_too(storyteller_trace: Path, tmp_path: Path, engines: Path) -> None:
    (engines / "espeak-ng").write_text(STAND_IN.replace("hang", "last"))
    process = start(tmp_path, storyteller_trace, "spoken", "--voice", "espeak-ng")
    log = engines / "heard"
    wait_for(lambda: log.exists() and "last" in log.read_text(), "the words that hang")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    speaking, *_ = calls(engines)[-1]

    def gone() -> bool:
        try:
            state = Path(f"/proc/{speaking}/stat").read_text().rpartition(") ")[2][0]
        except OSError:
            return True
        return state == "Z"  # ended; its parent died first, and nobody has asked for its exit code

    wait_for(gone, "the end of the engine")


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
@pytest.mark.usefixtures("small_scenes")
def test_espeak_ng_speaks(storyteller_trace: Path, tmp_path: Path) -> None:
    assert run(tmp_path, storyteller_trace, "spoken", "--voice", "espeak-ng") == 0
    entry = manifest_of(tmp_path)["clips"]["spoken"]
    track = np.abs(sound(tmp_path / "lecture.mp4"))
    assert track.max() < 1.0  # not clipped
    for beat in entry["beats"]:
        part = track[round(beat["start"] * 48000) : round(beat["end"] * 48000)]
        loud = np.flatnonzero(part > 0.02) / 48000
        if beat["name"] == "nothing":
            assert not loud.size
        else:
            assert loud[0] < 0.3, beat["name"]  # a voice does not begin at its loudest
            assert 0.3 < loud[-1] < beat["end"] - beat["start"] - voice.BREATH + 1 / 15, beat["name"]
    short = voice.speech("One.", "en", "espeak-ng:en", tmp_path / "spoken")
    long = voice.speech("One, two, three and four, and so on.", "en", "espeak-ng:en", tmp_path / "spoken")
    assert short is not None
    assert long is not None
    assert 0.2 < short.seconds < long.seconds < 5
    with pytest.raises(UserError, match="the voice espeak-ng:nosuch failed with exit code 1: "):
        voice.speech("One.", "en", "espeak-ng:nosuch", tmp_path / "spoken")


@pytest.mark.skipif(
    not (shutil.which("open_jtalk") and voice.ENGINES["open_jtalk"].voice_of("ja")),
    reason="Open JTalk or a voice for it is not installed",
)
def test_open_jtalk_speaks_japanese(tmp_path: Path) -> None:
    chosen = voice.resolve("open_jtalk", "ja")
    short = voice.speech("猫。", "ja", chosen, tmp_path)
    long = voice.speech("すべての行が同じことを、それぞれ行います。", "ja", chosen, tmp_path)
    assert short is not None
    assert long is not None
    assert 0.5 < short.seconds < long.seconds < 6
    with pytest.raises(UserError, match="open_jtalk has no voice of its own for language en"):
        voice.resolve("open_jtalk", "en")

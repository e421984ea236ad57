"""Parts of the lecture: a card before each, and a film of its own."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import scenes
from scenes import CARDS, PARTS, SceneEntry
from scenes.render.__main__ import main
from tests.render.conftest import MODULES

PIECES = "tests.render.small_scenes"
SMALL = {
    "small": SceneEntry(PIECES, "Small", 2, "One", "A word."),
    "steps": SceneEntry(PIECES, "Steps", 5, "Two", "Three colours."),
    "blue": SceneEntry(PIECES, "Blue", 12, "Three", "A colour."),
    "noisy": SceneEntry(PIECES, "Noisy", 16, "Four", "A word."),
}


@pytest.fixture(scope="module")
def registry() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (scenes, *MODULES):
            patch.setattr(module, "SCENES", SMALL)
        yield


def draw(trace: Path, out: Path, *more: str) -> dict[str, Any]:
    assert main(["--trace", str(trace), "--out", str(out), "--quality", "l", *more]) == 0
    manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text())
    return manifest


@pytest.fixture(scope="module")
def out(registry: None, storyteller_trace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    draw(storyteller_trace, folder)
    return folder


@pytest.fixture(scope="module")
def manifest(out: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((out / "manifest.json").read_text())
    return values


def test_a_scenes_part_follows_from_its_number() -> None:
    assert [part.number for part in PARTS] == [1, 2, 3]
    for number, part in ((1, 1), (10, 1), (11, 2), (16, 2), (17, 3), (20, 3), (21, 3)):
        assert SceneEntry("", "", number, "", "").part.number == part
    assert [*CARDS] == [part.card for part in PARTS]


def test_a_card_of_two_seconds_stands_before_each_part(out: Path, manifest: dict[str, Any]) -> None:
    assert [*manifest["cards"]] == ["part_1", "part_2"]
    assert all(card["seconds"] == 2 for card in manifest["cards"].values())
    clips = manifest["clips"]
    frames = 2 * manifest["cards"]["part_1"]["frames"] + sum(clip["frames"] for clip in clips.values())
    assert manifest["lecture"]["frames"] == frames
    with av.open(out / "lecture.mp4") as film:
        shown = [frame.to_ndarray(format="gray").mean() for frame in film.decode(video=0)]
    with av.open(out / "clips/part_2.mp4") as card:
        alone = [frame.to_ndarray(format="gray").mean() for frame in card.decode(video=0)]
    before = manifest["cards"]["part_1"]["frames"] + clips["small"]["frames"] + clips["steps"]["frames"]
    np.testing.assert_allclose(shown[before : before + len(alone)], alone)


def test_chapters_begin_with_the_card_and_captions_after_it(out: Path, manifest: dict[str, Any]) -> None:
    clips = manifest["clips"]
    steps = 2 + clips["small"]["seconds"]
    blue = steps + clips["steps"]["seconds"]
    noisy = blue + 2 + clips["blue"]["seconds"]
    opens = [0, steps, blue, noisy]
    with av.open(out / "lecture.mp4") as film:
        chapters = film.chapters()
    assert [chapter["metadata"]["title"] for chapter in chapters] == ["One", "Two", "Three", "Four"]
    found = [float(chapter["start"] * chapter["time_base"]) for chapter in chapters]
    assert found == pytest.approx(opens, abs=0.002)
    written = re.findall(r"^(\S+) --> ", (out / "chapters.en.vtt").read_text(), re.M)
    assert [seconds(each) for each in written] == pytest.approx(opens, abs=0.002)
    cues = re.findall(r"^(\S+) --> ", (out / "lecture.en.vtt").read_text(), re.M)
    assert seconds(cues[0]) == pytest.approx(2, abs=0.002)
    assert min(abs(seconds(each) - blue - 2) for each in cues) <= 0.002
    assert not any(blue < seconds(each) < blue + 1.99 for each in cues)


def seconds(written: str) -> float:
    *minutes, last = written.split(":")
    return float(last) + sum(60.0 ** (place + 1) * int(each) for place, each in enumerate(reversed(minutes)))


def test_each_part_has_a_film_with_all_that_belongs_to_it(out: Path, manifest: dict[str, Any]) -> None:
    assert [*manifest["parts"]] == ["lecture-part-1", "lecture-part-2"]
    second = manifest["parts"]["lecture-part-2"]
    clips = manifest["clips"]
    assert second["frames"] == sum(
        each["frames"] for each in (manifest["cards"]["part_2"], clips["blue"], clips["noisy"])
    )
    assert {*second["texts"]["ja"]} == {"vtt", "srt", "chapters", "youtube", "markdown", "html"}
    for film in manifest["parts"].values():
        for name in (film["file"], *(each for of in film["texts"].values() for each in of.values())):
            assert manifest["files"][name]["bytes"] == (out / name).stat().st_size
    said = (out / second["texts"]["en"]["markdown"]).read_text()
    assert [line for line in said.splitlines() if line.startswith("#")][1:] == [
        "## Part II: Attention",
        "### Three",
        "### Four",
    ]
    assert "<h2>第II部 アテンション</h2>" in (out / "transcript.ja.html").read_text()


def test_the_page_has_each_part_before_its_scenes(out: Path) -> None:
    page = (out / "index.html").read_text()
    sections = re.findall(r'<section id="(\S+)"', page)
    assert sections == [
        *("lecture", "lecture-part-1", "small", "steps"),
        *("lecture-part-2", "blue", "noisy"),
    ]
    assert "Part II: Attention" in page
    cues = json.loads(re.search(r'id="cues">(.*?)</script>', page, re.S)[1])  # type: ignore[index]
    assert cues["lecture-part-2"]["en"]["cues"][0]["start"] == pytest.approx(2, abs=0.002)


def test_a_run_that_ended_before_its_cards_goes_on(out: Path, storyteller_trace: Path) -> None:
    card = out / "clips/part_2.mp4"
    before = card.read_bytes()
    card.unlink()
    assert "part_2" in draw(storyteller_trace, out)["cards"]
    assert card.read_bytes() == before


def test_nothing_is_made_again(
    out: Path, storyteller_trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.*") if path.name != "manifest.json"}
    draw(storyteller_trace, out)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert capsys.readouterr().out.count("unchanged") == 6


def test_a_part_is_asked_for_by_its_number(
    registry: None, storyteller_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = draw(storyteller_trace, tmp_path, "--part", "2")
    assert {*manifest["clips"]} == {"blue", "noisy"}
    assert ([*manifest["cards"]], manifest["parts"]) == (["part_2"], {})  # the lecture is that part
    manifest = draw(storyteller_trace, tmp_path, "--part", "2", "small")
    assert [*manifest["parts"]] == ["lecture-part-2"]
    assert (tmp_path / "lecture-part-2.mp4").is_file()
    capsys.readouterr()
    assert main(["--part", "4", "--out", str(tmp_path)]) == 2
    assert "4 is not in the range 1<=x<=3" in capsys.readouterr().err


def test_a_film_of_a_part_that_is_no_longer_whole_goes(
    registry: None, storyteller_trace: Path, tmp_path: Path
) -> None:
    draw(storyteller_trace, tmp_path)
    assert (tmp_path / "lecture-part-2.transcript.ja.md").is_file()
    manifest = draw(storyteller_trace, tmp_path, "small", "--theme", "light")
    assert manifest["parts"] == {}
    assert not [*tmp_path.glob("lecture-part*")]
    assert not [name for name in manifest["files"] if name.startswith("lecture-part")]

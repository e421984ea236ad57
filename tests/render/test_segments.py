"""A film that several processes drew is the film that one draws, to the byte."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes.render import jobs
from scenes.render.segments import cut, pieces
from tests.render.test_run import files_in, manifest_of, run

BEATS = st.lists(st.integers(1, 400), min_size=1, max_size=12)  # frames of each


@given(BEATS, st.integers(1, 20), st.integers(1, 300))
def test_segments_are_the_film_and_begin_where_beats_do(lengths: list[int], count: int, least: int) -> None:
    starts = [(2 * beat, sum(lengths[:beat])) for beat in range(len(lengths))]  # two plays a beat
    frames = sum(lengths)
    found = cut(starts, frames, count, least)
    assert len(found) <= count
    assert sum(segment.frames for segment in found) == frames
    assert (found[0].first, found[-1].last) == (0, -1)
    begins = dict(starts)
    at = 0
    for before, after in pairwise(found):
        at += before.frames
        assert after.first == before.last + 1
        assert begins[after.first] == at


def test_segments_are_about_equal_and_none_is_short() -> None:
    starts = [(play, 100 * play) for play in range(10)]
    assert [segment.frames for segment in cut(starts, 1000, 2, 1)] == [500, 500]
    assert [segment.frames for segment in cut(starts, 1000, 5, 300)] == [300, 400, 300]
    assert [segment.frames for segment in cut(starts, 1000, 5, 2000)] == [1000]


@pytest.mark.parametrize(
    ("workers", "films", "expected"), [(2, 20, 1), (2, 1, 2), (1, 1, 1), (2, 3, 2), (8, 20, 1), (100, 20, 10)]
)
def test_as_many_pieces_as_keep_all_at_work(workers: int, films: int, expected: int) -> None:
    assert pieces(workers, films) == expected


@pytest.mark.usefixtures("small_scenes")
@pytest.mark.parametrize("captions", [True, False])
def test_a_film_in_segments_is_the_whole_one(
    storyteller_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, captions: bool
) -> None:
    """Without captions a beat waits for the slowest language."""
    monkeypatch.setattr(jobs, "LEAST_PIXELS", 1)
    more = ["steps"] if captions else ["steps", "--no-captions"]
    whole, parted = tmp_path / "1", tmp_path / "3"
    assert run(whole, storyteller_trace, *more, "--workers", "1") == 0
    assert run(parted, storyteller_trace, *more, "--workers", "3") == 0
    assert files_in(parted) == files_in(whole)
    assert (parted / "clips/steps.mp4").read_bytes() == (whole / "clips/steps.mp4").read_bytes()
    assert manifest_of(parted) == manifest_of(whole)


def test_so_is_a_real_scene(storyteller_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its later beats are drawn on what the earlier ones left, which that process did not draw."""
    monkeypatch.setattr(jobs, "LEAST_PIXELS", 1)
    assert run(tmp_path / "1", storyteller_trace, "mask", "--workers", "1") == 0
    assert run(tmp_path / "4", storyteller_trace, "mask", "--workers", "4") == 0
    film = Path("clips/mask.mp4")
    assert (tmp_path / "4" / film).read_bytes() == (tmp_path / "1" / film).read_bytes()


@pytest.mark.usefixtures("small_scenes")
def test_a_segment_that_dies_fails_its_scene_alone(
    storyteller_trace: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(jobs, "LEAST_PIXELS", 1)
    assert run(tmp_path, storyteller_trace, "killed", "small", "--workers", "2") == 1
    assert "killed  failed: the scene's process was ended by SIGKILL" in capsys.readouterr().out
    assert set(manifest_of(tmp_path)["clips"]) == {"small"}

"""Every scene, played without drawing, for short, long and strange prompts and for flat and deep models."""

import dataclasses
from itertools import product
from pathlib import Path
from zlib import crc32

import pytest
from manim import LEFT, RIGHT, UP, Square, rotate_vector

from model_probe.trace import Trace, write_trace
from scenes import SCENES
from scenes.lecture_scene import MODEL_NOTES, LectureScene
from scenes.mobjects.lettering import text
from scenes.reads import declared
from scenes.render.quality import ASPECTS
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.conftest import LENGTHS, RANDOM, STRANGE, Play, Traces, all_tensors
from tests.scenes.faults import TOUCHING, faults_of
from tests.scenes.played import watched
from tests.scenes.seen import See

SHORTEST, LONGEST = 15, 75  # seconds, in English


LANGUAGES = ("en", "ja")
KINDS = (*LENGTHS, *STRANGE, *RANDOM)
EXTREME = ("1 token", "1000 tokens")
BOTH = ("16:9", "9:16")
DEFAULT = "the default prompt"


def cells(name: str) -> set[tuple[str, str, str]]:
    """What a scene is played on: a prompt or a model, a shape, a language.

    Every prompt and model once: of three that follow each other one in each shape, and three of them in
    Japanese, one in each shape; where it begins is another matter for every scene, so that among themselves
    they have all. The shortest and the longest prompt in both the widest and the narrowest shape, for what is
    empty, crowded or too wide is so at an end; and the default prompt in both languages there.
    """
    turn = crc32(name.encode())
    chosen = {
        (kind, list(ASPECTS)[(turn + place) % 3], LANGUAGES[place // 3 == turn // 3 % 4])
        for place, kind in enumerate(KINDS)
    }
    chosen |= {(kind, aspect, "en") for kind in EXTREME for aspect in BOTH}
    return chosen | {(DEFAULT, aspect, language) for aspect in BOTH for language in LANGUAGES}


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("name", SCENES)
def test_a_scene_stands_for_any_prompt_and_model_in_any_shape_of_frame(
    name: str, aspect: str, traces: Traces, storyteller_trace: Path, seen: See
) -> None:
    faults = []
    for kind, _, language in sorted(cell for cell in cells(name) if cell[1] == aspect):
        trace = storyteller_trace if kind == DEFAULT else traces[kind]
        found = seen(name, trace, language, aspect)
        names = [beat.name for beat in found.beats]
        assert len(set(names)) == len(names) >= 3
        assert found.poster in names
        if language == "en" and not SHORTEST <= found.seconds <= LONGEST:
            faults.append(f"{kind}: lasts {found.seconds:.1f} s")
        faults += [f"{kind}, {language}: {fault}" for fault in found.faults]
    assert not faults, "\n" + "\n".join(faults)


def test_every_scene_is_played_on_everything() -> None:
    together = set()
    for name in SCENES:
        for place, all_there_are in enumerate((KINDS, ASPECTS, LANGUAGES)):
            assert {cell[place] for cell in cells(name)} >= set(all_there_are)
        assert {cell[1] for cell in cells(name) if cell[2] == "ja"} == set(ASPECTS)
        together |= {cell[:2] for cell in cells(name)}
    assert together >= set(product(KINDS, ASPECTS))


class Faulty(LectureScene):
    """Shows what no scene may: words on words, over the edge, in the caption, and too small."""

    def construct(self) -> None:
        one, other = text("gold"), text("silver")
        other.next_to(one, buff=0).shift(3 * TOUCHING * LEFT)
        with self.beat("overlap", "Words."):
            self.add(one, other)
        other.shift(3 * TOUCHING * RIGHT)
        with self.beat("beside", "Words."):
            pass
        other.move_to(one).set_opacity(0)
        with self.beat("unseen", "Words."):
            pass
        one.rotate(0.8)
        other.set_opacity(1).rotate(0.8).move_to(one).shift(rotate_vector(0.3 * UP, 0.8))
        with self.beat("aslant", "Words."):
            pass
        other.move_to(one).rotate(0.5)
        with self.beat("across", "Words."):
            pass
        self.add(Square(1).move_to([self.layout.frame.right, 0, 0]))
        self.add(text("low").move_to([0, self.layout.caption.top, 0]), text("small", 0.13).shift([0, 1, 0]))
        with self.beat("rest", "Words."):
            pass


def test_what_is_wrong_with_a_picture_is_found(storyteller_trace: Path) -> None:
    found: dict[str, list[str]] = {}
    scene_class = watched(Faulty, lambda scene: found.update({scene.beats[-1].name: [*faults_of(scene)]}))
    rehearse(scene_class, Settings(storyteller_trace))
    assert {name: len(faults) for name, faults in found.items()} == {
        "overlap": 1, "beside": 0, "unseen": 0, "aslant": 0, "across": 1, "rest": 4,
    }  # fmt: skip
    assert "'gold' and Lettering 'silver' overlap" in found["overlap"][0]
    for fault, words in zip(
        found["rest"][:3], ("leaves the frame", "into the caption", "17.6 px"), strict=True
    ):
        assert words in fault


def test_every_picture_says_which_model_ran_and_why_in_its_language(traces: Traces, tmp_path: Path) -> None:
    trace = Trace.open(traces["7 tokens"])
    for note, japanese in zip(
        MODEL_NOTES, ("GPT-2 に接続できませんでした", "GPT-2 のダウンロードが中断しました"), strict=True
    ):
        facts = dataclasses.replace(trace.facts, model_note=note)
        path = write_trace(tmp_path / "noted.safetensors", all_tensors(trace), facts)
        for language, words in (("en", note), ("ja", japanese)):
            scene = rehearse(Faulty, Settings(path, language))
            assert scene._credit is not None
            assert scene._credit.string.startswith(f"storyteller 8M ({words})")


OF_ONE_HEAD = [name for name, entry in SCENES.items() if any(read.one_head for read in declared(entry))]


@pytest.mark.parametrize("name", OF_ONE_HEAD)
def test_one_chosen_head_is_the_one_that_is_shown(name: str, traces: Traces, play: Play) -> None:
    played = play(name, traces["7 tokens"], layer=3, head=5)
    assert any(beat._credit.string.endswith("layer 3 · head 5") for beat in played.beats)


def test_a_played_scene_is_kept_as_it_stood_when_each_beat_ended(play: Play, storyteller_trace: Path) -> None:
    class Counting(LectureScene):
        def construct(self) -> None:
            self.number = text("0", 0.4)
            self.cells = [[0]]
            for beat in ("one", "two"):
                with self.beat(beat, f"Beat {beat}."):
                    self.add(self.number)
                    value = 10.0 * len(self.beats)
                    self.play(self.change(self._count, value, value + 10, self.number), run_time=1)
                    self.cells[0][0] += 1

        def _count(self, value: float) -> None:
            self.number.rewrite(f"{value:.1f}")

    played = play(Counting, storyteller_trace)
    assert play(Counting, storyteller_trace) is played
    assert [each.number.string for each in played.beats] == ["10.0", "20.0"]
    assert [played[name].cells for name in ("one", "two")] == [[[1]], [[2]]]
    assert played.number is played.scene.number
    assert "10.0" in played["one"].words
    assert "20.0" not in played["one"].words
    assert played["one"].number in played["one"].mobjects
    assert played.said == {"one": "Beat one.", "two": "Beat two."}
    assert ("one" in played, "three" in played) == (True, False)
    assert played["two"].start == played["one"].end
    seen = play(Counting, storyteller_trace, watch=lambda scene: float(scene.number.string)).frames
    numbers = [each.seen for each in seen]
    assert numbers == sorted(numbers)
    assert len({each.seen for each in seen if each.beat == "one"}) > 8
    assert seen[-1].time == pytest.approx(played.beats[-1].end, abs=0.11)

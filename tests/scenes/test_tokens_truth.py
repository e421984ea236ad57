import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from model_probe.errors import TraceError
from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.record import record
from model_probe.trace import Trace
from scenes.lecture.tokens import Tokens
from scenes.mobjects import palette
from scenes.mobjects.merging_tiles import spelt
from scenes.mobjects.running_text import RunningText
from scenes.mobjects.token_row import TokenRow, token_words
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.conftest import Change, GoesRed

TOKENIZER = Tokenizer.from_file(str(STORYTELLER_DIRECTORY / "tokenizer.json"))


def play(path: Path) -> Tokens:
    scene = rehearse(Tokens, Settings(path))
    assert isinstance(scene, Tokens)
    return scene


def check_tokens(scene: Tokens, trace: Trace) -> None:
    """Joining the pieces gives the prompt back, byte for byte, and each id is the tokenizer's."""
    assert scene.cut.hidden == 0
    assert b"".join(chip.piece for chip in scene.cut.chips.values()) == trace.facts.prompt.encode()
    shown = [int(number.string) for number in scene.cut.ids.values()]
    assert shown == TOKENIZER.encode(trace.facts.prompt).ids


def check_merges(scene: Tokens, trace: Trace) -> None:
    """The merges shown end in what the tokenizer makes of the word by itself."""
    word = b"".join(scene.merged).decode()
    assert word == " beautiful"
    assert [symbol.decode() for symbol in scene.merged] == [
        TOKENIZER.decode([i]) for i in TOKENIZER.encode(word).ids
    ]


def check_ranks(scene: Tokens, trace: Trace) -> None:
    """Every pair shown stands in the tokenizer's list of merges, at the number shown beside it."""
    merges = json.loads((STORYTELLER_DIRECTORY / "tokenizer.json").read_text())["model"]["merges"]
    assert len(scene.merging.ranks) == len(" beautiful") - 1
    for left, right, words in scene.merging.ranks:
        number = int("".join(character for character in words if character.isdigit()))
        assert merges[number - 1] == [symbol.decode().replace(" ", "Ġ") for symbol in (left, right)]


def check_typo(scene: Tokens, trace: Trace) -> None:
    """The misspelling is cut as the tokenizer cuts it."""
    assert scene.typo is not None
    cut = [chip.piece.decode() for chip in scene.typo.misspelt]
    assert cut == [TOKENIZER.decode([i]) for i in TOKENIZER.encode(" beatuiful").ids]
    assert b"".join(chip.piece for chip in scene.typo.spelt) == b" beautiful"


def check_count(scene: Tokens, trace: Trace) -> None:
    """Characters, words and tokens are counted in the prompt itself."""
    prompt = trace.facts.prompt
    numbers = [int(column[0].string) for column in scene.tally]
    assert numbers == [len(prompt), len(prompt.split()), len(TOKENIZER.encode(prompt).ids)]


CHECKS = [check_tokens, check_merges, check_ranks, check_typo, check_count]


def test_what_is_on_screen_is_what_the_tokenizer_does(trace: Trace) -> None:
    scene = play(trace.path)
    for check in CHECKS:
        check(scene, trace)


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_tokens, "token_ids_T", lambda a: a[::-1]),
        (check_ranks, "merge_steps_J3", lambda a: np.add(a, [0, 0, 1])),
        (check_ranks, "merge_steps_J3", lambda a: a[::-1]),
        (check_typo, "typo_bytes_B", lambda a: a[::-1]),
    ],
)
def test_an_altered_tensor_shows(
    goes_red: GoesRed, check: Callable[[Tokens, Trace], None], name: str, change: Change
) -> None:
    goes_red(play, check, name, change)


@pytest.mark.parametrize("change", [lambda a: np.roll(a, 1), lambda a: np.where(a == 32, 95, a)])
def test_tokens_that_do_not_join_to_the_prompt_are_not_shown(
    altered: Callable[[str, Change], Path], change: Change
) -> None:
    with pytest.raises(TraceError, match="prompt_bytes_B is not the prompt"):
        play(altered("prompt_bytes_B", change))


@pytest.mark.parametrize(
    "change",
    [lambda a: a[:-1], lambda a: np.add(a, [0, 1, 0]), lambda a: np.add(a, [0, 99, 0])],
)
def test_merges_that_do_not_end_in_the_prompts_tokens_are_not_shown(
    altered: Callable[[str, Change], Path], change: Change
) -> None:
    with pytest.raises(
        TraceError, match=r"merge_steps_J3 (does not end in the tokens of the prompt|joins what is not in)"
    ):
        play(altered("merge_steps_J3", change))


def test_a_character_of_several_tokens_is_shown_in_bytes(tmp_path: Path) -> None:
    path = record("A 🐉 came.", tmp_path / "t.safetensors", model="storyteller", steps=1)
    scene = play(path)
    assert b"".join(chip.piece for chip in scene.character.chips) in (
        b" \xf0\x9f\x90\x89",
        b"\xf0\x9f\x90\x89",
    )
    assert len(scene.character.chips) > 1
    assert " ".join(share.string for share in scene.character.bytes) == "F0 9F 90 89"
    assert "character" in [beat.name for beat in scene.beats]


@pytest.mark.parametrize(
    ("piece", "label"),
    [
        (b"  ", "␣␣"),
        (b" a", " a"),
        (b"\n  ", "⟨↵⟩␣␣"),
        ("\u200d".encode(), "⟨ZWJ⟩"),
        ("\u202eab".encode(), "⟨RLO⟩ab"),
    ],
)
def test_a_token_that_could_not_be_seen_is_named(piece: bytes, label: str) -> None:
    assert token_words(piece, 0.4, palette.INK).string == label


@pytest.mark.parametrize(
    ("symbol", "label"), [(b" a", "␣a"), (b"\xe3\x80", "E3 80"), ("、".encode(), "、"), (b" \xd8", "20 D8")]
)
def test_only_a_space_is_written_as_one(symbol: bytes, label: str) -> None:
    assert spelt(symbol).string == label


def test_a_word_in_a_script_of_the_monospaced_face_alone_is_told(smollm2: Path, tmp_path: Path) -> None:
    scene = play(record("مرحبا بالعالم <b>", tmp_path / "t.safetensors", model=str(smollm2), steps=1))
    assert "“بالعالم”" in next(beat.narration for beat in scene.beats if beat.name == "bytes")


def test_running_text_does_not_leave_one_word_on_the_last_line() -> None:
    words = [b" king"] * 6
    whole = RunningText([(words, palette.INK)], 100, 5)
    assert [line.string for line in whole] == ["king king king king king king"]
    narrow = RunningText([(words, palette.INK)], 0.9 * whole.width, 5)
    assert [line.string for line in narrow] == ["king king king", "king king king"]


def test_a_long_prompt_says_how_many_characters_are_left_out(tmp_path: Path) -> None:
    prompt = "Once upon a time there was a king. " * 25 + "The end"
    scene = play(record(prompt, tmp_path / "t.safetensors", model="storyteller", steps=1))
    shown = " ".join(line.string for line in scene.text)
    first, number, last = re.split(r" *⋯ ([\d,]+) more characters ⋯", re.sub(" +", " ", shown))
    assert len(prompt) - int(number.replace(",", "")) == pytest.approx(len(first + last), abs=2)  # line ends
    assert prompt.startswith(first)
    assert last.endswith("The end")


def with_tokenizer(directory: Path, **parts: Any) -> Path:
    """The embedded model with another tokenizer around the same vocabulary, and a template for a chat."""
    directory.mkdir()
    for name in ("config.json", "model.safetensors"):
        (directory / name).symlink_to(STORYTELLER_DIRECTORY / name)
    description = json.loads((STORYTELLER_DIRECTORY / "tokenizer.json").read_text(encoding="utf-8"))
    (directory / "tokenizer.json").write_text(json.dumps(description | parts), encoding="utf-8")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "chat_template": "<|endoftext|>User: {{ messages[0]['content'] }}\n<|endoftext|>Answer:",
    }
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))
    return directory


def test_what_the_tokenizer_changed_is_shown(tmp_path: Path) -> None:
    kinds = [{"type": kind} for kind in ("NFKC", "Lowercase")]
    model = with_tokenizer(tmp_path / "m", normalizer={"type": "Sequence", "normalizers": kinds})
    path = record("The \ufb01ne king came", tmp_path / "t.safetensors", model=str(model), steps=1)
    scene = play(path)
    shown = [(line[0].string, line[2].string) for line in scene.changes.lines]
    assert shown == [("The", "the"), ("\ufb01ne", "fine")]
    assert " ".join(line.string for line in scene.text) == "The \ufb01ne king came"  # as it was given
    said = {beat.name: beat.narration for beat in scene.beats}
    assert said["changed"].endswith("Places: 2.")
    assert (
        said["count"] == "A token is not a word, and what this tokenizer changed the tokens do not give back."
    )


def test_a_space_that_the_tokenizer_puts_in_front_is_seen(tmp_path: Path) -> None:
    before = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    model = with_tokenizer(tmp_path / "m", pre_tokenizer=before)
    scene = play(record("king of all", tmp_path / "t.safetensors", model=str(model), steps=1))
    assert [(line[0].string, line[2].string) for line in scene.changes.lines] == [("king", "␣king")]
    assert "puts a space in front" in next(beat.narration for beat in scene.beats if beat.name == "changed")


def test_a_chat_is_shown_with_its_template_around_it(tmp_path: Path) -> None:
    model = with_tokenizer(tmp_path / "m")
    path = record("Who was king?", tmp_path / "t.safetensors", model=str(model), steps=1, chat=True)
    scene = play(path)
    assert Trace.open(path).facts.message == "Who was king?"
    bright = "".join(line.string for line in scene.text if line.get_fill_color().to_hex() == palette.INK)
    faint = "".join(line.string for line in scene.text if line.get_fill_color().to_hex() == palette.FAINT)
    assert bright.strip() == "Who was king?"
    assert faint.replace(" ", "") == "<|endoftext|>User:⟨↵⟩<|endoftext|>Answer:"
    assert "chatbot" in scene.beats[0].narration


@pytest.mark.parametrize("prompt", ["x", "Hello", "The old king", "The king and the"])
def test_a_short_prompt_fills_the_stage(tmp_path: Path, prompt: str) -> None:
    scene = play(record(prompt, tmp_path / "t.safetensors", model="storyteller", steps=1))
    stage = scene.layout.stage
    for hero in (scene.text, scene.cut):
        assert max(hero.width / stage.width, hero.height / stage.height) >= 0.55


def test_the_scene_ends_on_the_misspelling_with_the_tokens_on_the_shelf(trace: Trace) -> None:
    scene = play(trace.path)
    assert [beat.name for beat in scene.beats][-2:] == ["count", "typo"]
    rows = [each for each in scene.mobjects if isinstance(each, TokenRow)]
    assert [b"".join(chip.piece for chip in row.chips.values()).decode() for row in rows] == [
        trace.facts.prompt
    ]


def test_without_a_word_to_misspell_the_scene_ends_on_what_else_it_has(tmp_path: Path) -> None:
    for prompt, last in (("王さま", "character"), ("a b", "count")):
        scene = play(record(prompt, tmp_path / "t.safetensors", model="storyteller", steps=1))
        assert scene.beats[-1].name == last
        assert sum(isinstance(each, TokenRow) for each in scene.mobjects) == 1


def test_text_with_marks_stays_on_the_stage(tmp_path: Path) -> None:
    prompt = "The \U0001f409 said:\n<b>Hi</b>\u00a0there\u200b\tfriend 1\ufe0f\u20e3" + "\u2028\u3000" * 9
    scene = play(record(prompt, tmp_path / "t.safetensors", model="storyteller", steps=1))
    assert not scene.text.cut
    assert scene.text.width <= scene.layout.stage.width
    lines = "".join(line.string for line in scene.text)
    for name in ("U+1F409", "↵", "NBSP", "ZWSP", "TAB", "VS16", "U+20E3", "LSEP", "IDSP"):
        assert f"⟨{name}⟩" in lines

"""The pieces in which text and its tokens are shown, each by itself."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from manim import Scene, tempconfig

from model_probe.errors import TraceError
from model_probe.trace import Trace
from scenes.layout import Box
from scenes.merges import Merge, most_merges
from scenes.mobjects import palette
from scenes.mobjects.arrowed import Arrowed
from scenes.mobjects.character_bytes import CharacterBytes
from scenes.mobjects.entries import one_by_one
from scenes.mobjects.lettering import text
from scenes.mobjects.merge_steps import MergeSteps
from scenes.mobjects.merging_tiles import REMEMBERED, MergingTiles
from scenes.mobjects.misspelling import Misspelling
from scenes.mobjects.prompt_text import prompt_text, words_of
from scenes.mobjects.tally import Tally, text_tally
from scenes.mobjects.text_changes import TextChanges
from scenes.mobjects.tiles import tiles
from scenes.mobjects.token_lines import TokenLines
from scenes.prompt_tokens import prompt_tokens
from scenes.split_character import SplitCharacter, split_character
from tests.scenes.conftest import Change, Lacking

BOX = Box(-6.0, 6.0, -3.0, 3.0)
NARROW = Box(-2.0, 2.0, -3.0, 3.0)


def merges_of(*joins: tuple[int, int], word: bytes = b"beauty") -> list[Merge]:
    """Merges at these places, of pairs with these ranks."""
    symbols, found = [word[at : at + 1] for at in range(len(word))], []
    for at, rank in joins:
        found.append(Merge(symbols, at, rank))
        symbols = found[-1].joined()
    return found


def inside(mobject: object, box: Box) -> bool:
    left, right = mobject.get_left()[0], mobject.get_right()[0]  # type: ignore[attr-defined]
    low, high = mobject.get_bottom()[1], mobject.get_top()[1]  # type: ignore[attr-defined]
    return bool(
        box.left - 1e-6 <= left <= right <= box.right + 1e-6
        and box.bottom - 1e-6 <= low <= high <= box.top + 1e-6
    )


def test_a_merge_joins_two_neighbours() -> None:
    first, second = merges_of((1, 5), (0, 9))
    assert first.joined() == [b"b", b"ea", b"u", b"t", b"y"]
    assert second.joined() == [b"bea", b"u", b"t", b"y"]


def test_the_piece_with_the_most_merges_is_taken(trace: Trace) -> None:
    merges, positions = most_merges(trace)
    piece = b"".join(merges[0].symbols)
    assert merges[-1].joined() == [trace.tokens[at] for at in positions]
    assert all(len(symbol) == 1 for symbol in merges[0].symbols)
    joined = b"".join(trace.tokens)
    starts = [*trace.piece_starts_P[:].tolist(), len(joined)]
    longest = max(end - start for start, end in pairwise(starts))
    assert len(piece) == longest  # here the longest word is the one that is merged most


def test_the_tiles_join_in_the_scene_and_each_pair_is_written_below() -> None:
    merges = merges_of(*((0, 10 * number) for number in range(5)))
    merging = MergingTiles(merges[0].symbols, BOX)
    assert [code.string for code in merging.codes] == ["62", "65", "61", "75", "74", "79"]
    with tempconfig({"dry_run": True, "progress_bar": "none", "verbosity": "ERROR"}):
        scene = Scene(skip_animations=True)
        scene.play(merging.entry())
        for step in merges:
            scene.play(merging.light(step))
            scene.play(merging.join(step))
            assert [tile.piece for tile in merging.tiles] == step.joined()
            assert all(tile in scene.mobjects for tile in merging.tiles)
            assert inside(merging.tiles, BOX)
    family = scene.get_mobject_family_members()
    assert sum(hasattr(each, "piece") for each in family) == 1  # nothing of those that joined is left
    assert [(left, right) for left, right, _ in merging.ranks][:2] == [(b"b", b"e"), (b"be", b"a")]
    assert merging.ranks[-1][2] == "pair number 41"
    assert len(merging.written) == REMEMBERED
    heights = [float(line.get_y()) for line in merging.written]
    assert heights == sorted(heights, reverse=True)


def test_the_steps_of_a_piece_stand_in_order_the_last_one_larger() -> None:
    merges = merges_of((1, 5), (0, 9))
    steps = MergeSteps([*(merge.symbols for merge in merges), merges[-1].joined()], BOX)
    assert [[tile.piece for tile in row] for row in steps][1:] == [
        [b"b", b"ea", b"u", b"t", b"y"],
        [b"bea", b"u", b"t", b"y"],
    ]
    assert steps[-1].height > 1.5 * steps[0].height
    assert inside(steps, BOX)
    assert inside(MergeSteps([merges[0].symbols, merges[0].joined()], NARROW), NARROW)


def test_tiles_stand_apart_in_one_hue() -> None:
    row = tiles([b"a", b" king"], 0.5, index=3)
    assert row[1].get_left()[0] - row[0].get_right()[0] == pytest.approx(0.09)
    assert {tile.words.get_fill_color().to_hex() for tile in row} == {palette.token_colour(3).upper()}


@pytest.mark.parametrize("down", [False, True])
def test_an_arrow_points_from_what_was_to_what_became(down: bool) -> None:
    line = Arrowed(text("a"), text("b"), 0.3, down=down)
    axis, sign = (1, -1) if down else (0, 1)
    places = [float(part.get_center()[axis]) * sign for part in (line.before, line.arrow, line.after)]
    assert places == sorted(places)
    assert (line.arrow.get_end() - line.arrow.get_start())[axis] * sign == pytest.approx(0.9)


def test_what_stood_in_a_place_and_what_is_read_stand_side_by_side() -> None:
    changes = TextChanges([("The", "the"), ("", " ")], BOX)
    assert [(line[0].string, line[2].string) for line in changes.lines] == [("The", "the"), ("—", "␣")]
    assert inside(changes, BOX)


def test_a_tally_moves_together_before_it_gets_too_wide() -> None:
    names = ["characters", "words between spaces", "tokens"]
    tally = Tally([1234, 56, 7], names, 20.0)
    assert [column[0].string for column in tally] == ["1,234", "56", "7"]
    assert [column[1].string for column in tally] == names
    assert tally[1].get_left()[0] - tally[0].get_right()[0] == pytest.approx(1.6)
    assert Tally([1234, 56, 7], names, tally.width - 1).width == pytest.approx(tally.width - 1)


@pytest.mark.parametrize(
    ("tokens", "found"),
    [
        ([b"a", b"\xf0\x9f", b"\x90\x89"], SplitCharacter("🐉", [1, 2], [b"\xf0\x9f", b"\x90\x89"])),
        ([b"a\xe3", b"\x81", b"\x82b"], SplitCharacter("あ", [0, 1, 2], [b"\xe3", b"\x81", b"\x82"])),
        ([b"a", "あ".encode()], None),
        ([b"a", b"\x81"], None),
    ],
)
def test_the_first_character_of_several_tokens_is_found(
    tokens: list[bytes], found: SplitCharacter | None
) -> None:
    assert split_character(tokens) == found


def test_a_character_stands_over_its_bytes_tokens_and_ids() -> None:
    tokens = [b"a", b"\xf0\x9f", b"\x90", b"\x89"]
    split = split_character(tokens)
    assert split is not None
    picture = CharacterBytes(split, tokens, [7, 11, 12, 13], BOX)
    assert [each.string for each in picture.ids] == ["11", "12", "13"]
    assert [each.string for each in picture.bytes] == ["F0 9F", "90", "89"]
    for number, share, chip in zip(picture.ids, picture.bytes, picture.chips, strict=True):
        assert number.get_x() == pytest.approx(chip.get_x())
        assert share.get_x() == pytest.approx(chip.get_x())
    assert inside(picture, BOX)
    assert inside(CharacterBytes(split, tokens, [7, 11, 12, 13], NARROW), NARROW)


@pytest.mark.parametrize(("box", "beside"), [(BOX, True), (NARROW, False)])
def test_the_letters_that_changed_places_are_lit(box: Box, beside: bool) -> None:
    picture = Misspelling([b" king"], [b" k", b"nig"], 2, box, beside)
    lit = [
        part.string
        for line in picture
        for part in line.before
        if part.get_fill_color().to_hex() == palette.QUERY.upper()
    ]
    assert lit == ["in", "ni"]
    assert [chip.piece for chip in picture.misspelt] == [b" k", b"nig"]
    assert inside(picture, box)


def test_words_of_a_prompt_lose_nothing() -> None:
    prompt = "It's  me, e\u0301 王さま 🐉.\n"
    assert "".join(words_of(prompt)) == prompt
    assert words_of("e\u0301") == ["e\u0301"]
    assert words_of("王さま") == ["王", "さ", "ま"]


def test_of_a_long_prompt_the_characters_left_out_are_counted() -> None:
    prompt = "Once upon a time. " * 60
    shown = " ".join(line.string for line in prompt_text(prompt, None, BOX))
    assert "more characters ⋯" in shown
    assert "⋯" not in " ".join(line.string for line in prompt_text("Once upon a time.", None, BOX))


def test_things_come_one_by_one() -> None:
    parts = [text(letter) for letter in "abc"]
    entry = one_by_one(parts, lag_ratio=0.5)
    assert [animation.mobject for animation in entry.animations] == parts
    assert list(entry.anims_with_timings["start"]) == pytest.approx([0.0, 0.5, 1.0])


def test_characters_words_and_tokens_are_counted() -> None:
    tally = text_tally("The old  king", 7, 20.0)
    assert [column[0].string for column in tally] == ["13", "3", "7"]


def test_ids_stand_below_the_chips_of_their_line() -> None:
    lines = TokenLines([b"The", b" old", b" king"] * 4, list(range(100, 112)), 5.0, 4.0)
    assert len(lines.lines) > 1
    found = [each.string for line in lines.lines for each in lines.ids_below(line)]
    assert found == [str(number) for number in range(100, 112)]


def test_a_run_without_a_misspelling_has_no_picture_of_one(trace: Trace, lacking: Lacking) -> None:
    found = Misspelling.of(trace, BOX, beside=True)
    assert found is not None
    assert [chip.piece for chip in found.misspelt] == trace.typo_tokens
    assert Misspelling.of(Trace.open(lacking("typo_span_2")), BOX, beside=True) is None


def test_tokens_that_are_not_the_prompt_s_are_refused(
    trace: Trace, altered: Callable[[str, Change], Path]
) -> None:
    assert prompt_tokens(trace) == trace.tokens
    with pytest.raises(TraceError, match="is not the prompt"):
        prompt_tokens(Trace.open(altered("prompt_bytes_B", lambda a: a[::-1])))

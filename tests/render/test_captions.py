"""Captions, chapters and transcripts, read back by other readers than the code that wrote them."""

import html
import re
import shutil
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import scenes.language
from scenes import SCENES, load
from scenes.language import LOCALE, READING_SPEED, catalogue
from scenes.publish import texts
from scenes.publish.captions import Cue, cues, subrip, webvtt
from scenes.publish.chapters import beat_title, clock, youtube
from scenes.publish.transcript import Section, Transcript
from scenes.render import digest, kinds
from scenes.render.rehearsal import rehearse
from scenes.render.stage import told
from scenes.settings import Settings
from tests.scenes.seen import See

NASTY = (
    '"quotes" </script> <b>&amp;\n\n1\n00:00:00,000 --> 00:00:01,000\n'
    "\tمرحبا 🙂 \u202e {\\an8} ```` `x` *a* | # \x00"
)

ReadCue = tuple[float, float, list[str]]


def read_vtt(content: str) -> list[ReadCue]:
    """A strict reader: a header, then blocks of a line of times and lines of text, blank lines between."""
    header, *blocks = content.rstrip("\n").split("\n\n")
    assert header == "WEBVTT"
    found = []
    for block in blocks:
        times, *lines = block.split("\n")
        clocks = re.fullmatch(
            r"(\d\d):([0-5]\d):([0-5]\d\.\d{3}) --> (\d\d):([0-5]\d):([0-5]\d\.\d{3})", times
        )
        assert clocks, times
        numbers = [float(number) for number in clocks.groups()]
        start, end = (3600 * h + 60 * m + s for h, m, s in (numbers[:3], numbers[3:]))
        for line in lines:
            assert not re.search(r"<|>|&(?!(amp|lt|gt);)|\r", line), line
        found.append((round(start, 3), round(end, 3), [html.unescape(line) for line in lines]))
    return found


def read_srt(content: str) -> list[ReadCue]:
    found = []
    for number, block in enumerate(content.rstrip("\n").split("\n\n"), 1):
        counted, times, *lines = block.split("\n")
        assert counted == str(number)
        clocks = re.fullmatch(r"(\d\d):(\d\d):(\d\d),(\d{3}) --> (\d\d):(\d\d):(\d\d),(\d{3})", times)
        assert clocks, times
        h, m, s, ms, *later = map(int, clocks.groups())
        start = 3600 * h + 60 * m + s + ms / 1000
        end = 3600 * later[0] + 60 * later[1] + later[2] + later[3] / 1000
        found.append((round(start, 3), round(end, 3), lines))
    return found


def milliseconds_by_ffmpeg(path: Path) -> list[tuple[int, int]]:
    """When each cue starts and how long it lasts."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux() if packet.pts is not None]
        return [
            (round(1000 * packet.pts * packet.time_base), round(1000 * packet.duration * packet.time_base))
            for packet in packets
        ]


def halves(words: str) -> int:
    """Width of `words`, in half-width characters."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in words)


def squeezed(words: str) -> str:
    return "".join(words.split())


LANGUAGES = ("en", "ja")
Told = list[dict[str, Any]]


@pytest.fixture
def scene_told(storyteller_trace: Path, seen: See) -> Callable[[str, str], Told]:
    """A scene's beats, as they are when one language is drawn, told in both."""

    def tell(name: str, drawn: str) -> Told:
        beats = {each: seen(name, storyteller_trace, each).beats for each in LANGUAGES}
        return told(beats[drawn], beats)

    return tell


@pytest.mark.parametrize("drawn", LANGUAGES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCENES)
def test_cues_say_what_the_beats_say_while_they_last(
    name: str, drawn: str, language: str, scene_told: Callable[[str, str], Told]
) -> None:
    widest = {"en": 42, "ja": 40}[language]  # half-width characters: 20 full-width ones in Japanese
    speed = 2 * {"en": 8.5, "ja": READING_SPEED["ja"]}[language]
    beats = scene_told(name, drawn)
    assert {beat["name"] for beat in beats}
    read = read_vtt(webvtt(cues(beats, language)))
    assert read == read_srt(subrip(cues(beats, language)))
    for (_, end, _lines), (start, _end, _more) in pairwise(read):
        assert end <= start
    for beat in beats:
        own = [cue for cue in read if beat["start"] <= cue[0] < beat["end"]]
        assert (own[0][0], own[-1][1]) == (beat["start"], beat["end"])
        assert all(end == start for (_, end, _), (start, _, _) in pairwise(own))
        narration = beat["narration"][language]
        joiner = "" if language == "ja" else " "
        joined = joiner.join(line for _, _, lines in own for line in lines)
        if language == "ja":
            assert squeezed(joined) == squeezed(narration)
        else:
            assert joined == narration
        paces = [sum(map(halves, lines)) / (end - start) for start, end, lines in own]
        assert max(paces) < 1.02 * min(paces), "not in proportion to the length"
        for _, _, lines in own:
            assert 1 <= len(lines) <= 2
            assert all(0 < halves(line) <= widest for line in lines), (name, lines)
        if drawn == language:
            assert max(paces) <= speed, (name, beat["name"])


def test_japanese_breaks_after_phrases_and_never_in_a_word() -> None:
    narration = (
        "storyteller 8M の語彙は 50,257 個です。「internationalization」のような長い単語も、"
        "プロンプトの中ではいくつかのトークンに分かれていることがあります。"
    )
    beat = {"start": 0.0, "end": 20.0, "narration": {"ja": narration}}
    lines = [line for cue in cues([beat], "ja") for line in cue.lines]
    assert len(lines) > 3
    for whole in (
        "storyteller",
        "8M",
        "50,257",
        "internationalization",
        "プロンプト",
        "トークン",
        "いくつか",
    ):
        assert any(whole in line for line in lines), lines
    assert not any(line[0] in "、。」はがをにのもで" for line in lines), lines


def test_a_word_longer_than_a_line_stays_whole() -> None:
    word = "x" * 60
    beat = {"start": 0.0, "end": 4.0, "narration": {"en": f"Before {word} after."}}
    found = cues([beat], "en")
    assert word in [line for cue in found for line in cue.lines]
    assert (found[0].start, found[-1].end) == (0.0, 4.0)


@given(st.text(max_size=300), st.sampled_from(["en", "ja"]))
def test_no_text_breaks_a_file(words: str, language: str) -> None:
    beats = [
        {"start": 1.0, "end": 2.5, "narration": {language: words}},
        {"start": 2.5, "end": 4.0, "narration": {language: "The end."}},
    ]
    found = cues(beats, language)
    read = read_vtt(webvtt(found))
    said = "".join(line for start, _, lines in read if start < 2.5 for line in lines)
    expected = "".join("�" if unicodedata.category(c) in ("Cc", "Cs") else c for c in squeezed(words))
    assert squeezed(said) == expected
    assert read[-1] == (2.5, 4.0, ["The end."])
    srt = subrip(found)
    assert len(read_srt(srt)) == len(read)
    assert not re.search(r"<|(?<!-)->|--> .*-->|\{\\", srt)


@pytest.mark.parametrize("words", [NASTY, "--> -->", "&lt; & <v Bob>", "WEBVTT", "NOTE x", "STYLE", "7"])
def test_ffmpeg_reads_the_same_times(words: str, tmp_path: Path) -> None:
    beats = [
        {"start": 0.0, "end": 61.25, "narration": {"en": words}},
        {"start": 61.25, "end": 3723.004, "narration": {"en": "The end."}},
    ]
    found = cues(beats, "en")
    for name, content in (("a.vtt", webvtt(found)), ("a.srt", subrip(found))):
        (tmp_path / name).write_text(content, encoding="utf-8", newline="")
        assert milliseconds_by_ffmpeg(tmp_path / name) == [
            (round(1000 * cue.start), round(1000 * (cue.end - cue.start))) for cue in found
        ]
    assert found[-1].end == 3723.004


@pytest.mark.parametrize(
    ("language", "narration", "title"),
    [
        ("en", "It is 0.5 % now. More follows.", "It is 0.5 % now"),
        ("en", "One attention head: each row is a token that looks, each column one.", "One attention head"),
        ("en", "Attention: each vector takes something over from the earlier ones there.", None),
        ("en", "What am I looking for? This.", "What am I looking for?"),
        ("ja", "予測し、引き、加える。こうして文を書きます。", "予測し、引き、加える"),
        ("ja", "長くなった文をもう一度入力し、新しい確率からまた 1 つ引いて加えます。", None),
    ],
)
def test_a_chapter_is_titled_by_what_is_said_first(language: str, narration: str, title: str | None) -> None:
    found = beat_title(narration, language)
    if title is not None:
        assert found == title
    else:
        assert found.endswith("…")
        assert halves(found) <= 54
        assert narration.startswith(found[:-1])
        assert len(found) > 15


def test_youtube_wants_times_of_minutes_and_no_angle_brackets() -> None:
    chapters = [Cue(0.0, 59.6, ("A <b>",)), Cue(59.6, 3599.4, ("B",)), Cue(3599.4, 4000.0, ("C",))]
    assert youtube(chapters) == "0:00 A ‹b›\n1:00 B\n59:59 C\n"
    assert clock(3723.0) == "1:02:03"


class Page(HTMLParser):
    """What a browser would make of a page: its elements, and the text of the prompt's."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.prompt = self.text = ""
        self.language: str | None = None
        self.feed(content)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "html":
            self.language = dict(attributes)["lang"]

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.tags and self.tags[-1] == "pre" and not self.prompt:
            self.prompt = data


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_transcript_holds_any_prompt_as_text(language: str) -> None:
    section = Section("A <i>", "A picture of *stars* & <b>", [("0:00", "“</dd><script>” _is_ [a](b) token")])
    prompt = "\n" + NASTY
    transcript = Transcript(language, "GPT-2 <124M>", prompt, [section])

    page = Page(transcript.html())
    assert page.language == language
    assert not {"script", "b", "i"} & set(page.tags)
    assert page.prompt == "\n" + prompt.replace("\x00", "�")  # the first line end is the template's, not text
    for words in ("A <i>", section.picture, section.said[0][1], catalogue(language).gettext("What is seen")):
        assert words in page.text

    tokens = [
        child
        for token in MarkdownIt().parse(transcript.markdown())
        for child in (token, *(token.children or []))
    ]
    assert not {"html_inline", "html_block", "link_open", "em_open", "code_inline"} & {t.type for t in tokens}
    assert [t.content for t in tokens if t.type == "fence"] == [prompt.replace("\x00", "�") + "\n"]
    text = "".join(t.content for t in tokens if t.type in ("text", "text_special"))
    for words in ("A <i>", section.picture, "0:00 " + section.said[0][1]):
        assert words in text


def test_the_lecture_shifts_each_clip_to_its_place(
    tmp_path: Path, scene_told: Callable[[str, str], Told]
) -> None:
    one, other = list(SCENES)[:2]
    frames = {one: 811, other: 640}  # at 15 a second: no whole seconds
    clips = {
        name: {
            "beats": scene_told(name, "en"), "frames": count, "frame_rate": 15.0,
            "model": "storyteller 8M", "model_note": "GPT-2 could not be reached", "prompt": NASTY,
        }
        for name, count in frames.items()
    }  # fmt: skip
    for language in ("en", "ja"):
        film = kinds.Subject(tmp_path, "lecture", language, {}, clips)
        for kind in (each for each in kinds.OF_THE_LECTURE if "{language}" in each.into):
            write = getattr(texts, kind.by.partition(":")[2])
            write(tmp_path / kind.into.format(name=film.name, language=language), **kind.given(film))
    for language in ("en", "ja"):
        lecture = read_vtt((tmp_path / f"lecture.{language}.vtt").read_text(encoding="utf-8"))
        first, second = (read_vtt(webvtt(cues(scene_told(name, "en"), language))) for name in frames)
        shifted = [(start + 811 / 15, end + 811 / 15, lines) for start, end, lines in second]
        for (start, end, lines), own in zip(lecture, [*first, *shifted], strict=True):
            assert abs(start - own[0]) < 0.0011
            assert abs(end - own[1]) < 0.0011
            assert lines == own[2]
        assert read_srt((tmp_path / f"lecture.{language}.srt").read_text(encoding="utf-8")) == lecture
        title = catalogue(language).gettext
        chapters = read_vtt((tmp_path / f"chapters.{language}.vtt").read_text(encoding="utf-8"))
        assert chapters == [
            (0.0, 54.067, [title(SCENES[one].title)]),
            (54.067, 96.733, [title(SCENES[other].title)]),
        ]
        described = (tmp_path / f"youtube.{language}.txt").read_text(encoding="utf-8")
        assert described.splitlines() == [
            f"0:00 {title(SCENES[one].title)}",
            f"0:54 {title(SCENES[other].title)}",
        ]
        page = Page((tmp_path / f"transcript.{language}.html").read_text(encoding="utf-8"))
        for name in clips:
            assert title(SCENES[name].picture) in page.text
            for beat in scene_told(name, "en"):
                assert beat["narration"][language] in page.text
        assert title("GPT-2 could not be reached") in page.text


def test_every_scene_says_what_is_seen_in_both_languages() -> None:
    for entry in SCENES.values():
        assert entry.picture.endswith(".")
        assert catalogue("ja").gettext(entry.picture).endswith("。")
    for words in ("Transcript", "Model", "What the model reads", "What is seen", "What is said"):
        assert catalogue("ja").gettext(words) != words


def test_beats_that_differ_between_languages_are_refused(storyteller_trace: Path) -> None:
    beats = rehearse(load("mask"), Settings(storyteller_trace)).beats
    assert told(beats, {"en": beats, "ja": beats})[0]["name"] == beats[0].name
    with pytest.raises(ValueError, match="in language ja"):
        told(beats, {"en": beats, "ja": beats[1:]})


def test_a_word_changed_in_one_language_makes_the_clips_that_say_it_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digests(trace: str = "t") -> list[str]:
        catalogue.cache_clear()
        return [
            digest.clip_digest("mask", Settings(Path(trace)), "0", "l", {"modules": [], "messages": each})
            for each in ([SCENES["mask"].title], [SCENES["heads"].title, "Captions"], [])
        ]

    shutil.copytree(LOCALE, tmp_path / "locale")
    monkeypatch.setattr(scenes.language, "LOCALE", tmp_path / "locale")
    before = digests()
    assert digests("u") == before
    po = tmp_path / "locale" / "ja" / "LC_MESSAGES" / "scenes.po"
    title = catalogue("ja").gettext(SCENES["mask"].title)
    po.write_text(po.read_text(encoding="utf-8").replace(f'"{title}"', '"別"'), encoding="utf-8")
    assert [a == b for a, b in zip(before, digests(), strict=True)] == [False, True, True]
    monkeypatch.undo()
    catalogue.cache_clear()

"""What a scene shows and says, beat by beat, and where each number of it comes from.

A number on screen is a run of digits in what is written there, at the end of any animation of a beat, or in
what is said in the beat. A number that counts or moves is listed as it stands when it has arrived.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from manim import config, tempconfig

from scenes.audit.instruments import instrumented, quoted
from scenes.audit.origins import Unfounded, Writer
from scenes.audit.records import MARK, RECORDS, unmarked
from scenes.audit.values import Number, Traced, Whole, bare
from scenes.audit.wording import spans
from scenes.lecture_scene import LectureScene
from scenes.mobjects.attention_grid import AttentionGrid
from scenes.mobjects.lettering import Formula, Lettering
from scenes.mobjects.number_matrix import NumberMatrix
from scenes.render.quality import ASPECTS, QUALITIES, pixels
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings

DIGITS = re.compile(r"(?:\d[\d,]*(?:\.\d+)?)(?:e[+−-]?\d+)?")
MARKUP = re.compile(r'#tone\("#[0-9A-Fa-f]{6}",|#h\([^)]*\)|#v\([^)]*\)')  # of Typst, not seen
NAMES = ("model_name", "model_note", "quantization")  # facts that are words
DRAWN, SAID = "drawn", "said"


@dataclass(frozen=True)
class Shown:
    """A number on screen.

    Attributes:
        scene, beat: where it is.
        where: `drawn` or `said`.
        text: its digits, as they are shown.
        value: the number before it was rounded.
        origin: the tensor and the place in it, or the formula; "" where there is none.
        tensors: those that it comes from.
        fault: why it has no origin; "" where it has one.
        around: the words that it stands in.
    """

    scene: str
    beat: str
    where: str
    text: str
    value: str
    origin: str
    tensors: tuple[str, ...]
    fault: str
    around: str


def audited(name: str, scene_class: type[LectureScene], settings: Settings) -> list[Shown]:
    """Play a scene without drawing it, and list every number that it shows."""
    seen: dict[tuple[str, str, str], bool] = {}  # what was written → whether it stood there at a beat's end

    class Audited(scene_class):  # type: ignore[valid-type, misc]
        now = ""

        @contextmanager
        def beat(self, beat: str, *arguments: Any, **more: Any) -> Iterator[None]:
            type(self).now = beat
            with super().beat(beat, *arguments, **more):
                yield
            self.look(at_end=True)
            seen[beat, SAID, self.beats[-1].narration] = True

        def play(self, *arguments: Any, **more: Any) -> None:
            super().play(*arguments, **more)
            if self.now:
                self.look()

        def setup(self) -> None:
            facts = self.trace.facts
            names = {name: quoted(getattr(facts, name)) for name in NAMES}
            self.trace.facts = replace(facts, **names)
            super().setup()

        def look(self, at_end: bool = False) -> None:
            for words in written(self.mobjects):
                seen.setdefault((self.now, DRAWN, words), False)
                seen[self.now, DRAWN, words] |= at_end

    Audited.__name__, Audited.__module__ = scene_class.__name__, scene_class.__module__
    width, height = pixels(QUALITIES["h"], settings.aspect)
    with instrumented(), tempconfig({"pixel_width": width, "pixel_height": height}):
        config.frame_width, config.frame_height = ASPECTS[settings.aspect]
        rehearse(Audited, settings)
        listed = [
            each
            for (beat, where, words), at_end in seen.items()
            for each in numbers(name, beat, where, words)
            if at_end or not (each.fault and set(each.text) <= set("0.,"))
        ]
        return list(dict.fromkeys(listed))


def written(mobjects: list[Any]) -> Iterator[str]:
    """All that is written and can be seen."""
    for mobject in (each for top in mobjects for each in top.get_family()):
        if isinstance(mobject, Lettering):
            if len(mobject.points) and visible(mobject):
                yield mobject.string
        elif isinstance(mobject, Formula):
            if any(visible(part) for part in mobject.get_family()[1:]):
                yield MARKUP.sub("", getattr(mobject, "source", ""))
        elif isinstance(mobject, AttentionGrid):
            yield from (look.words for look in mobject.looks.values() if look.words and look.ink > 0 and look.seen > 0)
        elif isinstance(mobject, NumberMatrix):
            yield from (f"{value:+.{mobject.digits}f}" for row in mobject.values for value in row)


def visible(mobject: Any) -> bool:
    """Whether something of a mobject would be drawn."""
    return bool(max(mobject.get_fill_opacity(), mobject.get_stroke_opacity()) > 0.01)


def numbers(scene: str, beat: str, where: str, words: str) -> Iterator[Shown]:
    """The numbers in a text, each with what was recorded when it was formatted."""
    plain = unmarked(words)
    if not any(character.isdigit() for character in plain):
        return
    named = spans(plain)
    at = 0
    marks: dict[int, str] = {}
    for part in re.split(f"({MARK.pattern})", words):
        if MARK.fullmatch(part):
            marks[at] = part
        else:
            at += len(part)
    for match in DIGITS.finditer(plain):
        start, text = match.start(), match.group().rstrip(",")
        before = [m for m in (start, start - 1) if m in marks and not plain[m:start].strip("+−-")]
        if not before:
            if any(begin <= start and match.end() <= end for begin, end, _ in named):
                continue
            yield Shown(scene, beat, where, text, "", "", (), "no origin", plain)
            continue
        record = RECORDS[marks[before[0]]]
        fault, origin, writer = "", "", Writer()
        if not _same(text, record.text):
            fault = f"formatted as {record.text}, shown as {text}"
        else:
            try:
                origin = writer.write(record.origin)
            except Unfounded as error:
                fault = str(error)
        yield Shown(scene, beat, where, text, repr(record.value), origin, tuple(writer.tensors), fault, plain)


def _same(shown: str, formatted: str) -> bool:
    found = DIGITS.search(formatted)
    try:
        return found is not None and Decimal(shown.replace(",", "").replace("−", "-")) == Decimal(
            found.group().rstrip(",").replace(",", "").replace("−", "-")
        )
    except InvalidOperation:
        return False

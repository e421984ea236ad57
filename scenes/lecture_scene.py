"""The base class of every scene: the trace, the layout, the credit and named beats. Nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from manim import (
    Animation,
    FadeOut,
    Group,
    Mobject,
    Scene,
    UpdateFromAlphaFunc,
    VGroup,
    config,
    linear,
    smooth,
)

from model_probe.trace import Facts, Trace
from scenes import N_, SCENES
from scenes.declared import chosen
from scenes.language import CAPTION_WIDTH, _, caption_lines, reading_time, speak
from scenes.layout import BELOW_SHELF, CAPTION_LEADING, CAPTION_SIZE, HEADER_LINE, Box, Layout
from scenes.mobjects import palette
from scenes.mobjects.drift import Drift, StageImage
from scenes.mobjects.lettering import Lettering, drawable, text
from scenes.mobjects.marks import visible
from scenes.mobjects.numerals import count
from scenes.mobjects.raster import StudioCamera
from scenes.mobjects.stack_mark import HEIGHT, StackMark
from scenes.mobjects.token_row import TokenRow, shelved_row, token_quote
from scenes.reads import check, parse
from scenes.settings import Settings
from scenes.voice.engines import BREATH, speech

HEADER_SIZE = 0.2
BACK = 1.0  # seconds, at least, for the camera's way back at the end of a scene
SHORTEST_DRIFT = 0.15  # seconds; within less no movement could be seen
MARK_GAP = 0.5  # frame units between the header's words and the mark of the whole model
MARK_SECONDS, MARK_SHARE = 3.0, 0.46  # how long that is there, and the most of the first beat that it takes

# What the probe may say of the model's choice; named here so that the catalogues have it.
MODEL_NOTES = (N_("GPT-2 could not be reached"), N_("the download of GPT-2 broke off"))


@dataclass(frozen=True)
class Beat:
    """A named section of a scene; `start` and `end` in seconds from the scene's start.

    `speech` is a WAV file of its narration, where it is spoken; `play` is the first of its plays, as Manim
    counts them.
    """

    name: str
    narration: str
    start: float
    end: float
    speech: Path | None = None
    play: int = 0


class LectureScene(Scene):
    """A scene of the lecture.

    A scene file reads data, picture, story, in that order; `construct` alone plays animations.

    Attributes:
        reads: the tensors that the scene reads, written out; see `scenes.reads`.
        poster: the beat whose last picture stands for the scene; the last beat by default.
        settings: what was asked for; see `Settings`.
        trace: the file that every number on screen comes from.
        layout: the frame's bands.
        beats: the beats played so far.
        least: seconds that a beat of that name is to last, whatever its narration takes.
    """

    reads: ClassVar[tuple[str, ...]] = ()
    poster: ClassVar[str] = ""

    def __init__(self, settings: Settings | None = None, **kwargs: Any) -> None:
        kwargs["camera_class"] = StudioCamera
        # Manim's cache knows a big array by its corners only: it could show an earlier prompt's numbers.
        config.disable_caching = True
        super().__init__(**kwargs)
        self.settings = settings or Settings.from_environment()
        self.trace = Trace.open(self.settings.trace)
        self.trace.facts = drawable_names(self.trace.facts)
        settings = self.settings
        settings.check(self.trace.facts)
        check(type(self).__name__, parse(self.reads), self.trace, settings.layer, settings.head)
        self.layout = Layout.of_frame()
        self.beats: list[Beat] = []
        self.least: dict[str, float] = {}
        self._caption = VGroup()
        self._credit: Lettering | None = None
        self._title: Lettering | None = None
        self._entry = next(
            (entry for entry in SCENES.values() if entry.class_name == type(self).__name__), None
        )
        self._shown_of: tuple[int | None, int | None] = (None, None)
        self._mark: StackMark | None = None
        self._mark_until = 0.0

    def setup(self) -> None:
        """Set the language and put the title and the credit into the header."""
        self.camera.background_color = palette.GROUND
        if self.settings.clear:  # colours are multiplied by alpha, and the ground's is 0
            self.camera.background_color = "#000000"
            self.camera.background_opacity = 0.0
        speak(self.settings.language)
        header = self.layout.header
        if self._entry is not None:
            self._title = title = text(_(self._entry.title), HEADER_SIZE, palette.FAINT)
            title.move_to([header.left + title.width / 2, header.top - HEADER_SIZE / 2, 0])
            self.add(title)
            self.camera.still.append(title)
        self.camera.focus = self.layout.stage.center[:2]
        self.credit()

    def credit(self, layer: int | None = None, head: int | None = None) -> None:
        """Name the model in the corner, why it ran, and the layer and head that are shown."""
        facts = self.trace.facts
        parts = [facts.credit]
        if facts.model_note:
            parts[0] += f" ({_(facts.model_note)})"
        if layer is not None:
            parts.append(_("layer {layer}").format(layer=chosen(layer, "the layer that is shown")))
        if head is not None:
            parts.append(_("head {head}").format(head=head))
        words = text(" · ".join(parts), HEADER_SIZE, palette.FAINT)
        header = self.layout.header
        if words.width > header.width:
            words.scale_to_fit_width(header.width)
        if self.layout.wide:
            words.move_to([header.right - words.width / 2, header.top - HEADER_SIZE / 2, 0])
        else:
            words.move_to([header.left + words.width / 2, header.top - HEADER_SIZE / 2 - HEADER_LINE, 0])
        if self._credit is not None:
            self._take_away(self._credit)
        self._credit = words
        self._add_behind(words)
        self._shown_of = (layer, head)
        if self._mark is not None:
            self._place_mark()

    def shelved(self) -> tuple[TokenRow, Box]:
        """The prompt's tokens at their standard place, the stage's upper edge, and what is left of the stage.

        The row is not shown yet.
        """
        row = shelved_row(self.trace.tokens, self.layout.shelf)
        stage = self.layout.stage
        return row, Box(stage.left, stage.right, stage.bottom, self.layout.shelf.bottom - BELOW_SHELF)

    def change(
        self, setter: Callable[[Any], Any], start: npt.ArrayLike, goal: npt.ArrayLike, *moving: Mobject
    ) -> Animation:
        """An animation that calls `setter` each frame with a value on the way from `start` to `goal`.

        Args:
            setter: takes a number or an array. The method of a mobject draws that mobject anew.
            start: the value before.
            goal: the value afterwards, of the same shape.
            moving: what else the setter changes, or all of it where it is no mobject's method.

        Raises:
            ValueError: nothing is said to move, so that no frame would show the change.
        """
        owner = getattr(setter, "__self__", None)
        drawn = [owner, *moving] if isinstance(owner, Mobject) else [*moving]
        if not drawn:
            raise ValueError("say what the setter changes: it is not the method of a mobject")
        before, after = np.asarray(start, dtype=np.float64), np.asarray(goal, dtype=np.float64)

        def step(_moving: Mobject, amount: float) -> None:
            value = before + (after - before) * amount
            setter(value if value.ndim else float(value))

        return UpdateFromAlphaFunc(drawn[0] if len(drawn) == 1 else Group(*drawn), step, rate_func=smooth)

    def gone(self) -> list[Animation]:
        """All that is on the stage fades; header and caption stay."""
        still = set(map(id, self.camera.still))
        return [FadeOut(each) for each in self.mobjects if id(each) not in still]

    @contextmanager
    def beat(
        self,
        name: str,
        message: str,
        drift: Callable[[float], Animation] | None = None,
        last: bool = False,
        **values: bytes | int | str,
    ) -> Iterator[None]:
        """A named section: `message`, translated and with its values, is its narration and its caption.

        In the message `{token}` stands for the value of that name: bytes are a token, which is quoted; an
        integer is written with its thousands apart; words go in as they are, and so does a number whose
        digits were chosen (`percent`, `signed`, …). What was translated before comes through unchanged.
        Without a message nothing is said.

        It lasts at least as long as reading that, as saying it and a breath where there is a voice, and as
        `least` says. While that time is filled the stage drifts, or plays what `drift` gives for so many
        seconds: a scene whose hero can turn by itself has it turn. The `last` beat ends where the camera
        began, so that the next scene goes on from this picture.
        """
        narration = _(message) if message else ""
        if values:
            narration = narration.format(**{name: _worded(value) for name, value in values.items()})
        start, play = self.renderer.time, self.renderer.num_plays
        language, voice = self.settings.language, self.settings.voice
        # Manim's folder for media is the run's own, and goes with it.
        said = (
            speech(narration, language, voice, Path(config.media_dir) / "voice")
            if voice and message
            else None
        )
        saying = said.seconds + BREATH if said else 0.0
        lasts = max(reading_time(narration, language), saying, self.least.get(name, 0.0))
        self._show_caption(narration)
        if not self.beats:
            self._mark_until = start + min(MARK_SECONDS, MARK_SHARE * lasts)
            self._place_mark()
        yield
        missing = start + lasts - self.renderer.time
        if last and self.camera.zoom != 1:
            missing = max(missing, BACK)
        back = (
            BACK if last and self.camera.zoom != 1 else 0.0
        )  # a hero that turns leaves time for the way back
        if drift is not None and missing - back > 1 / config.frame_rate:
            self.play(drift(whole_frames(missing - back)))
            missing = back
        if missing > 1 / config.frame_rate:
            self._hold(whole_frames(missing), goal=1.0 if last else None)
        self._take_mark_away()
        spoken = said.file if said else None
        self.beats.append(Beat(name, narration, start, self.renderer.time, spoken, play))

    def wait(self, duration: float = 1.0, *args: Any, **kwargs: Any) -> None:
        """Hold the picture, drifting; header and caption stand still.

        What moves by itself (an updater) or waits for something (a stop condition) waits as Manim has it.
        """
        updated = any(mobject.updaters for mobject in self.get_mobject_family_members())
        if duration < SHORTEST_DRIFT or updated or args or kwargs:
            super().wait(duration, *args, **kwargs)
        else:
            self._hold(duration)

    def _hold(self, duration: float, goal: float | None = None) -> None:
        """Drift, to the `goal` where there is one."""
        shown = list(self.mobjects)
        still = {id(mobject) for mobject in self.camera.still}
        stage = [mobject for mobject in shown if id(mobject) not in still]
        image = StageImage(stage if self._draws() else [], self.camera)
        self.remove(*stage)
        self.add(image)
        self.play(Drift(self.camera, image, whole_frames(duration), goal))
        self.mobjects[:] = shown
        image.forget()

    def compile_animations(self, *args: Any, **kwargs: Any) -> list[Animation]:
        """What is played, and beside it the mark of the whole model, which comes and goes by itself."""
        animations: list[Animation] = super().compile_animations(*args, **kwargs)
        begun, lasts = self.renderer.time, self.get_run_time(animations)
        if self._mark is not None and begun < self._mark_until:
            show = partial(self._show_mark, begun, lasts)
            animations.append(UpdateFromAlphaFunc(self._mark, show, run_time=lasts, rate_func=linear))
        return animations

    def _show_mark(self, begun: float, lasts: float, mark: StackMark, amount: float) -> None:
        mark.at(begun + amount * lasts, self._mark_until)

    def _place_mark(self) -> None:
        """Put the mark of the whole model into the header, where title and credit leave room for it."""
        self._take_mark_away()
        if self._entry is None or self._title is None or self._credit is None:
            return
        header, middle = self.layout.header, self._title.get_center()[1]
        end = self._credit.get_left()[0] - MARK_GAP if self.layout.wide else header.right
        start = self._title.get_right()[0] + MARK_GAP
        box = Box(start, max(start, end), middle - HEIGHT / 2, middle + HEIGHT / 2)
        if StackMark.fits(box):
            self._mark = StackMark(self._entry.place, self.trace.facts.n_layer, self._shown_of[0], box)
            self.add(self._mark)
            self.camera.still.append(self._mark)

    def _take_mark_away(self) -> None:
        if self._mark is not None:
            self._take_away(self._mark)
            self._mark = None

    def _draws(self) -> bool:
        """Whether what is played next is drawn; Manim settles that only when it is played."""
        play, first, last = (
            self.renderer.num_plays,
            config.from_animation_number,
            config.upto_animation_number,
        )
        only = getattr(self.renderer, "only", None)  # where some plays alone are looked at
        within = first <= play and (last < 0 or play <= last) and (only is None or play in only)
        return within and not self.renderer._original_skipping_status

    def _show_caption(self, narration: str) -> None:
        self._take_away(self._caption)
        if not self.settings.captions or not narration:
            return
        longest = min(CAPTION_WIDTH, self.layout.caption.width / CAPTION_SIZE)
        rows = caption_lines(narration, self.settings.language, longest)
        self._caption = VGroup(*(text(row, CAPTION_SIZE, palette.CAPTION) for row in rows))
        band = self.layout.caption
        first = band.center[1] + (len(rows) - 1) / 2 * CAPTION_LEADING * CAPTION_SIZE
        for index, row in enumerate(self._caption):
            if row.width > band.width:
                row.scale_to_fit_width(band.width)
            row.move_to([0, first - index * CAPTION_LEADING * CAPTION_SIZE, 0])
        self._add_behind(self._caption)

    def _add_behind(self, mobject: Mobject) -> None:
        """Add below everything else: Manim redraws all that lies above the first thing that moves."""
        self.mobjects.insert(0, mobject)
        self.camera.still.append(mobject)

    def _take_away(self, mobject: Mobject) -> None:
        self.remove(mobject)
        self.camera.still = [other for other in self.camera.still if other is not mobject]


def drawable_names(facts: Facts) -> Facts:
    """The facts with names that can be drawn: whoever made the model may have put anything into its own."""
    return replace(
        facts,
        model_name=visible(facts.model_name, drawable),
        model_note=visible(facts.model_note, drawable),
        quantization=visible(facts.quantization, drawable),
    )


def _worded(value: bytes | int | str) -> str:
    if isinstance(value, bytes):
        return token_quote(value)
    if isinstance(value, str):
        return value
    if isinstance(value, (int, np.integer)):
        return count(int(value))
    raise TypeError(f"{value!r} in a narration: say with which digits (percent, signed, plain)")


def whole_frames(seconds: float) -> float:
    """So many seconds and up to a frame more, as Manim plays them in whole frames."""
    # It draws a frame at 0, at one frame's length, …: a little less than n of them keeps the number at n.
    return float((math.ceil(seconds * config.frame_rate - 1e-6) - 0.01) / config.frame_rate)

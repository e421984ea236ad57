"""Scenes of a second or two, for tests of the pipeline: the pictures are beside the point."""

import os
import signal
import subprocess
import time

from manim import FadeIn, Rectangle

from scenes import N_
from scenes.language import _
from scenes.lecture_scene import LectureScene
from scenes.mobjects.lettering import text


class Small(LectureScene):
    def construct(self) -> None:
        with self.beat("only", "A"):
            for _ in range(4):
                self.play(FadeIn(text("small")), run_time=0.5)


class Broken(LectureScene):
    def construct(self) -> None:
        raise RuntimeError("the scene is broken\nin two lines")


class Reader(LectureScene):
    """Reads what a trace may lack."""

    reads = ("attn_out_LTD",)

    def construct(self) -> None:
        with self.beat("only", "A"):
            self.play(FadeIn(text(f"{self.trace.attn_out_LTD[0, 0, 0]:.1f}")), run_time=0.5)


class Noisy(LectureScene):
    def construct(self) -> None:
        print("7")
        subprocess.run(["echo", "{"], check=True)
        with self.beat("only", "A"):
            self.play(FadeIn(text("noisy")), run_time=0.5)


class Blue(LectureScene):
    """All of the stage in one colour, the one that Manim calls BLUE."""

    def construct(self) -> None:
        self.add(Rectangle(width=13, height=5, fill_color="#58C4DD", fill_opacity=1, stroke_width=0))
        with self.beat("only", "A"):
            self.wait(0.2)


STEPS = ("#FF0000", "#00FF00", "#0000FF")
HOSTILE = "</script><b>&amp;"


class Steps(LectureScene):
    """Three beats, the stage in a colour of its own in each; before the last, a moment that no beat tells."""

    def construct(self) -> None:
        for colour, words in zip(STEPS, (N_("Captions"), HOSTILE, "C"), strict=True):
            if colour == STEPS[-1]:
                self.wait(0.2)
            with self.beat(colour[1:], _(words)):
                self.add(Rectangle(width=13, height=5, fill_color=colour, fill_opacity=1, stroke_width=0))
                self.wait(0.2)


class Killed(LectureScene):
    def construct(self) -> None:
        if not self.renderer.skip_animations:  # the rehearsal is over: this is the render
            os.kill(os.getpid(), signal.SIGKILL)
        with self.beat("only", "A"):
            self.wait(1)


class Endless(LectureScene):
    def construct(self) -> None:
        with self.beat("long", "A"):
            self.play(FadeIn(text("long")), run_time=1)
        if not self.renderer.skip_animations:
            time.sleep(600)


class Spoken(LectureScene):
    """Each beat in a colour of its own, from its first frame on."""

    def construct(self) -> None:
        beats = (
            ("played", "#FF0000", "Played longer than said.", 4.0),
            ("said", "#00FF00", "It takes longer to say this than to read it, by far.", 0.2),
            ("read", "#0000FF", "0.5", 0.2),
            ("nothing", "#FFFF00", "…", 0.2),
            ("last", "#00FFFF", "The last <b>words</b>.", 0.2),
        )
        for name, colour, narration, seconds in beats:
            with self.beat(name, narration):
                self.add(Rectangle(width=13, height=5, fill_color=colour, fill_opacity=1, stroke_width=0))
                self.wait(seconds)

"""placeholder"""
from manim import FadeIn, FadeOut, Circle
from scenes.language import _
from scenes.lecture_scene import LectureScene
from scenes.mobjects.token_row import TokenRow

class AttentionHeads(LectureScene):
    heading = "Every head at once"
    def construct(self) -> None:
        row = TokenRow(self.trace.tokens, self.layout.stage.width)
        with self.beat("a", _("Every small square is one head's whole pattern.")):
            self.play(FadeIn(row))
        with self.beat("b", _("Then it goes.")):
            self.play(FadeOut(row))

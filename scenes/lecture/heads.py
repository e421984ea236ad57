"""Every head of every layer at once, then the few that do something nameable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from manim import DOWN, LEFT, RIGHT, UP, FadeIn, FadeOut, Group, UpdateFromAlphaFunc, VGroup, smooth

from scenes.chosen_head import chosen_head
from scenes.language import _
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.head_wall import HeadWall
from scenes.mobjects.heatmap import Heatmap, largest_in_cells
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count, percent
from scenes.mobjects.token_row import token_words

MOST_LABELS = 16  # a longer prompt's pattern is drawn without its tokens
FINEST = 96  # cells along a side of the large picture
PICTURE = 3.9
DIMMED = 0.12
SINK = 0.5  # a head that gives the first token more than this is counted


@dataclass(frozen=True)
class Kind:
    """Something nameable that a head may do, and how much of it was measured."""

    name: str
    tensor: str
    title: str
    narration: str


class AttentionHeads(LectureScene):
    """The wall of all patterns; for each measured kind the head that scores highest.

    Data: `pattern_LHTS`; `head_previous_LH`, `head_first_LH`, `head_self_LH`, `head_induction_LH`: the share
    of a head's weight that goes to the token before, to the first token, to the token itself, and, on random
    tokens played twice, to the token that followed last time. A kind that the trace lacks is left out.
    The head shown first is the one that `query_key` and `mask` show.
    """

    reads = (
        "prompt_bytes_B",
        "prompt_offsets_T1",
        "pattern_LHTS",
        "pattern_last_LHS",
        "scores_last_LHS if any",
        "head_previous_LH if any",
        "head_first_LH if any",
        "head_self_LH if any",
        "head_induction_LH if any",
        "induction_ids_R if any",
    )
    poster = "wall"

    def construct(self) -> None:
        """One pattern, the wall, then each kind's best head."""
        # data
        trace, facts = self.trace, self.trace.facts
        layer, head = chosen_head(self)
        kinds = [kind for kind in self._kinds() if trace.has(kind.tensor)]

        # picture
        stage = self.layout.stage
        left, right = self.layout.split(stage, 6.6, 6.2, gap=0.5)
        self.wall = HeadWall(
            lambda index: np.asarray(trace.pattern_LHTS[index]),
            facts.n_layer,
            facts.n_head,
            left.width - 0.6,
            5.35 if self.layout.wide else left.height - 0.5,
        )
        self.wall.move_to([stage.center[0], stage.center[1] - 0.15, 0])
        numbers = self._numbers()
        self.shown: dict[str, tuple[int, int, float]] = {}

        # story
        self.picture = self._pattern(layer, head)
        self.picture.scale(min(1.3, stage.height / self.picture.height)).move_to(stage.center)
        with self.beat("pattern", self._pattern_narration()):
            self.credit(layer, head)
            self.play(FadeIn(self.picture, shift=0.25 * UP), run_time=1.0)

        with self.beat(
            "wall",
            _(
                "Every small picture is one head's whole pattern. {layers} layers of {heads} heads: "
                "{total} patterns for one prompt, all of them computed."
            ).format(layers=facts.n_layer, heads=facts.n_head, total=count(facts.n_layer * facts.n_head)),
        ):
            self.credit()
            centre, size = self.wall.place_of(layer, head)
            heat, *labels = self.picture
            self.play(FadeOut(Group(*labels)), run_time=0.4)
            self.wall.light(np.zeros_like(self.wall.brightness_LH))
            self.play(heat.animate.scale(size / heat.width).move_to(centre), run_time=1.2)
            self.add(self.wall, heat)
            self.play(self._sweep(layer, head), FadeIn(numbers), run_time=2.5)
            self.remove(heat)

        aside = np.subtract(left.center, stage.center) + np.array([0.2, 0, 0])
        for kind in kinds:
            scores_LH = np.asarray(getattr(trace, kind.tensor))
            best = np.unravel_index(int(scores_LH.argmax()), scores_LH.shape)
            layer, head, score = int(best[0]), int(best[1]), float(scores_LH.max())
            self.shown[kind.name] = (layer, head, score)
            with self.beat(kind.name, kind.narration):
                self.credit(layer, head)
                if kind is kinds[0]:
                    self.play(Group(self.wall, numbers).animate.shift(aside), run_time=0.8)
                self.play(self._relight(DIMMED + (1 - DIMMED) * scores_LH / max(score, 1e-9)), run_time=1.0)
                centre, size = self.wall.place_of(layer, head)
                picture = self._pattern(layer, head)
                heat, *labels = picture
                title = VGroup(
                    text(kind.title, 0.36, palette.INK),
                    text(
                        _("layer {layer} · head {head}: {score} of its weight").format(
                            layer=layer, head=head, score=percent(score)
                        ),
                        0.3,
                        palette.QUERY,
                    ),
                ).arrange(DOWN, buff=0.12)
                title.scale(min(1.0, right.width / title.width))
                title.move_to([right.center[0], right.top - title.height / 2, 0])
                room = title.get_bottom()[1] - 0.2 - right.bottom
                picture.scale(min(1.0, room / picture.height))
                picture.move_to([right.center[0] - 0.2, right.bottom + room / 2, 0])
                resting, whole = heat.get_center(), heat.width
                heat.move_to(centre).scale(size / whole)
                self.add(heat)
                self.play(heat.animate.scale(whole / size).move_to(resting), run_time=1.0)
                self.play(FadeIn(Group(*labels)), FadeIn(title, shift=0.25 * UP), run_time=0.6)
            self.play(FadeOut(picture), FadeOut(title), run_time=0.4)

        with self.beat("all", self._closing()):
            self.credit()
            self.play(
                self._relight(np.ones_like(self.wall.brightness_LH)),
                run_time=1.0,
            )
            self.play(Group(self.wall, numbers).animate.shift(-aside if kinds else 0 * aside), run_time=1.0)

    # The rest builds what the story plays.

    def _kinds(self) -> list[Kind]:
        repeats = len(self.trace.induction_ids_R) if self.trace.has("induction_ids_R") else 0
        return [
            Kind(
                "previous",
                "head_previous_LH",
                _("the token before"),
                _(
                    "Some heads do something that has a name. "
                    "More than any other, this one looks one step to the left: at the token just before."
                ),
            ),
            Kind("first", "head_first_LH", _("the first token"), self._sink_narration()),
            Kind(
                "self",
                "head_self_LH",
                _("the token itself"),
                _("No head stays with its own token more than this one."),
            ),
            Kind(
                "induction",
                "head_induction_LH",
                _("what came next last time"),
                _(
                    "An induction head finds the same token earlier on and looks at what followed it. "
                    "Measured on {count} random tokens played twice; drawn on this prompt."
                ).format(count=repeats),
            ),
        ]

    def _sink_narration(self) -> str:
        if not self.trace.has("head_first_LH"):
            return ""
        scores_LH = np.asarray(self.trace.head_first_LH)
        return _(
            "No head rests on the first token more than this one: what a row does not need elsewhere "
            "often goes there. {sinks} of {total} heads give it more than half."
        ).format(total=count(scores_LH.size), sinks=count(int((scores_LH > SINK).sum())))

    def _pattern_narration(self) -> str:
        return _(
            "One attention head: each row is a token that looks, each column a token that is looked at; "
            "the stronger the colour, the more weight."
        )

    def _closing(self) -> str:
        return _("Nobody told a head what to do. Most have no name, and all of them work side by side.")

    def _pattern(self, layer: int, head: int) -> Group:
        """One head's pattern, large, with its tokens along two sides where they fit."""
        pattern_TS = np.asarray(self.trace.pattern_LHTS[layer, head])
        tokens = self.trace.tokens
        cells = largest_in_cells(pattern_TS, FINEST)
        heat = Heatmap(
            cells,
            PICTURE,
            PICTURE,
            scale=self.wall.value_scale,
            ramp=palette.ATTENTION_RAMP,
            seen_RC=np.tri(len(cells), dtype=bool),
        )
        labels = VGroup()
        if len(tokens) <= MOST_LABELS:
            pitch = PICTURE / len(tokens)
            size = min(0.3, 0.62 * pitch)
            for index, piece in enumerate(tokens):
                across = token_words(piece, size, palette.token_colour(index))
                offset = -PICTURE / 2 + (index + 0.5) * pitch
                row = across.copy().move_to([-PICTURE / 2 - 0.12 - across.width / 2, -offset, 0])
                column = across.rotate(np.pi / 2).move_to(
                    [offset, -PICTURE / 2 - 0.12 - across.height / 2, 0]
                )
                labels.add(row, column)
        else:
            words = _("{count} tokens").format(count=count(len(tokens)))
            labels.add(text(words, 0.24, palette.FAINT).next_to(heat, DOWN, buff=0.15))
            labels.add(text(words, 0.24, palette.FAINT).rotate(np.pi / 2).next_to(heat, LEFT, buff=0.15))
        words = _("strongest: {share}") if self.wall.value_scale > 0.995 else _("strongest: {share} or more")
        key = text(words.format(share=percent(self.wall.value_scale, 0)), 0.2, palette.FAINT)
        if len(tokens) > 4:  # the masked half is empty: room for the key
            key.move_to(heat.get_corner(UP + RIGHT) - np.array([key.width / 2, key.height / 2, 0]))
        else:
            key.next_to(heat, UP, buff=0.1)
        return Group(heat, labels, key)

    def _numbers(self) -> VGroup:
        """Layer and head numbers along the wall, as many as can be read."""
        layers, heads = self.wall.brightness_LH.shape
        marks = VGroup()
        step = max(1, int(np.ceil(0.3 / self.wall.pitch)))
        size = min(0.24, max(0.18, 0.5 * self.wall.pitch * step))
        for layer in range(0, layers, step):
            centre, side = self.wall.place_of(layer, 0)
            number = text(str(layer), size, palette.FAINT)
            marks.add(number.move_to(centre - np.array([side / 2 + 0.12 + number.width / 2, 0, 0])))
        for head in range(0, heads, step):
            centre, side = self.wall.place_of(0, head)
            marks.add(
                text(str(head), size, palette.FAINT).move_to(centre + np.array([0, side / 2 + 0.18, 0]))
            )
        return marks

    def _sweep(self, layer: int, head: int) -> UpdateFromAlphaFunc:
        """Light the wall from top to bottom; the head that came first is there already."""
        layers, heads = self.wall.brightness_LH.shape

        def sweep(wall: HeadWall, amount: float) -> None:
            lit = np.clip(amount * (layers + 2) - np.arange(layers)[:, None] - 0.05 * np.arange(heads), 0, 1)
            lit[layer, head] = 1
            wall.light(lit)

        return UpdateFromAlphaFunc(self.wall, sweep)

    def _relight(self, brightness_LH: npt.ArrayLike) -> UpdateFromAlphaFunc:
        start, goal = self.wall.brightness_LH.copy(), np.asarray(brightness_LH, dtype=np.float32)

        def change(wall: HeadWall, amount: float) -> None:
            wall.light((1 - amount) * start + amount * goal)

        return UpdateFromAlphaFunc(self.wall, change, rate_func=smooth)

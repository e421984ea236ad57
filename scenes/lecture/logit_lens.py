"""The logit lens: what the model would say if it stopped after each layer."""

from __future__ import annotations

import numpy as np
from manim import UP, Animation, FadeIn, FadeOut, Group, linear

from scenes import N_
from scenes import logit_lens_words as words
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mathematics import softmax
from scenes.mobjects import palette
from scenes.mobjects.diving_lines import DivingLines, steepest
from scenes.mobjects.eye import Eye, look
from scenes.mobjects.lead_bars import LeadBars
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count, percent
from scenes.mobjects.readout import Readout
from scenes.mobjects.token_table import Column, TokenTable
from scenes.mobjects.waterfall import NARROWEST, SIDE, Waterfall

COLUMNS, ROWS = 10, 13  # positions and depths shown at most
TABLE = 5  # tokens compared with the output
YAW, DRIFT = 24.0, 1.5  # degrees, and degrees a second


class LogitLens(LectureScene):
    """Positions across, depths down: the likeliest token everywhere; then the last winner's rank by depth.

    Data: `lens_ids_MWN`, `lens_logprobs_MWN`, `lens_rank_MW`, read by the model's own final norm and
    unembedding; `token_ids_T` for what the first row should name; `logits_last_V`, whose softmax is the
    output that the last row is compared with. Shown are the last ten positions, or as many as there is room
    for, and where there are more than thirteen depths the first, the last and those after the largest falls
    of the last position's winner. Lines are of the last 48 of W positions, counts are of all W.
    """

    reads = (
        "prompt_bytes_B",
        "prompt_offsets_T1",
        "vocab_bytes_B if any",
        "vocab_offsets_V1 if any",
        "lens_ids_MWN",
        "lens_logprobs_MWN",
        "lens_rank_MW",
        "logits_last_V",
    )
    poster = "dive"

    def construct(self) -> None:
        """The lens, the first row, the fall, the dive, who leads when, the output."""
        # data
        trace, facts = self.trace, self.trace.facts
        self.ids = ids_MW = trace.lens_ids_MWN[:][..., 0]
        self.likely = np.exp(trace.lens_logprobs_MWN[:][..., 0].astype(np.float64))
        self.ranks = trace.lens_rank_MW[:]
        positions = ids_MW.shape[1]
        named = int((ids_MW[0] == trace.token_ids_T[:][-positions:]).sum())
        winner = trace.token_name(int(ids_MW[-1, -1]))
        self.odds_V = softmax(np.asarray(trace.logits_last_V))
        top = trace.lens_ids_MWN[:][-1, -1, :TABLE]
        self.read = np.exp(trace.lens_logprobs_MWN[:][-1, -1, :TABLE].astype(np.float64))
        gap = float(np.abs(self.read - self.odds_V[top]).max())

        # picture
        stage = self.layout.stage
        self.row, below = self.shelved()
        self.fall = self._waterfall(stage)
        room, self.aside = stage.columns(9.0, 4.0) if stage.width > 12 else stage.rows(6.0, 4.0)
        ends = _("input"), _("after layer {layer}").format(layer=facts.n_layer - 1)
        self.lines = DivingLines(self.ranks, facts.n_vocab, ends, room, Eye(yaw=YAW, pitch=16))
        self._build_aside(winner)
        self.table = self._table(top.tolist(), below)

        # story
        self.add(self.row)
        with self.beat(
            "lens",
            N_("Stop the model after any layer; its own last norm and unembedding read what is there."),
        ):
            self._begin()
        with self.beat("input", words.first_row_words(named, positions, facts.tied_unembedding)):
            self.play(self.change(self.fall.show, 0, 1), run_time=1.2)
        with self.beat("fall", words.fall_words(ids_MW[:, -1])):
            rows = len(self.fall.words)
            self.play(
                self.change(self.fall.show, 1, rows).set_rate_func(linear), run_time=max(2.5, 0.45 * rows)
            )
        with self.beat("dive", words.dive_words(winner, self.ranks[:, -1], facts.n_vocab), drift=self._swing):
            self._dive()
        with self.beat("leads", words.leads_words(self.ranks), drift=self._swing):
            self._lead()
        with self.beat("output", words.output_words(winner, float(self.odds_V[top[0]]), gap), last=True):
            self._output(gap)

    # The rest builds what the story plays, and plays its parts.

    def _waterfall(self, box: Box) -> Waterfall:
        trace = self.trace
        columns = min(COLUMNS, self.ids.shape[1], int((box.width - SIDE) / NARROWEST))
        rows = steepest(self.ranks[:, -1], ROWS)
        self.depths = depths = [row for row in rows if row is not None]
        shown = self.ids[depths][:, -columns:]
        pieces = [[trace.token_name(int(token)) for token in row] for row in shown]
        places = range(trace.n_tokens - columns, trace.n_tokens)
        names = [_("layer {layer}").format(layer=depth - 1) if depth else _("input") for depth in depths]
        likely = self.likely[depths][:, -columns:]
        return Waterfall([trace.tokens[at] for at in places], places, rows, pieces, likely, names, box)

    def _build_aside(self, winner: bytes) -> None:
        """The winner's rank as a number, and below it when all winners first lead."""
        upper, lower = self.aside.rows(1, 1.3) if self.aside.height > 5 else self.aside.columns(1, 1.3)
        name = text("lens_rank_MW[:, -1]", 0.22, palette.FAINT, mono=True)
        ranks = self.ranks[:, -1]
        self.rank = Readout(
            words.rank_of(winner), lambda value: count(round(value)), ranks.tolist(), 0.8, below=True
        )
        self.number = (
            Group(self.rank, name)
            .arrange(direction=-UP, buff=0.2)
            .scale(min(1.0, upper.width / max(self.rank.width, name.width)))
        )
        self.number.move_to(upper.center)
        self.bars = LeadBars(words.first_lead(self.ranks), len(self.ranks), lower)

    def _table(self, ids: list[int], below: Box) -> TokenTable:
        """The likeliest tokens by the lens and by the output."""
        shares = [*self.read, *self.odds_V[ids], 0.999]
        columns = [
            Column(head, lambda value: percent(value, 2), shares, sums=False)
            for head in (_("lens, last depth"), _("output"))
        ]
        box = self.layout.stack(below, None, 0.9)[0]
        pieces = [self.trace.token_name(token) for token in ids]
        table = TokenTable(
            pieces, columns, min(box.width, 11.0), min(box.height, 4.0), bars=1, longest=max(shares[:-1])
        )
        table.show(0, self.read).show(1, self.odds_V[ids]).move_to(box.center)
        return table

    def _begin(self) -> None:
        """The tokens come down to stand at the heads of the columns."""
        self.wait(0.5)
        self.fall.show(0)
        self.play(FadeOut(self.row), FadeIn(self.fall.heads, shift=-0.5 * UP), run_time=1.0)
        self.play(FadeIn(self.fall.sides), run_time=0.6)
        self.add(self.fall)

    def _dive(self) -> None:
        """All lines dive at once, while the last one's rank is counted at each depth."""
        depths = len(self.ranks)

        def dive(amount: float) -> None:
            self.lines.dive(amount)
            self.rank.show(float(self.ranks[int(amount * (depths - 1) + 1e-9), -1]))

        dive(0)
        self.play(FadeOut(self.fall), FadeIn(self.lines), FadeIn(self.number), run_time=0.8)
        self.play(self.change(dive, 0, 1, self.lines, self.rank).set_rate_func(linear), run_time=4.5)

    def _swing(self, seconds: float) -> Animation:
        """While a caption is read, the eye goes on round the lines."""
        return look(self.lines, self.lines.swung(DRIFT * seconds), seconds)

    def _lead(self) -> None:
        """Where the last winner first leads, and at which depths the others do."""
        own = int(words.first_lead(self.ranks)[-1])
        self.play(self.change(self.bars.grow, 0, 1), FadeIn(self.bars.around), run_time=1.5)
        self.play(self.bars.lit(own), run_time=0.8)

    def _output(self, gap: float) -> None:
        """The lens at the last depth beside the output, number for number."""
        still = set(map(id, self.camera.still))
        self.play(*(FadeOut(each) for each in self.mobjects if id(each) not in still), run_time=0.6)
        self.play(FadeIn(self.row), FadeIn(self.table), run_time=0.8)
        words_of_gap = _("largest difference: {gap}").format(
            gap=f"{gap:.0f}" if gap == 0 else f"{gap:.0e}".replace("-", "−")
        )
        self.gap = text(words_of_gap, 0.4, palette.QUERY)
        self.gap.move_to([0, self.layout.stage.bottom + 0.4, 0])
        self.play(FadeIn(self.gap, shift=0.25 * UP), run_time=0.8)

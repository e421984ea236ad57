"""The city with what is told of it: whose it is, what its lights mean, and one of its towers by name."""

from __future__ import annotations

from manim import DOWN, VGroup

from model_probe.trace import Trace
from scenes.language import _
from scenes.layout import Box, Layout
from scenes.mlp_words import legend
from scenes.mobjects import palette
from scenes.mobjects.city import City
from scenes.mobjects.eye import Eye
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import count, percent, signed
from scenes.mobjects.token_row import TokenChip
from scenes.neurons import LIT, Neurons

CHIP, NOTE, NAME = 0.42, 0.22, 0.34  # em
LINE = 0.75  # frame units above the city, for the token and the note
FULL = 12  # layers whose districts have their names in full
NEAR, REACH = 3.2, 0.62  # how much larger a tower is seen at most, and how high, by the stage's shorter side


class CityView(City):
    """A run's city in the stage, turning between two yaws.

    Attributes:
        legend: what a tower's height and light mean.
        index: the tensor's name and index, for the tower that is shown.
    """

    def __init__(self, trace: Trace, neurons: Neurons, layout: Layout, yaws: tuple[float, float]) -> None:
        self.tokens, self.neurons, self.stage = trace.tokens, neurons, layout.stage
        stage, facts = layout.stage, trace.facts
        word = _("layer {layer} · {share}") if facts.n_layer <= FULL and layout.wide else "{layer} · {share}"
        box = Box(layout.frame.left, layout.frame.right, stage.bottom, stage.top - LINE)
        self.legend = self._note(legend(facts.gated, LIT))
        at = f"neuron_post_LWF[{neurons.layer}, −1, {neurons.neuron}]".replace("−", "-")
        self.index = self._note(at, mono=True)
        super().__init__(
            neurons.post_WLF,
            neurons.lit_WLF,
            lambda layer, share: word.format(layer=layer, share=percent(share, 0)),
            box,
            yaws,
        )

    def _note(self, said: str, mono: bool = False) -> Lettering:
        stage = self.stage
        note = text(said, NOTE, palette.FAINT, mono, fit=0.62 * stage.width)
        note.move_to([stage.right - note.width / 2, stage.top - LINE / 2 + 0.08, 0])
        return note

    def chip(self, place: int) -> TokenChip:
        """Whose city it is, at that place among the last tokens."""
        at = self.neurons.position(place, len(self.tokens))
        chip = TokenChip(self.tokens[at], at, CHIP)
        chip.scale(min(1.0, 0.34 * self.stage.width / chip.width))
        middle = [self.stage.left + chip.width / 2, self.stage.top - LINE / 2 + 0.08, 0]
        chip.move_to(middle)
        return chip

    def close(self) -> Eye:
        """The eye on the tower that is shown, at the left."""
        stage, own = self.stage, (self.neurons.layer, self.neurons.neuron)
        place = (stage.left + 0.24 * stage.width, stage.center[1] - 0.2)
        return self.near(*own, NEAR, place, REACH * min(stage.height, stage.width))

    def tower(self) -> VGroup:
        """The name and value of the tower that is shown, below its foot as it is seen now."""
        own = (self.neurons.layer, self.neurons.neuron)
        name = _("neuron {neuron}").format(neuron=count(own[1]))
        lines = [text(said, NAME, palette.QUERY) for said in (name, signed(self.neurons.post, 2))]
        words = VGroup(*lines).arrange(DOWN, buff=0.1).set_stroke(palette.GROUND, 6, background=True)
        x, y, _z = self.eye.project(self.plan.feet_LF3[own])
        left = max(self.stage.left, float(x) - words.width / 2)
        low = max(self.stage.bottom + words.height / 2, float(y) - 0.15 - words.height / 2)
        return words.move_to([left + words.width / 2, low, 0])

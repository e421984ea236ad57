"""Two formulas of one form, what answers to each other in one colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from manim import DOWN, VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import formula, text

EM, NAME = 0.8, 0.36


class FormulaPair(VGroup):
    """Formulas as large as each other, each with its name below it, in the middle of its place.

    Args:
        form: Typst markup with a field in braces for each part that differs.
        parts: for each name what stands in the fields, as maths.
        colours: of the fields.
        places: of the formulas.
    """

    def __init__(
        self,
        form: str,
        parts: Mapping[str, Mapping[str, str]],
        colours: Mapping[str, str],
        places: Sequence[Box],
    ) -> None:
        super().__init__()
        narrowest = min(place.width for place in places)
        for name, fields in parts.items():
            toned = {field: f'#tone("{colours[field]}", ${maths}$)' for field, maths in fields.items()}
            words = text(name, NAME, palette.CAPTION, fit=narrowest)
            self.add(VGroup(formula(form.format(**toned), EM), words).arrange(DOWN, buff=0.5))
        self.scale(min(1.0, narrowest / self.width))
        for part, place in zip(self, places, strict=True):
            part.move_to(place.center)

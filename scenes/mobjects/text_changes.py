"""Where a tokenizer changed the text before it cut it: what was given, and what is read."""

from __future__ import annotations

from collections.abc import Sequence

from manim import DOWN, LEFT, RIGHT, UP, VGroup

from model_probe.trace import Facts
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.arrowed import Arrowed
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.prompt_text import words_of
from scenes.mobjects.token_row import token_label

MOST = 3  # places that are shown
LINE = 1.4  # from one of them to the next


class TextChanges(VGroup):
    """A line a place, from what was given to what is read, and a head over both.

    Args:
        places: (given, read) of each.
        box: in the middle of which they stand, no larger than it.

    Attributes:
        heads: what the two sides are.
        lines: one a place.
    """

    def __init__(self, places: Sequence[tuple[str, str]], box: Box) -> None:
        self.lines = VGroup()
        for number, (given, read) in enumerate(places):
            line = Arrowed(_told(given, palette.INK), _told(read, palette.QUERY), 0.4)
            self.lines.add(line.shift(LINE * number * DOWN))
        self.heads = VGroup()
        for words, side in ((_("in the prompt"), LEFT), (_("what is read"), RIGHT)):
            head = text(words, 0.36, palette.FAINT).next_to(self.lines[0].arrow, side, buff=0.4)
            self.heads.add(head.shift(1.0 * UP))
        super().__init__(self.heads, self.lines)
        self.scale(min(1.5, 0.95 * box.width / self.width, 0.95 * box.height / self.height))
        self.move_to(box.center)

    @classmethod
    def of(cls, facts: Facts, box: Box) -> TextChanges:
        """The first places of a run; with the word behind a place where nothing stood in it."""
        places = []
        for change in facts.changes[:MOST]:
            given, read = change["given"], change["read"]
            word = "" if given else next(iter(words_of(facts.prompt[change["at"] :])), "")
            places.append((given + word, read + word))
        return cls(places, box)


def _told(words: str, colour: str) -> Lettering:
    """What stands in a place, its spaces seen; a dash for nothing."""
    return text(token_label(words.encode())[0].replace(" ", "␣") if words else "—", 0.8, colour)

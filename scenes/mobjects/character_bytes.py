"""One character over its bytes, over the tokens that hold them, over those tokens' ids."""

from __future__ import annotations

from collections.abc import Sequence

from manim import DOWN, VGroup

from scenes.declared import quoted
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.tiles import tiles
from scenes.mobjects.token_row import token_words
from scenes.split_character import SplitCharacter

CHARACTER, CHIP, BYTES, ID, NAME = 1.4, 0.9, 0.56, 0.5, 0.36  # em


class CharacterBytes(VGroup):
    """Four lines, each with its name at the left; bytes and ids stand at their tokens.

    Args:
        split: the character and its tokens.
        tokens, ids: of the whole prompt.
        box: in the middle of which they stand, no larger than it.

    Attributes:
        bytes: of the character, a lettering a token.
        chips: the tokens.
        ids: their numbers.
    """

    def __init__(self, split: SplitCharacter, tokens: Sequence[bytes], ids: Sequence[int], box: Box) -> None:
        first = split.positions[0]
        whole = token_words(split.character.encode(), CHARACTER, palette.INK)
        self.chips = tiles([tokens[at] for at in split.positions], CHIP, first)
        self.chips.scale(min(1.0, box.width / self.chips.width))
        self.bytes = VGroup(
            *(
                text(quoted(share.hex(" ").upper()), BYTES, palette.CAPTION, mono=True)
                for share in split.shares
            )
        )
        self.ids = VGroup(*(text(str(ids[at]), ID, palette.token_colour(first)) for at in split.positions))
        rows = VGroup(whole, self.bytes, self.chips, self.ids).arrange(DOWN, buff=0.35)
        for row in (self.bytes, self.ids):
            for each, chip in zip(row, self.chips, strict=True):
                each.set_x(chip.get_x())
        super().__init__()
        names = [_("character"), _("its bytes in UTF-8"), _("tokens"), _("ids")]
        for name, row in zip(names, rows, strict=True):
            label = text(name, NAME, palette.FAINT)
            label.move_to([rows.get_left()[0] - 0.8 - label.width / 2, row.get_y(), 0])
            self.add(VGroup(label, row))
        self.scale(min(1.0, box.width / self.width, 0.97 * box.height / self.height))
        self.move_to(box.center)

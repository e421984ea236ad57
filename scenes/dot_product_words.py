"""What `dot_product` says, as the numbers have it."""

from __future__ import annotations

from scenes import N_
from scenes.language import _
from scenes.mobjects.numerals import count, plain, signed
from scenes.mobjects.token_row import token_quote

NONE = 0.05  # a mean cosine below which unrelated vectors stand at right angles

LINE = N_("Each word's dot product is its place on a line. Singulars lie below it, plurals above.")
QUESTION = N_("Two tokens that have nothing to do with each other: is their cosine 0?")
NO_PAIR = N_("No pair of the list is shown: none has both its words as single tokens here.")


def direction_words(singular: bytes, plural: bytes, width: int) -> str:
    """Which direction it is."""
    words = _("{plural} minus {singular}: what is left is a direction, {width} numbers long.")
    return words.format(plural=token_quote(plural), singular=token_quote(singular), width=count(width))


def score_words(right: int, of: int) -> str:
    """How many pairs lie the right way round, against what a coin would give."""
    if right == of:
        said = _("In all {of} pairs the plural lies above its own singular; a coin would give {half}.")
    elif right > 0.7 * of:
        said = _("In {right} of {of} pairs the plural lies above its singular; a coin would give {half}.")
    else:
        said = _("Only in {right} of {of} pairs does the plural lie above; a coin would give {half}.")
    return said.format(right=count(right), of=count(of), half=plain(of / 2, 0 if of % 2 == 0 else 1))


def cut_words(longer: float, before: float, after: float) -> str:
    """The longer arrow is brought to length 1: the dot product changes with it, the cosine does not."""
    if longer > 1:
        said = _("Length counts: with the longer arrow cut to 1, {before} becomes {after}. The cosine stays.")
    else:
        said = _(
            "Length counts: with the longer arrow drawn out to 1, {before} becomes {after}. The cosine stays."
        )
    return said.format(before=signed(before, 2), after=signed(after, 2))


def random_words(mean: float, pairs: int) -> str:
    """Whether unrelated tokens have a cosine of 0 in this model."""
    if abs(mean) < NONE:
        said = _(
            "Cosines of {pairs} random pairs: {mean} on average. Here the unrelated stand at right angles."
        )
    else:
        said = _(
            "Is the unrelated at 0? {pairs} random pairs of this model have a cosine of {mean} on average."
        )
    return said.format(pairs=count(pairs), mean=signed(mean, 2))


def sum_words(word: bytes, width: int) -> str:
    """The products that are added up."""
    said = _("{word} and the direction, number by number: {width} products, added up to one number.")
    return said.format(word=token_quote(word), width=count(width))

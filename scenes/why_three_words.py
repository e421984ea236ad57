"""What is said of a head whose query, key and value are not three: each sentence only where it is true."""

from __future__ import annotations

from collections.abc import Sequence

from scenes.language import _
from scenes.matching import Floats, Matching, apart
from scenes.mobjects.numerals import count, percent, plain, signed
from scenes.mobjects.token_row import token_quote

ALIKE = 0.95  # a cosine above it: nearly the same way
ROUNDING = 0.05  # no difference that one digit would show


def grid_words(n_tokens: int) -> str:
    """What the grid holds."""
    if n_tokens == 1:
        return _("One head and one token: its query meets its own key, and that is the whole grid.")
    return _("One head: every token's query meets every token's key. Nothing is masked yet.")


def turn_words(n_tokens: int) -> str:
    """What stands on its corner."""
    if n_tokens == 1:
        return _("Stood on its corner, it has a body and no wings: there is no other token to ask.")
    return _(
        "Stand it on its corner: on the left wing a token asks earlier ones, on the right wing later ones. "
        "Along the body each meets itself."
    )


def fold_words(one: Floats, own: int, choosing: int) -> str:
    """Whether what is its own mirror image is so to the digit."""
    gap = apart(one)
    if len(one) == 1:
        return _(
            "Nothing to fold: a token's match with itself is its key's squared length, never below zero."
        )
    if gap == 0:
        return _(
            "Fold it: the wings are one and the same, to the last digit. "
            "With one vector for both jobs, to look is to be looked at; "
            "{own} of {all} match themselves best."
        ).format(own=own, all=choosing)
    return _("Fold it: the wings are the same, but for rounding: {gap}.").format(gap=f"{gap:.0e}")


def differ_words(both: Floats, one: Floats) -> str:
    """How the wings differ where there are two vectors; `one`: the grid with the key in both places."""
    if len(both) == 1:
        return _("With a query of its own that number is {both}, not {one}: it may take either sign.").format(
            both=signed(float(both[0, 0])), one=signed(float(one[0, 0]))
        )
    gap = apart(both)
    if gap < ROUNDING:
        return _("With a query of its own the wings could differ; in this head they hardly do.")
    return _(
        "With a query of its own, a token seeks one thing and offers another. "
        "Now cells that meet differ, by up to {gap}."
    ).format(gap=plain(gap))


def pair_words(tokens: Sequence[bytes], vectors: Matching) -> str:
    """The pair that differs most."""
    later, earlier = vectors.pair
    words = {
        "later": token_quote(tokens[later]),
        "earlier": token_quote(tokens[earlier]),
        "there": signed(float(vectors.both[later, earlier])),
        "back": signed(float(vectors.both[earlier, later])),
    }
    if words["later"] == words["earlier"]:
        return _(
            "The later “{later}” asks the earlier one: {there}. The other way round: {back}. "
            "The mask then takes the right wing away."
        ).format(**words)
    return _(
        "“{later}” asks “{earlier}”: {there}. “{earlier}” asks “{later}”: {back}. "
        "The mask then takes the right wing away."
    ).format(**words)


def value_words(n_tokens: int) -> str:
    """The other pair that could be one."""
    if n_tokens == 1:
        return _("And a value of its own? Alone, a token gives itself everything, whatever is matched.")
    return _(
        "And a value of its own? Let the value be matched as well as handed over: softmax(q·v) v. "
        "This head was not trained for that: the weights fall elsewhere."
    )


def result_words(token: bytes, cosines_T: Floats) -> str:
    """How what the last token receives differs."""
    cosine = float(cosines_T[-1])
    if len(cosines_T) == 1:
        return _("So “{token}” receives its own value, both times: cosine {cosine}.").format(
            token=token_quote(token), cosine=plain(cosine, 2)
        )
    if cosine > ALIKE:
        words = _("What “{token}” receives points nearly the same way, here: cosine {cosine}.")
    else:
        words = _("What “{token}” receives is not the same vector: the two have a cosine of {cosine}.")
    return words.format(token=token_quote(token), cosine=plain(cosine, 2))


def receives(token: bytes, numbers: int) -> str:
    """Whose the two results are."""
    words = _("what “{token}” receives: {count} numbers")
    return words.format(token=token_quote(token), count=count(numbers))


def dials_words(tokens: Sequence[bytes], vectors: Matching) -> str:
    """Whether what is found most also hands over most."""
    found_T, lengths_T = vectors.found, vectors.lengths
    best, most = int(found_T.argmax()), int(lengths_T.argmax())
    words = {
        "found": token_quote(tokens[best]),
        "share": percent(float(found_T[best]), 0),
        "most": token_quote(tokens[most]),
        "longer": count(int((lengths_T > lengths_T[best]).sum())),
        "others": count(len(tokens) - 1),
    }
    if len(tokens) == 1:
        return _("Seeking, being found, handing over: three jobs, three vectors, even for one token alone.")
    if best == most:
        return _(
            "Three jobs, three dials. Here “{found}” is found most, {share} on average, "
            "and hands over most too: nothing ties the one to the other."
        ).format(**words)
    if lengths_T[best] == lengths_T.min():
        return _(
            "Three jobs, three dials: “{found}” is found most, {share} on average, and hands over least. "
            "Its value is the shortest of all."
        ).format(**words)
    return _(
        "Three jobs, three dials: “{found}” is found most, {share} on average, "
        "but {longer} of the {others} others hand over more, “{most}” the most."
    ).format(**words)


def notes(matching: Matching) -> list[str]:
    """What is particular about this head's vectors."""
    found = []
    if matching.group > 1:
        found.append(_("{count} query heads share these keys and values").format(count=matching.group))
    if matching.turned:
        found.append(_("q and k are turned by their positions; v is not"))
    return found

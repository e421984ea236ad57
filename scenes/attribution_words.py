"""What is said of the tug of war: each sentence only where it is true of the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from model_probe.trace import Facts
from scenes.language import _
from scenes.mobjects.ledger import Entry
from scenes.mobjects.numerals import count, percent, plain, signed
from scenes.mobjects.token_row import token_quote
from scenes.pulls import Pull, digits, path, strongest

TOP = 5  # parts that the ledger names
FEW = 0.25  # of a head's share: less is little from one token
NOTHING = 0.005  # logits: less is 0 to the digits shown

Floats = npt.NDArray[np.float64]


def rope_words(ends: tuple[bytes, bytes], logits: tuple[float, float]) -> str:
    """Who pulls, and where the knot begins."""
    runner, winner = map(token_quote, ends)
    most, second = (signed(logit, digits(logits[0] - logits[1])) for logit in logits)
    return _(
        "Next comes “{winner}”, with a logit of {most}, or “{runner}”, with {second}. "
        "A rope between them: before the first layer its knot is at 0."
    ).format(winner=winner, runner=runner, most=most, second=second)


def first_words(ends: tuple[bytes, bytes], scale: float) -> str:
    """How a part pulls."""
    runner, winner = map(token_quote, ends)
    return _(
        "What is written to the last token's vector pulls by part · (row of “{winner}” − row of “{runner}”), "
        "with the last norm's scale held at {scale}."
    ).format(winner=winner, runner=runner, scale=plain(scale, 2))


def pull_words(pulls: Sequence[Pull], ends: tuple[bytes, bytes]) -> str:
    """Who led on the way, and from where on the winner leads for good."""
    runner, winner = map(token_quote, ends)
    knot = path(pulls)
    lowest, behind = int(knot.argmin()), np.flatnonzero(knot[1:-1] <= 0)
    if knot[lowest] > -NOTHING:
        return _("Attention pulls in amber, MLPs in green. “{winner}” is never behind.").format(winner=winner)
    last = pulls[int(behind[-1]) + 1] if len(behind) else pulls[0]
    return _(
        "Attention pulls in amber, MLPs in green. “{runner}” leads by up to {most}; "
        "“{winner}” is ahead for good only after this: {part}."
    ).format(runner=runner, winner=winner, most=plain(-float(knot[lowest]), 2), part=last.name)


def difference_words(logits: tuple[float, float]) -> str:
    """The two logits, and one less the other."""
    lead = logits[0] - logits[1]
    first, second = (plain(logit, digits(lead)) for logit in logits)
    second = second if logits[1] >= 0 else f"({second})"
    return f"{first} − {second} = {signed(lead, digits(lead))}"


def sum_words(pulls: Sequence[Pull], difference: float, facts: Facts) -> str:
    """That it comes out, or by how much it does not."""
    pulled, biased = sum(pull.share for pull in pulls), pulls[-1].kind == "norm bias"
    places = digits(difference)
    words = {"sum": signed(pulled, places), "difference": signed(difference, places)}
    if words["sum"] != words["difference"]:
        return _("All pulls together: {sum}. The difference of the two logits is {difference}.").format(
            **words
        )
    if facts.logit_softcap is not None:
        return _(
            "All pulls together: {sum}. That is exactly the difference of the two logits, before their cap."
        ).format(**words)
    if biased:
        return _(
            "All pulls and the last norm's own bias: {sum}. That is exactly the difference of the two logits."
        ).format(**words)
    return _("All pulls together: {sum}. That is exactly the difference of the two logits.").format(**words)


def wall_words(ends: tuple[bytes, bytes], heads: int) -> str:
    """What the colours of the wall say."""
    runner, winner = map(token_quote, ends)
    return _(
        "Attention, cut into {count} heads: blue and + pull for “{winner}”, red and − for “{runner}”. "
        "Beside them each layer's MLP."
    ).format(count=count(heads), winner=winner, runner=runner)


def head_words(
    pull: Pull, ends: tuple[bytes, bytes], tokens: Sequence[bytes], weights_T: Floats, shares_T: Floats
) -> str:
    """Where one head looks, and what it reads there."""
    end = ends[int(pull.share > 0)]
    if len(tokens) == 1:
        return _(
            "Hardest for “{end}”: {head}, by {size}. There is one token, so every head looks only at itself."
        ).format(end=token_quote(end), head=pull.name, size=plain(abs(pull.share), 2))
    looked = int(weights_T.argmax())
    read = int((shares_T * np.sign(pull.share)).argmax())
    if abs(shares_T[read] - shares_T[looked]) < NOTHING:  # as large, to the digits shown
        read = looked
    words = {
        "end": token_quote(end), "head": pull.name, "size": plain(abs(pull.share), 2),
        "seen": token_quote(tokens[looked]), "weight": percent(float(weights_T[looked]), 0),
        "read": token_quote(tokens[read]), "share": plain(abs(float(shares_T[read])), 2),
    }  # fmt: skip
    if abs(shares_T[read]) < FEW * abs(pull.share):
        return _(
            "Hardest for “{end}”: {head}, by {size}. It reads a little from many tokens; most, {share}, "
            "from “{read}”."
        ).format(**words)
    if read == looked:
        return _(
            "Hardest for “{end}”: {head}, by {size}. "
            "It looks most at “{seen}” ({weight}) and reads {share} there."
        ).format(**words)
    return _(
        "Hardest for “{end}”: {head}, by {size}. It looks most at “{seen}” ({weight}), "
        "but reads most, {share}, at “{read}”."
    ).format(**words)


def ledger_entries(parts: Sequence[Pull]) -> list[Entry]:
    """The strongest parts by name, and all others as one."""
    ranked = strongest(parts)
    entries = [Entry(pull.name, pull.share) for pull in ranked[:TOP]]
    others = [pull for pull in ranked[TOP:] if pull.kind != "norm bias"]
    if others:
        words = _("all {count} others").format(count=count(len(others)))
        entries.append(Entry(words, sum(pull.share for pull in others)))
    return entries + [Entry(pull.name, pull.share) for pull in ranked[TOP:] if pull.kind == "norm bias"]


def ledger_words(parts: Sequence[Pull], difference: float) -> str:
    """What the five strongest make, beside all of it."""
    five = sum(pull.share for pull in strongest(parts)[:TOP])
    return _(
        "The five strongest of {count} parts make {five}, all of them {sum}. "
        "Shares add up because the last norm's scale is held at what it was."
    ).format(count=count(len(parts)), five=signed(five, 2), sum=signed(difference, digits(difference)))


def teams_words(parts: Sequence[Pull], few: int) -> str:
    """How much of the pulling cancels, and how few do half of it."""
    pulled, left = sum(abs(pull.share) for pull in parts), abs(sum(pull.share for pull in parts))
    gone = 1 - left / pulled if pulled else 0.0
    places = next((places for places in (0, 1, 2) if gone < 1 - 0.5 * 10.0 ** -(places + 2)), 3)
    words = {
        "all": plain(pulled, 2), "gone": percent(gone, places),
        "few": count(few), "count": count(len(parts)),
    }  # fmt: skip
    return _(
        "All parts together pull by {all}, and {gone} of that cancels. "
        "Half of the pulling is done by {few} of {count}."
    ).format(**words)

"""What is said of text and its tokens: each sentence only where it is true of the run."""

from __future__ import annotations

from collections.abc import Sequence

from model_probe.trace import Facts
from scenes import N_
from scenes.language import _
from scenes.mobjects.numerals import count
from scenes.mobjects.token_row import token_quote
from scenes.split_character import SplitCharacter

BYTES = N_("Take “{piece}”. The tokenizer begins with its bytes, one by one.")
MERGES = N_(
    "It has learned a list of pairs. "
    "Again and again it joins the two neighbours whose pair stands highest in the list."
)
TYPO = N_(
    "Swap two letters, and the same tokenizer cuts the word anew. Tokens before: {right}, now: {wrong}."
)


def text_words(facts: Facts) -> str:
    """What is read by whom."""
    if facts.message is None:
        return _(
            "A person reads words. A model works with numbers: the text is cut, and each piece gets one."
        )
    return _(
        "What a chatbot reads is not the message alone: "
        "the model's own template puts a text with special tokens around it."
    )


def piece_words(symbols: Sequence[bytes]) -> str:
    """What one piece was merged into: these symbols."""
    piece = token_quote(b"".join(symbols))
    if len(symbols) == 1:
        return _("No pair is left: “{piece}” is one token.").format(piece=piece)
    return _("No pair of these is in the list: “{piece}” stays in {count} tokens.").format(
        piece=piece, count=len(symbols)
    )


def cut_words(facts: Facts, tokens: Sequence[bytes]) -> str:
    """What the tokens are, and which of them was not in the prompt."""
    if facts.added_tokens:
        return _(
            "The whole prompt, cut into its tokens. “{token}” was not in it: "
            "the tokenizer puts it in front of every text."
        ).format(token=token_quote(tokens[0]))
    if facts.added_after:
        return _(
            "The whole prompt, cut into its tokens. “{token}” was not in it: "
            "the tokenizer puts it behind every text."
        ).format(token=token_quote(tokens[-1]))
    if any(token[:1] == b" " and token.strip() for token in tokens):
        return _("The whole prompt, cut into its tokens. The space before a word belongs to its token.")
    return _("The whole prompt, cut into its tokens.")


def changed_words(facts: Facts) -> str:
    """What kind of change the tokenizer made to the text, where all are of one kind."""
    first, places = facts.changes[0], count(facts.changed_places)
    if facts.changed_places == 1 and first["at"] == 0 and not first["given"] and first["read"] == " ":
        return _("This tokenizer puts a space in front of every text, so that each word begins with one.")
    if all(change["given"].isspace() and not change["read"] for change in facts.changes):
        words = _("This tokenizer leaves out white space beside a special token. Places: {count}.")
    else:
        words = _(
            "This tokenizer changes a text before it cuts it: the tokens do not give it back to the letter. "
            "Places: {count}."
        )
    return words.format(count=places)


def ids_words(facts: Facts) -> str:
    """What a token is to the model."""
    return _(
        "Each token is one entry of a fixed list of {vocabulary}. "
        "Its number there, the id, is all that goes in."
    ).format(vocabulary=count(facts.n_vocab))


def count_words(facts: Facts, tokens: Sequence[bytes]) -> str:
    """What the count says; that the tokens give the text back is said only where they do."""
    if facts.changed_places:
        return _("A token is not a word, and what this tokenizer changed the tokens do not give back.")
    if [piece.decode(errors="replace").strip() for piece in tokens] == facts.prompt.split():
        return _(
            "Here every token happens to be a word. Often it is not; but joined again, "
            "the tokens are the text, byte for byte."
        )
    return _("A token is not a word. But joined again, the tokens are the text, byte for byte.")


def character_words(split: SplitCharacter) -> str:
    """How many tokens a character takes."""
    return _(
        "One character can take several tokens. This one is {bytes} bytes long, and {count} tokens hold them."
    ).format(bytes=len(split.character.encode()), count=len(split.positions))

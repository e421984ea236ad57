"""Trace → picture: the scenes of the lecture, in order.

To add a scene, write `scenes/lecture/NAME.py` with one `LectureScene` subclass and add a line here.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scenes.lecture_scene import LectureScene


def N_(message: str) -> str:  # noqa: N802 (gettext's own name for "translate this later")
    """Mark words for the catalogues; they are translated when they are used."""
    return message


class Place(Enum):
    """Where in the model a scene is: its beginning lights this place in a small picture of the whole."""

    TEXT = N_("The text")
    EMBEDDING = N_("Embedding")
    ATTENTION = N_("Attention")
    MLP = N_("MLP")
    LAYERS = N_("All layers")
    UNEMBEDDING = N_("Unembedding")
    CHOICE = N_("The next token")
    WHOLE = N_("The whole model")


@dataclass(frozen=True)
class Part:
    """A part of the lecture.

    Attributes:
        number: from 1.
        roman: the same, as it is written.
        title: what it is called.
        first: the number that its scenes begin with; the next part's are no longer its own.
    """

    number: int
    roman: str
    title: str
    first: int

    @property
    def card(self) -> str:
        """The name of its card."""
        return f"part_{self.number}"

    @property
    def film(self) -> str:
        """What its own film is called, without an ending."""
        return f"lecture-part-{self.number}"


PARTS = (
    Part(1, "I", N_("What is a GPT?"), 1),
    Part(2, "II", N_("Attention"), 11),
    Part(3, "III", N_("MLPs and the whole stack"), 17),
)


@dataclass(frozen=True)
class SceneEntry:
    """Where a scene is found, without importing it, and what it is about.

    Attributes:
        title: what the scene is called.
        picture: what is seen, in a sentence or two that are true for any prompt and model.
        place: where in the model it is.
    """

    module: str
    class_name: str
    number: int
    title: str
    picture: str
    place: Place = Place.WHOLE

    @property
    def part(self) -> Part:
        """The part of the lecture that it belongs to."""
        return [part for part in PARTS if part.first <= self.number][-1]


def _entry(
    number: int, name: str, class_name: str, title: str, picture: str, place: Place = Place.WHOLE
) -> tuple[str, SceneEntry]:
    return name, SceneEntry(f"scenes.lecture.{name}", class_name, number, title, picture, place)


SCENES: dict[str, SceneEntry] = dict(
    [
        _entry(
            1,
            "next_token",
            "NextToken",
            N_("Predicting the next token"),
            N_(
                "The prompt as a row of tokens. A thread leads from each into the model, a block of its own "
                "numbers. Bars show the likeliest next tokens with their probabilities; a needle picks one "
                "out of a strip that holds them all, and that token joins the row. At the end the text is "
                "there with what the model wrote, and the probabilities of its tokens multiply, step by step."
            ),
        ),
        _entry(
            2,
            "overview",
            "Overview",
            N_("The cross-section of a transformer"),
            N_(
                "Each token becomes a column of numbers, and the numbers turn to lit cells. One layer "
                "grows out of them, seen aslant: arcs show what the last token attends to, an amber seam "
                "what attention adds, a green one what the MLP adds. The other layers follow, until a "
                "long block of light stands there, words above it, a line of lengths below. It opens into "
                "glass plates and a light runs through; then its end is read as bars, and its first and "
                "last vectors stand side by side."
            ),
        ),
        _entry(
            3,
            "parameters",
            "Parameters",
            N_("Parameters: the stamp in the wall"),
            N_(
                "A matrix of blue and red numbers; one grey vector after the other meets it, and only the "
                "grey changes. The matrix turns to pixels. Then all parameters of the model fall into place "
                "as tiles of such pixels, areas to scale, while a tally counts. The tiles shrink to a stamp: "
                "around it, at the same scale, stand GPT-3's eight kinds of matrices. The view dives back "
                "into the stamp, to one pixel, and the pixel is one number."
            ),
        ),
        _entry(
            4,
            "tokens",
            "Tokens",
            N_("From text to tokens"),
            N_(
                "The prompt as text. Where tokens were joined from bytes, one of them stands as a row of "
                "bytes, neighbours join step by step, and the steps stand below each other. Then the whole "
                "prompt as coloured tokens, each above its number, and how many there are; last, where the "
                "prompt has a long word, the word and a misspelling of it, each beside its tokens."
            ),
            Place.TEXT,
        ),
        _entry(
            5,
            "embedding_matrix",
            "EmbeddingMatrix",
            N_("The embedding: a library"),
            N_(
                "Under each of the prompt's tokens its number, and a thread to its place in the list of all. "
                "A wall of blue and red pixels rises from that list, a column for each token; yellow lines "
                "fall at the numbers. The view dives to seven neighbouring columns, with their names and "
                "cosines, and back; seen from the side, one column slides out of the wall like a drawer and "
                "stands under its token, grey; the others follow. The look-up is written as a product with "
                "zeros and a single 1, term by term. Last, where the model learned positions, each column "
                "takes in the vector of its place."
            ),
            Place.EMBEDDING,
        ),
        _entry(
            6,
            "embedding_space",
            "EmbeddingSpace",
            N_("The space of the embedding"),
            N_(
                "Every token of the vocabulary is a small light, and together they are a cloud that turns. "
                "Lights fall from the prompt's tokens to their places in it, and names appear there. The "
                "picture flies to one of them, threads lead to the ten tokens nearest to it, and a table has "
                "their distances. Then, where the vocabulary has the words, one word minus a second plus a "
                "third as arrows, the tokens nearest to the sum as a list in which the words put in are "
                "struck out, and a strip of all ranks with a mark where each expected word stands. Last the "
                "tokens nearest to the mean of all light up, and their names are listed."
            ),
            Place.EMBEDDING,
        ),
        _entry(
            7,
            "dot_product",
            "DotProducts",
            N_("The dot product"),
            N_(
                "Two words' vectors as columns and as arrows, and their difference, a direction. It is "
                "multiplied with another word's vector number by number, bars left and right of zero, and "
                "a line adds them up. Many words, singular and plural, ride to their places on one line; "
                "pair by pair a mark counts those whose plural lies above its singular, and the others "
                "are ringed in red. Then one pair's dot product, both lengths and the cosine stand as "
                "dials while the longer arrow changes its length. Last a histogram of the cosines of "
                "random pairs of tokens, with their mean."
            ),
            Place.EMBEDDING,
        ),
        _entry(
            8,
            "context",
            "Context",
            N_("One token in two texts"),
            N_(
                "The prompt's tokens, and below them a second text that ends on a token of its own or the "
                "same. The two last tokens' vectors stand side by side with their difference; then both run "
                "through the layers as strips of cells. A line forks: the angle between the two grows with "
                "depth, and words stand along both branches. Last, the cosine as a curve, and what each text "
                "would go on with, as bars."
            ),
            Place.LAYERS,
        ),
        _entry(
            9,
            "unembedding",
            "Unembedding",
            N_("Everyone guesses"),
            N_(
                "Under each token the vector that leaves the last layer; the last one is framed. A wall of "
                "pixels, the unembedding, seen aslant, out of which one column comes like a drawer. The two "
                "are multiplied number by number, the sum grows as a line. Ten logits in a table, all of "
                "them as a falling curve. Then the text that the model would have guessed, in orange, above "
                "the text as it is, with ranks; the surprise of each token as bars; and how many bits the "
                "text takes."
            ),
            Place.UNEMBEDDING,
        ),
        _entry(
            10,
            "temperature",
            "Temperature",
            N_("How open is the choice?"),
            N_(
                "The likeliest tokens as rungs of a ladder, the likeliest lowest, each led to its row of a "
                "table with its logit, its weight and a bar. A thermometer fills and empties: the ladder "
                "stretches and sinks together, and the bars follow. Then coins, as many as the choice has "
                "bits, beside a field of all tokens; the probabilities of all tokens by rank as a falling "
                "curve; five such curves at five temperatures, one behind the other like an opened fan; and "
                "two formulas."
            ),
            Place.CHOICE,
        ),
        _entry(
            11,
            "query_key",
            "QueryKey",
            N_("Queries and keys"),
            N_(
                "The prompt's tokens, a vector under each. One token's vector lies above a picture of the "
                "head's weights; one row of them meets it number by number, and its query comes out; another "
                "token gives a key in the same way. Query and key are multiplied number by number and added "
                "up to one score. That is one cell of a grid with a row for each query and a column for each "
                "key. Then the grid fills."
            ),
            Place.ATTENTION,
        ),
        _entry(
            12,
            "mask",
            "Mask",
            N_("Masking and softmax"),
            N_(
                "A grid of scores, coloured by how far each lies below its row's largest. The cells right of "
                "the diagonal turn to minus infinity. The last row is lifted out: under each score a bar "
                "grows, and becomes its share. Then every cell becomes a dot, the larger the more weight."
            ),
            Place.ATTENTION,
        ),
        _entry(
            13,
            "values",
            "Values",
            N_("What is handed over"),
            N_(
                "The last row of one head's attention pattern stays; under each of its tokens a column of "
                "red numbers, the value. One number is multiplied by its weight, then all of them; the "
                "columns are added up row by row. Seen aslant, they stand as slabs one behind the other and "
                "slide into one. A matrix widens that vector, and it takes its place among what the layer's "
                "other heads write; a ruler shows how long it is among all heads. At the end two bars a "
                "token, back to back: its share of the attention, and its share of what arrives."
            ),
            Place.ATTENTION,
        ),
        _entry(
            14,
            "heads",
            "AttentionHeads",
            N_("Every head at once"),
            N_(
                "One head's attention pattern, large; it shrinks into a wall of small ones, layers along one "
                "side and heads along the other. Then the heads that do something nameable most of all light "
                "up and come forward, each with its measured score. At the end those that rest on the first "
                "token are lit and counted."
            ),
            Place.ATTENTION,
        ),
        _entry(
            15,
            "why_three",
            "WhyThree",
            N_("Why queries, keys and values"),
            N_(
                "One head's grid of scores stands on its corner like a butterfly. With the keys in the place "
                "of the queries its wings close, and nothing is left between them; with the queries they "
                "differ, and two cells that would meet are read out. Then two patterns side by side, the "
                "second with the values in the place of the keys, what each hands over, and the cosine of "
                "the two. Last, three bars for each token: how it seeks, how it is found, what it hands over."
            ),
            Place.ATTENTION,
        ),
        _entry(
            16,
            "kv_cache",
            "KVCache",
            N_("What the next step keeps"),
            N_(
                "The drawn token flies to the end of the text. A wall of panes, a row for each layer and "
                "a column for each token, is lit row by row. One head's keys less the same keys computed "
                "anew leave a black picture, and then the whole wall is black but for its last column, over "
                "a ruler of differences and sizes. A grid of weights gets a row. The wall is seen aslant, "
                "frozen, and the last column alone is lit, layer by layer. Threads lead from each token's "
                "old logit to its new one. Then curves of what a step costs with and without the cache; "
                "last, a bar of the memory that it takes, beside the weights."
            ),
            Place.ATTENTION,
        ),
        _entry(
            17,
            "mlp",
            "Mlp",
            N_("The MLP: the city at night"),
            N_(
                "The block of all layers opens into plates, the MLPs lit. One neuron's row of weights meets "
                "a token's vector, and a sum grows to one number. All numbers of the layer lie on an axis as "
                "grains, and the activation's curve lifts those above zero. Then every neuron of every layer "
                "is a tower of light in a city, a district a layer. The strongest sends rays to the tokens "
                "that it promotes. Another token lights other windows; at the end, a tower a token shows how "
                "many are lit."
            ),
            Place.MLP,
        ),
        _entry(
            18,
            "logit_lens",
            "LogitLens",
            N_("The logit lens"),
            N_(
                "A table of words falls row by row: a column for each position, a row for each depth, the "
                "likeliest next token in every cell, lighter where it is likelier. Then lines, one behind "
                "the other, dive from a high rank to the first: the rank that each position's final winner "
                "has at every depth. Bars count at which depth the winners first lead. Last, the lens after "
                "the last layer and the model's output, number for number."
            ),
            Place.LAYERS,
        ),
        _entry(
            19,
            "attribution",
            "Attribution",
            N_("Attribution: the tug of war"),
            N_(
                "A rope between two posts, the likeliest next token on the right and the second on the left; "
                "its knot stands at the difference of their logits, at first 0. The rope slides down the "
                "layers, and each one's attention and MLP pull the knot to one side, leaving a trail. Beside "
                "it a wall with a cell for every head, blue and + for the one token, red and − for the "
                "other, and a tower of bars for the MLPs. The strongest head of each side comes out: arcs "
                "show which tokens it looks at, and numbers what it reads there. Then the parts are added "
                "up, and last, all pulls stand end to end in two bars, one for each side."
            ),
            Place.LAYERS,
        ),
        _entry(
            20,
            "sampling",
            "Sampling",
            N_("Sampling: five rivers"),
            N_(
                "Five banks with a rule each. Then one falling curve for all of them, and a gate that cuts "
                "it at as many tokens as each rule leaves. The texts run side by side as rivers, each as "
                "wide as its token is likely; where a phrase comes twice it is underlined. Beam search "
                "grows as a tree of four texts whose twigs die, and its winner glows. The same seed writes "
                "the same text again; another one parts from it at a step whose two draws are shown. The "
                "five texts fall by the log-probability of each token. Last, the block of the model once "
                "more, and the texts come out of it, the likeliest uppermost."
            ),
            Place.CHOICE,
        ),
    ]
)

# A part begins with a card, which is a short scene by itself and stands in no list of scenes.
CARDS: dict[str, SceneEntry] = {
    part.card: SceneEntry("scenes.part_card", f"Part{part.roman}", part.first, part.title, "")
    for part in PARTS
}


def parts_of(names: Container[str]) -> list[Part]:
    """The parts of the lecture of which more than half of the scenes are among these: they have a card."""
    found = []
    for part in PARTS:
        own = [name for name, entry in SCENES.items() if entry.part == part]
        if 2 * sum(name in names for name in own) > len(own):
            found.append(part)
    return found


def load(name: str) -> type[LectureScene]:
    """The class of the scene or the card called `name`; imports Manim."""
    entry = SCENES.get(name) or CARDS[name]
    scene: type[LectureScene] = getattr(import_module(entry.module), entry.class_name)
    return scene

"""What the lecture answers to those who asked, in its own words and with one prompt's numbers.

python -m scenes.render.answers out/trace.safetensors
"""

from __future__ import annotations

from scenes.render import plain_manim  # noqa: F401 before anything that imports Manim

# isort: split
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from model_probe.command import carried_out
from model_probe.trace import Trace
from scenes import SCENES, load
from scenes.language import plain
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings

# What viewers of the Japanese edition of 3Blue1Brown's chapters asked → scene, and the beats that answer it
QUESTIONS = (
    ("Is the dot product normalised, or does length count?", "dot_product", ("length",)),
    (
        "What goes into the unembedding: all positions, the last, or the predicted one?",
        "unembedding",
        ("last",),
    ),
    ("Is a token's embedding the same in every context?", "context", ("start", "fork")),
    ("… a look-up or a product?", "embedding_matrix", ("one_hot",)),
    ("Is the unembedding the embedding's transpose?", "unembedding", ("wall",)),
    ("What does a tokenizer do with rare words and typos?", "tokens", ("typo",)),
    ("Can the last step's logits be reused for the next?", "kv_cache", ("logits", "cache")),
    ("Is that beam search?", "sampling", ("tree", "winner")),
    ("Why Q, K and V?", "why_three", ("fold", "result")),
    (
        "Softmax looks like the canonical distribution of statistical mechanics.",
        "temperature",
        ("coins", "physics"),
    ),
    ("How many parameters, and what are they?", "parameters", ("tally", "unembedding")),
    ("“The cross-section is lovely.”", "overview", ("cross_section",)),
)


def answers(trace: Path) -> Iterator[tuple[str, str, str]]:
    """(question, scene, what the scene says), from scenes that are played without drawing.

    Raises:
        MissingTensor: the trace lacks what a scene reads.
    """
    said: dict[str, dict[str, str]] = {}
    for question, scene, beats in QUESTIONS:
        if scene not in SCENES:
            continue
        if scene not in said:
            played = rehearse(load(scene), Settings(trace)).beats
            said[scene] = {beat.name: plain(beat.narration) for beat in played}
        yield question, scene, " ".join(said[scene][beat] for beat in beats if beat in said[scene])


def table(trace: Path) -> str:
    """The answers as Markdown."""
    facts = Trace.open(trace).facts
    rows = [
        f"| a viewer asked | where | the lecture says, of {facts.model_name} and “{plain(facts.prompt)}” |",
        "|---|---|---|",
        *(
            f"| {question} | `{scene}` | {words.replace('|', chr(92) + '|')} |"
            for question, scene, words in answers(trace)
        ),
    ]
    return "\n".join(rows) + "\n"


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.argument("trace", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def command(trace: Path) -> None:
    """Print the table."""
    click.echo(table(trace), nl=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    return carried_out(command, arguments, "answers")


if __name__ == "__main__":
    sys.exit(main())

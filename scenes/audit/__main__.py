"""Every number that a scene shows, beat by beat, with the tensor and the place that it comes from, as CSV.

python -m scenes.audit out/trace.safetensors heads > heads.csv
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from model_probe.command import carried_out
from scenes.render.__main__ import SceneName
from scenes.render.options import drawing_options

COLUMNS = ("scene", "beat", "where", "text", "value", "origin", "tensors")


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit code 0: every number has an origin. 1: some have none, a line each on standard error. "
    "2: the trace or a name is wrong.",
)
@click.argument("trace", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1, required=True, type=SceneName(), metavar="NAME...")
@drawing_options(theme_from="LECTURE_THEME")
def command(
    trace: Path,
    names: tuple[str, ...],
    layer: int | None,
    head: int | None,
    lang: str,
    aspect: str,
    theme: str,
) -> int:
    """List every number that the scenes NAME show for a TRACE, beat by beat, as CSV on standard output.

    A number is a run of digits in what is drawn (at the end of any animation) or said. Its origin is an
    element of a tensor, a fact of the trace, a size of what was read, or a formula over such. Marks on a
    scale, published numbers, thresholds and digits of quoted text say that they are that; digits that are
    words are listed in scenes/audit/wording.py. The scene is played without being drawn.
    """
    os.environ["LECTURE_THEME"] = theme  # before the colours are imported
    from scenes.render import plain_manim  # noqa: F401 before anything that imports Manim

    # isort: split
    from scenes import load
    from scenes.audit.screen import audited
    from scenes.settings import Settings

    lists = csv.writer(sys.stdout, lineterminator="\n")
    lists.writerow(COLUMNS)
    unfounded = 0
    for name in names:
        settings = Settings(trace, lang, layer, head, theme=theme, aspect=aspect)
        shown = audited(name, load(name), settings)
        rows = ((s.scene, s.beat, s.where, s.text, s.value, s.origin, " ".join(s.tensors)) for s in shown)
        lists.writerows(dict.fromkeys(rows))
        sys.stdout.flush()
        faults = dict.fromkeys(each.complaint for each in shown if each.fault)
        for complaint in faults:
            click.echo(complaint, err=True)
        unfounded += len(faults)
    return 1 if unfounded else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    return carried_out(command, arguments, "python -m scenes.audit")


if __name__ == "__main__":
    sys.exit(main())

"""The options that both command lines have: which model runs on what, and how it writes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import click


class Bytes(click.ParamType[int]):
    """A number of bytes, such as 500MB or 2GiB."""

    name = "size"
    _UNITS: ClassVar = {
        "": 1,
        "KB": 10**3,
        "MB": 10**6,
        "GB": 10**9,
        "KIB": 2**10,
        "MIB": 2**20,
        "GIB": 2**30,
    }

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]i?B)?", value.strip(), re.ASCII | re.IGNORECASE)
        if match is None:
            self.fail(f"{value!r} is no size; such as 500MB or 2GiB is wanted", param, ctx)
        return int(float(match[1]) * self._UNITS[(match[2] or "").upper()])


_OPTIONS = (
    click.option(
        "--prompt-file",
        type=click.Path(path_type=Path, allow_dash=True),
        help="Read the prompt from a UTF-8 file; - is standard input.",
    ),
    click.option(
        "--chat", is_flag=True, help="The prompt is a user's message, put into the model's chat template."
    ),
    click.option(
        "--beside",
        metavar="TEXT",
        help="A second text, whose last token is compared with the prompt's.  "
        "[default: the prompt's tokens, those before the last in reverse order]",
    ),
    click.option(
        "--model",
        help="A Hub id, a directory in Hugging Face format, a GGUF file, smollm2 or storyteller.  "
        "[default: GPT-2]",
    ),
    click.option(
        "--device",
        default="auto",
        show_default=True,
        help="Where the model runs: auto (the fastest there is), cpu, cuda, cuda:N or mps.",
    ),
    click.option(
        "--budget",
        type=Bytes(),
        default="1GiB",
        show_default=True,
        help="What a trace may take, such as 500MB.",
    ),
    click.option(
        "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the draws."
    ),
    click.option(
        "--steps", type=click.IntRange(min=1), default=8, show_default=True, help="Tokens to generate."
    ),
    click.option(
        "--method",
        type=click.Choice(["sample", "greedy", "beam"]),
        default="sample",
        show_default=True,
        help="Draw each token, take the likeliest, or keep the likeliest texts.",
    ),
    click.option("--temperature", type=float, default=1.0, show_default=True, help="Divides the logits."),
    click.option("--top-k", type=int, help="Draw among so many of the likeliest.  [default: all]"),
    click.option("--top-p", type=float, help="Draw among the likeliest of this probability.  [default: all]"),
    click.option("--beams", type=int, default=4, show_default=True, help="Texts that --method beam keeps."),
)


def recording_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command all of them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command

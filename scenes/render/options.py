"""The options that both command lines that draw have: what of a scene is shown, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from scenes.render.quality import ASPECTS

THEMES = ("dark", "light")


def drawing_options(theme_from: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command --layer, --head, --lang, --aspect and --theme.

    Args:
        theme_from: an environment variable that names the theme where the option does not.
    """
    options = (
        click.option(
            "--layer",
            type=int,
            help="Layer to show where a scene shows one, from 0.  [default: the scene's rule]",
        ),
        click.option(
            "--head",
            type=int,
            help="Head to show where a scene shows one, from 0.  [default: the scene's rule]",
        ),
        click.option(
            "--lang", default="en", show_default=True, help="Language of narration and words, such as ja."
        ),
        click.option(
            "--aspect",
            type=click.Choice(list(ASPECTS)),
            default="16:9",
            show_default=True,
            help="The frame's shape: a screen, a phone held upright, a square.",
        ),
        click.option(
            "--theme",
            type=click.Choice(THEMES),
            default="dark",
            show_default=True,
            envvar=theme_from,
            help="Light on dark for screens, dark on light for slides and print.",
        ),
    )

    def with_options(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return with_options

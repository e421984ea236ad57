"""The templates in `assets/templates`: HTML in which everything that is filled in is escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent.parent / "assets" / "templates"),
    autoescape=True,
    trim_blocks=True,
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)


def template(name: str) -> Template:
    """The template of that file name."""
    return ENVIRONMENT.get_template(name)

"""One contact sheet of a run's posters, by the lecture's parts: for a README, a talk's first slide, a mail.

python -m scenes.render.gallery out --output assets/readme/gallery.webp
"""

from __future__ import annotations

from scenes.render import plain_manim  # noqa: F401 before anything that imports Manim

# isort: split
import io
import json
import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import noto_cjk_sans_jp_regular
import typst
from PIL import Image

from model_probe.command import carried_out
from model_probe.errors import UserError
from scenes import SCENES
from scenes.language import catalogue, plain
from scenes.mobjects.lettering import TEXT_FACES
from scenes.mobjects.palette import THEMES
from scenes.publish.texts import heading, model_line
from scenes.render.manifest import Manifest
from scenes.whole_file import whole_file

WIDTH = 1800  # pixels
LARGEST = 600_000  # bytes
COLUMNS = {"16:9": 5, "9:16": 7, "1:1": 5}
_SHEET = """
#set page(width: 900pt, height: auto, margin: 22pt, fill: rgb(sys.inputs.ground))
#set text(size: 9.5pt, font: {faces}, fallback: false, fill: rgb(sys.inputs.ink))
#set par(leading: 0.5em)
#let data = json(bytes(sys.inputs.data))
#for (part, films) in data [
  #block(above: 18pt, below: 9pt, text(size: 17pt, part))
  #grid(
    columns: (1fr,) * int(sys.inputs.columns), gutter: 12pt, row-gutter: 12pt,
    ..films.map(film => [
      #image("/" + film.poster, width: 100%)
      #v(-7pt)
      #text(fill: rgb(sys.inputs.faint), film.number + "  ") #film.title
    ]),
  )
]
#v(6pt)
#text(fill: rgb(sys.inputs.faint), sys.inputs.about)
"""


def contact_sheet(folder: Path, clips: Mapping[str, Mapping[str, Any]]) -> Image.Image:
    """The posters of some clips in the lecture's order, with their numbers and titles.

    Args:
        folder: the output directory that the posters are in.
        clips: the manifest's entries by the scenes' names.
    """
    first = next(iter(clips.values()))
    language, colours = first["language"], THEMES[first["theme"]]
    _ = catalogue(language).gettext
    shown = [(SCENES[name], clips[name]) for name in SCENES if name in clips]
    data = [
        (
            heading([part.roman, part.title], language),
            [
                {"poster": clip["poster"], "number": f"{scene.number:02}", "title": plain(_(scene.title))}
                for scene, clip in films
            ],
        )
        for part, films in groupby(shown, lambda film: film[0].part)
    ]
    inputs = {
        "data": json.dumps(data),
        "columns": str(COLUMNS[first["aspect"]]),
        "about": f"{model_line(first, language)} · {plain(first['prompt'])}",
        "ground": colours.ground, "ink": colours.ink, "faint": colours.faint,
    }  # fmt: skip
    faces = [str(Path(noto_cjk_sans_jp_regular.__file__).parent)]
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=faces)
    compiler = typst.Compiler(root=str(folder.resolve()), font_paths=fonts, ignore_system_fonts=True)
    source = _SHEET.replace("{faces}", TEXT_FACES)
    page = compiler.compile(input=source.encode(), format="png", ppi=72 * WIDTH / 900, sys_inputs=inputs)
    assert isinstance(page, bytes)
    return Image.open(io.BytesIO(page)).convert("RGB")


def smallest_loss(sheet: Image.Image, suffix: str) -> bytes:
    """The picture as a file of at most `LARGEST` bytes, as good as that allows.

    Raises:
        UserError: no quality makes it as small.
    """
    for quality in range(92, 30, -4):
        file = io.BytesIO()
        sheet.save(file, format={".webp": "WEBP", ".jpg": "JPEG"}[suffix], quality=quality, method=6)
        if file.tell() <= LARGEST:
            return file.getvalue()
    raise UserError(f"the contact sheet cannot be made smaller than {LARGEST / 1000:.0f} kB")


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.argument("folder", metavar="OUT", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    default=Path("gallery.webp"),
    show_default=True,
    help="A .webp or a .jpg.",
)
def command(folder: Path, output: Path) -> None:
    """Write the contact sheet of OUT, a directory that `./render.sh` has filled."""
    if output.suffix not in (".webp", ".jpg"):
        raise UserError(f"{output}: a name that ends in .webp or .jpg is wanted")
    manifest = Manifest(folder / "manifest.json")
    joined = (manifest.lecture or {"clips": []})["clips"]
    clips = {name: clip for name, clip in manifest.clips.items() if clip["sha256"] in joined}
    if not clips:
        raise UserError(f"{folder} has no lecture: ./render.sh --out {folder} makes one")
    picture = smallest_loss(contact_sheet(folder, clips), output.suffix)
    with whole_file(output) as part:
        part.write_bytes(picture)
    click.echo(f"{output}: {len(clips)} scenes, {len(picture) / 1000:.0f} kB")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    return carried_out(command, arguments, "gallery")


if __name__ == "__main__":
    sys.exit(main())

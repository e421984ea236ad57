"""The rooms of the house: which module may import which, read from the sources."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# From the top down: a module imports from its own room and from those below it. A module is in the room that
# has the longest beginning of its name. What a scene says, and what it works out, is with the pictures unless
# it stands here further down.
REGISTRY = "scenes/__init__.py"
ROOMS = {
    "render": ("scenes.render", "scenes.audit", "scenes.notebook"),
    "publish": ("scenes.publish",),
    "scenes": ("scenes.lecture",),
    "pictures": ("scenes",),
    "base": (
        "scenes.lecture_scene",
        # what every scene has on its stage: letters, colours, the camera, the row of tokens
        *(
            f"scenes.mobjects.{piece}"
            for piece in (
                *("drift", "elision", "lettering", "marks"),
                *("numerals", "palette", "raster", "stack_mark", "token_row"),
            )
        ),
    ),
    "voice": ("scenes.voice",),
    "language, layout": (
        *("scenes.language", "scenes.layout", "scenes.mathematics", "scenes.settings"),
        *("scenes.reads", "scenes.chosen_head", "scenes.declared", REGISTRY),
    ),
    "files": ("scenes.whole_file",),
    "trace": ("model_probe",),
}
ORDER = list(ROOMS)
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("scenes", "model_probe")
    for path in sorted((ROOT / package).rglob("*.py"))
}


def room_of(module: str) -> str:
    if module == "scenes":
        module = REGISTRY
    beginnings = {start: room for room, starts in ROOMS.items() for start in starts}
    return beginnings[max((s for s in beginnings if f"{module}.".startswith(f"{s}.")), key=len)]


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules of ours that a source imports, wherever in it; for types alone does not count."""
    for_types = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for part in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                yield whole if whole in MODULES else node.module


@pytest.mark.parametrize("module", MODULES)
def test_no_import_runs_upwards(module: str) -> None:
    own = ORDER.index(room_of(module))
    upwards = [
        other
        for other in imported(ast.parse(MODULES[module].read_bytes()))
        if ORDER.index(room_of(other)) < own
    ]
    assert not upwards, f"{module} is in the room {ORDER[own]!r}"


def test_the_rooms_are_where_they_are_said_to_be() -> None:
    named = [start for starts in ROOMS.values() for start in starts]
    assert not [start for start in named if start not in {*MODULES, REGISTRY}]
    assert room_of("scenes.mobjects.bars") == "pictures"
    assert room_of("scenes.mobjects.palette") == "base"
    assert room_of("scenes.heads_words") == "pictures"
    assert room_of("scenes") == "language, layout"
    assert room_of("scenes.reads") == "language, layout"
    source = "from scenes.render import run\nif TYPE_CHECKING:\n    from scenes.publish.page import x\n"
    assert list(imported(ast.parse(source))) == ["scenes.render.run"]

"""A scene is short: what it shares with others, and what is said when, stand in modules of their own."""

import ast
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import pytest

from scenes import SCENES

FILE, MEDIAN, CONSTRUCT = 220, 150, 70  # lines


def source(name: str) -> str:
    spec = find_spec(SCENES[name].module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_short(name: str) -> None:
    code = source(name)
    assert code.count("\n") <= FILE
    constructs = [
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.FunctionDef) and node.name == "construct"
    ]
    assert len(constructs) == 1
    lines = (constructs[0].end_lineno or 0) - constructs[0].lineno + 1
    assert lines <= CONSTRUCT, f"construct of {name} has {lines} lines"


def test_most_scenes_are_shorter_still() -> None:
    assert median(source(name).count("\n") for name in SCENES) <= MEDIAN

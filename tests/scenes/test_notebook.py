"""A scene in a notebook: a real one, run by a real kernel, its films decoded and played."""

import base64
import io
import re
import textwrap
from pathlib import Path
from typing import Any

import av
import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import Browser

from scenes.notebook import ShowError, show
from tests.render.conftest import SMALL, browser, small_scenes  # noqa: F401 (fixtures)

ROOT = Path(__file__).parent.parent.parent
PROMPT = "The <b>old</b> king"
SHOW = f'show("tokens", prompt={PROMPT!r}, model="storyteller", language="ja", out="kept")'
CELLS = {
    "show": f"from scenes.notebook import show\n{SHOW}",
    "again": f"""
        from pathlib import Path
        files = [path for path in Path("kept").rglob("*") if path.suffix in (".mp4", ".safetensors")]
        before = {{path: path.stat().st_mtime_ns for path in files}}
        {SHOW}
        assert len(files) == 3 and before == {{path: path.stat().st_mtime_ns for path in files}}
        """,
    "wrong": 'show("tokens", prompt="", model="storyteller", out="kept")',
    "import": """
        import os
        os.environ["LECTURE_TRACE"] = str(next(Path("kept").glob("*/trace.safetensors")))
        import manim
        from scenes.lecture.tokens import Tokens
        manim.config.media_embed = True
        """,
    "manim": "%manim -ql -v ERROR --progress_bar none Tokens",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What stands below each cell after the notebook was run in an empty directory."""
    folder = tmp_path_factory.mktemp("notebook")
    book = nbformat.v4.new_notebook()
    for name, source in CELLS.items():
        cell = nbformat.v4.new_code_cell(textwrap.dedent(source).strip(), id=name)
        if name == "wrong":
            cell.metadata["tags"] = ["raises-exception"]
        book.cells.append(cell)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        NotebookClient(book, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    nbformat.validate(book)
    return {cell.id: cell.outputs for cell in book.cells}


def decoded(film: str) -> tuple[int, int, int]:
    """Width, height and number of frames of an MP4 in base64; every frame is decoded."""
    with av.open(io.BytesIO(base64.b64decode(film))) as clip:
        stream = clip.streams.video[0]
        return stream.width, stream.height, sum(1 for _ in clip.decode(stream))


def test_the_film_is_in_the_output_with_its_transcript(outputs: dict[str, list[Any]]) -> None:
    (output,) = outputs["show"]  # and no line of progress
    (film,) = re.findall(r'src="data:video/mp4;base64,([^"]+)"', output.data["text/html"])
    width, height, frames = decoded(film)
    assert (width, height) == (854, 480)
    assert frames > 200
    assert "テキストからトークンへ" in output.data["text/plain"]
    assert output.data["text/plain"].count("\n") > 4
    assert "<b>" not in output.data["text/html"]


def test_the_same_again_is_not_made_again(outputs: dict[str, list[Any]]) -> None:
    assert outputs["again"] == []


def test_what_is_wrong_is_said_in_one_line(outputs: dict[str, list[Any]]) -> None:
    (output,) = outputs["wrong"]
    assert output.output_type == "error"
    assert output.traceback == ["error: the prompt is empty; at least one character is wanted"]


def test_plain_manim_draws_the_trace_that_is_named(outputs: dict[str, list[Any]]) -> None:
    page = "".join(output.data.get("text/html", "") for output in outputs["manim"])
    (film,) = re.findall(r'src="data:video/mp4;base64,([^"]+)"', page)
    assert decoded(film)[:2] == (854, 480)


def test_a_browser_plays_the_output_with_captions(
    outputs: dict[str, list[Any]],
    browser: Browser,  # noqa: F811
    tmp_path: Path,
) -> None:
    page = tmp_path / "output.html"
    page.write_text(
        "<!doctype html><meta charset=utf-8>" + outputs["show"][0].data["text/html"], encoding="utf-8"
    )
    view = browser.new_page()
    view.goto(page.as_uri())
    view.wait_for_function("document.querySelector('video').readyState >= 2")
    assert view.evaluate("[...document.querySelector('video').textTracks].map(t => t.language)") == [
        "ja",
        "en",
    ]
    view.evaluate("document.querySelector('video').textTracks[0].mode = 'showing'")
    view.wait_for_function("document.querySelector('video').textTracks[0].cues?.length > 5")
    view.evaluate("document.querySelector('video').currentTime = 7")
    view.wait_for_function("document.querySelector('video').textTracks[0].activeCues.length === 1")
    assert PROMPT in view.locator("figcaption div").inner_text()
    view.close()


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"scene": "nix"}, "there is no scene 'nix'; there are next_token"),
        ({"quality": "x"}, "there is no quality 'x'; there are l, m, h, k"),
        ({"language": "xx"}, "no language 'xx'"),
        ({"layer": 99}, "--layer 99: the model has 8 layers"),
        ({"model": "/nix"}, "/nix is neither"),
    ],
)
def test_bad_input_is_one_error_and_leaves_no_film(wrong: dict[str, Any], line: str, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"scene": "mask", "prompt": "a b", "model": "storyteller", "out": tmp_path}
    with pytest.raises(ShowError, match=f"^{re.escape(line)}"):
        show(**(asked | wrong))
    assert list(tmp_path.rglob("*.mp4")) == []


def test_a_scene_that_fails_says_so(
    tmp_path: Path,
    small_scenes: None,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scenes.notebook.SCENES", SMALL)
    with pytest.raises(ShowError, match=r"^broken +failed: RuntimeError: the scene is broken"):
        show("broken", "a b", model="storyteller", out=tmp_path)


def test_an_output_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ShowError, match="file"):
        show("mask", "a b", model="storyteller", out=tmp_path / "file")

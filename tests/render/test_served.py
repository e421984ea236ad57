"""The pages from a web server, as they are put on line: parts of films are asked for, nothing else is."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from scenes.language import catalogue
from tests.render.conftest import opened
from tests.render.range_server import serving

FILM = "document.querySelector('video[data-film=steps]')"


@pytest.fixture(scope="module")
def served(two_clips: Path) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    with serving(two_clips) as (address, answers):
        yield address, answers


@pytest.fixture
def page(browser: Browser, served: tuple[str, list[tuple[str, int]]]) -> Iterator[Page]:
    """The course page; every request is answered, none goes elsewhere, and no script fails."""
    address, answers = served
    answers.clear()
    with opened(browser, f"{address}/index.html", address) as view:
        yield view
    assert {status for path, status in answers if path != "/favicon.ico"} <= {200, 206, 304}


def beats(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "manifest.json").read_text())["clips"]["steps"][
        "beats"
    ]
    return found


def test_a_film_plays_from_parts(page: Page, served: tuple[str, list[tuple[str, int]]]) -> None:
    page.locator("#steps video").scroll_into_view_if_needed()
    page.evaluate(f"{FILM}.play()")
    page.wait_for_function(f"{FILM}.currentTime > 0.3 && !{FILM}.paused")
    assert ("/clips/steps.mp4", 206) in served[1]


def test_a_jump_asks_for_its_part_of_a_long_film(browser: Browser, tmp_path: Path) -> None:
    """A film of some megabytes, of noise: a browser does not fetch it whole before it may jump."""
    noise = np.random.default_rng(0)
    with av.open(str(tmp_path / "film.mp4"), "w", options={"movflags": "+faststart"}) as film:
        stream = film.add_stream("libx264", rate=15, options={"crf": "1", "preset": "ultrafast", "g": "15"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for _ in range(90):
            picture = noise.integers(0, 255, (360, 640, 3), dtype=np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode(None))
    size = (tmp_path / "film.mp4").stat().st_size
    assert size > 20e6
    (tmp_path / "index.html").write_text(
        "<!doctype html><title>t</title><video src=film.mp4 preload=metadata>"
    )
    with serving(tmp_path) as (address, answers):
        view = browser.new_page()
        ranges: list[int] = []
        view.on("request", lambda asked: ranges.append(int(asked.headers.get("range", "bytes=0-")[6:-1])))
        view.goto(f"{address}/index.html")
        view.wait_for_function("document.querySelector('video').readyState >= 1")
        view.evaluate("document.querySelector('video').currentTime = 5.5")
        view.wait_for_function("v => !v.seeking && v.readyState >= 2", arg=view.query_selector("video"))
        view.close()
    assert max(ranges) > size / 2
    assert set(answers) >= {("/film.mp4", 206)}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_right_cue_is_active_after_a_jump(page: Page, two_clips: Path, language: str) -> None:
    page.select_option("#captions", language)
    shown = f"[...{FILM}.textTracks].filter(track => track.mode === 'showing')"
    for beat in (beats(two_clips)[2], beats(two_clips)[0]):
        page.evaluate(f"{FILM}.currentTime = {(beat['start'] + beat['end']) / 2}")
        words = beat["narration"][language]
        page.wait_for_function(
            f"!{FILM}.seeking && {shown}[0].activeCues.length === 1 &&"
            f"{shown}[0].activeCues[0].getCueAsHTML().textContent === {json.dumps(words)}"
        )
    assert words == catalogue(language).gettext("Captions")
    assert page.evaluate(f"{shown}.map(track => track.language)") == [language]


def test_a_chapter_button_jumps_plays_and_is_marked(page: Page, two_clips: Path) -> None:
    beat = beats(two_clips)[1]
    button = page.locator("#steps .chapters button").nth(1)
    page.wait_for_function(f"{FILM}.readyState >= 1")
    page.evaluate(
        f"window.jumps = []; {FILM}.addEventListener('seeking', at => jumps.push(at.target.currentTime))"
    )
    button.click()
    page.wait_for_function(f"!{FILM}.paused && {FILM}.currentTime > {beat['start']}")
    assert page.evaluate("jumps") == [pytest.approx(beat["start"], abs=0.01)]
    page.wait_for_function("document.querySelector('#steps .chapters [aria-current=true]') !== null")


def test_slides_play_from_parts(page: Page, served: tuple[str, list[tuple[str, int]]]) -> None:
    served[1].clear()
    page.goto(f"{served[0]}/slides.html#steps")
    page.wait_for_function("waiting")
    page.keyboard.press("PageDown")
    page.wait_for_function("!moving && document.querySelector('video.shown').paused")
    assert ("/clips/steps.mp4", 206) in served[1]

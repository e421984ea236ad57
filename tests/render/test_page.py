"""The course page, in a real browser: Chromium, opened from disk and from a server."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from model_probe.record import record
from scenes.mobjects import palette
from scenes.render.__main__ import main
from scenes.render.clip import ENCODER_OPTIONS
from tests.render.conftest import HOSTILE_PROMPT, SMALL, only_small_scenes, opened


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one run leaves behind, with a prompt and a title that try to break the page."""
    folder = tmp_path_factory.mktemp("page")
    trace = record(HOSTILE_PROMPT, folder / "t.safetensors", model="storyteller", steps=1)
    with only_small_scenes():
        arguments = ["small", "--trace", str(trace), "--out", str(folder / "out"), "--quality", "l"]
        assert main(arguments) == 0
    return folder / "out"


@pytest.fixture
def page(browser: Browser, out: Path) -> Iterator[Page]:
    """The page, opened from disk."""
    with opened(browser, (out / "index.html").as_uri(), out.as_uri()) as view:
        yield view


def in_film(view: Page, expression: str, film: str = "small") -> Any:
    return view.evaluate(f"(video => {expression})(document.querySelector('video[data-film={film}]'))")


def test_the_page_shows_prompt_and_titles_as_text(page: Page) -> None:
    assert "taken over" not in page.title()
    assert page.locator(".prompt").text_content() == HOSTILE_PROMPT
    assert page.locator("#small h2").text_content() == SMALL["small"].title
    assert page.locator("script").count() == 2


def test_every_film_plays_and_seeks(page: Page) -> None:
    for film in ("lecture", "small"):
        page.wait_for_function(f"document.querySelector('video[data-film={film}]').readyState >= 1")
        assert in_film(page, "video.videoWidth", film) == 854
        assert in_film(page, "video.duration", film) > 2
        in_film(page, "video.play()", film)
        page.wait_for_function(f"document.querySelector('video[data-film={film}]').currentTime > 0.2")
        in_film(page, "{ video.pause(); video.currentTime = 1.5 }", film)
        page.wait_for_function(
            f"(v => !v.seeking && Math.abs(v.currentTime - 1.5) < 0.1)"
            f"(document.querySelector('video[data-film={film}]'))"
        )


@pytest.mark.parametrize(("language", "words"), [("en", "A"), ("ja", "A")])
def test_the_right_caption_is_shown_in_each_language(page: Page, language: str, words: str) -> None:
    page.select_option("#captions", language)
    in_film(page, "{ video.currentTime = 0.5 }")
    shown = "[...video.textTracks].filter(track => track.mode == 'showing')"
    page.wait_for_function(
        f"(video => {shown}[0]?.activeCues?.length == 1)(document.querySelector('video[data-film=small]'))"
    )
    assert in_film(page, f"{shown}.map(track => [track.language, track.activeCues[0].text])") == [
        [language, words]
    ]
    page.select_option("#captions", "")
    assert in_film(page, f"{shown}.length") == 0


def test_a_chapter_button_jumps_to_its_beat(page: Page) -> None:
    button = page.locator("#lecture .chapters button").first
    in_film(page, "{ video.currentTime = 1.5 }", "lecture")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('video[data-film=lecture]').currentTime < 1")
    page.wait_for_function("document.querySelector('#lecture .chapters [aria-current=true]') !== null")


def test_the_embed_code_is_there_to_copy_and_its_page_plays(page: Page, out: Path) -> None:
    page.locator("#small summary", has_text="Embed").click()
    code = page.locator("#small-embed").text_content()
    assert code is not None
    holder = out / "holder.html"
    holder.write_text(f"<!doctype html><title>t</title><body>{code}", encoding="utf-8")
    page.goto(holder.as_uri())
    frame = page.frames[1]
    frame.wait_for_function("document.querySelector('video').readyState >= 1")
    assert frame.evaluate("document.querySelector('video').videoWidth") == 854
    holder.unlink()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_serious(browser: Browser, out: Path, scheme: Any) -> None:
    view = browser.new_page(color_scheme=scheme)
    view.goto((out / "index.html").as_uri())
    for summary in view.locator("summary").all():
        summary.click()
    found = Axe().run(view).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    view.close()


def test_nothing_moves_for_who_wants_less_motion(browser: Browser, out: Path) -> None:
    view = browser.new_page(reduced_motion="reduce")
    view.goto((out / "index.html").as_uri())
    assert view.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert view.evaluate("[...document.querySelectorAll('video')].every(v => v.paused && !v.autoplay)")
    view.close()


def test_a_browser_shows_the_palettes_blue_as_it_is(browser: Browser, tmp_path: Path) -> None:
    blue = [round(255 * channel) for channel in palette.rgb("#58C4DD")]
    with av.open(str(tmp_path / "blue.mp4"), "w", options={"movflags": "+faststart"}) as clip:
        stream = clip.add_stream("libx264", rate=15, options=ENCODER_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        picture = np.full((64, 64, 4), (*blue, 255), dtype=np.uint8)
        for _ in range(15):
            clip.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgba")))
        clip.mux(stream.encode(None))
    (tmp_path / "index.html").write_text("<!doctype html><title>t</title><video src=blue.mp4 muted></video>")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        view = browser.new_page()
        view.goto(f"http://127.0.0.1:{server.server_port}/index.html")
        view.wait_for_function("document.querySelector('video').readyState >= 2")
        shown = view.evaluate(
            "() => { const canvas = new OffscreenCanvas(64, 64).getContext('2d');"
            "canvas.drawImage(document.querySelector('video'), 0, 0);"
            "return [...canvas.getImageData(32, 32, 1, 1).data] }"
        )
        view.close()
        server.shutdown()
    assert np.abs(np.array(shown[:3]) - blue).max() <= 2

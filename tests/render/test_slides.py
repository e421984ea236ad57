"""The slides, in a real browser: Chromium, opened from disk."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page

from scenes.language import catalogue
from scenes.mobjects.palette import THEMES
from scenes.publish.slides import write_slides
from tests.render.conftest import HOSTILE_PROMPT, SMALL, opened
from tests.render.small_scenes import HOSTILE, STEPS

FRAME = 1 / 15
RESTS = "(video => video?.paused && !video.seeking)(document.querySelector('video.shown[data-scene={}]'))"


@pytest.fixture(scope="module")
def beats(two_clips: Path) -> list[dict[str, Any]]:
    """The three beats of `steps`, from the manifest."""
    beats: list[dict[str, Any]] = json.loads((two_clips / "manifest.json").read_text())["clips"]["steps"][
        "beats"
    ]
    return beats


@pytest.fixture
def page(browser: Browser, two_clips: Path) -> Iterator[Page]:
    """The slides, opened from disk, at rest on the first."""
    with opened(browser, (two_clips / "slides.html").as_uri(), two_clips.as_uri()) as view:
        view.wait_for_function("waiting")  # no browser plays before the first gesture
        view.keyboard.press("PageDown")
        view.keyboard.press("PageDown")
        rest(view, "small/only")
        yield view


def rest(view: Page, link: str) -> float:
    """Wait until that slide has come to rest; returns where in the clip it rests, in seconds."""
    there = RESTS.format(link.partition("/")[0])
    view.wait_for_function(f"location.hash === '#{link}' && !moving && {there}")
    return float(view.evaluate("document.querySelector('video.shown').currentTime"))


def colour(view: Page) -> list[int]:
    """The middle of the window, as the viewer sees it: one of STEPS, as the encoder gives it back."""
    picture = Image.open(io.BytesIO(view.screenshot())).convert("RGB")
    pixel = picture.getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(pixel, tuple)
    return [255 if channel > 127 else 0 for channel in pixel]


def rgb(step: str) -> list[int]:
    return [int(step[at : at + 2], 16) for at in (1, 3, 5)]


def test_each_key_plays_one_beat_to_its_last_frame_and_waits_there(
    page: Page, beats: list[dict[str, Any]]
) -> None:
    for key, beat, step in zip(("ArrowRight", "PageDown", " "), beats, STEPS, strict=True):
        page.keyboard.press(key)
        where = rest(page, f"steps/{step[1:]}")
        assert beat["end"] - FRAME <= where <= beat["end"]
        assert colour(page) == rgb(step)
        page.wait_for_timeout(250)
        assert page.evaluate("document.querySelector('video.shown').currentTime") == where
    page.keyboard.press("Enter")  # there is nothing after the last one
    assert rest(page, f"steps/{STEPS[-1][1:]}") == where


def test_a_beat_plays_from_where_the_one_before_stopped_and_no_further_than_its_end(
    page: Page, beats: list[dict[str, Any]]
) -> None:
    page.goto(f"{page.url.partition('#')[0]}#steps/{STEPS[0][1:]}")
    rest(page, f"steps/{STEPS[0][1:]}")
    page.evaluate(
        "window.seen = []; function see(now, frame) { seen.push(frame.mediaTime); next() }"
        "function next() { film().requestVideoFrameCallback(see) } next()"
    )
    for beat, before, step in ((beats[1], beats[0], STEPS[1]), (beats[2], beats[1], STEPS[2])):
        page.evaluate("seen.length = 0")
        page.keyboard.press("PageDown")
        rest(page, f"steps/{step[1:]}")
        seen = page.evaluate("seen")
        assert min(seen) <= before["end"] + FRAME  # what lies between two beats is not left out
        assert max(seen) < beat["end"] + 1e-3  # one picture more than the beat has, at most
        assert len(set(seen)) > 5
    assert beats[2]["start"] > beats[1]["end"] + FRAME


def test_a_second_press_jumps_to_the_end_of_the_beat_that_plays(
    page: Page, beats: list[dict[str, Any]]
) -> None:
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("moving") is False
    assert beats[0]["end"] - FRAME <= rest(page, f"steps/{STEPS[0][1:]}") <= beats[0]["end"]


def test_back_home_and_end_show_where_a_beat_ended(page: Page, beats: list[dict[str, Any]]) -> None:
    page.keyboard.press("End")
    rest(page, f"steps/{STEPS[2][1:]}")
    assert colour(page) == rgb(STEPS[2])
    page.keyboard.press("PageUp")
    assert rest(page, f"steps/{STEPS[1][1:]}") == pytest.approx(beats[1]["end"] - FRAME / 2, abs=2e-3)
    assert colour(page) == rgb(STEPS[1])
    page.keyboard.press("ArrowLeft")
    rest(page, f"steps/{STEPS[0][1:]}")
    page.keyboard.press("Home")
    rest(page, "small/only")
    assert page.locator("#place").text_content() == f"1/2 · {SMALL['small'].title} · 1/1"


def test_clicks_and_swipes_step(browser: Browser, two_clips: Path) -> None:
    context = browser.new_context(has_touch=True, reduced_motion="reduce")
    view = context.new_page()
    view.goto((two_clips / "slides.html").as_uri())
    rest(view, "small/only")
    view.mouse.click(300, 300)
    rest(view, f"steps/{STEPS[0][1:]}")
    swipe = """dx => { for (const [kind, x] of [["touchstart", 400], ["touchend", 400 + dx]]) {
        const touch = new Touch({ identifier: 1, target: main, clientX: x, clientY: 300 });
        const on = kind === "touchstart" ? [touch] : [];
        main.dispatchEvent(new TouchEvent(kind, { touches: on, changedTouches: [touch] })); } }"""
    view.evaluate(swipe, -200)
    rest(view, f"steps/{STEPS[1][1:]}")
    view.evaluate(swipe, 200)
    rest(view, f"steps/{STEPS[0][1:]}")
    view.evaluate(swipe, 10)
    rest(view, f"steps/{STEPS[0][1:]}")
    context.close()


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        (f"#steps/{STEPS[1][1:]}", f"steps/{STEPS[1][1:]}"),
        ("#steps", f"steps/{STEPS[0][1:]}"),
        ("#no%such/<b>", "small/only"),
    ],
)
def test_a_link_leads_to_its_beat(browser: Browser, two_clips: Path, link: str, shown: str) -> None:
    view = browser.new_page()
    view.goto((two_clips / "slides.html").as_uri() + link)
    rest(view, shown)
    view.close()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_captions_follow_the_language_and_are_said_when_hidden(page: Page, language: str) -> None:
    page.goto(f"{page.url.partition('#')[0]}#steps/{STEPS[0][1:]}")
    rest(page, f"steps/{STEPS[0][1:]}")
    words = page.locator("#words")
    assert words.get_attribute("aria-live") == "polite"
    assert words.text_content() == "Captions"
    assert words.get_attribute("class") == "unseen"
    page.select_option("#captions", language)
    assert words.get_attribute("lang") == language
    assert words.text_content() == catalogue(language).gettext("Captions")
    box, stage = words.bounding_box(), page.locator("#stage").bounding_box()
    assert box is not None
    assert stage is not None
    assert box["y"] >= stage["y"] + stage["height"]  # below the picture, not over it
    page.keyboard.press("PageDown")
    page.wait_for_function(f"words.textContent === {json.dumps(HOSTILE)}")
    page.keyboard.press("t")
    assert words.get_attribute("class") == "unseen"
    page.keyboard.press("T")
    assert page.locator("#captions").input_value() == language


def test_the_overview_opens_on_both_keys_and_leads_to_a_scene(page: Page) -> None:
    dialog = page.locator("#overview")
    for opening, closing in (("o", "o"), ("Escape", "Escape")):
        page.keyboard.press(opening)
        assert dialog.is_visible()
        page.keyboard.press("PageDown")  # steps nothing behind it
        page.keyboard.press(closing)
        dialog.wait_for(state="hidden")
    assert page.url.endswith("#small/only")
    page.keyboard.press("o")
    assert [title.strip() for title in dialog.locator("li").all_text_contents()] == [
        f"{number}. {SMALL[name].title}" for number, name in enumerate(("small", "steps"), 1)
    ]
    dialog.locator("li button").nth(1).click()
    rest(page, f"steps/{STEPS[0][1:]}")


def test_a_button_is_pressed_once_and_the_keys_step_again(page: Page) -> None:
    page.mouse.move(200, 200)
    page.locator("#next").click()
    rest(page, f"steps/{STEPS[0][1:]}")
    page.locator("#back").click()
    rest(page, "small/only")
    page.keyboard.press(" ")
    rest(page, f"steps/{STEPS[0][1:]}")
    page.locator("#back").focus()  # by keyboard it is a button like any other
    page.keyboard.press("Enter")
    rest(page, "small/only")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement !== null")


def test_the_next_clip_is_there_before_it_is_wanted_and_no_picture_is_empty(page: Page) -> None:
    page.wait_for_function("document.querySelector('video[data-scene=steps]').readyState >= 3")
    page.evaluate(
        "window.changes = []; new MutationObserver(() => {"
        "const shown = document.querySelectorAll('video.shown');"
        "changes.push([shown.length, shown[0].readyState >= 2 && !shown[0].seeking]) })"
        ".observe(document.getElementById('stage'), { subtree: true, attributeFilter: ['class'] })"
    )
    page.keyboard.press("PageDown")
    rest(page, f"steps/{STEPS[0][1:]}")
    page.keyboard.press("PageUp")
    rest(page, "small/only")
    changes = page.evaluate("window.changes")
    assert len(changes) >= 2
    assert all(change == [1, True] for change in changes)


def test_who_wants_less_motion_sees_the_last_pictures(
    browser: Browser, two_clips: Path, beats: list[dict[str, Any]]
) -> None:
    view = browser.new_page(reduced_motion="reduce")
    view.add_init_script("HTMLMediaElement.prototype.play = () => { throw new Error('it moved') }")
    view.goto((two_clips / "slides.html").as_uri())
    rest(view, "small/only")
    for beat, step in zip(beats, STEPS, strict=True):
        view.keyboard.press("PageDown")
        assert rest(view, f"steps/{step[1:]}") == pytest.approx(beat["end"] - FRAME / 2, abs=2e-3)
        assert colour(view) == rgb(step)
    view.close()


def test_where_the_browser_wants_a_gesture_the_next_key_plays(browser: Browser, two_clips: Path) -> None:
    view = browser.new_page()
    view.goto((two_clips / "slides.html").as_uri())
    view.wait_for_function("waiting")
    view.keyboard.press("PageDown")
    assert rest(view, "small/only") > 1
    view.close()


def test_prompt_titles_and_words_are_text(page: Page) -> None:
    assert "taken over" not in page.title()
    assert page.locator("script").count() == 2
    assert page.locator("b, i").count() == 0
    page.keyboard.press("o")
    assert HOSTILE_PROMPT in (page.locator("#overview .prompt").text_content() or "")


@pytest.mark.parametrize("open_overview", [False, True])
def test_axe_finds_nothing_serious(page: Page, open_overview: bool) -> None:
    page.select_option("#captions", "ja")
    page.mouse.move(200, 200)
    if open_overview:
        page.keyboard.press("o")
    page.wait_for_timeout(400)  # the bar fades in
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


def test_the_japanese_slides_are_in_japanese(two_clips: Path, tmp_path: Path, browser: Browser) -> None:
    clips = json.loads((two_clips / "manifest.json").read_text())["clips"]
    write_slides(tmp_path / "slides.html", clips, "ja")
    text = (tmp_path / "slides.html").read_text(encoding="utf-8")
    shown = re.sub(r"<(style|script).*?</\1>", "", text, flags=re.DOTALL)
    assert '<html lang="ja">' in text
    assert not re.search(r">(Back|Next|Captions|Overview|Close|Full screen|none)<", shown)


def test_light_clips_have_light_slides_around_them(two_clips: Path, tmp_path: Path, browser: Browser) -> None:
    clips = json.loads((two_clips / "manifest.json").read_text())["clips"]
    light = {name: {**clip, "theme": "light"} for name, clip in clips.items()}
    write_slides(tmp_path / "slides.html", light, "en")
    view = browser.new_page()
    view.goto((tmp_path / "slides.html").as_uri())
    ground = view.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == f"rgb{tuple(int(THEMES['light'].ground[at : at + 2], 16) for at in (1, 3, 5))}"
    view.keyboard.press("o")
    view.wait_for_timeout(400)  # the bar fades in
    found = Axe().run(view).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    view.close()

"""Every format is what it says: decoded, and seen by a browser over a coloured page."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from playwright.sync_api import Browser

from scenes.language import reading_time
from scenes.render.__main__ import main
from scenes.render.formats import ClearFilm, spread, straight, write_gif

BLUE = (0x58, 0xC4, 0xDD)
PAGE = (46, 125, 50)

Render = Callable[..., Path]


@pytest.fixture
def render(small_scenes: None, storyteller_trace: Path, tmp_path: Path) -> Render:
    def run(*arguments: str) -> Path:
        out = ["--trace", str(storyteller_trace), "--out", str(tmp_path / "out"), "--quality", "l"]
        assert main([*arguments, *out]) == 0
        return tmp_path / "out"

    return run


def frames(path: Path) -> Iterator[Any]:
    """Decode by the library that passes alpha over."""
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        decoder = av.CodecContext.create("libvpx-vp9", "r")
        for packet in film.demux(stream):
            yield from decoder.decode(packet)


def length(path: Path) -> tuple[int, float]:
    """Frames, and seconds from the first to the last."""
    with av.open(str(path)) as film:
        times = [float(frame.time or 0) for frame in film.decode(video=0)]
    return len(times), times[-1] - times[0]


def shown(browser: Browser, page: Path, media: str) -> Any:
    """What a browser shows of a film or picture over a coloured page: (480, 854, 3)."""
    tag = f'<video id="it" muted src="{media}"></video>' if media.endswith("webm") else f'<img src="{media}">'
    page.write_text(f'<body style="margin:0;background:rgb{PAGE}">{tag}')
    window = browser.new_page(viewport={"width": 854, "height": 480})
    window.goto(page.as_uri())
    if media.endswith("webm"):
        window.evaluate(
            "new Promise(done => { const it = document.getElementById('it');"
            "it.onseeked = () => requestAnimationFrame(() => requestAnimationFrame(done));"
            "it.currentTime = 0.3 })"
        )
    window.wait_for_load_state("networkidle")
    picture = page.with_suffix(".png")
    window.screenshot(path=str(picture))
    window.close()
    return np.asarray(Image.open(picture).convert("RGB")).astype(int)


def test_a_clear_ground_is_clear_and_a_blue_is_that_blue_over_any_page(
    render: Render, browser: Browser
) -> None:
    out = render("blue", "--transparent", "--no-captions")
    clip = out / "clips" / "blue.webm"
    first = next(frames(clip))
    assert first.format.name == "yuva420p"
    alpha = first.to_ndarray(format="rgba")[..., 3]
    assert (alpha.shape, alpha[240, 427], alpha[470, 427]) == ((480, 854), 255, 0)
    assert length(clip)[0] == length(out / "clips" / "blue.mp4")[0]
    for media in ("clips/blue.webm", "clips/blue.png"):
        seen = shown(browser, out / "page.html", media)
        np.testing.assert_allclose(seen[240, 427], BLUE, atol=2, err_msg=media)
        np.testing.assert_allclose(seen[470, 427], PAGE, atol=2, err_msg=media)
    with av.open(str(out / "clips" / "blue.mp4")) as film:  # it can have no alpha
        ground = next(film.decode(video=0)).to_ndarray(format="rgb24")[470, 427]
    assert ground.max() <= 2


def test_soft_edges_over_a_clear_ground_are_neither_dark_nor_light(render: Render, browser: Browser) -> None:
    out = render("small", "--transparent", "--no-captions")
    *_, last = frames(out / "clips" / "small.webm")
    rgba = last.to_ndarray(format="rgba").astype(int)
    rgba = rgba[150:330]  # the words on the stage, which are white
    soft = (rgba[..., 3] > 100) & (rgba[..., 3] < 200)
    assert soft.sum() > 20
    assert np.median(rgba[soft][:, :3]) > 200  # white letters are white where they are half there


def test_a_blue_is_that_blue_where_it_is_half_there_and_two_pixels_share_a_hue(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:120, :160]
    cover = np.clip(40 - np.hypot(rows - 60.3, columns - 80.7), 0, 1)[..., None]  # a disc with a soft edge
    pixels = np.round(cover * (*BLUE, 255)).astype(np.uint8)  # as Cairo has them
    with ClearFilm.open(tmp_path / "disc.webm", 160, 120, 15) as film:
        film.add(pixels, 3)
    first = next(frames(tmp_path / "disc.webm")).to_ndarray(format="rgba").astype(int)
    soft = (first[..., 3] > 40) & (first[..., 3] < 230)
    assert soft.sum() > 100
    assert np.percentile(np.abs(first[soft][:, :3] - BLUE).max(axis=-1), 95) <= 20


@given(arrays(np.uint8, (4, 6, 4)))
def test_what_is_seen_keeps_its_colour_and_what_is_not_seen_stays_so(pixels: Any) -> None:
    result = spread(pixels)
    np.testing.assert_array_equal(result[..., 3], pixels[..., 3])
    seen = pixels[..., 3] > 0
    np.testing.assert_array_equal(result[seen], pixels[seen])
    alone = np.array([[[255, 0, 0, 9], [0] * 4], [[0] * 4, [0] * 4]], np.uint8)
    np.testing.assert_array_equal(spread(alone)[..., 0], [[255, 255], [255, 255]])


@given(arrays(np.uint8, (3, 4, 4)))
def test_colours_divided_by_alpha_and_multiplied_again_are_as_they_were(pixels: Any) -> None:
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])  # as Cairo has them
    again = straight(pixels).astype(np.float64)
    np.testing.assert_array_equal(again[..., 3], pixels[..., 3])
    np.testing.assert_allclose(again[..., :3] * again[..., 3:] / 255, pixels[..., :3], atol=0.51)


@given(st.integers(1, 255))
def test_white_stays_white_whatever_its_alpha(alpha: int) -> None:
    assert (straight(np.full((1, 1, 4), alpha, np.uint8))[0, 0, :3] == 255).all()


def test_an_opaque_webm_and_a_gif_are_made_beside_the_clip_and_the_clip_stays(
    render: Render, browser: Browser
) -> None:
    clips = render("blue", "small") / "clips"
    before = {path.name: path.stat().st_mtime_ns for path in clips.glob("*.mp4")}
    out = render("blue", "small", "--format", "webm, gif,mp4")
    assert {path.name: path.stat().st_mtime_ns for path in clips.glob("*.mp4")} == before
    count, seconds = length(clips / "small.mp4")
    assert length(clips / "small.webm")[0] == count
    assert length(clips / "small.webm")[1] == pytest.approx(seconds, abs=0.01)
    with av.open(str(clips / "small.webm")) as film:
        assert film.streams.video[0].codec.name == "vp9"
        assert film.streams.video[0].format.name == "yuv420p"
    seen = shown(browser, out / "page.html", "clips/blue.webm")
    np.testing.assert_allclose(seen[240, 427], BLUE, atol=2)
    np.testing.assert_allclose(seen[470, 427], (0, 0, 0), atol=2)
    with Image.open(clips / "small.gif") as gif:
        assert (gif.format, gif.size) == ("GIF", (854, 480))
        assert gif.info["loop"] == 0
        assert gif.info["duration"] == 80
        assert abs(gif.n_frames * 0.08 - (seconds + 1 / 15)) < 0.1  # type: ignore[attr-defined]
    with Image.open(clips / "blue.gif") as gif:
        np.testing.assert_allclose(gif.convert("RGB").getpixel((427, 240)), BLUE, atol=3)  # type: ignore[arg-type]
    entry = json.loads((out / "manifest.json").read_text())["clips"]["small"]
    assert entry["further"]["gif"]["bytes"] == (clips / "small.gif").stat().st_size
    page = (out / "index.html").read_text()
    for kind in ("webm", "gif"):
        assert f'<a href="clips/small.{kind}" download>{kind}</a>' in page
    made = {path: path.stat().st_mtime_ns for path in clips.glob("small.*")}
    render("blue", "small", "--format", "webm,gif")
    assert {path: path.stat().st_mtime_ns for path in clips.glob("small.*")} == made
    (clips / "small.gif").unlink()
    render("small", "--format", "gif")
    assert (clips / "small.gif").exists()
    render("small", "--no-captions")  # another clip: what was made from the one before goes with it
    assert not (clips / "small.gif").exists()
    assert not (clips / "small.webm").exists()


def heaviest_ten_seconds(gif: Path) -> tuple[float, int]:
    """Frames a second, and the bytes of the ten seconds that take the most, counted in the file."""
    with av.open(str(gif)) as film:
        rate = float(film.streams.video[0].average_rate or 0)
        sizes = [packet.size for packet in film.demux(video=0) if packet.size]
    window = round(10 * rate)
    return rate, max(sum(sizes[first : first + window]) for first in range(max(1, len(sizes) - window + 1)))


def test_no_ten_seconds_of_the_heaviest_scene_s_gif_are_too_large_for_a_chat(
    storyteller_trace: Path, tmp_path: Path
) -> None:
    arguments = ["overview", "--trace", str(storyteller_trace), "--out", str(tmp_path), "--quality", "l"]
    assert main([*arguments, "--format", "gif"]) == 0
    assert heaviest_ten_seconds(tmp_path / "clips" / "overview.gif")[1] <= 5_000_000


def test_a_film_too_heavy_for_a_chat_gets_fewer_frames_a_second(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    with av.open(str(tmp_path / "noise.mp4"), "w") as output:
        stream = output.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for _ in range(12 * 15):
            noise = generator.integers(0, 256, (180, 320, 3), np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24")))
        output.mux(stream.encode(None))
    progress: list[int] = []
    write_gif(tmp_path / "noise.gif", tmp_path / "noise.mp4", progress.append)
    rate, heaviest = heaviest_ten_seconds(tmp_path / "noise.gif")
    assert rate < 12.5
    assert heaviest <= 5_000_000
    assert progress.count(1) > 1  # tried anew
    with Image.open(tmp_path / "noise.gif") as gif:
        assert gif.n_frames / rate == pytest.approx(12, abs=0.2)  # type: ignore[attr-defined]


def test_where_the_picture_has_no_captions_the_page_shows_them(render: Render, browser: Browser) -> None:
    states = "[...document.querySelectorAll('video')].flatMap(v => [...v.textTracks].map(t => t.mode))"
    for arguments, showing in ((("small", "--no-captions"), 1), (("small",), 0)):
        out = render(*arguments)
        for name in ("index.html", "clips/small.html"):
            window = browser.new_page()
            window.goto((out / name).as_uri())
            films = window.locator("video").count()
            assert window.evaluate(states).count("showing") == showing * films, name
            window.close()
        with av.open(str(out / "clips" / "small.mp4")) as film:
            *_, last = film.decode(video=0)
        caption = last.to_ndarray(format="rgb24")[420:, :].max()
        assert (caption > 128) == (showing == 0)


def test_captions_that_the_viewer_chooses_can_be_read_in_every_language(
    storyteller_trace: Path, tmp_path: Path
) -> None:
    def too_fast(*arguments: str) -> list[str]:
        shown = ["tokens", "--trace", str(storyteller_trace), "--out", str(tmp_path), "--quality", "l"]
        assert main([*shown, *arguments]) == 0
        entry = json.loads((tmp_path / "manifest.json").read_text())["clips"]["tokens"]
        assert entry["seconds"] == pytest.approx(entry["beats"][-1]["end"], abs=0.1)
        return [
            language
            for beat in entry["beats"]
            for language, narration in beat["narration"].items()
            if beat["end"] - beat["start"] < reading_time(narration, language) - 0.01
        ]

    assert set(too_fast()) == {"ja"}  # the picture's own captions set the pace
    assert not too_fast("--no-captions")


@pytest.mark.parametrize(("aspect", "size"), [("9:16", (480, 854)), ("1:1", (480, 480))])
def test_another_shape_is_a_frame_of_that_shape_and_nothing_is_stretched(
    render: Render, aspect: str, size: tuple[int, int]
) -> None:
    wide = render("blue")
    narrow = render("blue", "--aspect", aspect, "--no-captions", "--format", "gif")
    with Image.open(narrow / "clips" / "blue.gif") as gif:
        assert gif.size == size
    assert wide == narrow
    with av.open(str(narrow / "clips" / "blue.mp4")) as film:
        stream = film.streams.video[0]
        assert (stream.width, stream.height) == size
        assert stream.sample_aspect_ratio in (None, 1)
        picture = next(film.decode(stream)).to_ndarray(format="rgb24").astype(int)
    # the rectangle of 13 × 5 units is as high as it should be: pixels a unit are the same both ways
    rows = (np.abs(picture[:, size[0] // 2] - BLUE).max(axis=-1) < 10).sum()
    assert rows == pytest.approx(5 * size[0] / {"9:16": 8.0, "1:1": 10.8}[aspect], abs=3)


@pytest.mark.parametrize("value", ["avi", "", "mp4,,gif", "MP4"])
def test_a_format_that_there_is_not_is_one_line(capsys: pytest.CaptureFixture[str], value: str) -> None:
    assert main(["--format", value]) == 2
    error = capsys.readouterr().err
    assert "there are mp4, webm, gif, png" in error
    assert error.count("\n") == 1

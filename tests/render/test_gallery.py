"""The contact sheet of a run's posters."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenes.render import gallery
from tests.render.conftest import only_small_scenes


def test_every_poster_is_on_the_sheet(
    two_clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "sheet.webp"
    with only_small_scenes():
        monkeypatch.setattr(gallery, "SCENES", __import__("scenes").SCENES)
        assert gallery.main([str(two_clips), "-o", str(target)]) == 0
    assert "2 scenes" in capsys.readouterr().out
    assert target.stat().st_size <= gallery.LARGEST
    sheet = Image.open(target)
    assert sheet.width == gallery.WIDTH
    shown = np.asarray(sheet.convert("RGB"))
    blue = (np.abs(shown.astype(int) - [0, 0, 255]) < 60).all(axis=-1)  # the last of the colours of "steps"
    assert 250 < blue.any(axis=0).sum() < gallery.WIDTH / 5


@pytest.mark.parametrize(
    ("output", "words"), [("sheet.png", "ends in .webp or .jpg"), ("sheet.webp", "has no lecture")]
)
def test_what_cannot_be_made_is_said_in_a_line(
    output: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gallery.main([str(tmp_path), "-o", str(tmp_path / output)]) == 2
    assert words in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_a_sheet_is_made_as_small_as_it_must_be() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (700, 1200, 3), np.uint8)
    assert len(gallery.smallest_loss(Image.fromarray(noise), ".jpg")) <= gallery.LARGEST

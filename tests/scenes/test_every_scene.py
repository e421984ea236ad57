"""Every scene, played without drawing, for short, long and strange prompts and for flat and deep models."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from manim import config, tempconfig

from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.record import record
from model_probe.trace import Trace
from scenes import SCENES, load
from scenes.lecture_scene import MODEL_NOTES, LectureScene
from scenes.mobjects.lettering import ASCENT, DESCENT, Lettering
from scenes.render.quality import ASPECTS, QUALITIES, pixels
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings

SMALLEST = 18 / 1080 * 8  # 18 px at 1080p, in frame units
SENTENCE = "The old king gave his youngest daughter a golden ring, and the daughter gave the ring away. "


def model(directory: Path, layers: int) -> Path:
    """A random model of some layers with a context of 1,024 and storyteller's tokenizer."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(layers)
    config = GPT2Config(
        vocab_size=8192, n_positions=1024, n_embd=16, n_layer=layers, n_head=2, initializer_range=0.5,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(directory)
    shutil.copy(STORYTELLER_DIRECTORY / "tokenizer.json", directory)
    return directory


def prompt_of(tokens: int) -> str:
    """A prompt of exactly that many of storyteller's tokens."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(STORYTELLER_DIRECTORY / "tokenizer.json"))
    ids = tokenizer.encode(SENTENCE * (1 + tokens // 10)).ids[:tokens]
    return tokenizer.decode(ids)


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("traces")
    prompts = {f"{count} tokens": prompt_of(count) for count in (1, 2, 7, 40)}
    prompts |= {
        "emoji": "The dragon 🐉 laughed 🎉",
        "japanese": "むかしむかし、王さまがいました。",
        "right to left": "مرحبا بالعالم",
        "no face has it": "ሰላምታ ለሁሉም",
        "markup": "مرحبا <script> #let $x^2$ \\frac\n\tA\u0000\u202eB",
    }
    found = {
        name: record(prompt, folder / f"{number}.safetensors", model="storyteller")
        for number, (name, prompt) in enumerate(prompts.items())
    }
    for name, layers, tokens in (("1000 tokens", 2, 1000), ("1 layer", 1, 12), ("48 layers", 48, 12)):
        directory = model(folder / f"model-{layers}-{tokens}", layers)
        out = folder / f"random-{layers}-{tokens}.safetensors"
        found[name] = record(prompt_of(tokens), out, model=str(directory))
        assert Trace.open(out).n_tokens == tokens
    return found


@pytest.fixture
def inspected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is wrong with the picture at the end of each beat, in words."""
    faults: list[str] = []
    beat = LectureScene.beat

    @contextmanager
    def inspecting(scene: LectureScene, name: str, narration: str, **more: Any) -> Iterator[None]:
        with beat(scene, name, narration, **more):
            yield
        faults.extend(f"{name}: {fault}" for fault in faults_of(scene))

    monkeypatch.setattr(LectureScene, "beat", inspecting)
    return faults


def faults_of(scene: LectureScene) -> Iterator[str]:
    frame = scene.layout.frame
    smallest = SMALLEST * min(frame.width, frame.height) / 8  # 18 px where the shorter side has 1,080
    told = set(map(id, scene._caption.get_family()))
    for mobject in (each for top in scene.mobjects for each in top.get_family()):
        if not len(mobject.points) or not visible(mobject):
            continue
        low, high = mobject.points.min(axis=0), mobject.points.max(axis=0)
        what = f"{type(mobject).__name__} {getattr(mobject, 'string', '')!r}"
        if low[0] < frame.left or high[0] > frame.right or low[1] < frame.bottom or high[1] > frame.top:
            yield f"{what} leaves the frame: {low.round(2)} to {high.round(2)}"
        if id(mobject) not in told and low[1] < scene.layout.caption.top:
            yield f"{what} reaches into the caption: {low.round(2)} to {high.round(2)}"
        if isinstance(mobject, Lettering):
            # The line box is the outline's first eight points, whatever turned or scaled it since.
            diagonal = np.linalg.norm(mobject.points[4] - mobject.points[0])
            plain = Lettering(mobject.string, 1.0, mono=mobject.mono)
            em = diagonal / np.hypot(plain.width, ASCENT + DESCENT)
            if em < smallest - 1e-6:
                yield f"{what} is {em / smallest * 18:.1f} px at 1080p"


def visible(mobject: Any) -> bool:
    opacity = getattr(mobject, "opacity", None)
    if opacity is not None:
        return bool(opacity > 0.01)
    return bool(max(mobject.get_fill_opacity(), mobject.get_stroke_opacity()) > 0.01)


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_stands_for_any_prompt_and_model(
    name: str, traces: dict[str, Path], inspected: list[str]
) -> None:
    faults = []
    for kind, path in traces.items():
        for language in ("en", "ja") if kind in ("7 tokens", "emoji") else ("en",):
            scene = rehearse(load(name), Settings(path, language))
            faults += [f"{kind}, {language}: {fault}" for fault in inspected]
            inspected.clear()
            names = [beat.name for beat in scene.beats]
            assert len(set(names)) == len(names) >= 3
            assert scene.poster in names
            if language == "en" and not 15 <= scene.renderer.time <= 60:
                faults.append(f"{kind}: lasts {scene.renderer.time:.1f} s")
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.parametrize("aspect", ["9:16", "1:1"])
@pytest.mark.parametrize("name", SCENES)
def test_a_scene_stands_in_any_shape_of_frame(
    name: str, aspect: str, traces: dict[str, Path], inspected: list[str]
) -> None:
    faults = []
    for kind in ("1 tokens", "7 tokens", "40 tokens", "markup", "1000 tokens", "48 layers"):
        for language in ("en", "ja") if kind == "7 tokens" else ("en",):
            with shaped(aspect):
                scene = rehearse(load(name), Settings(traces[kind], language, aspect=aspect))
                caption = scene._caption
                assert caption.width <= scene.layout.caption.width + 1e-6
                assert len(caption) <= scene.layout.caption_lines
            faults += [f"{kind}, {language}: {fault}" for fault in inspected]
            inspected.clear()
    assert not faults, "\n" + "\n".join(dict.fromkeys(faults))


@contextmanager
def shaped(aspect: str) -> Iterator[None]:
    """Manim's frame in another shape."""
    width, height = pixels(QUALITIES["h"], aspect)
    with tempconfig({"pixel_width": width, "pixel_height": height}):
        config.frame_width, config.frame_height = ASPECTS[aspect]
        yield


def test_every_picture_says_which_model_ran_and_why_in_its_language(
    traces: dict[str, Path], tmp_path: Path
) -> None:
    import dataclasses

    from model_probe.trace import write_trace

    trace = Trace.open(traces["7 tokens"])
    tensors = {name: np.asarray(getattr(trace, name)) for name in trace.tensor_names}
    for note, japanese in zip(
        MODEL_NOTES, ("GPT-2 に接続できませんでした", "GPT-2 のダウンロードが中断しました"), strict=True
    ):
        facts = dataclasses.replace(trace.facts, model_note=note)
        path = write_trace(tmp_path / "noted.safetensors", tensors, facts)
        for language, words in (("en", note), ("ja", japanese)):
            scene = rehearse(load("mask"), Settings(path, language))
            assert scene._credit is not None
            assert scene._credit.string.startswith(f"storyteller 8M ({words})")


def test_one_chosen_head_is_the_one_that_is_shown(traces: dict[str, Path]) -> None:
    for name in ("query_key", "mask"):
        scene = rehearse(load(name), Settings(traces["7 tokens"], layer=3, head=5))
        assert scene._credit is not None
        assert scene._credit.string.endswith("layer 3 · head 5")

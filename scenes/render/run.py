"""One run: an order in, a directory with trace, clips, lecture and manifest out."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path

from rich.console import Console

from model_probe.errors import MissingTensor, UserError
from model_probe.trace import Trace
from scenes import CARDS, SCENES, parts_of
from scenes.language import catalogue
from scenes.mobjects.marks import visible
from scenes.reads import check, declared, wanted
from scenes.render.digest import sources
from scenes.render.graph import Engine
from scenes.render.jobs import Company, Listener
from scenes.render.manifest import Manifest
from scenes.render.order import Order
from scenes.render.plan import Plan
from scenes.render.probe import ProbeFailed, recorded
from scenes.render.progress import Display
from scenes.render.workshop import workshop
from scenes.voice.engines import resolve, speech


def run(order: Order) -> int:
    """Carry out an order.

    Returns:
        0, 1 where a scene failed, or the probe's exit code where there is no trace.

    Raises:
        UserError: something that was given is wrong.
        OSError: the output directory cannot be written.
    """
    translate = catalogue(order.language).gettext
    voice = resolve(order.voice, order.language) if order.voice is not None else None
    console = Console(file=sys.stdout, stderr=False, force_jupyter=False)  # lines, in a notebook too
    with workshop(order.out) as work:
        sources()  # as they are now: what changes while this is at work is out of date afterwards
        manifest = Manifest(order.out / "manifest.json")
        if voice:  # one that cannot speak says so before anything is made
            speech(translate(SCENES[order.scenes[0]].title), order.language, voice, work / "voice")
        try:
            trace = _trace(order, manifest, work)
        except ProbeFailed as failed:
            return failed.code
        facts, digest = trace.facts, trace.digest
        model = visible(facts.credit, str.isprintable)
        _say(console, f"model: {model}" + (f" ({facts.model_note})" if facts.model_note else ""))
        settings = order.settings(trace, voice)
        scenes = _drawable(order, trace, console)
        with (
            Display(console, order.scenes) as display,
            _company(order, trace, display.event) as company,
        ):
            plan = Plan(order, trace, settings, manifest, company, digest, scenes)
            engine = Engine(manifest, plan.out, work.resolve(), company, display)
            engine.bring_up_to_date(chain(chain.from_iterable(map(plan.of_scene, scenes)), plan.of_cards()))
            engine.bring_up_to_date(plan.of_lecture())
        manifest.save()
    return 1 if engine.failures or len(scenes) < len(order.scenes) else 0


def _company(order: Order, trace: Trace, tell: Listener) -> Company:
    """Who draws: processes here, or a cluster's workers."""
    logs = order.out / "logs"
    if order.scheduler is None:
        return Company(order.workers, logs, tell)
    try:
        from scenes.render.cluster import Cluster
    except ModuleNotFoundError as error:
        raise UserError(
            f"--scheduler needs {error.name}: .venv/bin/pip install 'distributed>=2026.3'"
        ) from None
    return Cluster(order.scheduler, trace.path, logs, tell)


def _trace(order: Order, manifest: Manifest, work: Path) -> Trace:
    if order.trace_file is not None:
        trace = Trace.open(order.trace_file)
        trace.check_bytes()
        return trace
    assert order.request is not None
    drawn = [*(SCENES[name] for name in order.scenes), *(CARDS[part.card] for part in parts_of(order.scenes))]
    needed = wanted(map(declared, drawn), order.layer, order.head)
    path = order.out / "trace.safetensors"
    return recorded(order.request, needed, path, manifest, work, order.budget)


def _drawable(order: Order, trace: Trace, console: Console) -> list[str]:
    """The scenes that this trace can be drawn for; of the others it is said what they lack."""
    fit = []
    for name in order.scenes:
        try:
            check(name, declared(SCENES[name]), trace, order.layer, order.head)
        except MissingTensor as error:
            _say(console, f"{name}  not for this trace: {error}")
        else:
            fit.append(name)
    return fit


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)

"""From a prompt to a trace on disk."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe import (
    attribution,
    capture,
    changes,
    derived,
    devices,
    embedding,
    generation,
    handed_over,
    lens,
    models,
    neurons,
    plan,
    prompts,
    reuse,
    runs,
    tiles,
    typo,
    verify,
)
from model_probe import (
    beside as besides,
)
from model_probe.chat import chat_text
from model_probe.chosen_head import worth_showing
from model_probe.errors import ModelError
from model_probe.families import shape_of_directory
from model_probe.generation import Method
from model_probe.network import Network, Text
from model_probe.plan import Recording, Selection
from model_probe.stopwatch import Stopwatch
from model_probe.tokens import Encoded, Vocabulary
from model_probe.trace import ASKED_ONLY, OF_SHOWN, PROJECTION, REUSED, TENSORS, Facts, write_trace


def record(
    prompt: str | None,
    out: str | os.PathLike[str],
    *,
    model: str | None = None,
    device: str = "auto",
    reference: bool = False,
    seed: int = 0,
    steps: int = 8,
    method: Method | None = None,
    selection: Selection | None = None,
    budget: int = plan.BUDGET,
    smaller: str = plan.SMALLER,
    chat: bool = False,
    beside: str | None = None,
) -> Path:
    """Run a model on a prompt and write everything that it computed to the trace `out`.

    Args:
        prompt: None is the default prompt of the model that runs.
        out: the trace to write.
        model: a Hub id, a directory, a GGUF file, "smollm2" or "storyteller"; None is GPT-2, or storyteller
            where it cannot be had.
        device: "auto", "cpu", "cuda", "cuda:1", …, or "mps".
        reference: have transformers run the model even where numpy could.
        seed: of the draws.
        steps: so many tokens are generated, as far as the context has room.
        method: how they are chosen; drawn from the full distribution by default.
        selection: which layers, heads and tensors are kept; all by default, and where that is over the
            budget, the scores of one head only.
        budget: bytes that one captured run may take.
        smaller: what makes it take less, for the message where it would take more.
        chat: the prompt is a user's message, which the model reads within its own chat template.
        beside: a second text, read as the prompt is, whose last token is compared with the prompt's; None
            is the prompt's own tokens in another order, see `beside.other_order`.

    Raises:
        UserError: something that was given cannot be used; nothing is left behind.
    """
    watch = Stopwatch()
    method, selection = method or Method(), selection or Selection()
    for text in (prompt, beside):
        if text is not None:
            prompts.check(text)
    resolved = models.resolve(model)
    if prompt is None:
        prompt = prompts.STORYTELLER if resolved.asked == models.STORYTELLER else prompts.GPT2
    shape = shape_of_directory(resolved.directory, resolved.config)
    vocabulary = Vocabulary(resolved.directory)
    message = prompt if chat else None
    text = chat_text(resolved.asked, resolved.directory, prompt) if chat else prompt
    encoded = vocabulary.encode(text, shape.n_ctx, added=not chat)
    vocabulary.check_rows(encoded, shape.n_vocab)
    second = besides.other_order(encoded, shape.n_ctx)
    if beside is not None:
        text = chat_text(resolved.asked, resolved.directory, beside) if chat else beside
        second = besides.given(vocabulary, text, shape, added=not chat)
    selection.check(shape)
    planned = plan.planned(shape, len(encoded.ids_T), selection)
    of_weights = plan.of_weights(shape, selection, len(encoded.ids_T))
    if (
        replace(selection, runs=False) == Selection()
        and plan.total(planned) + plan.total(of_weights) > budget
    ):
        narrower = Selection(of_one_head=("scores_LHTS",))
        smaller_plan = plan.planned(shape, len(encoded.ids_T), narrower)
        if plan.total(smaller_plan) + plan.total(of_weights) <= budget:
            selection, planned = narrower, smaller_plan
            print("scores_LHTS is kept of one head: of all of them it is over the budget", file=sys.stderr)
    plan.check_budget(planned | of_weights, len(encoded.ids_T), budget, smaller)
    plan.show(planned | of_weights)

    chosen = devices.choose(device)
    watch.lap("tokens")
    try:
        network = capture.load(resolved.config, resolved.weights, chosen, reference=reference)
        watch.lap("loading")
        end_ids = vocabulary.end_ids(resolved.config, resolved.generation)
        tensors, errors, one_head = _run(
            network, vocabulary, encoded.ids_T, selection, seed, (method, steps, end_ids), second, watch
        )
        projected: list[int] = []
        if selection.keeps_any(*OF_SHOWN):
            projected = [*_shown(network, selection, tensors)]
        if selection.keeps_any(*PROJECTION):
            tensors |= network.projection(*projected)
        if selection.keeps("value_out_SD"):
            layer, head = projected
            values_SK = _values(network, selection, tensors, one_head, layer, head)
            tensors["value_out_SD"] = handed_over.value_out(network, layer, head, values_SK)
        tensors |= _of_weights(network, vocabulary, encoded.ids_T, tensors, selection, seed)
        watch.lap("weights")
        if chosen != "cpu":
            errors["device_logits"] = _compare_with_cpu(resolved, network, encoded.ids_T, tensors)
    except MemoryError:
        raise ModelError(
            f"{resolved.asked}: there is not enough memory on {chosen} for this prompt"
        ) from None
    tensors |= {
        **encoded.tensors(),
        **vocabulary.tensors(shape.n_vocab),
        **typo.typo(encoded, vocabulary, message),
    }
    layer, head = next(iter(one_head.values()), (0, 0))
    one_head = {name: place for name, place in one_head.items() if selection.keeps(name)}
    checks = verify.check(tensors, errors, whole=not selection.tensors, shown=(layer, head))
    kept = {name: tensors[name] for name in tensors if selection.keeps(name) or name == "token_ids_T"}
    heads = (one_head, projected)
    facts = _facts(network, resolved, encoded, message, seed, steps, method, selection, heads, checks)
    facts = replace(facts, beside=beside, beside_how=second.how if second else "")
    path = write_trace(out, kept, facts)
    watch.lap("writing")
    watch.show()
    return path


def _run(
    network: Network,
    vocabulary: Vocabulary,
    ids_T: NDArray[np.int64],
    selection: Selection,
    seed: int,
    generating: tuple[Method, int, frozenset[int]],
    second: besides.Beside | None,
    watch: Stopwatch,
) -> tuple[dict[str, NDArray[Any]], dict[str, float], dict[str, list[int]]]:
    """Tensors, the errors that only a further run can measure, and what `Facts.one_head` says.

    `generating` is how, how many steps at the most, and which ids end it.
    """
    planned = plan.planned(network.shape, len(ids_T), selection)
    single = planned.keys() & selection.single(len(ids_T))
    followed = selection.keeps_any("next_rank_T", "next_logprob_T")
    everywhere = followed or selection.keeps_any("top_ids_TN", "top_logits_TN", "logsumexp_T")
    first = 0 if everywhere else max(0, len(ids_T) - lens.WINDOW)
    attributed = selection.keeps_any(*attribution.NAMES)
    by_head, by_neuron = selection.keeps("head_last_LHD"), selection.keeps_any(*neurons.NAMES)
    last = {
        *(attribution.LAST if attributed else ()),
        *(["z_LHTK"] if by_head else ()),
        *(neurons.LAST if by_neuron else ()),
    }
    only = planned.keys() - single
    run = capture.capture(network, ids_T, selection, only=only, first=first, last=last)
    tensors = {**run.tensors, "logits_last_V": run.logits_TV[-1]}
    one_head: dict[str, list[int]] = {}
    if single:
        layer, head = _shown(network, selection, tensors)
        one_head = {name: [layer, head] for name in sorted(single)}
        alone = capture.capture(network, ids_T, Selection((layer,), (head,)), single, first=len(ids_T))
        tensors |= {name: alone.tensors[name] for name in single}
    if not selection.layers and not selection.heads and "pattern_LHTS" in tensors.keys() - one_head.keys():
        tensors |= derived.head_scores(tensors["pattern_LHTS"])  # a score is of a head among all others
    watch.lap("model")
    if by_head:
        kept = selection.kept_layers(network.shape), selection.kept_heads(network.shape)
        tensors["head_last_LHD"] = handed_over.head_last(network, run.last["z_LHTK"], *kept)
    if attributed:
        tensors |= attribution.tensors(network, run.last, run.cache, tensors["logits_last_V"])
        watch.lap("attribution")
    if by_neuron:
        tensors |= neurons.tensors(network, run.last, tensors["logits_last_V"])
        watch.lap("neurons")
    generated, again = {}, None
    steps_of = (name for name in TENSORS if name.startswith(("step_", "beam_")))
    if selection.keeps_any(*REUSED):
        again = reuse.Reuse(network, run, len(ids_T))
    if again is not None or selection.keeps_any(*steps_of):
        (method, steps, end_ids), room = generating, network.shape.n_ctx - len(ids_T) + 1
        generated = generation.generate(
            network, run, method=method, steps=min(steps, room), seed=seed, end_ids=end_ids
        )
        watch.lap("steps")
    if selection.keeps_any(*ASKED_ONLY):
        _, _, end_ids = generating
        room = network.shape.n_ctx - len(ids_T) + 1
        tensors |= runs.runs(network, run, seed=seed, end_ids=end_ids, room=room)
        watch.lap("ways of writing on")
    further, errors = _run_again(network, vocabulary, ids_T, generated, selection, seed, second, again)
    if again is not None:
        shown = _shown(network, selection, tensors) if selection.keeps("again_k_TK") else None
        further |= again.tensors(shown)
    watch.lap("further texts")
    read = selection.keeps_any(*plan.LENS)
    if read or everywhere:  # the lens is checked against the output
        tensors |= lens.top_logits(run.logits_TV)
    if followed:
        tensors |= lens.followed(run.logits_TV, ids_T, tensors["logsumexp_T"])
    tensors |= lens.logit_lens(
        network,
        (tensors["resid_pre_LTD"], tensors["resid_final_TD"]) if read else None,
        further.get("beside_resid_MD"),
    )
    watch.lap("lens")
    return {**tensors, **generated, **further}, errors, one_head


def _of_weights(
    network: Network,
    vocabulary: Vocabulary,
    ids_T: NDArray[np.int64],
    tensors: dict[str, NDArray[Any]],
    selection: Selection,
    seed: int,
) -> dict[str, NDArray[Any]]:
    """What is kept of the model's weights themselves."""
    found = embedding.tensors(network, vocabulary, ids_T, selection, seed)
    found |= embedding.of_unembedding(network, tensors["logits_last_V"], selection)
    if selection.keeps_any(*tiles.NAMES):
        found |= tiles.tiles(network.shape, network.first_weights())
    if selection.keeps_any(*tiles.ROWS):
        found |= tiles.first_rows(network.projection(0, 0))
    return found


def _shown(network: Network, selection: Selection, tensors: dict[str, NDArray[Any]]) -> tuple[int, int]:
    """Layer and head of what is kept of one head only: among those that are kept at all."""
    layer, head = selection.shown
    if layer is None or head is None:
        scores = tensors.get("scores_last_LHS") if selection.scores else None
        row, column = worth_showing(tensors["pattern_last_LHS"], scores)
        found = selection.kept_layers(network.shape)[row], selection.kept_heads(network.shape)[column]
        layer, head = found[0] if layer is None else layer, found[1] if head is None else head
    return layer, head


def _values(
    network: Network,
    selection: Selection,
    tensors: dict[str, NDArray[Any]],
    one_head: dict[str, list[int]],
    layer: int,
    head: int,
) -> NDArray[np.float32]:
    """One query head's (S, K) values, its own or shared, of all those that a run has left."""
    shape, row, column = network.shape, 0, 0
    name = f"v_{shape.key_axes}"
    if name not in one_head:
        row = selection.kept_layers(shape).index(layer)
        column = selection.kept_kv_heads(shape).index(head * shape.n_kv_head // shape.n_head)
    values_SK: NDArray[np.float32] = tensors[name][row, column]
    return values_SK


def _run_again(
    network: Network,
    vocabulary: Vocabulary,
    ids_T: NDArray[np.int64],
    generated: dict[str, NDArray[Any]],
    selection: Selection,
    seed: int,
    second: besides.Beside | None,
    again: reuse.Reuse | None,
) -> tuple[dict[str, NDArray[Any]], dict[str, float]]:
    """What further texts tell: of the cache, of heads that look for what was repeated, of another context.

    Induction is scored on random tokens fed twice; not at all where the context is too short to repeat in.
    """
    texts = {}
    if len(generated.get("step_ids_G", ())) > 1:  # the first step reuses nothing
        uncached = generation.uncached(ids_T, generated["step_ids_G"])
        texts["uncached"] = uncached if again is None else again.again(uncached)
    beside = None
    if second is not None and selection.keeps_any(*besides.NAMES):
        beside = besides.Second(second, network.shape)
        texts["beside"] = beside.text
    if selection.keeps_any("head_induction_LH", "induction_ids_R", "induction_pattern_RR"):
        ordinary = vocabulary.ordinary_ids(network.shape.n_vocab)
        ids_R = derived.induction_ids(ordinary, network.shape.n_ctx, seed)
        repeated = Recording(network.shape, 2 * len(ids_R), only=("pattern_LHTS",))
        if len(ids_R) > 1:
            texts["repeated"] = Text(np.tile(ids_R, 2), repeated, first=2 * len(ids_R))
    if again is not None and len(generated["step_ids_G"]) == 1 and len(ids_T) < network.shape.n_ctx:
        # attention alone: it comes last
        texts["one more"] = again.again(generation.one_more(ids_T, generated["step_ids_G"]))
    logits = dict(zip(texts, network.run_together(list(texts.values())), strict=True)) if texts else {}
    errors = {"kv_cache": 0.0} if generated else {}
    tensors: dict[str, NDArray[Any]] = {}
    if "uncached" in logits:
        errors["kv_cache"] = generation.cache_error(logits["uncached"], generated["step_logits_GV"])
    if "repeated" in logits:
        pattern_LHTS = repeated.finished()["pattern_LHTS"]
        scores_LH = derived.induction_scores(pattern_LHTS)
        best = np.unravel_index(scores_LH.argmax(), scores_LH.shape)
        tensors = {"induction_ids_R": ids_R, "head_induction_LH": scores_LH}
        tensors["induction_pattern_RR"] = pattern_LHTS[best].astype(np.float32)
    if beside is not None:
        tensors |= beside.tensors(vocabulary)
    return tensors, errors


def _compare_with_cpu(
    resolved: models.ResolvedModel,
    network: Network,
    ids_T: NDArray[np.int64],
    tensors: dict[str, NDArray[Any]],
) -> float:
    """Largest difference of the last logits from the CPU's, per unit of the largest; it is said, too."""
    on_cpu = capture.load(resolved.config, resolved.weights, "cpu", reference=True).run(ids_T)
    logits_V = on_cpu.logits_TV[-1]
    difference = float(np.abs(logits_V - tensors["logits_last_V"]).max())
    error = difference / max(1.0, float(np.abs(logits_V).max()))
    print(f"{network.device}: logits within {difference:.2g} of the CPU's", file=sys.stderr)
    return error


def _facts(
    network: Network,
    resolved: models.ResolvedModel,
    encoded: Encoded,
    message: str | None,
    seed: int,
    steps: int,
    method: Method,
    selection: Selection,
    heads: tuple[dict[str, list[int]], list[int]],
    checks: dict[str, float],
) -> Facts:
    shape = asdict(network.shape)
    total = sum(network.parameters.values())
    packages = ["numpy", "safetensors", "tokenizers"]
    if network.engine == "transformers":
        packages += ["torch", "transformers"]
    return Facts(
        **{name: value for name, value in shape.items() if name != "norm_epsilon"},
        layer_norm_epsilon=network.shape.norm_epsilon,
        model=resolved.asked,
        model_name=resolved.display_name(total),
        model_note=resolved.note,
        quantization=resolved.quantization,
        weights_sha256=resolved.weights_sha256(),
        n_parameters=total,
        parameters=network.parameters,
        tied_unembedding=network.tied_unembedding,
        prompt=encoded.text,
        added_tokens=encoded.added,
        added_after=encoded.added_after,
        message=message,
        changes=[dict(change) for change in encoded.changes[: changes.MOST]],
        changed_places=len(encoded.changes),
        seed=seed,
        sampling={**method.facts(), "steps": steps},
        device=network.device,
        dtype="float32",
        engine=network.engine,
        versions={
            **{name: sys.modules[name].__version__ for name in packages},
            "python": platform.python_version(),
        },
        checks=checks,
        windows=[window or 0 for window in network.windows] if any(network.windows) else [],
        layers=list(selection.layers),
        heads=list(selection.heads),
        asked=sorted(selection.tensors),
        one_head=heads[0],
        projected=heads[1],
    )

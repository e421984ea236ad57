"""What a scene reads from its trace, said before it is played, so that a trace need hold no more.

A scene's `reads` is a plain tuple of entries. An entry is a tensor's name, and what may follow it:

    resid_pre_LTD               without it the scene cannot be drawn
    k_LHTK or k_LCTK            one of them: families differ
    scores_LHTS of one head     of the layer and the head that are shown, nothing else of it
    typo_ids_U if any           the scene does without where the run left none

All in this order: `mask_TS or mask_LTS if any`. Every trace has `token_ids_T`; it is not named. Some tensors
are read together; such a group is one entry by its name in `TOGETHER`:

    the prompt                  its tokens' bytes
    the pairs                   singulars and plurals, and what a direction makes of them
    the neurons                 all that is drawn of the MLPs at the last tokens
    the stream                  every depth of the residual stream, and what is added between
    the shares                  who pulls the likeliest token's logit above the second's, and both
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from shlex import quote

from model_probe.errors import MissingTensor
from model_probe.trace import ASKED_ONLY, LAST_ROWS, OF_SHOWN, REUSED, SCHEMA, TENSORS, Trace
from scenes import SceneEntry
from scenes.chosen_head import shown_head

TOGETHER = {
    "the prompt": ("prompt_bytes_B", "prompt_offsets_T1"),
    "the vocabulary": ("vocab_bytes_B if any", "vocab_offsets_V1 if any"),
    "the misspelling": (
        "typo_span_2 if any", "typo_ids_U if any", "typo_bytes_B if any", "typo_offsets_U1 if any",
    ),
    "the stream": (
        "resid_pre_LTD", "attn_out_LTD", "resid_mid_LTD if any", "mlp_out_LTD", "resid_final_TD",
    ),
    "the neurons": (
        "neuron_shown_2", "neuron_in_D", "neuron_pre_F", "neuron_up_F if any", "neuron_pre_weight_D",
        "neuron_pre_bias_1 if any", "neuron_post_LWF", "neuron_lit_LT", "neuron_tokens_LN",
        "neuron_token_logits_LN", "neuron_likeness_L", "random_cosines_R if any", "dla_mlp_2L if any",
    ),
    "the heads' scores": (
        "head_previous_LH if any", "head_first_LH if any", "head_self_LH if any", "head_induction_LH if any",
    ),
    "the shares": (
        "logits_last_V", "dla_ids_2", "dla_logit_2", "dla_scale_1", "dla_embed_2", "dla_position_2 if any",
        "dla_attn_2L", "dla_head_2LH", "dla_attn_bias_2L", "dla_mlp_2L", "dla_norm_bias_2", "dla_source_2T",
    ),
    "the pairs": (
        "direction_D if any", "pair_ids_P2 if any", "pair_vectors_P2D if any", "pair_dots_P2 if any",
        "pair_norms_P2 if any", "pair_cosines_P2 if any",
    ),
}  # fmt: skip
SHORT = 120  # characters of a prompt or a path that a message repeats whole
_ENTRY = re.compile(r"(\w+)(?: or (\w+))?( of one head)?( if any)?")


@dataclass(frozen=True)
class Read:
    """One entry of a scene's `reads`.

    Attributes:
        names: the tensor, or two of which a trace has one.
        one_head: whether only the layer and the head that are shown are read.
        optional: whether the scene can do without.
    """

    names: tuple[str, ...]
    one_head: bool = False
    optional: bool = False

    def found(self, trace: Trace) -> str | None:
        """The one that this trace holds; for the last rows of a tensor, the whole will do."""
        whole = [
            name
            for name, rows in LAST_ROWS.items()
            if rows in self.names and name not in trace.facts.one_head
        ]
        return next((name for name in (*self.names, *whole) if trace.has(name)), None)


def parse(entries: Iterable[str]) -> tuple[Read, ...]:
    """Read the entries of a scene's `reads`.

    Raises:
        ValueError: one is no entry, or names no tensor of a trace.
    """
    found = []
    for entry in chain.from_iterable(TOGETHER.get(entry, (entry,)) for entry in entries):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise ValueError(f"{entry!r} is no entry of `reads`; see scenes/reads.py")
        names = tuple(name for name in match.group(1, 2) if name)
        unknown = [name for name in names if name not in TENSORS]
        if unknown:
            raise ValueError(
                f"{entry!r}: there is no tensor {unknown[0]}; `model_probe.trace.TENSORS` has all"
            )
        found.append(Read(names, bool(match[3]), bool(match[4])))
    return tuple(found)


@cache
def declared(entry: SceneEntry) -> tuple[Read, ...]:
    """What the scene of a registry entry says that it reads, from its source: importing Manim takes a second.

    Raises:
        ValueError: its `reads` is not written out as a plain tuple of entries.
    """
    spec = find_spec(entry.module)
    assert spec is not None
    assert spec.origin is not None
    source = ast.parse(Path(spec.origin).read_bytes())
    bodies = (
        node.body for node in source.body if isinstance(node, ast.ClassDef) and node.name == entry.class_name
    )
    for statement in next(bodies, []):
        names = (
            statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        )
        if any(isinstance(name, ast.Name) and name.id == "reads" for name in names):
            try:
                return parse(ast.literal_eval(statement.value))  # type: ignore[attr-defined]
            except (ValueError, TypeError) as error:
                raise ValueError(f"{entry.module}: `reads` of {entry.class_name}: {error}") from None
    return ()


@dataclass(frozen=True)
class Wanted:
    """What a trace has to hold for some scenes.

    Attributes:
        tensors: the tensors.
        of_one_head: those of them of which the layer and the head that are shown are enough.
        layer, head: the ones asked for; None leaves the choice to the rule.
    """

    tensors: frozenset[str]
    of_one_head: frozenset[str]
    layer: int | None
    head: int | None

    def held_by(self, trace: Trace) -> bool:
        """Whether a trace was recorded with all of it; what the model does not have is no loss."""
        facts = trace.facts
        if facts.asked and not self.tensors <= set(facts.asked):
            return False
        if not all(map(trace.has, self.tensors & ASKED_ONLY)):
            return False
        narrow = self.tensors & facts.one_head.keys()
        other = self.tensors.intersection(OF_SHOWN) and facts.projected
        if other and list(shown_head(trace, self.layer, self.head)) != facts.projected:
            return False
        if not narrow <= self.of_one_head:
            return False
        shown = list(shown_head(trace, self.layer, self.head)) if narrow else []
        return all(facts.one_head[name] == shown for name in narrow)

    def beside(self, trace: Trace) -> Wanted:
        """This, and what a trace already holds; nothing is named where that is everything."""
        facts = trace.facts
        if not facts.asked:
            dear = (self.tensors & ASKED_ONLY) | set(filter(trace.has, ASKED_ONLY))
            everything = (frozenset(TENSORS) - ASKED_ONLY) | dear if dear else frozenset[str]()
            return replace(self, tensors=everything, of_one_head=frozenset())
        tensors, narrow = self.tensors | set(facts.asked), frozenset(facts.one_head)
        whole = (self.tensors - self.of_one_head) | (set(facts.asked) - narrow - self.of_one_head)
        return replace(self, tensors=tensors, of_one_head=(self.of_one_head | narrow) - whole)


def wanted(scenes: Iterable[Iterable[Read]], layer: int | None = None, head: int | None = None) -> Wanted:
    """What all these scenes read together."""
    reads = [read for scene in scenes for read in scene]
    whole = {name for read in reads if not read.one_head for name in read.names}
    one_head = {name for read in reads if read.one_head for name in read.names}
    tensors = frozenset(whole | one_head | {"token_ids_T"})
    return Wanted(tensors, frozenset(one_head - whole), layer, head)


def check(
    scene: str, reads: Iterable[Read], trace: Trace, layer: int | None = None, head: int | None = None
) -> None:
    """See that a trace holds what a scene cannot be drawn without.

    Args:
        scene: its name, for the message.
        reads: what it says that it reads.
        trace: the trace.
        layer: the one to show; None leaves the choice to the rule.
        head: likewise.

    Raises:
        MissingTensor: it does not; the message names the scene, the tensor, and a command that records it.
    """
    facts = trace.facts
    for read in (read for read in reads if not read.optional):
        name = read.found(trace)
        if name is None:
            raise MissingTensor(
                f"{trace.lacks(read.names[0])}; {scene} reads it; {remedy(trace, read.names)}"
            )
        if TENSORS[name][1][:2] not in (("l", "h"), ("l", "c")):
            continue
        layers, heads = facts.kept("l", name), facts.kept("h", name)
        keeps = f"{trace.path} keeps only {_some('layer', layers)} and {_some('head', heads)} of {name}"
        if read.one_head:
            shown = shown_head(trace, layer, head)
            if shown[0] not in layers or shown[1] not in heads:
                raise MissingTensor(
                    f"{keeps}; {scene} shows layer {shown[0]}, head {shown[1]}; {remedy(trace)}"
                )
        elif name in facts.one_head or (name not in LAST_ROWS.values() and (facts.layers or facts.heads)):
            raise MissingTensor(f"{keeps}; {scene} reads all of them; {remedy(trace)}")


def remedy(trace: Trace, names: Collection[str] = ()) -> str:
    """Say which command records a trace of the same prompt that holds these tensors, and all the others."""
    facts = trace.facts
    if not set(names).isdisjoint(REUSED) and trace.n_tokens == facts.n_ctx:
        return "record a shorter prompt"
    everything = not (facts.asked or facts.layers or facts.heads) and facts.schema == SCHEMA
    lent = everything and ASKED_ONLY.isdisjoint(names)  # all was kept, so the model has none
    model = "storyteller" if lent else facts.model
    told = [model, facts.prompt, str(trace.path)]
    shown = [word if word.isprintable() and len(word) <= SHORT else "…" for word in told]
    model, prompt, path = (word if word == "…" else quote(word) for word in shown)
    runs = "" if ASKED_ONLY.isdisjoint(names) else " --runs"
    with_it = "a model that has it" if lent else "to record it"
    return f"{with_it}: python -m model_probe {prompt} --model {model} -o {path}{runs}"


def _some(kind: str, numbers: Sequence[int]) -> str:
    return f"{kind} {', '.join(map(str, numbers))}"

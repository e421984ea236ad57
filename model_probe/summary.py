"""A readable summary of a trace for the terminal."""

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from model_probe.meanings import MEANINGS
from model_probe.trace import ASKED_ONLY, Trace


def print_summary(trace: Trace) -> None:
    """Print a trace's model, prompt, tokens, likeliest next tokens, generated text, checks and tensors."""
    facts, console = trace.facts, Console(highlight=False)
    about = Table.grid(padding=(0, 2))
    rows = {
        "model": f"{facts.credit} ({facts.model})" + (f": {facts.model_note}" if facts.model_note else ""),
        "shape": f"{facts.n_layer} layers × {facts.n_head} heads, width {facts.d_model}, MLP {facts.d_mlp}, "
        f"context {facts.n_ctx}, vocabulary {facts.n_vocab:,}, {facts.n_parameters:,} parameters",
        "ran": f"{facts.device}, {facts.engine}, {facts.dtype}, seed {facts.seed}",
        "prompt": _plain(facts.prompt),
        "digest": trace.digest,
    }
    if trace.has("prompt_bytes_B"):
        tokens = " ".join(_plain(_text(token)) for token in trace.tokens)
        rows["tokens"] = f"{trace.n_tokens}: {tokens}"
    if facts.changed_places:  # by the tokenizer, before it cut the prompt
        told = ", ".join(f"{_plain(each['given'])} → {_plain(each['read'])}" for each in facts.changes[:3])
        rows["changed"] = f"{facts.changed_places}: {told}{', …' * (facts.changed_places > 3)}"
    if trace.has("logits_last_V"):
        rows["next"] = _next_tokens(trace)
    if trace.has("step_ids_G"):
        ids_G = trace.step_ids_G[:].tolist()
        rows["generated"] = _plain(_text(b"".join(map(trace.token_name, ids_G))))
    if trace.has("beside_bytes_B"):
        rows["beside"] = f"{facts.beside_how}: {_plain(_text(trace.beside_bytes_B[:].tobytes()))}"
    rows["checks"] = ", ".join(f"{name} {error:.2g}" for name, error in facts.checks.items())
    for label, value in rows.items():
        about.add_row(Text(label, style="bold"), Text(value))
    console.print(about)
    tensors = Table("tensor", "shape", "dtype", "meaning", box=None, padding=(0, 2, 0, 0))
    for name in trace.tensor_names:
        tensor = getattr(trace, name)
        sizes = " × ".join(map(str, tensor.shape))
        tensors.add_row(name, sizes, str(tensor.dtype), Text(MEANINGS[name]))
    console.print(tensors)
    if not any(map(trace.has, ASKED_ONLY)):
        console.print(f"Recorded where asked for, with --runs: {', '.join(sorted(ASKED_ONLY))}")


def _next_tokens(trace: Trace) -> str:
    """Write the five likeliest next tokens with their probabilities."""
    logits_V = trace.logits_last_V[:].astype(np.float64)
    weights_V = np.exp(logits_V - logits_V.max())
    probability_V = weights_V / weights_V.sum()
    likeliest = np.argsort(-probability_V, kind="stable")[:5].tolist()
    return ", ".join(f"{_plain(_text(trace.token_name(i)))} {probability_V[i]:.1%}" for i in likeliest)


def _text(token: bytes) -> str:
    return token.decode(errors="replace")


def _plain(text: str) -> str:
    """Write text in quotes, with everything that could disturb a terminal escaped."""
    return repr(text)

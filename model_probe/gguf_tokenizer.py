"""The tokenizer that a GGUF file describes, written as the files that a model's directory holds.

transformers builds it. What that leaves undone is done here, after llama.cpp's own reading of the same keys:
some ways of cutting text, vocabularies whose own words win over their merges, tokens that are matched whole
though their letters are outside the byte alphabet, and texts that get no space put before them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model_probe.errors import ModelError, first_line
from model_probe.tokens import BYTE_OF_CHARACTER

_KINDS = ("gpt2", "llama")  # byte-level and SentencePiece's: the two whose models are read
# Ways of cutting text before its bytes are merged (llama.cpp's llama-vocab.cpp) that the library has not
_AS_GPT2 = ("gpt-2", "gpt2", "phi-2", "olmo", "mpt", "jais")
_DIGITS_APART = ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b")
# Those whose words are taken whole where the vocabulary has them, and which begin a text unless told not to
_WORDS_FIRST = (
    "llama3",
    "llama-v3",
    "llama-bpe",
    "falcon3",
    "falcon-h1",
    "pixtral",
    "midm-2.0",
    "lfm2",
    "tekken",
)
_CONTROL, _USER_DEFINED = 3, 4  # token types: not of the text, and always matched whole
_CHARACTER_OF_BYTE = {byte: character for character, byte in BYTE_OF_CHARACTER.items()}


def write_tokenizer(file: Path, values: Mapping[str, Any], directory: Path) -> None:
    """Write `tokenizer.json`, its settings and the chat template of a GGUF file with these metadata.

    Raises:
        ModelError: the file has no tokenizer, or one that cannot be told from what it says.
    """
    kind, cut = values.get("tokenizer.ggml.model"), values.get("tokenizer.ggml.pre")
    if kind not in _KINDS or not values.get("tokenizer.ggml.tokens"):
        said = "no tokenizer" if kind in (None, "none", "no_vocab") else f"a tokenizer of the kind {kind!r}"
        raise ModelError(f"{file} has {said}; one of the kinds {' and '.join(_KINDS)} is wanted")
    from transformers import PreTrainedTokenizerFast

    library: Any = PreTrainedTokenizerFast  # untyped
    settings = {"add_bos_token": True} if kind == "gpt2" and cut in _WORDS_FIRST else {}
    try:
        tokenizer = library.from_pretrained(
            file.parent, gguf_file=file.name, local_files_only=True, **settings
        )
        tokenizer.save_pretrained(directory)
    except Exception as error:  # the tokenizers library raises plain Exception
        raise ModelError(f"{file}: its tokenizer cannot be read: {first_line(error)}") from None
    path = directory / "tokenizer.json"
    description = json.loads(path.read_text(encoding="utf-8"))
    if kind == "gpt2":
        _cut(description, cut, str(file), values["general.architecture"])
        _match_whole(description, values)
    elif values.get("tokenizer.ggml.add_space_prefix") is False:
        _no_space_before(description)
    path.write_text(json.dumps(description, ensure_ascii=False), encoding="utf-8")


def _cut(description: dict[str, Any], cut: str | None, file: str, architecture: str) -> None:
    """Have text cut before merging in the way that the file names. Raises ModelError for an unknown one."""
    known_to_library = description["pre_tokenizer"]["type"] != "ByteLevel"
    if cut in _DIGITS_APART:
        digits = {"type": "Digits", "individual_digits": True}
        description["pre_tokenizer"] = {
            "type": "Sequence",
            "pretokenizers": [digits, description["pre_tokenizer"]],
        }
    elif cut in (None, "", "default"):
        if architecture != "gpt2":
            print(f"{file} does not say how its tokenizer cuts text; GPT-2's way is taken", file=sys.stderr)
    elif cut not in _AS_GPT2 and not known_to_library:
        raise ModelError(f"{file}: its tokenizer cuts text in the way {cut!r}, which is not supported")
    if cut in _WORDS_FIRST:
        description["model"]["ignore_merges"] = True


def _match_whole(description: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Add the tokens that are matched whole though they are not written in the byte alphabet."""
    vocabulary = description["model"]["vocab"]
    types = values.get("tokenizer.ggml.token_type") or []
    known = {token["id"] for token in description["added_tokens"]}
    for number, (token, kind) in enumerate(zip(values["tokenizer.ggml.tokens"], types, strict=False)):
        if kind not in (_CONTROL, _USER_DEFINED) or number in known or BYTE_OF_CHARACTER.keys() >= set(token):
            continue
        vocabulary.pop("".join(_CHARACTER_OF_BYTE[byte] for byte in token.encode()), None)
        vocabulary[token] = number
        description["added_tokens"].append(
            {
                "id": number,
                "content": token,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": kind == _CONTROL,
            }
        )
    description["added_tokens"].sort(key=lambda token: token["id"])


def _no_space_before(description: dict[str, Any]) -> None:
    """Put no space before a text, nor take one away when tokens are read."""
    cut, changed, decoder = (
        description.get(part) or {} for part in ("pre_tokenizer", "normalizer", "decoder")
    )
    if cut.get("type") == "Metaspace":
        cut["prepend_scheme"] = "never"
    for part, kind in ((changed, "Prepend"), (decoder, "Strip")):
        for steps in ("normalizers", "decoders"):
            if steps in part:
                part[steps] = [step for step in part[steps] if step["type"] != kind]

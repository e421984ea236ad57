"""A model's own tokenizer from the files that its publisher wrote.

What they mean is what transformers makes of them: `tokenizer.json` alone does not say it, for
`tokenizer_config.json` may name a class that rebuilds the tokenizer from its vocabulary, or add tokens. Where
these files are known to leave `tokenizer.json` as it is, it is read without transformers, whose import takes
longer than everything else; in all other cases transformers itself reads them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from model_probe.errors import ModelError, first_line
from model_probe.families import library_config
from model_probe.gguf_file import ABOUT

# model_type → the class that transformers registers for it (TOKENIZER_MAPPING_NAMES); "": none
_REGISTERED = {
    "gpt2": "GPT2Tokenizer",
    "opt": "GPT2Tokenizer",
    "llama": "",
    "smollm3": "",
    "mistral": "TokenizersBackend",
    "phi3": "TokenizersBackend",
    "qwen2": "Qwen2Tokenizer",
    "qwen3": "Qwen2Tokenizer",
    "gpt_neox": "GPTNeoXTokenizer",
    "gemma2": "GemmaTokenizer",
    "gemma3_text": "GemmaTokenizer",
}
# whose tokenizer_config.json names a wrong class (MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS)
_WRONGLY_DECLARED = ("phi3", "qwen2")
_AS_IT_IS = ("TokenizersBackend", "PreTrainedTokenizer", "PreTrainedTokenizerFast")

_NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
# Settings that change no id, whatever they say: the first two are not looked at beside a tokenizer.json
_NEUTRAL = {
    "add_bos_token", "add_eos_token", "backend", "chat_template", "clean_up_tokenization_spaces", "errors",
    "is_local", "legacy", "local_files_only", "max_length", "model_input_names", "model_max_length",
    "name_or_path", "pad_to_multiple_of", "pad_token_type_id", "padding_side", "processor_class",
    "sp_model_kwargs", "special_tokens_map_file", "stride", "tokenizer_class", "tokenizer_file",
    "truncation_side", "truncation_strategy", "use_default_system_prompt",
}  # fmt: skip
_NEUTRAL_IF_OFF = {"add_prefix_space", "split_special_tokens", "from_slow"}

# What GPT2Tokenizer makes of any vocabulary and merges: the same as the file where the file says the same
_GPT2_MODEL = {"dropout": (None,), "unk_token": (None,), "continuing_subword_prefix": (None, ""),
               "end_of_word_suffix": (None, ""), "fuse_unk": (None, False), "byte_fallback": (None, False),
               "ignore_merges": (None, False)}  # fmt: skip


def read_tokenizer(directory: Path) -> tuple[Tokenizer, dict[str, Any]]:
    """The tokenizer of the model in `directory`, and its description as in a `tokenizer.json`.

    Raises:
        ModelError: the files cannot be read, or only by code that comes with them.
    """
    path = directory / "tokenizer.json"
    try:
        if path.exists():
            content = path.read_bytes()
            description = json.loads(content)
            if _is_plain(directory, description):
                return Tokenizer.from_buffer(content), description
        tokenizer = read_by_transformers(directory).backend_tokenizer
        return tokenizer, json.loads(tokenizer.to_str())
    except Exception as error:  # both libraries raise plain Exception
        raise ModelError(f"{path} cannot be read as a tokenizer: {first_line(error)}") from None


def read_by_transformers(directory: Path) -> Any:
    """The tokenizer as transformers' AutoTokenizer reads it."""
    from transformers import AutoTokenizer
    from transformers.utils import logging as library_logging

    logging: Any = library_logging  # untyped
    logging.set_verbosity_error()
    config = _json(directory / "config.json")
    # Where the config does not name its family, the library finds no tokenizer for it
    told = {"config": library_config(config)} if config and not config.get("model_type") else {}
    return AutoTokenizer.from_pretrained(directory, local_files_only=True, trust_remote_code=False, **told)


def has_chat_template(directory: Path) -> bool:
    """Whether a chat template comes with the model, in a file of its own or in `tokenizer_config.json`."""
    files = (directory / "chat_template.jinja", directory / "additional_chat_templates")
    return any(file.exists() for file in files) or bool(
        _json(directory / "tokenizer_config.json").get("chat_template")
    )


def _is_plain(directory: Path, description: dict[str, Any]) -> bool:
    """Whether transformers would use the `tokenizer.json` of this description just as it stands.

    One that was made from a GGUF file says all that the file does, where a class would rebuild it.
    """
    if (directory / ABOUT).exists():
        return True
    config = _json(directory / "config.json")
    settings = _json(directory / "tokenizer_config.json")
    kind = _class(config, settings, description)
    added = {token["content"]: token for token in description.get("added_tokens") or []}
    named = dict(settings)
    if "added_tokens_decoder" not in settings:
        if (directory / "added_tokens.json").exists():
            return False
        named |= _json(directory / "special_tokens_map.json")
    elif not _same_tokens(settings["added_tokens_decoder"], added, every=kind != "TokenizersBackend"):
        return False
    if kind == "GPT2Tokenizer":
        named = {"unk_token": "<|endoftext|>"} | named  # as its bos_token and eos_token
        if not _as_gpt2_makes_it(description, added):
            return False
    elif kind != "TokenizersBackend":
        return False
    return all(_is_neutral(name, value, added) for name, value in named.items())


def _class(config: dict[str, Any], settings: dict[str, Any], description: dict[str, Any]) -> str:
    """The name of the class that AutoTokenizer takes; "" where it is not known here."""
    family = config.get("model_type")
    if family not in _REGISTERED or "auto_map" in settings:
        return ""
    registered = _REGISTERED[family]
    declared = str(settings.get("tokenizer_class") or config.get("tokenizer_class") or "").removesuffix(
        "Fast"
    )
    llama = declared == "LlamaTokenizer" and family not in (*_WRONGLY_DECLARED, "mistral")
    if llama and '"ByteLevel"' in json.dumps([description.get("pre_tokenizer"), description.get("decoder")]):
        return "TokenizersBackend"
    if not declared:
        return registered or "TokenizersBackend"
    if registered and registered != declared:
        if registered == "TokenizersBackend":
            return registered
        declared = registered if family in _WRONGLY_DECLARED else declared
    return "TokenizersBackend" if declared in _AS_IT_IS else declared


def _as_gpt2_makes_it(description: dict[str, Any], added: dict[str, dict[str, Any]]) -> bool:
    """Whether GPT2Tokenizer, which takes vocabulary and merges only, makes the same tokenizer of them."""
    model, before = description["model"], description.get("pre_tokenizer") or {}
    fresh = [token["id"] for token in added.values() if token["content"] not in model["vocab"]]
    return (
        description.get("normalizer") is None
        and before.get("type") == "ByteLevel"
        and before.get("add_prefix_space") is False
        and before.get("use_regex", True) is True
        and model.get("type", "BPE") == "BPE"
        and all(model.get(name) in values for name, values in _GPT2_MODEL.items())
        and sorted(fresh) == list(range(len(model["vocab"]), len(model["vocab"]) + len(fresh)))
    )


def _same_tokens(decoder: Any, added: dict[str, dict[str, Any]], every: bool) -> bool:
    """Whether the added tokens that the settings list are those of `tokenizer.json`; `every` one of them."""
    flags = ("lstrip", "normalized", "rstrip", "single_word", "special")
    for number, token in decoder.items():
        known = added.get(token.get("content"))
        if known is None or known["id"] != int(number):
            return False
        if any(bool(token.get(flag)) != bool(known.get(flag)) for flag in flags):
            return False
    return not every or len(decoder) == len(added)


def _is_neutral(name: str, value: Any, added: dict[str, dict[str, Any]]) -> bool:
    """Whether a setting leaves every id as it is: special tokens are to be there already."""
    if name in _NAMED:
        content = value.get("content") if isinstance(value, dict) and "__type" in value else value
        return value is None or (isinstance(content, str) and bool(added.get(content, {}).get("special")))
    if name in ("additional_special_tokens", "extra_special_tokens"):
        names = value if isinstance(value, list) else [None] if value else []
        return all(isinstance(each, str) and added.get(each, {}).get("special") for each in names)
    if name == "added_tokens_decoder":
        return True  # compared as a whole
    return name in _NEUTRAL or (name in _NEUTRAL_IF_OFF and value is False)


def _json(path: Path) -> dict[str, Any]:
    """A JSON object, empty where there is no such file."""
    values = json.loads(path.read_bytes()) if path.exists() else {}
    if not isinstance(values, dict):
        raise ModelError(f"{path} is not a JSON object")
    return values

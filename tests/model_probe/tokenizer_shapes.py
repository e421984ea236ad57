"""Small tokenizers in the files of known publishers: the same parts and settings, a vocabulary of our own."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").splitlines()
WORDS = [*README, "the old king loved his beautiful daughter " * 9, "むかしむかし、王さまがいました。" * 9]

QWEN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA_3 = QWEN.replace(r"\p{N}|", r"\p{N}{1,3}|")
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
CHAT_ML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\n' }}{% endif %}"
)
ZEPHYR = (
    "{% for message in messages %}\n{% if message['role'] == 'user' %}\n"
    "{{ '<|user|>\n' + message['content'] + eos_token }}\n{% endif %}\n"
    "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n"
    "{% endif %}\n{% endfor %}"
)
INST = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + message['content'].strip() + ' [/INST]' }}{% else %}"
    "{{ raise_exception('Only user messages are known') }}{% endif %}{% endfor %}"
)
PHI = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + "
    "'<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)


def token(number: int, content: str, **flags: bool) -> dict[str, Any]:
    """One entry of `added_tokens`; special and taken as it stands unless told otherwise."""
    off = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": number, "content": content, **off, "special": True, **flags}


def decoder_of(tokens: list[dict[str, Any]]) -> dict[str, Any]:
    """The same tokens as `tokenizer_config.json` has them."""
    return {str(each["id"]): {k: v for k, v in each.items() if k != "id"} for each in tokens}


def template(before: tuple[str, int] | None, after: tuple[str, int] | None = None) -> dict[str, Any]:
    """A post-processor that puts tokens around every text."""
    one: list[Any] = [{"Sequence": {"id": "A", "type_id": 0}}]
    tokens = [each for each in (before, after) if each]
    if before:
        one.insert(0, {"SpecialToken": {"id": before[0], "type_id": 0}})
    if after:
        one.append({"SpecialToken": {"id": after[0], "type_id": 0}})
    return {
        "type": "TemplateProcessing",
        "single": one,
        "pair": [*one, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {name: {"id": name, "ids": [number], "tokens": [name]} for name, number in tokens},
    }


@cache
def _byte_level(first: tuple[str, ...]) -> str:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=list(first), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(WORDS, trainer)
    return tokenizer.to_str()


@cache
def _by_space() -> str:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    first = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=first, show_progress=False)
    tokenizer.train_from_iterator((word for line in WORDS for word in line.split(" ")), trainer)
    description = json.loads(tokenizer.to_str())
    for piece in ("\u2581", "\u2581the", "\u2581king"):
        description["model"]["vocab"].setdefault(piece, len(description["model"]["vocab"]))
    return json.dumps(description)


def byte_level(*first: str, **parts: Any) -> dict[str, Any]:
    """A byte-level `tokenizer.json` whose vocabulary begins with some special tokens."""
    description: dict[str, Any] = json.loads(_byte_level(first))
    description |= {"added_tokens": [token(number, name) for number, name in enumerate(first)]}
    description |= {"pre_tokenizer": BYTE_LEVEL, "decoder": BYTE_LEVEL, "post_processor": None}
    model = description["model"] | parts.pop("model", {})
    return {**description, **parts, "model": model}


def by_space(**parts: Any) -> dict[str, Any]:
    """A `tokenizer.json` with ▁ for the space and bytes for what it does not know, as Llama 2's."""
    description: dict[str, Any] = json.loads(_by_space())
    description["added_tokens"] = [
        token(number, name) for number, name in enumerate(("<unk>", "<s>", "</s>"))
    ]
    put = {"type": "Prepend", "prepend": "\u2581"}
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
    back = {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}
    strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    description |= {
        "normalizer": {"type": "Sequence", "normalizers": [put, replace]},
        "pre_tokenizer": None,
        "post_processor": template(("<s>", 1)),
        "decoder": {
            "type": "Sequence",
            "decoders": [back, {"type": "ByteFallback"}, {"type": "Fuse"}, strip],
        },
    }
    return {**description, **parts}


def regex(pattern: str) -> dict[str, Any]:
    """A pre-tokenizer that cuts by a pattern first, as Qwen's and Llama 3's."""
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    return {"type": "Sequence", "pretokenizers": [split, {**BYTE_LEVEL, "use_regex": False}]}


def write(
    directory: Path,
    family: str,
    description: dict[str, Any] | None,
    settings: dict[str, Any] | None,
    **files: str,
) -> Path:
    """Write `config.json`, `tokenizer.json` and `tokenizer_config.json`, and further files as they are."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps({"model_type": family}))
    if description is not None:
        (directory / "tokenizer.json").write_text(json.dumps(description), encoding="utf-8")
    if settings is not None:
        (directory / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    for name, content in files.items():
        stem, _, ending = name.rpartition("_")
        (directory / f"{stem}.{ending}").write_text(content, encoding="utf-8")
    return directory


def _named(**names: str) -> dict[str, Any]:
    """Special tokens as Llama 2's settings name them."""
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    return {name: {"__type": "AddedToken", "content": content, **flags} for name, content in names.items()}


END = "<|endoftext|>"


def gpt2(directory: Path) -> Path:
    """As published: no type of the model, `normalized` specials, one setting."""
    published = byte_level(END)
    del published["model"]["type"]
    for name in ("byte_fallback", "ignore_merges"):
        published["model"].pop(name, None)
    published["model"] |= {"continuing_subword_prefix": "", "end_of_word_suffix": ""}
    published["added_tokens"][0]["normalized"] = True
    published["post_processor"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False}
    return write(directory, "gpt2", published, {"model_max_length": 1024})


def gpt2_old(directory: Path) -> Path:
    """`vocab.json` and `merges.txt` alone."""
    model = byte_level(END)["model"]
    merges = "\n".join(
        ["#version: 0.2", *(each if isinstance(each, str) else " ".join(each) for each in model["merges"])]
    )
    return write(directory, "gpt2", None, None, vocab_json=json.dumps(model["vocab"]), merges_txt=merges)


def gpt2_prefix(directory: Path) -> Path:
    """A space before every text, by the settings."""
    settings = {"add_prefix_space": True, "tokenizer_class": "GPT2Tokenizer"}
    return write(directory, "gpt2", byte_level(END), settings)


def prefix_in_json(directory: Path) -> Path:
    """A space before every text, by the file itself."""
    description = byte_level(END, pre_tokenizer={**BYTE_LEVEL, "add_prefix_space": True})
    return write(directory, "gpt2", description, {"tokenizer_class": "PreTrainedTokenizerFast"})


def pad_beyond(directory: Path) -> Path:
    """A pad token behind the vocabulary."""
    description = byte_level(END)
    description["added_tokens"].append(token(len(description["model"]["vocab"]), "[PAD]"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"}
    return write(directory, "gpt2", description, settings)


def smollm2(directory: Path) -> Path:
    """Digits one by one, ChatML."""
    names = (END, "<|im_start|>", "<|im_end|>", "<repo_name>")
    digits = {"type": "Digits", "individual_digits": True}
    cut = {"type": "Sequence", "pretokenizers": [digits, {**BYTE_LEVEL, "use_regex": True}]}
    description = byte_level(*names, pre_tokenizer=cut)
    settings = {
        "add_prefix_space": False,
        "added_tokens_decoder": decoder_of(description["added_tokens"]),
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": "<|im_start|>",
        "chat_template": CHAT_ML,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "model_max_length": 8192,
        "pad_token": "<|im_end|>",
        "tokenizer_class": "GPT2Tokenizer",
        "unk_token": END,
        "vocab_size": 600,
    }
    return write(directory, "llama", description, settings)


def qwen2(directory: Path) -> Path:
    """NFC, ChatML, a template in the settings."""
    description = byte_level(pre_tokenizer=regex(QWEN), normalizer={"type": "NFC"})
    description["post_processor"] = {**BYTE_LEVEL, "trim_offsets": False, "use_regex": False}
    first = len(description["model"]["vocab"])
    names = (END, "<|im_start|>", "<|im_end|>")
    description["added_tokens"] = [token(first + number, name) for number, name in enumerate(names)]
    settings = {
        "add_prefix_space": False,
        "added_tokens_decoder": decoder_of(description["added_tokens"]),
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": None,
        "chat_template": CHAT_ML,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 131072,
        "pad_token": END,
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }
    return write(directory, "qwen2", description, settings)


def llama3(directory: Path) -> Path:
    """Whole words before merges, a token for the beginning of the text."""
    description = byte_level(pre_tokenizer=regex(LLAMA_3), model={"ignore_merges": True})
    first = len(description["model"]["vocab"])
    names = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
    description["added_tokens"] = [token(first + number, name) for number, name in enumerate(names)]
    processors = [{**BYTE_LEVEL, "trim_offsets": False, "use_regex": True}, template((names[0], first))]
    description["post_processor"] = {"type": "Sequence", "processors": processors}
    settings = {
        "added_tokens_decoder": decoder_of(description["added_tokens"]),
        "bos_token": names[0],
        "clean_up_tokenization_spaces": True,
        "eos_token": "<|eot_id|>",
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": 131072,
        "tokenizer_class": "PreTrainedTokenizerFast",
        "chat_template": "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}"
        "<|end_header_id|>\n\n{{ m['content'] | trim }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}"
        "<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}",
    }
    return write(directory, "llama", description, settings)


def llama2(directory: Path) -> Path:
    """▁ before every text, and what it does not know in bytes."""
    settings = {
        "add_bos_token": True,
        "add_eos_token": False,
        **_named(bos_token="<s>", eos_token="</s>", unk_token="<unk>"),
        "chat_template": INST,
        "clean_up_tokenization_spaces": False,
        "legacy": False,
        "model_max_length": 1000000000000000019884624838656,
        "pad_token": None,
        "padding_side": "right",
        "sp_model_kwargs": {},
        "tokenizer_class": "LlamaTokenizer",
    }
    return write(directory, "llama", by_space(), settings)


def tinyllama(directory: Path) -> Path:
    """Llama 2's with added tokens in the settings and the template of a chat."""
    description = by_space()
    settings = {
        "added_tokens_decoder": decoder_of(description["added_tokens"]),
        "bos_token": "<s>",
        "chat_template": ZEPHYR,
        "clean_up_tokenization_spaces": False,
        "eos_token": "</s>",
        "legacy": False,
        "model_max_length": 2048,
        "pad_token": "</s>",
        "padding_side": "right",
        "sp_model_kwargs": {},
        "tokenizer_class": "LlamaTokenizer",
        "unk_token": "<unk>",
        "use_default_system_prompt": False,
    }
    return write(directory, "llama", description, settings)


def mistral(directory: Path) -> Path:
    """Llama 2's, of another family."""
    settings = {
        "tokenizer_class": "LlamaTokenizer",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
    }
    return write(directory, "mistral", by_space(), settings)


def phi3(directory: Path) -> Path:
    """Added tokens that take the white space behind them along."""
    description = by_space()
    first = len(description["model"]["vocab"])
    description["added_tokens"][2] |= {"rstrip": True, "special": False}
    names = ("<|endoftext|>", "<|assistant|>", "<|system|>", "<|end|>", "<|user|>")
    description["added_tokens"] += [
        token(first + number, name, rstrip=name != "<|endoftext|>") for number, name in enumerate(names)
    ]
    description["post_processor"] = template(None)
    settings = {
        "add_bos_token": False,
        "add_eos_token": False,
        "added_tokens_decoder": decoder_of(description["added_tokens"]),
        "bos_token": "<s>",
        "chat_template": PHI,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|endoftext|>",
        "legacy": False,
        "model_max_length": 4096,
        "pad_token": "<|endoftext|>",
        "padding_side": "left",
        "sp_model_kwargs": {},
        "tokenizer_class": "LlamaTokenizer",
        "unk_token": "<unk>",
        "use_default_system_prompt": False,
    }
    return write(directory, "phi3", description, settings)


def gemma(directory: Path) -> Path:
    """▁ for every space, none put in front."""
    description = by_space(post_processor=template(("<bos>", 1)))
    vocabulary = description["model"]["vocab"]
    renamed = {"<s>": "<bos>", "</s>": "<eos>"}
    description["model"]["vocab"] = {renamed.get(name, name): number for name, number in vocabulary.items()}
    description["added_tokens"] = [token(0, "<unk>"), token(1, "<bos>"), token(2, "<eos>")]
    description["normalizer"] = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
    description["pre_tokenizer"] = {
        "type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False
    }  # fmt: skip
    settings = {
        "added_tokens_decoder": decoder_of(description["added_tokens"]),
        "bos_token": "<bos>",
        "eos_token": "<eos>",
        "unk_token": "<unk>",
        "pad_token": "<unk>",
        "tokenizer_class": "GemmaTokenizer",
    }
    return write(directory, "gemma2", description, settings)


def opt(directory: Path) -> Path:
    """`vocab.json` and `merges.txt`, `</s>` before every text."""
    model = byte_level("<s>", "<pad>", "</s>", "<unk>")["model"]
    merges = "\n".join(
        ["#version: 0.2", *(each if isinstance(each, str) else " ".join(each) for each in model["merges"])]
    )
    flags = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    names = {"bos_token": "</s>", "eos_token": "</s>", "unk_token": "</s>"}
    settings = {
        "errors": "replace",
        **{name: {"__type": "AddedToken", "content": content, **flags} for name, content in names.items()},
        "pad_token": "<pad>",
        "add_prefix_space": False,
        "add_bos_token": True,
        "tokenizer_class": "GPT2Tokenizer",
    }
    special = {name: {"content": content, **flags} for name, content in names.items()}
    return write(
        directory, "opt", None, settings,
        vocab_json=json.dumps(model["vocab"]), merges_txt=merges, special_tokens_map_json=json.dumps(special),
    )  # fmt: skip


def gpt_neox(directory: Path) -> Path:
    """NFC, and runs of spaces as added tokens."""
    description = byte_level(END, "<|padding|>", normalizer={"type": "NFC"})
    first = len(description["model"]["vocab"])
    description["added_tokens"] += [
        token(first + n, " " * (9 - n), special=False, normalized=True) for n in range(3)
    ]
    description["post_processor"] = {**BYTE_LEVEL, "add_prefix_space": False}
    settings = {
        "add_prefix_space": False,
        "bos_token": END,
        "eos_token": END,
        "unk_token": END,
        "tokenizer_class": "GPTNeoXTokenizer",
    }
    return write(directory, "gpt_neox", description, settings)


def letters_changed(directory: Path) -> Path:
    """Small letters without accents, compatibility forms resolved."""
    kinds = [{"type": kind} for kind in ("NFKC", "Lowercase", "NFD", "StripAccents")]
    description = byte_level(END, normalizer={"type": "Sequence", "normalizers": kinds})
    return write(directory, "gpt2", description, {"tokenizer_class": "PreTrainedTokenizerFast"})


def stripping(directory: Path) -> Path:
    """Added tokens that take white space along on either side, or stand as words of their own only."""
    description = byte_level(END)
    first = len(description["model"]["vocab"])
    description["added_tokens"] += [
        token(first, "<mask>", lstrip=True),
        token(first + 1, "king", single_word=True, special=False, normalized=True),
        token(first + 2, "<sep>", lstrip=True, rstrip=True),
    ]
    return write(directory, "llama", description, {"tokenizer_class": "PreTrainedTokenizerFast"})


def end_added(directory: Path) -> Path:
    """A token behind every text."""
    description = byte_level(END, post_processor=template(None, (END, 0)))
    return write(
        directory, "llama", description, {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END}
    )


def new_specials(directory: Path) -> Path:
    """Settings that name tokens which `tokenizer.json` does not have."""
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "sep_token": "th"}
    return write(directory, "llama", byte_level(END), settings)


SHAPES: dict[str, Callable[[Path], Path]] = {
    shape.__name__: shape
    for shape in (
        gpt2, gpt2_old, gpt2_prefix, prefix_in_json, pad_beyond, smollm2, qwen2, llama3, llama2, tinyllama,
        mistral, phi3, gemma, opt, gpt_neox, letters_changed, stripping, end_added, new_specials,
    )
}  # fmt: skip

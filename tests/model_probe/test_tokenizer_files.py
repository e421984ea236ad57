"""The ids are those that transformers' AutoTokenizer gives for the same directory, whatever its files say."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from model_probe.chat import chat_text
from model_probe.errors import ModelError, PromptError
from model_probe.tokens import Vocabulary
from tests.model_probe.tokenizer_shapes import CHAT_ML, END, SHAPES, byte_level, decoder_of, token, write

PROMPTS = [
    "The old king loved his",
    " king",
    "  two  spaces\n\n\tand a tab ",
    "1984 was a year, 12345.67",
    "むかしむかし、王さまがいました。",
    "كان يا ما كان\u202e abc",
    "The 🐉 and 👩‍👩‍👧‍👦 laughed",
    "Cafe\u0301 ﬁn \u212b ÉCOLE",
    "a\u3000b\u00a0c\u2003d\u2028e\u200bf\ufeffg",
    "a<|endoftext|> b <mask> king's king, <sep> kingdom",
    "<|im_start|>user\nWho was Plato?<|im_end|>\n<|im_start|>assistant\n",
    "<s>[INST] Who was Plato? [/INST]",
    "<|user|>\nWho was Plato?<|end|>\n<|assistant|>\n",
    "<|user|>\nWho was Plato?</s>\n<|assistant|>\n",
    "<bos><start_of_turn>user\nHi<end_of_turn>",
    "\u2581 \u2581\u2581 <0x0A> <unk>",
    "x",
    "\n",
]
# Those that are read without transformers, which takes longer to import than everything else takes
PLAIN = {
    "gpt2",
    "prefix_in_json",
    "pad_beyond",
    "llama3",
    "mistral",
    "letters_changed",
    "stripping",
    "end_added",
}
CHATS = {"smollm2", "qwen2", "llama3", "llama2", "tinyllama", "phi3"}


@pytest.fixture(scope="session")
def directories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("shapes")
    return {name: shape(folder / name) for name, shape in SHAPES.items()}


@cache
def both(directory: Path) -> tuple[Vocabulary, Any]:
    return Vocabulary(directory), transformers.AutoTokenizer.from_pretrained(directory)


@pytest.mark.parametrize("name", SHAPES)
def test_ids_are_those_of_the_model_s_own_tokenizer(directories: dict[str, Path], name: str) -> None:
    vocabulary, own = both(directories[name])
    for prompt in PROMPTS:
        wanted = own(prompt).input_ids
        if wanted:
            encoded = vocabulary.encode(prompt, 10_000)
            assert encoded.ids_T.tolist() == wanted, prompt
            joined = b"".join(encoded.tokens[encoded.own])
            assert (joined == prompt.encode()) == (not encoded.changes), prompt
        else:
            with pytest.raises(PromptError, match="makes no token"):
                vocabulary.encode(prompt, 10_000)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_ids_of_any_text_are_those_of_the_model_s_own_tokenizer(
    directories: dict[str, Path], data: st.DataObject
) -> None:
    part = st.one_of(
        st.sampled_from(["<s>", "</s>", END, "<|user|>", "<mask>", "king", " ", "\n", "▁"]),
        st.text(max_size=8),
    )
    prompt = "".join(data.draw(st.lists(part, min_size=1, max_size=6)))
    for name, directory in directories.items():
        vocabulary, own = both(directory)
        wanted = own(prompt).input_ids
        if wanted:
            assert vocabulary.encode(prompt, 10_000).ids_T.tolist() == wanted, name


SETTINGS: dict[str, list[Any]] = {
    "tokenizer_class": [
        "GPT2Tokenizer", "GPT2TokenizerFast", "PreTrainedTokenizerFast", "TokenizersBackend",
        "LlamaTokenizer",        "Qwen2TokenizerFast", "GPTNeoXTokenizerFast", "NoSuchTokenizer",
    ],
    "add_prefix_space": [True, False, None],
    "add_bos_token": [True, False],
    "add_eos_token": [True],
    "bos_token": [END, "king", None, {"__type": "AddedToken", "content": "<new>", "lstrip": True}],
    "unk_token": [END, None],
    "pad_token": ["<pad>", "[PAD]", END],
    "additional_special_tokens": [[], ["<extra>"], [END]],
    "split_special_tokens": [True, False],
    "clean_up_tokenization_spaces": [True],
    "legacy": [True, False],
    "added_tokens_decoder": [
        decoder_of([token(0, END)]),
        decoder_of([token(0, END, lstrip=True, rstrip=True)]),
        decoder_of([token(0, END), token(900, "old", special=False)]),
    ],
    "errors": ["replace"],
    "model_max_length": [8],
    "padding_side": ["left"],
    "fast_thing": [1],
}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in SETTINGS.items()}),
    st.sampled_from(["gpt2", "opt", "llama", "phi3", "qwen2", "qwen3", "gpt_neox", "mistral"]),
    st.sampled_from([{}, {"normalized": True}, {"rstrip": True}]),
    st.booleans(),
)
def test_whatever_the_settings_say(
    tmp_path_factory: pytest.TempPathFactory,
    said: dict[str, Any],
    family: str,
    flags: dict[str, bool],
    gap: bool,
) -> None:
    description = byte_level(END)
    description["added_tokens"][0] |= flags
    description["added_tokens"].append(token(700 if gap else len(description["model"]["vocab"]), "[PAD]"))
    directory = write(tmp_path_factory.mktemp("m"), family, description, said)
    try:
        own = transformers.AutoTokenizer.from_pretrained(directory)
    except Exception:  # what transformers cannot read is not read here
        with pytest.raises(ModelError):
            Vocabulary(directory)
        return
    vocabulary = Vocabulary(directory)
    for prompt in ("old king", f"a {END} b [PAD] c<pad>", "<new> <extra> a kingdom"):
        assert vocabulary.encode(prompt, 100).ids_T.tolist() == own(prompt).input_ids


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_what_is_plain_is_read_without_transformers(directories: dict[str, Path], name: str) -> None:
    words = (
        "import sys; from pathlib import Path; from model_probe.tokens import Vocabulary;"
        f"Vocabulary(Path({str(directories[name])!r})).encode('The king', 9);"
        "assert 'transformers' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", words]).returncode == 0


@pytest.mark.parametrize("name", sorted(CHATS))
def test_a_chat_is_what_transformers_makes_of_it(directories: dict[str, Path], name: str) -> None:
    vocabulary, own = both(directories[name])
    message = "Who was Plato?\nTell me in one line. "
    chat = [{"role": "user", "content": message}]
    text = chat_text(name, directories[name], message)
    assert text == own.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    wanted = own.apply_chat_template(chat, add_generation_prompt=True, return_dict=False)
    assert vocabulary.encode(text, 200, added=False).ids_T.tolist() == wanted
    assert message.strip() in text


def test_templates_in_all_places_are_found(tmp_path: Path) -> None:
    named = [{"name": "default", "template": CHAT_ML}, {"name": "rag", "template": "no"}]
    says = "{{ messages[0]['content'] }}"
    places: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"chat_template": named}, {}),
        ({}, {"chat_template_jinja": CHAT_ML}),
        ({"chat_template": says}, {"chat_template_jinja": CHAT_ML}),
    ]
    for number, (said, files) in enumerate(places):
        base = {"tokenizer_class": "PreTrainedTokenizerFast"}
        directory = write(tmp_path / str(number), "llama", byte_level(END), {**base, **said}, **files)
        assert chat_text("m", directory, "Hi") == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    directory = write(tmp_path / "several", "llama", byte_level(END), {}, chat_template_jinja=says)
    (directory / "additional_chat_templates").mkdir()
    (directory / "additional_chat_templates" / "tool_use.jinja").write_text("no")
    assert chat_text("m", directory, "Hi") == "Hi"


def test_a_model_without_a_template_and_one_that_refuses_say_so(tmp_path: Path) -> None:
    silent = write(tmp_path / "silent", "gpt2", byte_level(END), {"chat_template": None})
    with pytest.raises(
        ModelError, match=r"^m has no chat template, so it was not taught to chat; --chat is for"
    ):
        chat_text("m", silent, "Hi")
    for template in ("{{ raise_exception('no users here') }}", "{{ '' }}{% if %}", "{{ 1 / 0 }}"):
        settings = {"chat_template": template, "tokenizer_class": "PreTrainedTokenizerFast"}
        directory = write(tmp_path / "refuses", "llama", byte_level(END), settings)
        with pytest.raises(PromptError, match=r"^m's chat template does not take the prompt: "):
            chat_text("m", directory, "Hi")
    assert json.loads((directory / "tokenizer_config.json").read_text())["chat_template"] == template

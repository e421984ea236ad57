"""Text to token ids, with every token as bytes and every merge that made it.

Byte-level byte-pair encoding: text is cut into pieces, each piece is its UTF-8 bytes, and neighbours
join, lowest rank first, until no known pair is left (Sennrich et al. 2016; Radford et al. 2019). The other
kind, of Llama 2 or Gemma, works on characters with ▁ for the space, and writes what it does not know as bytes
(Kudo, Richardson 2018); its tokens are read as bytes, too, but its merges are not followed.
"""

import codecs
import json
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel

from model_probe.errors import ModelError, PromptError, first_line


def _byte_of_character() -> dict[str, int]:
    """Map each of the 256 characters in which byte-level BPE writes bytes to its byte.

    Printable Latin-1 stands for itself, the rest follow from U+0100 (`bytes_to_unicode`, GPT-2's encoder.py).
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(b): b for b in printable} | {chr(256 + n): b for n, b in enumerate(others)}


BYTE_OF_CHARACTER = _byte_of_character()
# The alphabet as one of Python's character maps, which are the quickest way from characters to bytes
_ALPHABET = codecs.charmap_build("".join(sorted(BYTE_OF_CHARACTER, key=BYTE_OF_CHARACTER.__getitem__)))


@dataclass(frozen=True)
class Encoded:
    """A prompt as T token ids, their bytes, the pieces' byte offsets and the merges in the order applied.

    Attributes:
        text: what the tokens join to, without those added: the prompt as the tokenizer normalises it.
        added: how many tokens the tokenizer put in front, such as one for the beginning of the text.
        piece_starts_P, merge_steps_J3: None where the tokenizer's merges are not followed.
    """

    ids_T: NDArray[np.int64]
    tokens: list[bytes]
    text: str
    added: int
    piece_starts_P: NDArray[np.int64] | None
    merge_steps_J3: NDArray[np.int32] | None

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Give the prompt's tensors under their names in the trace."""
        prompt_bytes_B, prompt_offsets_T1 = joined(self.tokens)
        tensors: dict[str, NDArray[Any] | None] = {
            "token_ids_T": self.ids_T,
            "prompt_bytes_B": prompt_bytes_B,
            "prompt_offsets_T1": prompt_offsets_T1,
            "piece_starts_P": self.piece_starts_P,
            "merge_steps_J3": self.merge_steps_J3,
        }
        return {name: values for name, values in tensors.items() if values is not None}


class Vocabulary:
    """A BPE tokenizer from `tokenizer.json`, or from the older `vocab.json` and `merges.txt`.

    Raises:
        ModelError: it cannot be read or is of another kind.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / "tokenizer.json"
        try:
            content = path.read_bytes() if path.exists() else _converted(directory)
            description = json.loads(content)
            self._tokenizer = Tokenizer.from_buffer(content)
            model = description["model"]
            merges = [m if isinstance(m, str) else " ".join(m) for m in model.get("merges", [])]
            ways = [description.get(part) or {} for part in ("normalizer", "pre_tokenizer", "decoder")]
        except Exception as error:  # the tokenizers library raises plain Exception
            raise ModelError(f"{path} cannot be read as a tokenizer: {first_line(error)}") from None
        self._byte_level = '"ByteLevel"' in json.dumps(ways[1:])
        self._mergeable = self._byte_level and not model.get("ignore_merges")
        # Files from before tokenizers 0.9, GPT-2's own among them, do not name the type: merges tell it
        if model.get("type", "BPE" if "merges" in model else "") != "BPE" or not (
            self._byte_level or "\u2581" in json.dumps(ways, ensure_ascii=False)
        ):
            raise ModelError(
                f"{path} is not a byte-pair tokenizer, the kind that GPT-2 and its relatives have"
            )
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._rank = dict(zip(merges, range(len(merges)), strict=True))  # "left right" → rank
        self._special = {t.content: i for i, t in self._tokenizer.get_added_tokens_decoder().items()}
        # As get_vocab(with_added_tokens=True) has it, which makes every string a second time
        self._id: dict[str, int] = {**model["vocab"], **self._special}

    def __len__(self) -> int:
        """One more than the highest id."""
        return max(self._id.values()) + 1

    @cached_property
    def bytes_of_id(self) -> dict[int, bytes]:
        """Every id's bytes; a special token's are its name's."""
        read = _to_bytes(list(self._id)) if self._byte_level else map(_piece_to_bytes, self._id)
        special = {i: content.encode() for content, i in self._special.items()}
        return dict(zip(self._id.values(), read, strict=True)) | special

    def special_ids(self) -> set[int]:
        """List the ids that no text makes but their own names, such as `<|endoftext|>`."""
        return set(self._special.values())

    def end_ids(self, config: dict[str, Any]) -> frozenset[int]:
        """Find the ids that end a text: those that the model's `config.json` names, else `<|endoftext|>`."""
        named = config.get("eos_token_id", self._special.get("<|endoftext|>"))
        return frozenset(i for i in (named if isinstance(named, list) else [named]) if isinstance(i, int))

    def tensors(self, n_vocab: int) -> dict[str, NDArray[Any]]:
        """Give the vocabulary's bytes under their names in the trace; ids that are not in it are empty."""
        strings = [self.bytes_of_id.get(i, b"") for i in range(n_vocab)]
        vocab_bytes_B, vocab_offsets_V1 = joined(strings)
        return {"vocab_bytes_B": vocab_bytes_B, "vocab_offsets_V1": vocab_offsets_V1}

    def encode(self, prompt: str, n_ctx: int) -> Encoded:
        """Turn a prompt into tokens, at least one and at most `n_ctx`, as the model is meant to be given it.

        Raises PromptError for a prompt that is too long, and ModelError where the tokenizer does not give the
        prompt back byte for byte, up to the normal form that it states.
        """
        own = self._tokenizer.encode(prompt, add_special_tokens=False).ids
        whole = self._tokenizer.encode(prompt).ids
        added = next((n for n in range(len(whole) + 1) if whole[n : n + len(own)] == own), 0)
        ids = [*whole[:added], *own]
        if len(ids) > n_ctx:
            raise PromptError(f"the prompt has {len(ids):,} tokens; the model's context holds {n_ctx:,}")
        normalizer = self._tokenizer.normalizer if self._byte_level else None
        text = normalizer.normalize_str(prompt) if normalizer is not None else prompt
        tokens = [self.bytes_of_id[i] for i in ids]
        if not self._byte_level and b"".join(tokens[added:]) == b" " + text.encode():
            tokens[added] = tokens[added][1:]  # a space that the tokenizer puts before every text
        if b"".join(tokens[added:]) != text.encode():
            raise ModelError("the tokenizer changes the prompt: its tokens do not join to the same bytes")
        merges = self._merged(text, tokens[:added], ids) if self._mergeable else (None, None)
        return Encoded(np.array(ids, np.int64), tokens, text, added, *merges)

    def _merged(
        self, text: str, added: list[bytes], ids: list[int]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The byte offset of each piece, and the merges in the order applied. Raises ModelError."""
        pieces = [*(token.decode() for token in added), *self._pieces(text)]
        merged = [self._merge(piece) for piece in pieces]
        if [self._id.get(symbol) for symbols, _ in merged for symbol in symbols] != ids:
            raise ModelError("the tokenizer's merges do not lead to its own tokens")
        steps = [(number, *step) for number, (_, steps) in enumerate(merged) for step in steps]
        lengths = [len(piece.encode()) if piece in self._special else len(piece) for piece in pieces]
        starts_P = np.array([0, *accumulate(lengths)][:-1], np.int64)
        return starts_P, np.array(steps, np.int32).reshape(-1, 3)

    def _pieces(self, prompt: str) -> list[str]:
        """Cut the prompt as the tokenizer does before it merges: special tokens, and the rest by pattern."""
        names = sorted(self._special, key=len, reverse=True)
        parts = re.split(f"({'|'.join(map(re.escape, names))})", prompt) if names else [prompt]
        pieces: list[str] = []
        for part in parts:
            if part in self._special:
                pieces.append(part)
            elif part:
                pre_tokenizer = self._tokenizer.pre_tokenizer or ByteLevel(add_prefix_space=False)
                pieces += [piece for piece, _ in pre_tokenizer.pre_tokenize_str(part)]
        return pieces

    def _merge(self, piece: str) -> tuple[list[str], list[tuple[int, int]]]:
        """Join a piece's symbols; returns those left and, per merge, (index of the left symbol, rank)."""
        if piece in self._special:
            return [piece], []
        symbols, steps = list(piece), []
        while len(symbols) > 1:
            ranks = [self._rank.get(f"{left} {right}") for left, right in pairwise(symbols)]
            lowest = min((rank for rank in ranks if rank is not None), default=None)
            if lowest is None:
                break
            joined_symbols: list[str] = []
            position = 0
            while position < len(symbols):
                here = position < len(ranks) and ranks[position] == lowest
                if here:
                    steps.append((len(joined_symbols), lowest))
                joined_symbols.append("".join(symbols[position : position + 1 + here]))
                position += 1 + here
            symbols = joined_symbols
        return symbols, steps


def _to_bytes(tokens: list[str]) -> list[bytes]:
    """Read vocabulary entries in the byte alphabet, where a character is a byte."""
    try:
        together = codecs.charmap_encode("".join(tokens), "strict", _ALPHABET)[0]
    except UnicodeEncodeError:  # an entry that no merge can reach
        return _to_bytes_one_by_one(tokens)
    return [together[start:end] for start, end in pairwise(accumulate(map(len, tokens), initial=0))]


def _to_bytes_one_by_one(tokens: list[str]) -> list[bytes]:
    """The same where some entries are not in the alphabet; those are text."""
    known = BYTE_OF_CHARACTER.keys()
    return [
        codecs.charmap_encode(token, "strict", _ALPHABET)[0] if known >= set(token) else token.encode()
        for token in tokens
    ]


def _piece_to_bytes(token: str) -> bytes:
    """Read a vocabulary entry with ▁ for the space, or one that stands for a byte, as `<0xE3>` does."""
    byte = re.fullmatch(r"<0x([0-9A-F]{2})>", token)
    return bytes([int(byte[1], 16)]) if byte else token.replace("\u2581", " ").encode()


def _converted(directory: Path) -> bytes:
    """A tokenizer in older files (OPT, early GPT-2s) as transformers turns it into a `tokenizer.json`."""
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(directory, local_files_only=True, use_fast=True)
    text: str = tokenizer.backend_tokenizer.to_str()
    return text.encode()


def joined(strings: list[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Byte strings as one array of bytes and their len(strings) + 1 offsets."""
    offsets = np.zeros(len(strings) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, strings), np.int64, len(strings)), out=offsets[1:])
    return np.frombuffer(b"".join(strings), np.uint8), offsets

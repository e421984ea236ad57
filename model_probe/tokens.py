"""Text to token ids, with every token as bytes and every merge that made it.

Byte-level byte-pair encoding: text is cut into pieces, each piece is its UTF-8 bytes, and neighbours
join, lowest rank first, until no known pair is left (Sennrich et al. 2016; Radford et al. 2019).
"""

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

from model_probe.errors import ModelError, PromptError


def _byte_of_character() -> dict[str, int]:
    """Map each of the 256 characters in which byte-level BPE writes bytes to its byte.

    Printable Latin-1 stands for itself, the rest follow from U+0100 (`bytes_to_unicode`, GPT-2's encoder.py).
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(b): b for b in printable} | {chr(256 + n): b for n, b in enumerate(others)}


BYTE_OF_CHARACTER = _byte_of_character()


@dataclass(frozen=True)
class Encoded:
    """A prompt as T token ids, their bytes, the pieces' byte offsets and the merges in the order applied."""

    ids_T: NDArray[np.int64]
    tokens: list[bytes]
    piece_starts_P: NDArray[np.int64]
    merge_steps_J3: NDArray[np.int32]

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Give the prompt's tensors under their names in the trace."""
        prompt_bytes_B, prompt_offsets_T1 = joined(self.tokens)
        return {
            "token_ids_T": self.ids_T,
            "prompt_bytes_B": prompt_bytes_B,
            "prompt_offsets_T1": prompt_offsets_T1,
            "piece_starts_P": self.piece_starts_P,
            "merge_steps_J3": self.merge_steps_J3,
        }


class Vocabulary:
    """A byte-level BPE tokenizer from `tokenizer.json`. Raises ModelError where it is of another kind."""

    def __init__(self, directory: Path) -> None:
        path = directory / "tokenizer.json"
        try:
            text = path.read_text(encoding="utf-8")
            description = json.loads(text)
            self._tokenizer = Tokenizer.from_str(text)
            model = description["model"]
            merges = [
                tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model.get("merges", [])
            ]
        except Exception as error:  # the tokenizers library raises plain Exception
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(f"{path} cannot be read as a tokenizer: {reason}") from None
        byte_level = '"ByteLevel"' in json.dumps(description.get("pre_tokenizer"))
        if model.get("type") != "BPE" or not byte_level or description.get("normalizer"):
            raise ModelError(f"{path} is not a byte-level BPE tokenizer, the kind that GPT-2 has")
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._rank = {pair: rank for rank, pair in enumerate(merges)}
        self._id = self._tokenizer.get_vocab(with_added_tokens=True)
        self._special = {t.content: i for i, t in self._tokenizer.get_added_tokens_decoder().items()}

    def __len__(self) -> int:
        """One more than the highest id."""
        return max(self._id.values()) + 1

    @cached_property
    def bytes_of_id(self) -> dict[int, bytes]:
        """Every id's bytes; a special token's are its name's."""
        special = {i: content.encode() for content, i in self._special.items()}
        return {i: special.get(i) or _to_bytes(token) for token, i in self._id.items()}

    def special_ids(self) -> set[int]:
        """List the ids that no text makes but their own names, such as `<|endoftext|>`."""
        return set(self._special.values())

    def id_of(self, special: str) -> int | None:
        """Find the id of a special token; None where there is none of that name."""
        return self._special.get(special)

    def tensors(self, n_vocab: int) -> dict[str, NDArray[Any]]:
        """Give the vocabulary's bytes under their names in the trace; ids that are not in it are empty."""
        strings = [self.bytes_of_id.get(i, b"") for i in range(n_vocab)]
        vocab_bytes_B, vocab_offsets_V1 = joined(strings)
        return {"vocab_bytes_B": vocab_bytes_B, "vocab_offsets_V1": vocab_offsets_V1}

    def encode(self, prompt: str, n_ctx: int) -> Encoded:
        """Turn a prompt into tokens, at least one and at most `n_ctx`.

        Raises PromptError for a prompt that is too long, and ModelError where the tokenizer does not give the
        prompt back byte for byte.
        """
        ids = self._tokenizer.encode(prompt, add_special_tokens=False).ids
        if len(ids) > n_ctx:
            raise PromptError(f"the prompt has {len(ids):,} tokens; the model's context holds {n_ctx:,}")
        tokens = [self.bytes_of_id[i] for i in ids]
        if b"".join(tokens) != prompt.encode():
            raise ModelError("the tokenizer changes the prompt: its tokens do not join to the same bytes")
        pieces = self._pieces(prompt)
        merged = [self._merge(piece) for piece in pieces]
        if [self._id.get(symbol) for symbols, _ in merged for symbol in symbols] != ids:
            raise ModelError("the tokenizer's merges do not lead to its own tokens")
        steps = [(number, *step) for number, (_, steps) in enumerate(merged) for step in steps]
        lengths = [len(piece.encode()) if piece in self._special else len(piece) for piece in pieces]
        return Encoded(
            np.array(ids, np.int64),
            tokens,
            np.array([0, *accumulate(lengths)][:-1], np.int64),
            np.array(steps, np.int32).reshape(-1, 3),
        )

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
            ranks = [self._rank.get(pair) for pair in pairwise(symbols)]
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


def _to_bytes(token: str) -> bytes:
    """Read a vocabulary entry in the byte alphabet."""
    if not all(c in BYTE_OF_CHARACTER for c in token):
        return token.encode()  # an entry that no merge can reach
    return bytes(BYTE_OF_CHARACTER[c] for c in token)


def joined(strings: list[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Byte strings as one array of bytes and their len(strings) + 1 offsets."""
    offsets = np.array([0, *accumulate(map(len, strings))], np.int64)
    return np.frombuffer(b"".join(strings), np.uint8), offsets

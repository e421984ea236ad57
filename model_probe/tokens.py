"""Text to token ids, with every token as bytes and every merge that made it.

Byte-level byte-pair encoding: text is cut into pieces, each piece is its UTF-8 bytes, and neighbours
join, lowest rank first, until no known pair is left (Sennrich et al. 2016; Radford et al. 2019). The other
kind, of Llama 2 or Gemma, works on characters with ▁ for the space, and writes what it does not know as bytes
(Kudo, Richardson 2018); its tokens are read as bytes, too, but its merges are not followed.
"""

import codecs
import contextlib
import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers.pre_tokenizers import ByteLevel

from model_probe.changes import Change, changes
from model_probe.errors import ModelError, PromptError, first_line
from model_probe.tokenizer_files import read_tokenizer


def _byte_of_character() -> dict[str, int]:
    """Map each of the 256 characters in which byte-level BPE writes bytes to its byte.

    Printable Latin-1 stands for itself, the rest follow from U+0100 (`bytes_to_unicode`, GPT-2's encoder.py).
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(b): b for b in printable} | {chr(256 + n): b for n, b in enumerate(others)}


BYTE_OF_CHARACTER = _byte_of_character()
# The alphabet as one of Python's character maps, which are the quickest way from characters to bytes
_CHARACTERS = "".join(sorted(BYTE_OF_CHARACTER, key=BYTE_OF_CHARACTER.__getitem__))
_ALPHABET = codecs.charmap_build(_CHARACTERS)


@dataclass(frozen=True)
class Encoded:
    """A prompt as T token ids, their bytes, the pieces' byte offsets and the merges in the order applied.

    Attributes:
        tokens: as the vocabulary has them; whether they join to the prompt is for `changes` to say.
        text: what was encoded.
        added, added_after: how many tokens the tokenizer put in front, such as one for the beginning of the
            text, and at the end.
        changes: where the tokens, those added aside, do not join to the text; see `changes.py`.
        piece_starts_P, merge_steps_J3: None where the tokenizer's merges are not followed.
    """

    ids_T: NDArray[np.int64]
    tokens: list[bytes]
    text: str
    added: int
    added_after: int
    changes: list[Change]
    piece_starts_P: NDArray[np.int64] | None
    merge_steps_J3: NDArray[np.int32] | None

    @property
    def own(self) -> slice:
        """Where the text's tokens stand, between those that the tokenizer added."""
        return slice(self.added, len(self.tokens) - self.added_after)

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
    """A model's tokenizer, as transformers reads the model's files; see `tokenizer_files.py`.

    Raises:
        ModelError: it cannot be read or its tokens cannot be read as bytes.
    """

    def __init__(self, directory: Path) -> None:
        self._tokenizer, description = read_tokenizer(directory)
        try:
            model = description["model"]
            merges = [m if isinstance(m, str) else " ".join(m) for m in model.get("merges") or []]
            ways = [description.get(part) or {} for part in ("normalizer", "pre_tokenizer", "decoder")]
            names = model["vocab"]
            if not isinstance(names, dict):  # of a Unigram model: pairs of a piece and its score
                names = {piece: number for number, (piece, _score) in enumerate(names)}
        except Exception as error:
            raise ModelError(f"{directory} has no tokenizer that can be read: {first_line(error)}") from None
        self._byte_level = '"ByteLevel"' in json.dumps(ways[1:])
        self._mergeable = self._byte_level and bool(merges) and not model.get("ignore_merges")
        # Files from before tokenizers 0.9, GPT-2's own among them, do not name the type: merges tell it
        kind = model.get("type", "BPE" if "merges" in model else "")
        by_space = "\u2581" in json.dumps(ways, ensure_ascii=False)
        if kind not in ("BPE", "Unigram") or not (self._byte_level or by_space):
            raise ModelError(
                f"{directory / 'tokenizer.json'} is not a byte-pair tokenizer, "
                "the kind that GPT-2 and its relatives have"
            )
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._rank = dict(zip(merges, range(len(merges)), strict=True))  # "left right" → rank
        self._special = {t.content: i for i, t in self._tokenizer.get_added_tokens_decoder().items()}
        # As get_vocab(with_added_tokens=True) has it, which makes every string a second time
        self._id: dict[str, int] = {**names, **self._special}

    def __len__(self) -> int:
        """One more than the highest id."""
        return max(self._id.values()) + 1

    def bytes_of(self, ids: Iterable[int]) -> list[bytes]:
        """The bytes of tokens; a special token's are its name's."""
        together, offsets = self._strings
        return [together[offsets[i] : offsets[i + 1]] for i in ids]

    @cached_property
    def _strings(self) -> tuple[bytes, NDArray[np.int64]]:
        """Every id's bytes, one after the other, and where each begins; an id without a token has none."""
        ids = np.fromiter(self._id.values(), np.int64, len(self._id))
        # The usual vocabulary is in order, and a name in ASCII is the same in the byte alphabet
        if self._byte_level and (ids == np.arange(len(ids))).all() and all(map(str.isascii, self._special)):
            with contextlib.suppress(UnicodeEncodeError):
                return _to_bytes(list(self._id)), _offsets(self._id)
        read = _to_bytes_one_by_one(self._id) if self._byte_level else map(_piece_to_bytes, self._id)
        known = dict(zip(self._id.values(), read, strict=True))
        known |= {i: content.encode() for content, i in self._special.items()}
        strings = [known.get(i, b"") for i in range(len(self))]
        return b"".join(strings), _offsets(strings)

    def ordinary_ids(self, n_vocab: int) -> NDArray[np.int64]:
        """The ids of tokens that are not special, in order, as far as the model has rows for them."""
        ordinary = np.zeros(max(n_vocab, len(self)), np.bool_)
        ordinary[np.fromiter(self._id.values(), np.int64, len(self._id))] = True
        ordinary[list(self._special.values())] = False
        return np.flatnonzero(ordinary[:n_vocab])

    def special_ids(self) -> set[int]:
        """List the ids that no text makes but their own names, such as `<|endoftext|>`."""
        return set(self._special.values())

    def end_ids(self, *configs: dict[str, Any]) -> frozenset[int]:
        """Find the ids that end a text: all that the model's configs name, else `<|endoftext|>`."""
        named = [config["eos_token_id"] for config in configs if "eos_token_id" in config]
        listed = named or [self._special.get("<|endoftext|>")]
        ids = [i for stated in listed for i in (stated if isinstance(stated, list) else [stated])]
        return frozenset(i for i in ids if isinstance(i, int))

    def tensors(self, n_vocab: int) -> dict[str, NDArray[Any]]:
        """Give the vocabulary's bytes under their names in the trace; ids that are not in it are empty."""
        together, offsets = self._strings
        vocab_offsets_V1 = np.full(n_vocab + 1, offsets[-1])
        vocab_offsets_V1[: len(offsets)] = offsets[: n_vocab + 1]
        vocab_bytes_B = np.frombuffer(together, np.uint8)[: vocab_offsets_V1[-1]]
        return {"vocab_bytes_B": vocab_bytes_B, "vocab_offsets_V1": vocab_offsets_V1}

    def encode(self, text: str, n_ctx: int, added: bool = True) -> Encoded:
        """Turn text into tokens, at least one and at most `n_ctx`, as the model is meant to be given it.

        Args:
            text: any.
            n_ctx: the model's context.
            added: with the tokens that the tokenizer adds; a chat template writes all of them itself.

        Raises:
            PromptError: it makes no token, or too many.
            ModelError: the tokenizer is unsound: it names tokens that it does not have.
        """
        try:
            encoding = self._tokenizer.encode(text, add_special_tokens=added)
        except Exception as error:  # the tokenizers library raises plain Exception
            raise ModelError(f"the model's tokenizer does not take the prompt: {first_line(error)}") from None
        ids = encoding.ids
        if not ids:
            raise PromptError(f"the model's tokenizer makes no token of the prompt {text!r:.80}")
        if len(ids) > n_ctx:
            raise PromptError(f"the prompt has {len(ids):,} tokens; the model's context holds {n_ctx:,}")
        own = [at for at, added in enumerate(encoding.special_tokens_mask) if not added]
        start, end = (own[0], own[-1] + 1) if own else (len(ids), len(ids))
        tokens = self.bytes_of(ids)
        merges = self._merged(ids, tokens) if self._mergeable else (None, None)
        return Encoded(
            np.array(ids, np.int64),
            tokens,
            text,
            start,
            len(ids) - end,
            changes(text, b"".join(tokens[start:end])),
            *merges,
        )

    def check_rows(self, encoded: Encoded, n_vocab: int) -> None:
        """Raise PromptError where a token of a prompt has no row among the model's `n_vocab` embeddings."""
        for number, token in zip(encoded.ids_T.tolist(), encoded.tokens, strict=True):
            if number >= n_vocab:
                name = token.decode(errors="replace")
                raise PromptError(
                    f"the prompt's token {name!r} is number {number:,}; "
                    f"the model has none above {n_vocab - 1:,}"
                )

    def cut(self, text: str, added: bool) -> list[int]:
        """The ids of a text, with the tokens that the tokenizer adds or without them."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=added).ids
        return ids

    def word_id(self, word: str) -> int | None:
        """The id of a word with a space in front, where the tokenizer makes one token of that; else None."""
        wanted = f" {word}"
        written = (
            "".join(_CHARACTERS[byte] for byte in wanted.encode()),
            wanted.replace(" ", "\u2581"),
            wanted,
        )
        if not any(name in self._id for name in written):
            return None
        for text in (wanted, word):  # some tokenizers put the space there themselves
            ids = self.cut(text, added=False)
            if len(ids) == 1 and self.bytes_of(ids) == [wanted.encode()]:
                return ids[0]
        return None

    def _merged(
        self, ids: list[int], tokens: list[bytes]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]] | tuple[None, None]:
        """The byte offset of each piece, and the merges in the order applied.

        Where the merges, applied to what the tokens join to, do not lead to these tokens (an added token
        that is a word may stand in their way), there is nothing to show.
        """
        pieces: list[str] = []
        added = self.special_ids()
        try:
            for special, run in groupby(zip(ids, tokens, strict=True), lambda pair: pair[0] in added):
                if special:
                    pieces += [token.decode() for _, token in run]
                else:
                    pieces += self._pieces(b"".join(token for _, token in run).decode())
        except UnicodeDecodeError:
            return None, None
        merged = [self._merge(piece) for piece in pieces]
        if [self._id.get(symbol) for symbols, _ in merged for symbol in symbols] != ids:
            return None, None
        steps = [(number, *step) for number, (_, steps) in enumerate(merged) for step in steps]
        lengths = [len(piece.encode()) if piece in self._special else len(piece) for piece in pieces]
        starts_P = np.array([0, *accumulate(lengths)][:-1], np.int64)
        return starts_P, np.array(steps, np.int32).reshape(-1, 3)

    def _pieces(self, text: str) -> list[str]:
        """Cut text as the tokenizer does before it merges, in the byte alphabet."""
        pre_tokenizer = self._tokenizer.pre_tokenizer or ByteLevel(add_prefix_space=False)
        return [piece for piece, _ in pre_tokenizer.pre_tokenize_str(text)]

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


def _to_bytes(tokens: Iterable[str]) -> bytes:
    """Read vocabulary entries in the byte alphabet: a character is a byte. Raises UnicodeEncodeError."""
    return codecs.charmap_encode("".join(tokens), "strict", _ALPHABET)[0]


def _to_bytes_one_by_one(tokens: Iterable[str]) -> list[bytes]:
    """The same where some are not in the alphabet, so that no merge can reach them; those are text."""
    known = BYTE_OF_CHARACTER.keys()
    return [_to_bytes(token) if known >= set(token) else token.encode() for token in tokens]


def _piece_to_bytes(token: str) -> bytes:
    """Read a vocabulary entry with ▁ for the space, or one that stands for a byte, as `<0xE3>` does."""
    byte = re.fullmatch(r"<0x([0-9A-F]{2})>", token)
    return bytes([int(byte[1], 16)]) if byte else token.replace("\u2581", " ").encode()


def joined(strings: list[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Byte strings as one array of bytes and their len(strings) + 1 offsets."""
    return np.frombuffer(b"".join(strings), np.uint8), _offsets(strings)


def _offsets(strings: Collection[str | bytes]) -> NDArray[np.int64]:
    """Where each string begins when they are joined, and where the last one ends."""
    offsets = np.zeros(len(strings) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, strings), np.int64, len(strings)), out=offsets[1:])
    return offsets

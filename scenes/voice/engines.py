"""Speech: a narration read aloud by a program on the PATH. Each runs as a process of its own, offline."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from model_probe.errors import UserError
from scenes.language import plain
from scenes.whole_file import whole_file

TIMEOUT = 60.0  # seconds a narration may take; these programs speak many times faster than people listen
HTS_VOICES = Path("/usr/share/hts-voice")  # where Debian puts them, and Open JTalk's dictionary
DICTIONARY = "/var/lib/mecab/dic/open-jtalk/naist-jdic"
BREATH = 0.4  # seconds of silence after what is said
TAG = re.compile(r"</?\w[^<>]*>")
COMMAND = re.compile(r"(?<=\[)(?=\[)|(?<=\])(?=\])")  # [[…]] is an instruction to espeak-ng and to say


@dataclass(frozen=True)
class Engine:
    """A program that reads UTF-8 text from its standard input and writes a WAV file.

    Attributes:
        command: its command line; {voice} and {wav} are filled in.
        voice_of: language → the voice that speaks it; None where the user must name one.
        example: a voice to name.
        install: how one gets it.
        voice_is_file: whether a voice is called by its file.
    """

    command: tuple[str, ...]
    voice_of: Callable[[str], str | None]
    example: str
    install: str
    voice_is_file: bool = False


def _hts_voice(language: str) -> str | None:
    return next(map(str, sorted(HTS_VOICES.rglob("*.htsvoice"))), None) if language == "ja" else None


ENGINES = {
    "say": Engine(
        ("say", "-v", "{voice}", "-o", "{wav}", "--file-format=WAVE", "--data-format=LEI16@22050", "-f", "-"),
        {"en": "Samantha", "ja": "Kyoko"}.get,
        "say:Kyoko",
        "comes with macOS",
    ),
    "open_jtalk": Engine(
        ("open_jtalk", "-x", DICTIONARY, "-m", "{voice}", "-ow", "{wav}"),
        _hts_voice,
        "open_jtalk:VOICE.htsvoice",
        "sudo apt-get install open-jtalk open-jtalk-mecab-naist-jdic, and an HTS voice",
        voice_is_file=True,
    ),
    "espeak-ng": Engine(
        ("espeak-ng", "-b", "1", "-v", "{voice}", "-w", "{wav}", "--stdin"),
        # Its voices are called as their languages. For each kanji it says "Chinese letter".
        lambda language: None if language == "ja" else language,
        "espeak-ng:en-us",
        "sudo apt-get install espeak-ng",
    ),
    "piper": Engine(
        ("piper", "--model", "{voice}", "--output_file", "{wav}"),
        lambda _language: None,
        "piper:MODEL.onnx",
        "pipx install piper-tts, and a model for the language",
        voice_is_file=True,
    ),
}


@dataclass(frozen=True)
class Speech:
    """A narration, spoken: a WAV file and how many seconds it lasts."""

    file: Path
    seconds: float


def resolve(wanted: str, language: str) -> str:
    """The voice to use, as ENGINE:VOICE.

    Args:
        wanted: ENGINE, ENGINE:VOICE, or "auto" for the first that is installed and speaks the language.
        language: of the narration.

    Raises:
        UserError: there is no such engine, it is not installed, or it has no such voice.
    """
    if wanted == "auto":
        for name, engine in ENGINES.items():
            found = engine.voice_of(language)
            if found is not None and shutil.which(name):
                return f"{name}:{found}"
        ways = "; ".join(f"{name} ({engine.install})" for name, engine in ENGINES.items())
        raise UserError(f"--voice auto: nothing on the PATH speaks language {language}; there may be {ways}")
    name, _, voice = wanted.partition(":")
    if name not in ENGINES:
        raise UserError(f"--voice {wanted}: there is no such engine; there are auto, {', '.join(ENGINES)}")
    engine = ENGINES[name]
    if shutil.which(name) is None:
        raise UserError(f"--voice {wanted}: {name} is not on the PATH ({engine.install})")
    chosen = voice or engine.voice_of(language)
    if chosen is None:
        raise UserError(
            f"--voice {wanted}: {name} has no voice of its own for language {language}; "
            f"name one, as in {engine.example}"
        )
    if engine.voice_is_file:
        if not Path(chosen).is_file():
            raise UserError(f"--voice {wanted}: there is no file {chosen}")
        chosen = str(Path(chosen).resolve())
    return f"{name}:{chosen}"


def identity(voice: str) -> str:
    """A digest of what speaks: the program's file, and the voice's where it is one."""
    name, _, chosen = voice.partition(":")
    hasher = hashlib.sha256(voice.encode())
    for path in (shutil.which(name), chosen):
        if path and Path(path).is_file():
            with Path(path).open("rb") as file:
                hasher.update(hashlib.file_digest(file, "sha256").digest())
    return hasher.hexdigest()


def label(voice: str) -> str:
    """The voice's name without the folder that its file lies in."""
    name, _, chosen = voice.partition(":")
    return f"{name}:{Path(chosen).name}"


def spoken(narration: str) -> str:
    """What is said of a narration: one line without markup; nothing where there is no word to say."""
    words = COMMAND.sub(" ", TAG.sub(" ", plain(narration).replace("�", " ")))
    return " ".join(words.split()) if any(map(str.isalnum, words)) else ""


def speech(narration: str, language: str, voice: str, folder: Path) -> Speech | None:
    """`narration`, spoken; None where there is nothing to say.

    Args:
        narration: words in the scene's language; numbers are read as they stand.
        language: of the narration.
        voice: as `resolve` gives it.
        folder: keeps what was spoken, so that the same words are spoken once.

    Raises:
        UserError: the engine failed, took too long, or wrote nothing that can be heard.
        OSError: the disk is full or `folder` cannot be written.
    """
    words = spoken(narration)
    if not words:
        return None
    key = hashlib.sha256("\0".join((voice, language, words)).encode()).hexdigest()
    file = folder / f"{key}.wav"
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as part:
            _synthesise(words, voice, part)
            _seconds(part, voice)
    return Speech(file, _seconds(file, voice))


def _synthesise(words: str, voice: str, wav: Path) -> None:
    name, _, chosen = voice.partition(":")
    command = [part.format(voice=chosen, wav=wav) for part in ENGINES[name].command]
    with tempfile.TemporaryFile() as said:
        try:
            ended = subprocess.run(
                command, input=words.encode() + b"\n", stdout=said, stderr=said, timeout=TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            raise UserError(f"{_who(voice)} did not speak within {TIMEOUT:g} s") from None
        except OSError as error:
            raise UserError(f"{_who(voice)} cannot be started: {error.strerror}") from None
        said.seek(0)
        lines = said.read().decode(errors="replace").split("\n")
    if ended.returncode:
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it does not say why")
        raise UserError(f"{_who(voice)} failed with exit code {ended.returncode}: {last}")


def _seconds(wav: Path, voice: str) -> float:
    try:
        with wave.open(str(wav), "rb") as sound:
            seconds = sound.getnframes() / sound.getframerate()
    except (OSError, EOFError, wave.Error):
        raise UserError(f"{_who(voice)} wrote no WAV file") from None
    if not seconds:
        raise UserError(f"{_who(voice)} wrote a WAV file without a sound")
    return seconds


def _who(voice: str) -> str:
    return f"the voice {label(voice)}"

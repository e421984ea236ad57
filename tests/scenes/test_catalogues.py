"""The catalogues: nothing untranslated, the glossary kept, and room for a language that takes more words."""

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from scenes import SCENES, language
from scenes.settings import Settings
from tests.scenes.faults import inspected

ROOT = Path(__file__).parent.parent.parent
NEVER = ("変圧器", "トランス", "アンエンベディング", "エンベディング")  # the glossary has other words


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """All that the code says, extracted now."""
    target = tmp_path_factory.mktemp("words") / "scenes.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-o", str(target), "scenes"]
    subprocess.run(command, cwd=ROOT, check=True)
    with target.open("rb") as file:
        return read_po(file)


def catalogue(code: str) -> Catalog:
    with (language.LOCALE / code / "LC_MESSAGES" / "scenes.po").open("rb") as file:
        return read_po(file, locale=code)


@pytest.mark.parametrize("code", [code for code in language.languages() if code != "en"])
def test_every_word_is_translated_with_its_placeholders(code: str, words: Catalog) -> None:
    translated = catalogue(code)
    for message in words:
        if not message.id:
            continue
        entry = translated.get(message.id)
        assert entry is not None, f"{code} lacks {message.id!r}"
        assert entry.string, f"{code} does not translate {message.id!r}"
        assert not entry.fuzzy, f"{code} is not sure of {message.id!r}"
        assert sorted(re.findall(r"{\w+}", str(entry.string))) == sorted(
            re.findall(r"{\w+}", str(message.id))
        ), message.id


def test_japanese_keeps_the_glossary() -> None:
    for message in catalogue("ja"):
        for word in NEVER:
            assert word not in str(message.string), f"{word} in {message.string!r}"


@pytest.fixture
def wordy(words: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A made-up language: accents on every vowel, and every text 40 % longer."""
    pseudo = Catalog(locale="eo")
    accents = str.maketrans("aeiouAEIOU", "áéíóúÁÉÍÓÚ")
    for message in words:
        if message.id:
            parts = re.split(r"({\w+})", str(message.id))
            plain = "".join(part if part.startswith("{") else part.translate(accents) for part in parts)
            pseudo.add(
                str(message.id), plain + " " + ("plí pli " * 40)[: max(1, round(0.4 * len(plain)))].strip()
            )
    target = tmp_path / "eo" / "LC_MESSAGES" / "scenes.po"
    target.parent.mkdir(parents=True)
    buffer = io.BytesIO()
    write_po(buffer, pseudo)
    target.write_bytes(buffer.getvalue())
    monkeypatch.setattr(language, "LOCALE", tmp_path)
    language.catalogue.cache_clear()
    yield "eo"
    language.catalogue.cache_clear()


@pytest.mark.parametrize("name", SCENES)
def test_a_language_that_takes_more_words_still_fits(name: str, wordy: str, storyteller_trace: Path) -> None:
    assert inspected(name, Settings(storyteller_trace, wordy))[1] == []

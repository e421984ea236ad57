"""The engine of a run: what stands is left alone, what does not is made after what it needs."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from scenes.render.graph import Engine, Failed, File
from scenes.render.manifest import Manifest
from scenes.render.progress import Display


class Works(ThreadPoolExecutor):
    workers = 2


class House:
    """A directory of text files, each of which is made from words of its own and from other files."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.words: dict[str, str] = {}
        self.needs: dict[str, tuple[str, ...]] = {}
        self.broken: set[str] = set()
        self.made: list[str] = []
        self.failures = 0

    def file(self, name: str, manifest: Manifest) -> File:
        def made_from() -> str:
            needed = [manifest.digest_of(self.out / need) for need in self.needs.get(name, ())]
            return sha256(json.dumps([self.words[name], needed]).encode()).hexdigest()

        def make(folder: Path) -> None:
            self.made.append(name)
            if name in self.broken:
                (folder / name).write_text("half")
                raise Failed("it is broken")
            before = "".join((self.out / need).read_text() for need in self.needs.get(name, ()))
            (folder / name).write_text(before + self.words[name])

        return File((name,), made_from, make, self.needs.get(name, ()), label=name, unchanged="unchanged")

    def run(self) -> list[str]:
        """Bring all up to date; returns what was made, in order."""
        self.made = []
        self.out.mkdir(exist_ok=True)
        manifest = Manifest(self.out / "manifest.json")
        with Works(2) as works, Display(Console(quiet=True), list(self.words)) as display:
            engine = Engine(manifest, self.out, self.out / ".work", works, display)
            engine.bring_up_to_date([self.file(name, manifest) for name in self.words])
        self.failures = engine.failures
        return self.made


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path / "out")
    house.words = {"both.txt": "c", "left.txt": "a", "right.txt": "b", "alone.txt": "d"}
    house.needs = {"both.txt": ("left.txt", "right.txt")}
    return house


def test_each_is_made_after_what_it_needs_and_then_stands(house: House) -> None:
    assert sorted(house.run()) == sorted(house.words)
    assert house.made.index("both.txt") > max(house.made.index("left.txt"), house.made.index("right.txt"))
    assert (house.out / "both.txt").read_text() == "abc"
    assert house.run() == []


def test_what_changed_is_made_again_with_what_needs_it_and_nothing_else(house: House) -> None:
    house.run()
    house.words["right.txt"] = "B"
    assert house.run() == ["right.txt", "both.txt"]
    assert (house.out / "both.txt").read_text() == "aBc"
    house.words["both.txt"] = "C"
    assert house.run() == ["both.txt"]


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_text("x")])
def test_what_was_lost_or_edited_is_made_again_and_what_was_made_from_it_stands(
    house: House, spoil: Callable[[Path], Any]
) -> None:
    house.run()
    spoil(house.out / "left.txt")
    assert house.run() == ["left.txt"]
    assert (house.out / "left.txt").read_text() == "a"


def test_one_that_fails_leaves_what_was_there_and_what_needs_it_waits(house: House) -> None:
    house.run()
    house.words |= {"right.txt": "B", "alone.txt": "D"}
    house.broken = {"right.txt"}
    assert sorted(house.run()) == ["alone.txt", "right.txt"]
    assert house.failures == 1
    texts = {path.name: path.read_text() for path in house.out.glob("*.txt")}
    assert texts == {"left.txt": "a", "right.txt": "b", "both.txt": "abc", "alone.txt": "D"}
    assert not list((house.out / ".work").iterdir())
    house.broken = set()
    assert house.run() == ["right.txt", "both.txt"]


def test_a_circle_is_refused(house: House) -> None:
    house.needs |= {"left.txt": ("both.txt",)}
    with pytest.raises(ValueError, match="need each other"):
        house.run()


@given(st.data())
def test_any_graph_is_made_once_and_any_change_makes_what_hangs_on_it(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    names = [f"{letter}.txt" for letter in "abcdef"]
    house = House(tmp_path_factory.mktemp("any") / "out")
    house.words = dict.fromkeys(data.draw(st.permutations(names)), "word ")
    for number, name in enumerate(names):
        house.needs[name] = tuple(data.draw(st.sets(st.sampled_from(names[:number])))) if number else ()
    assert sorted(house.run()) == names
    changed = data.draw(st.sampled_from(names))
    house.words[changed] = "other "
    hangs = {changed}
    for name in names:
        if hangs & set(house.needs[name]):
            hangs.add(name)
    assert sorted(house.run()) == sorted(hangs)
    assert house.run() == []


def test_a_file_may_know_only_afterwards_what_it_used(tmp_path: Path) -> None:
    """As a clip knows its modules: what it was made from is noted when it is there."""
    used: list[str] = []
    out = tmp_path / "out"
    out.mkdir()

    def make(folder: Path) -> None:
        (folder / "a.txt").write_text("a")
        used.append("a module")

    def run() -> int:
        manifest, before = Manifest(out / "manifest.json"), len(used)
        file = File(("a.txt",), lambda: sha256("".join(used[:1]).encode()).hexdigest(), make)
        with Works(1) as works, Display(Console(quiet=True), []) as display:
            Engine(manifest, out, out / ".work", works, display).bring_up_to_date([file])
        return len(used) - before

    assert [run(), run()] == [1, 0]


def test_it_hands_out_no_more_at_a_time_than_its_executor_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.words = dict.fromkeys((f"{n}.txt" for n in range(6)), "x")
    out, most = 0, [0]

    class Counting(Works):
        def submit(self, work: Any, /, *arguments: Any) -> Any:  # type: ignore[override]
            nonlocal out
            out += 1
            most.append(out)
            future = super().submit(work, *arguments)
            result = future.result

            def settled(*_: Any) -> Any:
                nonlocal out
                out -= 1
                return result()

            future.result = settled  # type: ignore[assignment, method-assign]
            return future

    monkeypatch.setattr("tests.render.test_graph.Works", Counting)
    house.run()
    assert max(most) == 2

"""The lecture in words: what is seen and what is said, for who cannot see or hear it (WCAG 1.2.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scenes.language import catalogue, printable
from scenes.publish.templates import template


@dataclass(frozen=True)
class Section:
    """One scene of the lecture in words.

    Attributes:
        title: of the scene.
        part: of the lecture, where one begins with this scene.
        picture: what is seen.
        said: (time in the lecture, narration) of each beat.
    """

    title: str
    picture: str
    said: list[tuple[str, str]]
    part: str = ""


@dataclass(frozen=True)
class Transcript:
    """The lecture in words, in one language; `prompt` is what the model read."""

    language: str
    model: str
    prompt: str
    sections: list[Section]

    def html(self) -> str:
        """As a page that needs nothing else."""
        return template("transcript.html").render(
            language=self.language,
            words=self._words(),
            model=self.model,
            prompt=printable(self.prompt),
            sections=self.sections,
        )

    def markdown(self) -> str:
        """As CommonMark; what the prompt brings along is text there, never markup."""
        words = self._words()
        prompt = printable(self.prompt)
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", prompt)), default=0))
        parts = [
            f"# {words['transcript']}",
            f"{words['model']}: {_literal(self.model)}",
            f"{words['prompt']}:",
            f"{fence}text\n{prompt}\n{fence}",
        ]
        level = "###" if any(section.part for section in self.sections) else "##"
        for section in self.sections:
            if section.part:
                parts.append(f"## {_literal(section.part)}")
            parts += [
                f"{level} {_literal(section.title)}",
                f"**{words['seen']}:** {_literal(section.picture)}",
                f"**{words['said']}:**",
                "\n".join(f"- {time} {_literal(narration)}" for time, narration in section.said),
            ]
        return "\n\n".join(parts) + "\n"

    def _words(self) -> dict[str, str]:
        spoken = catalogue(self.language)
        return {
            "transcript": spoken.gettext("Transcript"),
            "model": spoken.gettext("Model"),
            "prompt": spoken.gettext("What the model reads"),
            "seen": spoken.gettext("What is seen"),
            "said": spoken.gettext("What is said"),
        }


def _literal(words: str) -> str:
    """`words` on one line of Markdown, none of it markup."""
    return re.sub(r"([\\`*_\[\]<>&~$|#])", r"\\\1", words)

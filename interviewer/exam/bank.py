"""The exam's questions, taken from the starter bank, and the answers that were written for them.

The answers belong to the starter bank as it is shipped; a curator's edits live in the database and are not examined.
"""

from __future__ import annotations

import dataclasses
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from questions.documents import ParsedQuestion, decode, parse
from questions.frozen import FrozenPoint, FrozenQuestion

HERE = Path(__file__).parent
LANGUAGES = ("zh", "en")


@dataclasses.dataclass(frozen=True)
class Sheet:
    """One question in one language ("zh" or "en") with its answers; see answers.toml for what each of them is."""

    name: str
    language: str
    question: FrozenQuestion
    weak: str
    points: tuple[str, ...]
    paraphrase: str
    terse: str
    wrong: str
    padding: str

    @property
    def good(self) -> str:
        """The good answer as one paragraph."""
        return self.joined(self.points)

    @property
    def earning(self) -> tuple[FrozenPoint, ...]:
        """The key points that an answer may earn: all but the pitfalls."""
        return tuple(point for point in self.question.points if point.kind != "pitfall")

    def joined(self, sentences: tuple[str, ...] | list[str]) -> str:
        """Sentences as one paragraph: Chinese needs no blank between them."""
        return ("" if self.language == "zh" else " ").join(sentences)


@lru_cache(maxsize=1)
def sheets() -> tuple[Sheet, ...]:
    """Every question in every language; the languages of one question follow each other."""
    return tuple(_sheet(entry, language) for entry in read("answers")["question"] for language in LANGUAGES)


def other_edition(sheet: Sheet) -> Sheet:
    """The same question in its other language."""
    return next(one for one in sheets() if one.name == sheet.name and one.language != sheet.language)


def texts(kind: str, language: str) -> list[str]:
    """The sentences "off_topic" or "neutral", which belong to no question."""
    return read("answers")[language][kind]


@lru_cache(maxsize=8)
def read(name: str) -> dict[str, Any]:
    """A data file of this package."""
    return tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))


def _sheet(entry: dict[str, Any], language: str) -> Sheet:
    document, number = entry["document"], entry["number"]
    path = Path(settings.STARTER_BANK_DIR) / f"{document}.{language}.md"
    parsed = parse(decode(path.read_bytes()), path.name)
    found = next(question for question in parsed.questions if question.number == number)
    answers = {**entry[language], "points": tuple(entry[language]["points"])}
    name = f"{document}-{number}"
    return Sheet(name, language, frozen(found, f"{name}-{language}", parsed.language), **answers)


def frozen(parsed: ParsedQuestion, slug: str, language: str) -> FrozenQuestion:
    """A question of a document as an interview would keep it."""
    return FrozenQuestion(
        slug=slug,
        title=parsed.title,
        language=language,
        kind=parsed.kind,
        prompt=parsed.prompt,
        reference=parsed.reference,
        points=tuple(
            FrozenPoint(f"p{n}", point.name, point.text, point.kind, point.weight)
            for n, point in enumerate(parsed.points, 1)
        ),
        topic=parsed.topic,
        difficulty=parsed.difficulty,
        seconds=parsed.seconds,
    )

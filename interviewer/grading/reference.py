"""The reference side of a grading, prepared once for each question and kept in memory."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from questions.frozen import FrozenPoint, FrozenQuestion

from . import polarity
from .background import Background, Tokens, Vectors, background
from .clauses import normalise, parts, sentences
from .points import question_points
from .script import simplified
from .shape import is_other_language, written_in
from .soft import Match, SoftReference, soft_reference
from .words import figures, new_units, units

MOST_KEPT = 64  # questions; a long reference takes about 2 MB
_MARKUP = re.compile(r"\*\*|[`|]|^#+", re.MULTILINE)

MANY = "mul"  # what texts are read as whose tokens are compared across languages (ISO 639-2: multiple languages)

Read = Callable[[Sequence[str], str], Sequence[Tokens]]  # texts and "zh", "en" or MANY -> their token vectors


@dataclasses.dataclass(frozen=True, eq=False)
class Reference:
    """What an answer is compared with.

    `read_as`: what it and its answers are read as; `yardstick`: unrelated text in the answers' language. For each
    point: `wanted`, its new words; `word_floors`, what chance finds of them (float32 [lengths of an answer]);
    `claims`, what it states; `figures`, its formulas and numbers.
    """

    points: tuple[FrozenPoint, ...]
    read_as: str
    asked: str
    wanted: tuple[frozenset[str], ...]
    word_floors: tuple[Vectors, ...]
    claims: tuple[tuple[polarity.Claim, ...], ...]
    figures: tuple[frozenset[str], ...]
    soft: SoftReference
    yardstick: Background

    def match(self, text: str, read: Read) -> tuple[Match, npt.NDArray[np.int32]]:
        """How the tokens of `text`, as `plain` gives it, meet its own; int32 [tokens, 2]: where each of them stands."""
        tokens = read([text], self.read_as)[0]
        return Match(self.soft, self.yardstick.centred(tokens)), tokens.offsets

    def share(self, match: Match, point: int, heard: npt.NDArray[np.bool_]) -> float:
        """The share 0..1 of point number `point` found in the answer tokens `heard` (bool [answer tokens]).

        Across languages no words tell what is only the question over again, so what is nearer to it is not heard; and
        the share counts for less the fewer telling tokens the point has: chance meets one word easily.
        """
        if self.read_as != MANY:
            return match.recall(point, heard)[0]
        mass = float(self.soft.masses[point])
        return match.recall(point, heard & match.beyond_question(point))[0] * mass / (mass + 1)

    def held(self, text: str, read: Read) -> float:
        """The largest share 0..1 of a point's meaning that `text` holds on its own."""
        match, offsets = self.match(plain(text), read)
        every = np.ones(len(offsets), np.bool_)
        return max(self.share(match, n, every) for n in range(len(self.points)))


@lru_cache(maxsize=MOST_KEPT)
def reference_of(question: FrozenQuestion, read: Read, model: Callable[[str], str], said_in: str) -> Reference:
    """The prepared reference of `question` for answers in the language `said_in` ("zh" or "en").

    `model` names what `read` reads texts with. The tokens of two languages compare once each stand beside the mean
    token of its own language, and with what comes near by chance in the answer's.
    """
    points, asked = question_points(question), asked_text(question)
    language = language_of(question)
    read_as = language if said_in == language else MANY
    own, yardstick = (
        background(one, model(read_as), lambda texts: read(texts, read_as), of_points=read_as == MANY)
        for one in (language, said_in)
    )
    text, spans = _laid_out([plain(point.text) for point in points], plain(question.reference))
    tokens, asked_tokens = read([text, asked], read_as)
    wanted = tuple(new_units(point.text, asked) or units(point.text) for point in points)
    return Reference(
        points=points,
        read_as=read_as,
        asked=asked,
        wanted=wanted,
        word_floors=tuple(yardstick.word_floors(words) for words in wanted),
        claims=tuple(_claims(point, question) for point in points),
        figures=tuple(figures(point.text) - figures(asked) for point in points),
        soft=soft_reference(text, spans, tokens, asked, asked_tokens, own, yardstick),
        yardstick=yardstick,
    )


def language_of(question: FrozenQuestion) -> str:
    """ "zh" when there is any Chinese to compare with, else "en": what the texts are, whatever the label says."""
    texts = (question.reference, question.prompt, *(point.text for point in question.points))
    return "zh" if any(re.search("[\u3400-\u9fff]", text) for text in texts) else "en"


def answered_in(question: FrozenQuestion, answer: str) -> str:
    """What language to read an answer in: the question's ("zh" or "en"), or the other if it is written in that."""
    written = written_in(answer)
    is_known = written in ("zh", "en") and is_other_language(answer, question.reference)
    return written if is_known else language_of(question)


def asked_text(question: FrozenQuestion) -> str:
    """Title and prompt, as `plain` gives them."""
    return plain(f"{question.title}\n{question.prompt}")


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """Normalised, lower case, simplified characters, marks of Markdown blank; normalised text keeps its length."""
    lowered = (lower if len(lower := c.lower()) == 1 else c for c in simplified(normalise(text)[0]))
    return _MARKUP.sub(lambda mark: " " * len(mark[0]), "".join(lowered))


def _claims(point: FrozenPoint, question: FrozenQuestion) -> tuple[polarity.Claim, ...]:
    weighed = point.kind != "pitfall" and polarity.weighs(f"{question.prompt}\n{question.reference}")
    return () if weighed else polarity.claims(_whole(point.text, question))


def _whole(text: str, question: FrozenQuestion) -> str:
    """The clause of the reference around a point that was cut out of it: "no" may stand before what was cut."""
    if question.points:
        return text
    lines = (part for sentence in sentences(normalise(question.reference)[0]) for part in parts(sentence))
    return next((line for line in lines if text in line), text)


def _laid_out(points: list[str], reference: str) -> tuple[str, list[tuple[int, int]]]:
    """A text that holds all the points, and where: the reference if it does, in order, else the points in a row."""
    spans, at = [], 0
    for point in points:
        at = reference.find(point, at)
        if at < 0:
            return _in_a_row(points)
        spans.append((at, at + len(point)))
        at += len(point)
    return reference, spans


def _in_a_row(points: list[str]) -> tuple[str, list[tuple[int, int]]]:
    ends = [sum(len(point) + 1 for point in points[: n + 1]) for n in range(len(points))]
    return "\n".join(points), [(end - len(point) - 1, end - 1) for point, end in zip(points, ends, strict=True)]

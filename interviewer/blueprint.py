"""Which questions an interview asks: as its template's blueprint says, row by row, or spread over its topics."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from interviewer.models import BlueprintRow, InterviewTemplate
from questions import retrieval
from questions.models import Question, QuestionQuerySet


@dataclass(frozen=True)
class Chosen:
    """A question that will be asked, and how many seconds are suggested for it."""

    question: Question
    seconds: int


def choose(template: InterviewTemplate, asked: Collection[int] = ()) -> list[Chosen]:
    """What an interview on this template asks, in order; fewer, or nothing, where the bank does not hold as much.

    Questions in `asked`, by primary key, are put again only when nothing else is left.
    """
    if rows := list(template.blueprint.all()):
        filled = zip(rows, fill(rows, template.language, asked), strict=True)
        return [Chosen(question, 60 * row.minutes_each) for row, questions in filled for question in questions]
    bank = Question.objects.published().filter(language=template.language)
    if topics := list(template.topics.all()):
        bank = bank.filter(topic__in=topics)
    picked = retrieval.pick(bank, template.question_count, exclude=asked)
    return [Chosen(question, template.seconds_per_question or question.seconds) for question in picked]


def fill(
    rows: Sequence[BlueprintRow], language: str, asked: Collection[int] = (), seed: int | str | None = None
) -> list[list[Question]]:
    """The questions that each row gets; no two of them, whatever the row, ask nearly the same.

    What has the least to choose from chooses first, so that a row for any topic does not take what another one needs.
    """
    banks = [_bank(row, language) for row in rows]
    found: list[list[Question]] = [[] for _row in rows]
    for n in sorted(range(len(rows)), key=lambda n: banks[n].count() - rows[n].count):
        taken = [question.pk for questions in found for question in questions]
        found[n] = retrieval.pick(banks[n], rows[n].count, exclude=asked, seed=seed, besides=taken)
    return found


def _bank(row: BlueprintRow, language: str) -> QuestionQuerySet:
    levels = (row.least_difficulty, row.most_difficulty)
    bank = Question.objects.published().filter(language=language, difficulty__range=levels)
    return bank.filter(topic=row.topic) if row.topic_id else bank

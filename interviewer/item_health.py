"""How the questions fare: the statistics of all of them, computed from the answers in one pass. Read-only but for them.

Every night by the sweeper, at any time by `manage.py item_health`. What is kept while it reads are some numbers of each
answer, never a text or a name. Definitions: docs/item-health.md.
"""

from __future__ import annotations

import itertools
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from interviewer.item_answers import Given, blind_scores, every_answer
from interviewer.item_statistics import Tally, figures
from interviewer.models import (
    Answer,
    InterviewTemplate,
    ItemHealthRun,
    ItemStatistics,
)
from questions import confirming
from questions.frozen import FrozenQuestion
from questions.models import Question

logger = logging.getLogger(__name__)

LATELY = timedelta(days=90)  # exposure looks back so far
AT_ONCE = 500  # rows read or written together


@dataclass
class Found:
    """What one pass over the answers gathers. Keys are those of questions and templates."""

    tallies: dict[int, dict[str, Tally]] = field(default_factory=lambda: defaultdict(dict))  # by question and version
    samples: dict[tuple[int, str], int] = field(default_factory=dict)  # an answer that keeps that version
    last_asked: dict[int, datetime] = field(default_factory=dict)
    blind: dict[int, list[tuple[str, float]]] = field(default_factory=dict)  # answer → (rubric, score) of people
    lately: Counter[int] = field(default_factory=Counter)  # recent interviews on a template
    lately_asked: dict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))  # question → template


# --- When ---------------------------------------------------------------------------


def compute_if_due(at: datetime) -> bool:
    """Compute once a day, after midnight. Of many sweepers one does it; True when it was this one.

    A failure is logged and tried again after a while: it must not keep a sweeper from its other work.
    """
    run = ItemHealthRun.objects.get_or_create(pk=1)[0]
    unchanged = ItemHealthRun.objects.filter(pk=1, begun_at=run.begun_at, computed_at=run.computed_at)
    if not run.is_due(at) or not unchanged.update(begun_at=at):
        return False
    try:
        compute(at)
    except Exception:
        logger.exception("The statistics of the questions could not be computed; another try follows")
    return True


def compute(at: datetime, tell: Callable[[int], Any] = lambda count: None) -> int:
    """Compute the statistics of every question as of `at`; returns from how many answers.

    `tell` is called with the number of answers read since the last time.
    """
    found = _gather(at, tell)
    _write(found, at)
    answers = sum(tally.asked for versions in found.tallies.values() for tally in versions.values())
    ItemHealthRun.objects.update_or_create(pk=1, defaults={"computed_at": at, "answers": answers})
    return answers


def note_review(question: int, at: datetime) -> None:
    """A person has just looked at a question: what is told of it says so at once, from the figures that are there."""
    row = ItemStatistics.objects.filter(question=question).first()
    if row is not None:
        row.reviewed_at = at
        row.judge(at)
        row.save(update_fields=["reviewed_at", "reasons", "severity", "harm"])


# --- Reading ------------------------------------------------------------------------


def _gather(at: datetime, tell: Callable[[int], Any]) -> Found:
    found = Found(blind=blind_scores())
    for _interview, group in itertools.groupby(every_answer(AT_ONCE), key=lambda given: given.interview):
        answers = list(group)
        if at - answers[0].started_at <= LATELY:
            _add_exposure(found, answers)
        if answers[0].is_handed_in:
            _add_answers(found, answers)
        tell(len(answers))
    return found


def _add_exposure(found: Found, answers: list[Given]) -> None:
    """Whoever began an interview has seen its questions, whatever became of it."""
    template = answers[0].template
    found.lately[template] += 1
    for question in {given.question for given in answers if given.question is not None}:
        found.lately_asked[question][template] += 1


def _add_answers(found: Found, answers: list[Given]) -> None:
    scores = [given.score for given in answers if given.was_reached and given.score is not None]
    total = sum(scores)
    for given in answers:
        if given.question is None:
            continue  # it was deleted; as one of the others it still counts
        last = found.last_asked.get(given.question, given.started_at)
        found.last_asked[given.question] = max(last, given.started_at)
        found.samples.setdefault((given.question, given.version), given.pk)
        tally = found.tallies[given.question].setdefault(given.version, Tally())
        tally.asked += 1
        tally.first_asked = min(tally.first_asked or given.started_at, given.started_at)
        _add_appeal(tally, given)
        if given.was_reached:
            _add_answer(tally, given, total, len(scores))
            _add_doubles(tally, given, found.blind.get(given.pk, []))


def _add_answer(tally: Tally, given: Given, total: float, count: int) -> None:
    """`total` and `count` are those of all scores of the interview, this one among them."""
    tally.reached += 1
    tally.blank += given.is_blank
    if given.score is not None:
        tally.scores.append(given.score)
        tally.graders[given.grader or ""] += 1
        if count > 1:
            tally.own.append(given.score)
            tally.rest.append((total - given.score) / (count - 1))
    if not given.is_blank and given.seconds > 0:
        tally.seconds.append(given.seconds)
        tally.suggested.append(given.suggested)


def _add_doubles(tally: Tally, given: Given, blind: list[tuple[str, float]]) -> None:
    """People beside the machine, where it judged: that nothing was written is found by code."""
    if given.machine is None or given.is_blank:
        return
    for rubric, score in blind:
        if rubric == given.rubric:
            tally.people.append(score)
            tally.machine.append(given.machine)


def _add_appeal(tally: Tally, given: Given) -> None:
    if given.appeal is not None:
        tally.appeals += 1
        tally.appeals_open += given.upheld is None
        tally.appeals_upheld += given.upheld is True


# --- Writing ------------------------------------------------------------------------


def _write(found: Found, at: datetime) -> None:
    known = {
        pk: (task, since) for pk, task, since in ItemStatistics.objects.values_list("pk", "task_hash", "changed_at")
    }
    eligible = _eligible()
    fields = [each.name for each in ItemStatistics._meta.concrete_fields if not each.primary_key]
    bank = Question.objects.select_related("topic").prefetch_related("points").order_by("pk")
    for questions in _batches(bank.iterator(chunk_size=AT_ONCE)):
        tasks = _tasks(questions, found)
        reviewed = confirming.reviewed([question.pk for question in questions])
        rows = [_row(question, found, tasks, known, eligible, reviewed, at) for question in questions]
        ItemStatistics.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["question"], update_fields=fields
        )


def _tasks(questions: list[Question], found: Found) -> dict[tuple[int, str], str]:
    """The task's hash of each version in which one of the questions was asked."""
    wanted = [(question.pk, version) for question in questions for version in found.tallies.get(question.pk, ())]
    tasks: dict[tuple[int, str], str] = {}
    for keys in _batches(wanted):
        of_answer = {found.samples[key]: key for key in keys}
        frozen = Answer.objects.filter(pk__in=of_answer).values_list("pk", "frozen")
        tasks |= {of_answer[pk]: FrozenQuestion.from_json(data).task_hash for pk, data in frozen}
    return tasks


def _row(
    question: Question,
    found: Found,
    tasks: dict[tuple[int, str], str],
    known: dict[int, tuple[str, datetime]],
    eligible: Callable[[Question], set[int]],
    reviewed: dict[tuple[int, str], datetime],
    at: datetime,
) -> ItemStatistics:
    frozen = question.frozen()
    task = frozen.task_hash
    now, before = Tally(), 0
    for version, tally in found.tallies.get(question.pk, {}).items():
        if tasks.get((question.pk, version)) == task:
            now.merge(tally)
        else:
            before += tally.asked
    row = ItemStatistics(
        question=question,
        computed_at=at,
        task_hash=task,
        changed_at=_since(question, task, known.get(question.pk), now.first_asked),
        last_asked_at=found.last_asked.get(question.pk),
        asked_before=before,
        reviewed_at=reviewed.get((question.pk, frozen.hash)),
        **figures(now, *_exposure(question, found, eligible)),
    )
    if row.is_stale(at):
        row.judge(at)
    return row


def _since(question: Question, task: str, known: tuple[str, datetime] | None, first_asked: datetime | None) -> datetime:
    """Since when the question says what it says: as noted when that was new, and not after it was first asked so."""
    noted = known[1] if known and known[0] == task else question.updated_at
    return min(noted, first_asked) if first_asked else noted


def _exposure(question: Question, found: Found, eligible: Callable[[Question], set[int]]) -> tuple[int, int]:
    """How many of the recent interviews asked the question, and how many could have.

    Those that asked it could, even if their template has been given other topics since.
    """
    asked = found.lately_asked.get(question.pk, Counter())
    templates = eligible(question)
    could = sum(count for template, count in found.lately.items() if template in templates)
    return asked.total(), could + sum(count for template, count in asked.items() if template not in templates)


def _eligible() -> Callable[[Question], set[int]]:
    """The templates that may ask a question: of its language, and of its topic or of any."""
    topics: dict[int, set[int]] = defaultdict(set)
    for template, topic in InterviewTemplate.topics.through.objects.values_list("interviewtemplate_id", "topic_id"):
        topics[template].add(topic)
    templates = list(InterviewTemplate.objects.values_list("pk", "language"))

    def of(question: Question) -> set[int]:
        return {
            pk
            for pk, language in templates
            if language == question.language and (not topics[pk] or question.topic_id in topics[pk])
        }

    return of


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, AT_ONCE)):
        yield batch

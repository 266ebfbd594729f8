"""Item health where people come in: scores in force, machine beside people, when a question was last looked at."""

from __future__ import annotations

import random
from datetime import timedelta
from statistics import fmean

import numpy as np
import pytest
from django.urls import reverse

from interviewer import grading, item_health, item_statistics
from interviewer.models import Answer, Appeal, AuditEvent, Grade, HumanScore, ItemStatistics, Override, User
from questions import merges
from questions.confirming import confirm
from questions.importing import import_sources
from questions.models import Question, QuestionVersion
from questions.sources import Source
from questions.states import change
from questions.versions import Cause, Kind, NotAllowed, record
from tests import build
from tests.build import NOON
from tests.conftest import signed_in
from tests.interviewer.test_item_health import DAY, Said, figures, of, show, sitting

pytestmark = pytest.mark.django_db


def scored(answer: Answer, score: float, phase: str = "before", rubric: str | None = None) -> HumanScore:
    return HumanScore.objects.create(
        answer=answer,
        reviewer=User.objects.create(username=f"reviewer-{User.objects.count()}"),
        at=NOON,
        phase=phase,
        judgements={},
        reason="" if phase == "before" else "why",
        score=score,
        rubric_hash=grading.rubric_hash(answer.asked) if rubric is None else rubric,
    )


def decided(answer: Answer, score: HumanScore | None) -> None:
    Override.objects.create(answer=answer, human_score=score, at=NOON, reason="why")


def answer_of(question: Question, machine: float, text: str = "x") -> Answer:
    """An answer with a done grade on its rubric."""
    answer = sitting(Said(question, [machine], text=text)).answers.get()
    Grade.objects.filter(answer=answer).update(rubric_hash=grading.rubric_hash(answer.asked))
    return answer


# --- The score that counts ---------------------------------------------------------------------


def test_what_a_person_decided_counts_in_mean_and_discrimination():
    question, other = build.question(), build.question()
    dice = random.Random(5)
    own, rest = [], []
    for n in range(40):
        machine, second = dice.random(), dice.random()
        interview = sitting(Said(question, [machine]), Said(other, [second]))
        counts, beside = machine, second
        first, last = interview.answers.order_by("position")
        if n % 4 == 0:  # decided for a person
            counts = round(1 - machine, 3)
            decided(first, scored(first, counts, "after"))
        elif n % 4 == 1:  # and back again
            decided(first, scored(first, 0.0, "after"))
            decided(first, None)
        elif n % 4 == 2:  # scored, but not decided
            scored(first, 0.0)
        if n % 5 == 0:
            beside = 0.25
            decided(last, scored(last, beside, "after"))
        own.append(counts)
        rest.append(beside)
    row = of(question)
    assert row.mean == pytest.approx(fmean(own))
    assert row.discrimination == pytest.approx(np.corrcoef(own, rest)[0, 1])
    assert row.graders == {"semantic": 30, "person": 10}


def test_a_person_can_score_what_no_machine_has():
    question = build.question()
    for n in range(10):
        answer = sitting(Said(question, [None])).answers.get()
        decided(answer, scored(answer, n / 10))
    row = of(question)
    assert (row.scored, row.mean, row.doubles) == (10, pytest.approx(0.45), 0)


# --- Machine and people ----------------------------------------------------------------------------


def kappa(pairs: list[tuple[float, float]]) -> float:
    """Weighted kappa by the table of levels, as textbooks have it."""
    levels = [(round(5 * person), round(5 * machine)) for person, machine in pairs]
    table = np.zeros((6, 6))
    for person, machine in levels:
        table[person, machine] += 1
    weights = (np.arange(6)[:, None] - np.arange(6)) ** 2
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return 1 - (weights * table).sum() / (weights * chance).sum()


def test_the_machine_beside_people_by_hand():
    question = build.question()
    dice = random.Random(2)
    pairs = []
    for n in range(19):
        machine = dice.randrange(6) / 5
        answer = answer_of(question, machine)
        person = min(1.0, max(0.0, machine + dice.choice([-0.6, -0.2, 0, 0, 0.2])))
        scored(answer, person)
        pairs.append((person, machine))
        if n == 0:  # none of these measures the machine: seen before, another rubric, nothing written
            scored(answer, 0.0, "after")
            scored(answer, 0.0, rubric="another")
            scored(answer_of(question, 0.0, text=" "), 1.0)
    row = of(question)
    assert (row.doubles, row.kappa, row.difference, row.same_share) == (19, None, None, None)
    assert "apart" not in row.codes
    scored(answer, 0.4)  # a second person on the same answer
    pairs.append((0.4, machine))
    row = of(question)
    apart = [abs(round(5 * person) - round(5 * machine)) for person, machine in pairs]
    assert row.doubles == 20
    assert row.same_share == apart.count(0) / 20
    assert row.far == sum(each > 1 for each in apart) > 0
    assert row.difference == pytest.approx(fmean(machine - person for person, machine in pairs))
    assert row.kappa == pytest.approx(kappa(pairs))


def test_the_grade_in_force_is_what_people_are_compared_with():
    question = build.question()
    for _ in range(20):
        answer = answer_of(question, 0.0)
        scored(answer, 1.0)
        newer = {"rubric_hash": grading.rubric_hash(answer.asked), "status": "done", "score": 0.8, "verdict": {}}
        Grade.objects.create(answer=answer, grader="llm", created_at=NOON, next_try_at=NOON, **newer)
        decided(answer, scored(answer, 0.3, "after"))  # which score counts does not matter here
    row = of(question)
    assert (row.doubles, row.far, row.difference) == (20, 0, pytest.approx(-0.2))


def test_answers_to_a_merged_question_count_for_the_one_that_is_kept():
    kept = build.question()
    merged = build.question(prompt=kept.prompt, reference=kept.reference)
    for n in range(20):
        answer = answer_of(merged if n % 2 else kept, 0.6)
        scored(answer, 0.6)
        Appeal.objects.create(answer=answer, reason="x", made_at=NOON)
    merges.merge(merged.pk, kept.pk, Cause(at=NOON))
    row = of(kept)
    assert (row.doubles, row.same_share, row.appeals, row.appeals_open) == (20, 1.0, 20, 20)
    gone = ItemStatistics.objects.get(question=merged)
    assert (gone.doubles, gone.appeals) == (0, 0)


def test_below_twenty_the_page_says_that_they_are_too_few(curator):
    question = build.question()
    for _ in range(4):
        scored(answer_of(question, 0.5), 0.5)
    of(question)
    assert "Machine and people n = 4: too few (20 needed)" in show(curator, reverse("item", args=[question.pk])).text
    for _ in range(16):
        scored(answer_of(question, 0.6), 0.4)
    of(question)
    text = show(curator, reverse("item", args=[question.pk])).text
    assert "20% on the same level" in text
    assert "the machine +16 points, n = 20" in text


@pytest.mark.parametrize(
    ("code", "ill", "well"),
    [
        ("apart", {"doubles": 40, "far": 20}, {"doubles": 40, "far": 2}),
        ("wrong", {"asked": 40, "appeals_upheld": 8}, {"asked": 40, "appeals_upheld": 1}),
    ],
)
def test_disagreement_and_upheld_appeals_are_reasons(code, ill, well):
    assert item_statistics.problems(figures(**well)) == {}
    assert list(item_statistics.problems(figures(**ill))) == [code]
    few = dict.fromkeys(ill, 9)
    assert item_statistics.problems(figures(**few)) == {}


# --- Last looked at -----------------------------------------------------------------------------------


def published(curator: User, at=NOON) -> Question:
    """Written and published by a curator."""
    question = build.question(status="draft")
    record(question.pk, Kind.CREATED, Cause(curator, at=at))
    change(question.pk, "published", Cause(curator, at=at))
    return Question.objects.get(pk=question.pk)


def test_publishing_and_confirming_count_and_changing_the_text_elsewhere_does_not(curator):
    question = published(curator)
    assert of(question).reviewed_at == NOON
    confirm(question.pk, question.frozen().hash, Cause(curator, at=NOON + DAY))
    assert of(question).reviewed_at == NOON + DAY
    said = QuestionVersion.objects.filter(question=question).order_by("-number").first()
    assert (said.kind, said.author, said.status) == ("confirmed", curator, "published")
    assert AuditEvent.objects.filter(verb="question.confirmed", object=f"question:{question.pk}").count() == 1
    Question.objects.filter(pk=question.pk).update(reference="1. something else")
    assert of(question).reviewed_at is None
    record(question.pk, Kind.FOUND, Cause(at=NOON + 2 * DAY))
    assert of(question).reviewed_at is None
    record_change = Question.objects.get(pk=question.pk)
    confirm(record_change.pk, record_change.frozen().hash, Cause(curator, at=NOON + 3 * DAY))
    assert of(question).reviewed_at == NOON + 3 * DAY


def test_what_only_came_in_was_looked_at_by_nobody(curator):
    import_sources([Source("a.zh.md", "### 1. 缓存\n\n**题目：** 缓存？\n\n**答案：**\n- 命中\n")], author=curator)
    question = Question.objects.get()
    assert question.status == "published"
    assert of(question).reviewed_at is None


def test_only_what_was_read_and_is_asked_is_confirmed(curator):
    question = published(curator)
    with pytest.raises(NotAllowed, match=r"changed meanwhile|期间"):
        confirm(question.pk, "0" * 64, Cause(curator))
    change(question.pk, "retired", Cause(curator))
    with pytest.raises(NotAllowed):
        confirm(question.pk, question.frozen().hash, Cause(curator))
    assert not QuestionVersion.objects.filter(kind="confirmed").exists()


def test_confirming_is_no_change_that_the_first_pair_of_eyes_made(curator, settings):
    settings.REVIEW_REQUIRED = True
    writer = build.user()
    question = build.question(status="draft")
    record(question.pk, Kind.CREATED, Cause(writer, at=NOON))
    change(question.pk, "review", Cause(writer, at=NOON))
    change(question.pk, "published", Cause(curator, at=NOON))
    current = Question.objects.get(pk=question.pk)
    confirm(current.pk, current.frozen().hash, Cause(curator, at=NOON))
    change(question.pk, "review", Cause(writer, at=NOON))
    change(question.pk, "published", Cause(curator, at=NOON))  # it was not the curator who wrote it


@pytest.mark.parametrize(("days", "stale"), [(364, False), (366, True)])
def test_what_is_asked_and_not_looked_at_for_a_year_is_a_reason(curator, days, stale):
    question = published(curator)
    sitting(Said(question))
    row = of(question, NOON + timedelta(days=days))
    assert ("stale" in row.codes) == stale


def test_never_asked_is_told_apart_from_stale(curator, client):
    question, asked = published(curator), published(curator)
    sitting(Said(asked))
    item_health.compute(NOON + 400 * DAY)
    assert ItemStatistics.objects.get(question=question).codes == []
    page = show(curator)
    assert "One question was never asked." in page.text
    assert "Not looked at for long" in page.text
    page = show(curator, reverse("item-list") + "?reason=unasked")
    assert question.title in page.text
    assert asked.title not in page.text


def test_still_right_takes_the_reason_away_at_once(curator):
    question = published(curator)
    for _ in range(12):
        sitting(Said(question, [0.0]))
    item_health.compute(NOON + 400 * DAY)
    row = ItemStatistics.objects.get(question=question)
    assert row.codes == ["hard", "stale"]
    before = row.severity
    client = signed_in(curator)
    address = reverse("item", args=[question.pk])
    seen = show(curator, address).field("shown")
    QuestionVersion._base_manager.filter(question=question).update(at=NOON)
    client.post(reverse("item-confirm", args=[question.pk]), {"shown": "another"})
    row.refresh_from_db()
    assert row.codes == ["hard", "stale"]
    client.post(reverse("item-confirm", args=[question.pk]), {"shown": seen})
    row.refresh_from_db()
    assert row.codes == ["hard"]
    assert row.severity == pytest.approx(1 - (1 - before) / (1 - item_statistics.WEIGHTS["stale"]))
    assert "Noted, with your name" in show(curator, address).text or "0 minutes ago" in show(curator, address).text

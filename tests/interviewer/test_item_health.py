"""Item health: every figure against plain Python on the stored rows, how little is said of little, and the pages."""

from __future__ import annotations

import itertools
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from statistics import fmean, median
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from interviewer import item_health, item_statistics
from interviewer.item_reasons import LABELS, reasons
from interviewer.management.commands import sweep
from interviewer.models import Answer, Grade, Interview, InterviewTemplate, ItemHealthRun, ItemStatistics, User
from interviewer.views import items as pages
from questions.models import Question
from tests import build
from tests.build import NOON
from tests.conftest import signed_in
from tests.pages import Page
from tests.parallel import together

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CANARY = "canary-of-a-candidate"
_people = itertools.count(1)


@dataclass
class Said:
    """One answer to make: its grades' scores in the order they were made, None for a grade that is not done."""

    question: Question | None
    scores: Sequence[float | None] = (0.5,)
    text: str = CANARY
    seconds: float = 100.0
    suggested: int = 300
    grader: str = "semantic"


def sitting(*said: Said, at: datetime = NOON, template: InterviewTemplate | None = None, **fields: Any) -> Interview:
    """An interview that asked and got just this, handed in after ten minutes."""
    person = User.objects.create(username=f"{CANARY}-{next(_people)}")
    made = Interview.objects.create(
        **{
            "template": template or InterviewTemplate.objects.first() or build.template(),
            "candidate": person,
            "language": "zh-hans",
            "mode": "practice",
            "consented_at": at,
            "started_at": at,
            "base_deadline": at + HOUR,
            "deadline": at + HOUR,
            "current_since": at,
            "submitted_at": at + 10 * MINUTE,
            "submitted_by": "candidate",
            "receipt_sha256": "0" * 64,
            **fields,
        }
    )
    any_question = Question.objects.all()[0]
    frozen = {question.pk: question.frozen().to_json() for question in {each.question or any_question for each in said}}
    answers = Answer.objects.bulk_create(
        Answer(
            interview=made,
            position=position,
            question=each.question,
            frozen=frozen[(each.question or any_question).pk],
            text=each.text,
            seconds_used=each.seconds,
            seconds_suggested=each.suggested,
        )
        for position, each in enumerate(said, 1)
    )
    Grade.objects.bulk_create(
        graded(answer, score, each.grader, at)
        for answer, each in zip(answers, said, strict=True)
        for score in each.scores
    )
    return made


def graded(answer: Answer, score: float | None, grader: str = "semantic", at: datetime = NOON) -> Grade:
    """A grade, not stored yet."""
    result = {"status": "failed"} if score is None else {"status": "done", "score": score, "verdict": {}}
    return Grade(answer=answer, grader=grader, created_at=at, next_try_at=at, graded_at=at, **result)


def grade(answer: Answer, score: float | None, grader: str = "semantic", at: datetime = NOON) -> None:
    graded(answer, score, grader, at).save()


def of(question: Question, at: datetime = NOON + DAY) -> ItemStatistics:
    """The question's statistics, computed now."""
    item_health.compute(at)
    return ItemStatistics.objects.get(question=question)


def asked(question: Question, scores: Sequence[float], **fields: Any) -> None:
    """An interview for each score, with nothing else in it."""
    for score in scores:
        sitting(Said(question, [score], **fields))


# --- The sums, against others' -------------------------------------------------------------------

unit = st.floats(0, 1, allow_nan=False)


@given(st.lists(st.tuples(unit, unit), min_size=3, max_size=60))
def test_a_correlation_is_numpys(pairs):
    xs, ys = zip(*pairs, strict=True)
    assume(min(np.ptp(xs), np.ptp(ys)) > 1e-3)
    found = item_statistics.correlated(xs, ys)
    assert found == pytest.approx(np.corrcoef(xs, ys)[0, 1], abs=1e-6)


@given(unit, st.lists(unit, min_size=2, max_size=30))
def test_what_is_always_the_same_correlates_with_nothing(same, others):
    noisy = [same + 1e-15 * n for n, _ in enumerate(others)]  # as sums of the same numbers in another order are
    assert item_statistics.correlated(noisy, others) is None
    assert item_statistics.correlated(others, noisy) is None


@settings(max_examples=30)
@given(st.lists(st.tuples(unit, unit), min_size=5, max_size=60))
def test_the_interval_of_a_correlation_is_scipys(pairs):
    xs, ys = zip(*pairs, strict=True)
    assume(min(np.ptp(xs), np.ptp(ys)) > 1e-3)
    r = item_statistics.correlated(xs, ys)
    assume(abs(r) < 0.999)
    wanted = stats.pearsonr(xs, ys).confidence_interval(0.9)
    assert item_statistics.fisher(r, len(xs)) == pytest.approx(tuple(wanted), abs=1e-6)


@given(st.integers(1, 300), st.data())
def test_the_interval_of_a_share_is_scipys(n, data):
    count = data.draw(st.integers(0, n))
    wanted = stats.binomtest(count, n).proportion_ci(0.9, "wilson")
    assert item_statistics.wilson(count, n) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


@given(unit, unit, st.floats(0.05, 0.95), st.integers(10, 300))
def test_a_larger_share_makes_it_likelier_and_more_cases_make_it_surer(a, b, limit, n):
    low, high = (item_statistics.chance_above(share, n, limit) for share in sorted((a, b)))
    assert low <= high
    assert item_statistics.chance_above(limit, n, limit) == 0.5
    side = item_statistics.chance_above(a, n, limit)
    assert abs(item_statistics.chance_above(a, 4 * n, limit) - 0.5) >= abs(side - 0.5)


@pytest.mark.parametrize(("r", "n", "limit"), [(-0.3, 40, 0.1), (0.05, 30, 0.1), (0.4, 100, 0.1), (1.0, 30, 0.1)])
def test_the_chance_of_a_lower_correlation(r, n, limit):
    """By drawing z as Fisher says it spreads."""
    drawn = np.random.default_rng(7).normal(np.arctanh(min(r, 0.999999)), 1 / np.sqrt(n - 3), 200_000)
    assert item_statistics.chance_of_less(r, n, limit) == pytest.approx((np.tanh(drawn) < limit).mean(), abs=0.01)


def test_bins_take_their_lower_edge_and_the_last_one_what_is_beyond():
    assert item_statistics.bins([0, 0.1, 0.3, 0.7, 0.9999, 1.0, 3.0], 0.1, 10) == [1, 1, 0, 1, 0, 0, 0, 1, 0, 3]


# --- Every figure, against the stored rows ---------------------------------------------------------


def by_hand(question: Question, at: datetime) -> dict[str, Any]:
    """A question's figures from the rows, one by one, without any of the code under test."""
    asked_now, earlier, own, rest, scores, seconds, guides, blank, reached = 0, 0, [], [], [], [], [], 0, 0
    graders: Counter[str] = Counter()
    exposed = could = 0
    for interview in Interview.objects.all():
        answers = list(interview.answers.order_by("position"))
        theirs = next((each for each in answers if each.question_id == question.pk), None)
        topics = {topic.pk for topic in interview.template.topics.all()}
        fits = interview.template.language == question.language and (not topics or question.topic_id in topics)
        if interview.started_at >= at - 90 * DAY:
            exposed += theirs is not None
            could += theirs is not None or fits
        if interview.submitted_at is None or interview.submitted_by == "nobody" or theirs is None:
            continue
        same = all(theirs.frozen[key] == question.frozen().to_json()[key] for key in ("prompt", "reference", "points"))
        if not same:
            earlier += 1
            continue
        asked_now += 1
        opened = [each for each in answers if each.text.strip() or each.seconds_used]
        if theirs not in opened:
            continue
        reached += 1
        blank += not theirs.text.strip()
        done = {each.pk: in_force(each) for each in opened}
        others = [done[each.pk].score for each in opened if each != theirs and done[each.pk]]
        mine = done[theirs.pk]
        if mine:
            scores.append(mine.score)
            graders[mine.grader] += 1
            if others:
                own.append(mine.score)
                rest.append(fmean(others))
        if theirs.text.strip() and theirs.seconds_used:
            seconds.append(theirs.seconds_used)
            guides.append(theirs.seconds_suggested)
    ratios = [used / guide for used, guide in zip(seconds, guides, strict=True)]
    stated = len(scores) >= 10
    half = stats.t.ppf(0.95, len(scores) - 1) * np.std(scores, ddof=1) / len(scores) ** 0.5 if stated else 0
    return {
        "asked": asked_now,
        "asked_before": earlier,
        "reached": reached,
        "blank": blank,
        "scored": len(scores),
        "graders": dict(graders),
        "mean": fmean(scores) if stated else None,
        "mean_low": round(100 * max(0, fmean(scores) - half)) if stated else None,
        "mean_high": round(100 * min(1, fmean(scores) + half)) if stated else None,
        "pairs": len(own),
        "discrimination": float(np.corrcoef(own, rest)[0, 1]) if len(own) >= 30 else None,
        "timed": len(seconds),
        "over": sum(ratio > 1 for ratio in ratios) if len(seconds) >= 10 else 0,
        "seconds": median(seconds) if len(seconds) >= 10 else None,
        "suggested": median(guides) if len(seconds) >= 10 else None,
        "exposed": exposed,
        "could": could,
        "score_bins": np.histogram(scores, np.arange(11) / 10)[0].tolist() if stated else [],
    }


def in_force(answer: Answer) -> Grade | None:
    done = [grade for grade in answer.grades.order_by("pk") if grade.status == "done"]
    return done[-1] if done else None


def many_sittings(count: int, bank: list[Question], seed: int = 3) -> None:
    """Interviews of all sorts: good and bad candidates, graded twice or not at all, blank, unopened, old, abandoned."""
    dice = random.Random(seed)
    serving = build.template(name="serving", question_count=3)
    serving.topics.add(build.topic("serving"))
    english = build.template(name="english", language="en")
    others = build.template(name="any")
    for _ in range(count):
        ability = dice.random()
        said = []
        for n, question in enumerate(dice.sample(bank, 3)):
            score = round(min(1.0, max(0.0, ability + dice.gauss(0, 0.25))), 3)
            kind = dice.choices(["plain", "twice", "not", "blank", "unopened"], [10, 3, 1, 2, n])[0]
            said.append(
                Said(
                    question,
                    {"twice": [1 - score, score, None], "not": [None], "blank": [0.0], "unopened": [0.0]}.get(
                        kind, [score]
                    ),
                    text={"blank": " \u3000\n", "unopened": ""}.get(kind, CANARY),
                    seconds=0.0 if kind == "unopened" else dice.uniform(5, 700),
                    suggested=dice.choice([200, 300]),
                    grader=dice.choice(["llm", "semantic"]),
                )
            )
        state = dice.choices(
            [{}, {"submitted_by": "nobody"}, {"submitted_by": "", "submitted_at": None, "receipt_sha256": ""}],
            [10, 1, 1],
        )[0]
        at = NOON - dice.choice([1, 30, 200]) * DAY
        sitting(*said, at=at, template=dice.choice([serving, english, others]), **state)


@pytest.mark.django_db
@pytest.mark.parametrize("at_once", [2, 500])
def test_every_figure_is_what_the_rows_say(at_once, monkeypatch):
    monkeypatch.setattr(item_health, "AT_ONCE", at_once)
    bank = [build.question() for _ in range(3)] + [build.question(topic_slug="tuning"), build.question(language="en")]
    many_sittings(40, bank)
    Question.objects.filter(pk=bank[0].pk).update(reference="another reference")
    sitting(Said(None, [0.9]), Said(bank[1], [0.1]), Said(bank[2], [0.2]))
    many_sittings(70, [Question.objects.get(pk=question.pk) for question in bank], seed=4)
    item_health.compute(NOON)
    for question in Question.objects.filter(pk__in=[question.pk for question in bank]):
        row = ItemStatistics.objects.get(question=question)
        wanted = by_hand(question, NOON)
        for name in ("mean_low", "mean_high"):  # Student's t is rounded there
            assert getattr(row, name) == pytest.approx(wanted.pop(name), abs=1)
        assert {name: getattr(row, name) for name in wanted} == {
            name: pytest.approx(value, abs=1e-9) if isinstance(value, float) else value
            for name, value in wanted.items()
        }
        assert row.computed_at == NOON
    assert ItemStatistics.objects.get(question=bank[1]).discrimination is not None  # else nothing was compared
    assert ItemStatistics.objects.get(question=bank[0]).asked_before > 0


@pytest.mark.django_db
def test_the_charts_hold_every_answer_once():
    question = build.question()
    other = build.question()
    for n in range(40):
        sitting(Said(question, [n / 39], seconds=30 * n + 0.01, suggested=300), Said(other, [(n % 5) / 4]))
    row = of(question)
    assert sum(row.score_bins) == row.scored == 40
    assert sum(row.time_bins) == row.timed == 40
    assert row.time_bins == np.histogram([n / 10 + 0.001 for n in range(40)], [*np.arange(9) * 0.25, 99])[0].tolist()
    fifths = [[n / 39 for n in range(40) if n % 5 == k] for k in range(5)]
    means = [*map(fmean, fifths)]
    # 0, .25, .5, .75 and 1 lie in the fifths 0, 1, 2, 3 and 4 of the scale.
    assert row.rest_bins == [[8, pytest.approx(mean)] for mean in means]


@pytest.mark.django_db
def test_the_latest_done_grade_counts():
    question = build.question()
    asked(question, [0.2] * 9)
    last = sitting(Said(question, [0.9, 0.1]))
    assert of(question).mean == pytest.approx((9 * 0.2 + 0.1) / 10)
    grade(last.answers.get(), None)  # asked for, and failed: the one before stays in force
    assert of(question).mean == pytest.approx((9 * 0.2 + 0.1) / 10)
    grade(last.answers.get(), 0.5, "llm")
    row = of(question)
    assert row.mean == pytest.approx((9 * 0.2 + 0.5) / 10)
    assert row.graders == {"semantic": 9, "llm": 1}


@pytest.mark.django_db
def test_blank_is_what_python_calls_blank():
    blanks = [chr(n) for n in range(sys.maxunicode + 1) if chr(n).isspace()]
    question = build.question()
    for text in [
        "",
        "".join(blanks),
        "\u3000 \n",
        "".join(blanks) + "x",
        "\u200b",
        "x ",
        "\u2800",
        "。",
        "0",
        "\ufeff",
    ]:
        sitting(Said(question, [0.0], text=text))
    row = of(question)
    assert (row.reached, row.blank, row.timed) == (10, 3, 7)


@pytest.mark.django_db
def test_what_was_never_opened_counts_nowhere():
    question, other = build.question(), build.question()
    for _ in range(10):
        sitting(Said(other, [0.8]), Said(question, [0.0], text="", seconds=0))
    row = of(question)
    assert (row.asked, row.reached, row.skipped, row.blank, row.scored, row.pairs) == (10, 0, 10, 0, 0, 0)
    assert of(other).pairs == 0  # nor as one of the others


# --- Of little, little is said -----------------------------------------------------------------------


@pytest.mark.django_db
def test_below_its_least_number_no_figure_is_stated():
    question, other = build.question(), build.question()
    stated = ("mean", "mean_low", "mean_high", "seconds", "suggested", "blank_share", "over_share", "blank_interval")

    def one_more() -> ItemStatistics:
        n = Interview.objects.count()
        sitting(Said(question, [0.05 * (n % 3)], seconds=900, text="" if n % 2 else "x"), Said(other, [n % 7 / 7]))
        return of(question)

    for n in range(1, 10):
        row = one_more()
        assert (row.reached, row.reasons, row.harm, row.score_bins, row.time_bins) == (n, "", 0, [], [])
        assert {getattr(row, name) for name in stated} == {None}
    row = one_more()
    assert None not in (row.mean, row.mean_low, row.blank_share, row.blank_interval)
    assert (row.seconds, row.over_share) == (None, None)  # half of them are blank: there are five times
    while row.could < 19:
        row = one_more()
    assert row.exposure is None
    assert "known" not in row.codes
    row = one_more()
    assert row.exposure == 1.0
    assert row.codes[-1] == "known"
    while row.pairs < 29:
        row = one_more()
    assert (row.discrimination, row.discrimination_interval, row.rest_bins) == (None, None, [])
    row = one_more()
    assert None not in (row.discrimination, row.discrimination_interval)


@pytest.mark.django_db
def test_scores_that_are_all_the_same_have_no_correlation():
    question, other = build.question(), build.question()
    for n in range(31):
        sitting(Said(question, [0.6]), Said(other, [n / 31]))
    row = of(question)
    assert (row.pairs, row.discrimination, "order" in row.codes) == (31, None, False)


# --- An edited question ------------------------------------------------------------------------------


EDITS = {"prompt": "另一个问题", "reference": "另一个答案", "kind": "coding"}


@pytest.mark.django_db
@pytest.mark.parametrize("field", EDITS)
def test_an_edited_question_begins_anew(field):
    question = build.question()
    asked(question, [0.5] * 12)
    assert of(question).scored == 12
    before = getattr(question, field)
    Question.objects.filter(pk=question.pk).update(**{field: EDITS[field]}, updated_at=NOON + 2 * DAY)
    row = of(question, NOON + 3 * DAY)
    assert (row.asked, row.asked_before, row.scored, row.mean, row.reasons) == (0, 12, 0, None, "")
    assert row.changed_at == NOON + 2 * DAY
    asked(Question.objects.get(pk=question.pk), [0.9] * 10)
    row = of(question, NOON + 3 * DAY)
    assert (row.asked, row.asked_before, row.mean) == (10, 12, pytest.approx(0.9))
    Question.objects.filter(pk=question.pk).update(**{field: before})
    row = of(question, NOON + 3 * DAY)
    assert (row.asked, row.asked_before, row.mean) == (12, 10, pytest.approx(0.5))  # it says again what it said


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"text": "另一个要点"}, {"weight": 2.0}, {"kind": "should"}])
def test_an_edited_point_is_an_edited_question(change):
    question = build.question()
    asked(question, [0.5] * 12)
    point = question.points.first()
    question.points.filter(pk=point.pk).update(**change)
    row = of(question)
    assert (row.asked, row.asked_before) == (0, 12)


@pytest.mark.django_db
def test_what_changes_no_answer_changes_no_figure():
    question = build.question()
    asked(question, [0.5] * 12)
    since = of(question).changed_at
    question.title, question.explanation, question.difficulty, question.topic = "新标题", "x", 5, build.topic("tuning")
    question.save()
    asked(question, [0.5])
    row = of(question, NOON + 9 * DAY)
    assert (row.asked, row.asked_before, row.changed_at) == (13, 0, since)


@pytest.mark.django_db
def test_a_text_is_not_newer_than_its_first_answer():
    question = build.question()  # made now, years after
    asked(question, [0.5])
    assert of(question).changed_at == NOON


# --- Exposure ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_exposure_is_of_the_interviews_that_could_have_asked():
    question, english = build.question(), build.question(language="en")
    other = build.question(topic_slug="tuning")
    serving, tuning = build.template(), build.template()
    serving.topics.add(build.topic("serving"))
    tuning.topics.add(build.topic("tuning"))
    for template, said in [(serving, question)] * 3 + [(serving, other)] * 2 + [(tuning, other)] * 5:
        sitting(Said(said), template=template)
    sitting(Said(question), template=tuning)  # before that template was given another topic
    running = {"submitted_at": None, "submitted_by": "", "receipt_sha256": ""}
    sitting(Said(question), template=serving, **running)  # who is at it has seen it too
    at = NOON + 90 * DAY
    assert [(row.exposed, row.could) for row in (of(question, at), of(other, at), of(english, at))] == [
        (5, 7),
        (7, 8),
        (0, 0),
    ]
    assert of(question, at + MINUTE).exposed == 0
    assert of(question, at + MINUTE).last_asked_at == NOON


# --- Reasons and harm ----------------------------------------------------------------------------------


def figures(**fields: Any) -> dict[str, Any]:
    """Figures of a question that is well in every way, with `fields` that are not."""
    well = {"scored": 50, "mean": 0.6, "pairs": 50, "discrimination": 0.5, "reached": 50, "blank": 2, "timed": 48}
    well |= {"over": 10, "exposed": 10, "could": 100, "doubles": 0, "far": 0, "asked": 50, "appeals_upheld": 0}
    return {**well, **fields}


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("hard", {"mean": 0.05}),
        ("easy", {"mean": 0.98}),
        ("order", {"discrimination": -0.2}),
        ("blank", {"blank": 20}),
        ("slow", {"over": 40}),
        ("known", {"exposed": 80}),
    ],
)
def test_each_problem_is_found_and_only_it(code, fields):
    assert item_statistics.problems(figures()) == {}
    found = item_statistics.problems(figures(**fields))
    assert list(found) == [code]
    assert 0.9 < found[code] <= 1


def test_reasons_come_in_the_order_of_their_harm():
    bad = figures(mean=0.02, discrimination=-0.5, blank=45, over=48, exposed=100)
    assert next(iter(item_statistics.problems(bad))) == "order"
    assert list(item_statistics.problems(bad))[-1] == "known"
    assert set(item_statistics.WEIGHTS) == set(LABELS)
    assert len(" " + " ".join(LABELS) + " ") <= ItemStatistics._meta.get_field("reasons").max_length


@pytest.mark.django_db
def test_harm_is_exposure_times_severity():
    question, other = build.question(), build.question()
    asked(question, [0.5] * 30, text="", seconds=50)
    asked(other, [0.6, 0.4] * 5)
    row = of(question)
    blank = stats.norm.cdf((1.0 - 0.2) / (0.2 * 0.8 / 30) ** 0.5)
    known = stats.norm.cdf((30 / 40 - 0.5) / (0.25 / 40) ** 0.5)
    severity = 1 - (1 - 0.6 * blank) * (1 - 0.2 * known)
    assert row.codes == ["blank", "known"]
    assert (row.severity, row.harm) == (pytest.approx(severity), pytest.approx(severity * 30 / 40))


# --- When --------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_many_sweepers_one_computes():
    asked(build.question(), [0.5])
    assert sorted(together(*[lambda: item_health.compute_if_due(NOON)] * 6)) == [False] * 5 + [True]
    assert ItemHealthRun.objects.get().answers == 1


@pytest.mark.django_db
def test_once_a_day_after_local_midnight(settings):
    assert settings.TIME_ZONE == "Asia/Shanghai"  # noon in Greenwich is eight in the evening
    assert item_health.compute_if_due(NOON)
    hours = [0.1, 1, 3.99, 4, 4.1, 27.9, 28.1]
    assert [item_health.compute_if_due(NOON + each * HOUR) for each in hours] == [
        False, False, False, True, False, False, True,
    ]  # fmt: skip


@pytest.mark.django_db
def test_what_fails_is_tried_again_and_stops_no_sweeper(monkeypatch, caplog):
    def fail(at):
        raise ValueError("a fault of ours")

    with monkeypatch.context() as broken:
        broken.setattr(item_health, "compute", fail)
        broken.setattr(sweep.timezone, "now", lambda: NOON)
        sweep.sweep_once()
        assert "a fault of ours" in caplog.text
    assert ItemHealthRun.objects.get().computed_at is None
    assert [item_health.compute_if_due(NOON + minutes * MINUTE) for minutes in (9, 10, 11)] == [False, True, False]


@pytest.mark.django_db
def test_the_sweeper_computes(monkeypatch):
    question = build.question()
    asked(question, [0.5])
    monkeypatch.setattr(sweep.timezone, "now", lambda: NOON)
    sweep.sweep_once()
    assert ItemStatistics.objects.get(question=question).asked == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en_US.UTF-8",
            ["handed in: 12", "Questions to look at: 1", "Hardly anybody earns points: 0 of 100"],
        ),
        ("zh_CN.UTF-8", ["已交卷面试的答案：12", "值得看一看的题目：1", "几乎没有人得分"]),
    ],
)
def test_the_command_computes_and_lists(language, words, monkeypatch, settings):
    settings.LANGUAGE_CODE = "zh-hans"
    monkeypatch.setenv("LC_ALL", language)
    question = build.question()
    asked(question, [0.0] * 12)
    out = StringIO()
    call_command("item_health", stdout=out)
    assert [text for text in [*words, question.slug] if text not in out.getvalue()] == []
    out = StringIO()
    call_command("item_health", "-k", "0", stdout=out)
    assert question.slug not in out.getvalue()


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_interviews():
    bank = [build.question() for _ in range(3)]

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            item_health.compute(NOON)
        return len(seen)

    sitting(*map(Said, bank))
    queries()  # the first time rows are made
    few = queries()
    for _ in range(30):
        sitting(*map(Said, bank))
    assert queries() == few
    assert few <= 16


@pytest.mark.django_db
def test_nothing_of_a_candidate_is_kept(curator):
    bank = [build.question() for _ in range(2)]
    for n in range(40):
        sitting(Said(bank[0], [0.0]), Said(bank[1], [n / 40]))
    item_health.compute(NOON)
    assert CANARY not in str(list(ItemStatistics.objects.values())) + str(list(ItemHealthRun.objects.values()))
    for address in (reverse("item-list"), *(reverse("item", args=[each.pk]) for each in bank)):
        assert CANARY not in signed_in(curator).get(address).content.decode()


# --- The queue ------------------------------------------------------------------------------------------


def show(person: User, address: str = "", language: str = "en", status: int = 200) -> Page:
    response = signed_in(person).get(address or reverse("item-list"), headers={"accept-language": language})
    assert response.status_code == status
    assert "no-store" in response["Cache-Control"]
    page = Page(response)
    assert page.foreign == []
    return page


def listed(page: Page) -> list[int]:
    """The questions that the queue leads to, in order."""
    links = [known.get("href", "") for tag, known in page.elements if tag == "a"]
    return [
        int(link.split("/")[-2]) for link in links if link.startswith("/questions/health/") and link.count("/") == 4
    ]


@pytest.fixture
def queue(db: None) -> dict[str, Question]:
    """One question that misleads, one that is too hard, one with nothing wrong, one with few answers, one not asked."""
    names = ("misleading", "hard", "fine", "few", "unasked")
    bank = {name: build.question(title=f"title-{name}") for name in names}
    tuning = build.topic("tuning")
    Question.objects.filter(pk=bank["hard"].pk).update(topic=tuning, language="en")
    bank["hard"].refresh_from_db()
    template = build.template()
    for n in range(60):
        good = n / 59
        more = [Said(bank["few"])] if n < 3 else []
        said = [Said(bank["misleading"], [1 - good]), Said(bank["fine"], [0.2 + 0.6 * good])]
        said += [Said(None, [good])] * 3  # of questions that were deleted since
        if n < 20:
            said.append(Said(bank["hard"], [0.0]))
        sitting(*said, *more, template=template, at=NOON)
    item_health.compute(NOON)
    return bank


def test_the_worst_comes_first(curator, queue):
    page = show(curator)
    assert listed(page)[0] == queue["misleading"].pk
    assert set(listed(page)) == {queue[name].pk for name in ("misleading", "hard", "fine")}  # that one is asked always
    assert "Who does well on the other questions tends to do worse on this one: r = −" in page.text
    assert "Hardly anybody earns points: 0 of 100 on average (n = 20)." in page.text
    harm = [row.harm for row in ItemStatistics.objects.worst_first()]
    assert harm == sorted(harm, reverse=True)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("topic=tuning", ["hard"]),
        ("language=en", ["hard"]),
        ("language=zh-hans", ["misleading", "fine"]),
        ("reason=order", ["misleading"]),
        ("reason=hard", ["hard"]),
        ("reason=easy", []),
        ("reason=few", ["few", "unasked"]),
        ("reason=none", []),
        ("reason=all", ["misleading", "hard", "fine", "few", "unasked"]),
        ("reason=all&topic=serving&language=zh-hans", ["misleading", "fine", "few", "unasked"]),
    ],
)
def test_the_queue_is_filtered(curator, queue, query, names):
    page = show(curator, f"{reverse('item-list')}?{query}")
    assert listed(page) == [queue[name].pk for name in names]
    assert ("No question matches." in page.text) == (not names)


@pytest.mark.parametrize("query", ["topic=nothing", "language=fr", "reason=x"])
def test_a_filter_that_cannot_be_read_shows_nothing(curator, queue, query):
    page = show(curator, f"{reverse('item-list')}?{query}", status=400)
    assert listed(page) == []
    assert "This filter could not be read" in page.text


def test_what_is_not_asked_is_not_in_the_queue(curator, queue):
    Question.objects.filter(pk=queue["misleading"].pk).update(status="retired")
    Question.objects.filter(pk=queue["hard"].pk).update(status="draft")
    assert listed(show(curator)) == [queue["fine"].pk]
    assert "Figures" in show(curator, reverse("item", args=[queue["misleading"].pk])).text


def test_pages_keep_the_filter(curator, queue, monkeypatch):
    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    first = show(curator, f"{reverse('item-list')}?reason=all")
    assert "Page 1 of 3" in first.text
    link = next(known["href"] for tag, known in first.elements if tag == "a" and "page=2" in known.get("href", ""))
    assert link == "?reason=all&page=2"
    found = [listed(show(curator, f"{reverse('item-list')}?reason=all&page={n}")) for n in (1, 2, 3)]
    assert [len(each) for each in found] == [2, 2, 1]
    assert len({pk for each in found for pk in each}) == 5


def test_the_pages_take_few_queries(curator, queue, django_assert_max_num_queries):
    client: Client = signed_in(curator)
    with django_assert_max_num_queries(12):
        client.get(reverse("item-list"), {"reason": "all"})
    with django_assert_max_num_queries(12):
        client.get(reverse("item", args=[queue["fine"].pk]))


def test_harm_is_told_where_there_is_a_reason(curator, queue):
    page = show(curator, f"{reverse('item-list')}?reason=all")
    assert page.text.count("of 100 interviews") == 3
    item_health.compute(NOON + 91 * DAY)
    page = show(curator, f"{reverse('item-list')}?reason=all")
    assert (page.text.count("of 100 interviews"), page.text.count("seldom asked of late")) == (0, 2)
    assert listed(page)[:2] == [queue["misleading"].pk, queue["hard"].pk]  # as bad as before


def test_before_anything_was_computed_the_pages_say_so(curator):
    question = build.question()
    assert "Nothing has been computed yet." in show(curator).text
    assert "Nothing has been computed of this question yet." in show(curator, reverse("item", args=[question.pk])).text


def test_a_bank_without_problems_says_so(curator):
    question = build.question()
    item_health.compute(NOON)
    page = show(curator)
    assert "No question gives reason to look at it." in page.text
    assert listed(page) == []
    page = show(curator, reverse("item", args=[question.pk]))
    assert "n = 0 answers to the present text, 10 are needed" in page.text
    assert page.text.count("too few") == 6
    assert not any(tag == "svg" for tag, _ in page.elements)


# --- One question -----------------------------------------------------------------------------------------


def test_the_page_of_a_question_tells_its_figures(curator, queue):
    row = ItemStatistics.objects.get(question=queue["fine"])
    page = show(curator, reverse("item", args=[row.pk]))
    low, high = (f"{each:.2f}" for each in row.discrimination_interval)
    words = [
        f"50 of 100 likely {row.mean_low}–{row.mean_high}, n = 60; difficulty p = 0.50",
        f"likely {low.replace('-', '−')} to {high.replace('-', '−')}, n = 60",
        "1:40 of 5:00 0% took longer, n = 60",
        "100% asked in 60 of 60 interviews that could, in 90 days",
        "60 times in its present text",
        "Similarity to the reference answer: 60",
        "Machine and people n = 0: too few (20 needed)",
    ]
    assert [text for text in words if text not in page.text] == []
    assert reverse("admin:questions_question_change", args=[row.pk]) in [
        known.get("href") for _, known in page.elements
    ]


def test_each_chart_has_words_and_a_table(curator, queue):
    row = ItemStatistics.objects.get(question=queue["fine"])
    page = show(curator, reverse("item", args=[row.pk]))
    drawn = [known for tag, known in page.elements if tag == "svg"]
    assert [known["role"] for known in drawn] == ["img"] * 3
    assert drawn[0]["aria-label"] == "How 60 scores spread from 0 to 100; their mean is 50."
    bars = [known for tag, known in page.elements if tag == "rect"]
    told = [int(cells[1]) for cells in page.rows[1:11] if cells[1] != "—"]
    assert sum(told) == 60
    assert told == [count for count in row.score_bins if count]
    heights = [float(known["height"]) for known in bars[: len(told)]]
    assert [height / max(heights) for height in heights] == pytest.approx([n / max(told) for n in told], abs=0.02)


def test_a_question_edited_since_is_told_so(curator, queue):
    note = "The question has been changed since"
    address = reverse("item", args=[queue["fine"].pk])
    assert note not in show(curator, address).text
    Question.objects.filter(pk=queue["fine"].pk).update(title="another title")
    assert note not in show(curator, address).text
    Question.objects.filter(pk=queue["fine"].pk).update(prompt="another prompt")
    assert note in show(curator, address).text


@pytest.mark.parametrize("code", LABELS)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_reason_is_told_in_both_languages(curator, queue, code, language):
    found = {"over": 40, "blank": 30, "doubles": 20, "far": 9}
    ItemStatistics.objects.filter(question=queue["fine"]).update(reasons=f" {code} ", **found)
    row = ItemStatistics.objects.get(question=queue["fine"])
    told = []
    for spoken in ("en", "zh-hans"):
        with translation.override(spoken):
            told.append(next((reason.label, reason.sentence, reason.advice) for reason in reasons(row)))
    page = show(curator, reverse("item", args=[row.pk]), language)
    for english, chinese in zip(*told, strict=True):
        assert (english in page.text, chinese in page.text) == (language == "en", language == "zh-hans")


def test_the_bank_leads_to_the_figures(curator, queue):
    client = signed_in(curator)
    question = queue["fine"]
    change = client.get(reverse("admin:questions_question_change", args=[question.pk])).content.decode()
    assert f'href="{reverse("item", args=[question.pk])}"' in change
    assert (
        f'href="{reverse("item-list")}"' in client.get(reverse("admin:questions_question_changelist")).content.decode()
    )

"""The queue of record: who may work on a grade, what is written once, and what waits for a person."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import kombu
import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import translation

from interviewer import grading, interviews, tasks
from interviewer.breaker import Permit
from interviewer.llm import LLMError
from interviewer.models import Answer, Grade
from questions.frozen import FrozenQuestion
from tests import build
from tests.build import NOON
from tests.parallel import together

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=settings.GRADING_LEASE_SECONDS)
WAKE = timedelta(seconds=settings.GRADING_WAKE_SECONDS)
at_once = pytest.mark.django_db(transaction=True)


@dataclass
class Clock:
    """Stands in for `timezone` in the tasks."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at


@pytest.fixture(autouse=True)
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(tasks, "timezone", clock)
    return clock


@pytest.fixture
def answer(db: None) -> Answer:
    return build.handed_in(texts=["缓存命中可以省去重复计算"]).answers.get(position=1)


@pytest.fixture
def grade(answer: Answer) -> Grade:
    return answer.grades.get()


Judge = Callable[..., None]


@pytest.fixture
def judge(monkeypatch) -> Judge:
    """Let the grader return a verdict with `score`, or raise `error`."""

    def let(score: float = 0.5, error: Exception | None = None) -> None:
        def fake(question: FrozenQuestion, text: str, grader: str, names: Collection[str]) -> grading.Verdict:
            if error:
                raise error
            return grading.Verdict((), score, 3, "Good.", grader=grader, model="tiny", prompt_hash="p", rubric_hash="r")

        monkeypatch.setattr(grading, "grade", fake)

    return let


def now(grade: Grade) -> Grade:
    """The row as it is stored."""
    return Grade.objects.get(pk=grade.pk)


def assert_no_score(grade: Grade) -> None:
    assert (now(grade).score, now(grade).verdict, now(grade).graded_at) == (None, None, None)


def test_a_settings_lease_outlasts_the_slowest_grading():
    assert settings.GRADING_LEASE_SECONDS > 2 * settings.LLM_TOTAL_SECONDS


# --- Threads of one worker --------------------------------------------------------


def test_few_threads_read_and_write_at_once_and_all_may_ask_the_model(grade, monkeypatch):
    many = 3 * tasks.TURNS
    inside: list[None] = []
    seen: list[int] = []
    all_asking = threading.Barrier(many, timeout=30)  # breaks if one of them keeps its turn meanwhile

    def counted(*args: object) -> tuple[Grade, Permit]:
        inside.append(None)
        seen.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        return grade, Permit(NOON)

    def asked(*args: object) -> grading.Verdict:
        all_asking.wait()
        return grading.Verdict((), 0.5, 3, "Good.", grader="llm")

    monkeypatch.setattr(tasks, "_take", counted)
    monkeypatch.setattr(tasks, "_finish", counted)
    monkeypatch.setattr(grading, "grade", asked)
    together(*[partial(tasks.grade_answer, grade.pk)] * many)
    assert len(seen) == 2 * many
    assert max(seen) <= tasks.TURNS


# --- Claim, lease, fence ----------------------------------------------------------


def test_a_claim_leases_the_grade(grade):
    claimed = Grade.objects.claim(grade.pk, NOON)
    assert claimed is not None
    assert (claimed.leased_until, claimed.tries) == (NOON + LEASE, 1)
    assert claimed.lease


def test_a_leased_grade_is_nobody_elses(grade):
    assert Grade.objects.claim(grade.pk, NOON)
    assert Grade.objects.claim(grade.pk, NOON) is None
    assert Grade.objects.claim(grade.pk, NOON + LEASE) is None
    assert now(grade).tries == 1


@at_once
def test_of_claims_at_once_one_wins():
    grade = build.handed_in().answers.get(position=1).grades.get()
    claims = together(*[partial(Grade.objects.claim, grade.pk, NOON)] * 8)
    winners = [claimed for claimed in claims if claimed]
    assert [winner.lease for winner in winners] == [now(grade).lease]
    assert now(grade).tries == 1


def test_an_expired_lease_may_be_taken_over_and_the_late_worker_is_dropped(answer, grade):
    late = Grade.objects.claim(grade.pk, NOON)
    taken_over = Grade.objects.claim(grade.pk, NOON + LEASE + SECOND)
    assert late and taken_over
    assert not late.finish(score=0.1, verdict=build.verdict(answer), at=NOON + LEASE + 2 * SECOND)
    assert not late.put_off("late", {}, NOON)
    assert not late.park("late", {})
    assert (now(grade).status, now(grade).lease, now(grade).error) == ("pending", taken_over.lease, "")
    assert taken_over.finish(score=0.9, verdict=build.verdict(answer), at=NOON + LEASE + 3 * SECOND)
    assert (now(grade).status, now(grade).score) == ("done", 0.9)


def test_a_slow_worker_whom_nobody_relieved_may_finish(answer, grade):
    slow = Grade.objects.claim(grade.pk, NOON)
    assert slow.finish(score=0.4, verdict=build.verdict(answer), at=NOON + 2 * LEASE)


def test_what_is_done_stays(answer):
    done = build.graded(answer, 0.25)
    before = Grade.objects.filter(pk=done.pk).values().get()
    assert Grade.objects.claim(done.pk, NOON + 2 * LEASE) is None
    assert not done.finish(score=1.0, verdict=build.verdict(answer), at=NOON)
    assert not done.put_off("again", {}, NOON)
    assert not done.park("no", {})
    assert Grade.objects.filter(pk=done.pk).values().get() == before


def test_a_grade_put_off_is_claimable_once_due(grade):
    claimed = Grade.objects.claim(grade.pk, NOON)
    assert claimed.put_off("busy", {}, NOON + 30 * SECOND)
    assert (now(grade).status, now(grade).error, now(grade).lease) == ("pending", "busy", None)
    assert Grade.objects.claim(grade.pk, NOON + 29 * SECOND) is None
    again = Grade.objects.claim(grade.pk, NOON + 30 * SECOND)
    assert again and again.tries == 2


def test_a_parked_grade_is_left_alone(answer):
    parked = build.parked(answer, "Nobody could read it.")
    assert (parked.status, parked.error, parked.leased_until) == ("failed", "Nobody could read it.", None)
    assert_no_score(parked)
    assert Grade.objects.claim(parked.pk, NOON + timedelta(days=1)) is None
    assert not Grade.objects.unheard(NOON + timedelta(days=1)).filter(pk=parked.pk).exists()


# --- The constraint -----------------------------------------------------------------


@pytest.mark.parametrize("score", [None, -0.01, 1.01, math.nan, math.inf, -math.inf])
def test_no_grade_is_done_without_a_score_from_0_to_1(answer, score):
    claimed = build.claimed(answer)
    with pytest.raises(IntegrityError), transaction.atomic():
        claimed.finish(score=score, verdict=build.verdict(answer), at=NOON)
    assert now(claimed).status == "pending"


@pytest.mark.parametrize("score", [0, 1, 0.5])
def test_every_score_from_0_to_1_may_be_written(answer, score):
    assert build.graded(answer, score).score == score


@pytest.mark.parametrize(
    "change",
    [
        {"status": "done"},
        {"status": "done", "score": 0.5},
        {"status": "done", "verdict": {}},
        {"score": 0.0},
        {"verdict": {}},
        {"status": "failed", "score": 0.0},
        {"status": "failed", "verdict": {}},
    ],
)
def test_score_and_verdict_exist_exactly_when_done(grade, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        Grade.objects.filter(pk=grade.pk).update(**change)


def test_one_grade_of_an_answer_waits_at_a_time(answer):
    with pytest.raises(IntegrityError), transaction.atomic():
        Grade.objects.create(answer=answer, grader="llm", created_at=NOON, next_try_at=NOON)


# --- The task -------------------------------------------------------------------------


def test_a_verdict_is_written_with_where_it_came_from(grade, judge, clock):
    judge(score=0.75)
    clock.at = NOON + 5 * SECOND
    tasks.grade_answer(grade.pk)
    done = now(grade)
    assert (done.status, done.score, done.graded_at, done.error) == ("done", 0.75, clock.at, "")
    assert (done.model, done.prompt_hash, done.rubric_hash) == ("tiny", "p", "r")
    assert done.verdict["feedback"] == "Good."


def test_the_task_sees_the_question_as_asked_and_the_text_as_stored(answer, grade, monkeypatch):
    seen: list[Any] = []
    monkeypatch.setattr(grading, "grade", lambda *given: seen.append(given) or 1 / 0)
    answer.question.delete()
    tasks.grade_answer(grade.pk)
    assert seen == [(answer.asked, answer.text, "semantic", ())]


def test_a_second_message_does_no_work(grade, judge):
    judge(score=0.75)
    tasks.grade_answer(grade.pk)
    judge(error=AssertionError("graded twice"))
    tasks.grade_answer(grade.pk)
    tasks.grade_answer(grade.pk + 1000)  # and one for a grade that is gone
    assert (now(grade).score, now(grade).tries) == (0.75, 1)


def test_a_worker_that_comes_back_too_late_writes_nothing(answer, grade, monkeypatch):
    """Another worker takes over and finishes while this one still waits for the model."""

    def slow(question: FrozenQuestion, text: str, grader: str, names: Collection[str]) -> grading.Verdict:
        other = Grade.objects.claim(grade.pk, NOON + LEASE + SECOND)
        other.finish(score=0.9, verdict=build.verdict(answer), at=NOON + LEASE + SECOND)
        return grading.Verdict((), 0.1, 1, "Late.")

    monkeypatch.setattr(grading, "grade", slow)
    tasks.grade_answer(grade.pk)
    assert now(grade).score == 0.9


def test_a_permanent_fault_waits_for_a_person_at_once(grade, judge):
    judge(error=LLMError("The key was refused.", permanent=True))
    tasks.grade_answer(grade.pk)
    assert (now(grade).status, now(grade).error, now(grade).tries) == ("failed", "The key was refused.", 1)
    assert_no_score(grade)


def test_the_reason_is_kept_with_its_values_and_told_in_the_readers_language(grade, judge):
    judge(error=LLMError("The model server has a fault (HTTP %(status)d).", status=503))
    tasks.grade_answer(grade.pk)
    assert (now(grade).error, now(grade).error_values) == (
        "The model server has a fault (HTTP %(status)d).",
        {"status": 503},
    )
    with translation.override("en"):
        assert now(grade).reason == "The model server has a fault (HTTP 503)."
    with translation.override("zh-hans"):
        assert "503" in now(grade).reason
        assert "The model server" not in now(grade).reason


def test_a_passing_fault_is_tried_again_later_each_time_and_then_left_to_a_person(grade, judge, clock):
    judge(error=LLMError("Busy."))
    waits = []
    for _try in range(settings.GRADING_MAX_TRIES - 1):
        tasks.grade_answer(grade.pk)
        assert (now(grade).status, now(grade).error, now(grade).lease) == ("pending", "Busy.", None)
        waits.append((now(grade).next_try_at - clock.at).total_seconds())
        tasks.grade_answer(grade.pk)  # not due yet: nothing happens
        clock.at = now(grade).next_try_at
    assert now(grade).tries == settings.GRADING_MAX_TRIES - 1
    first, second = waits
    assert settings.GRADING_RETRY_SECONDS <= first <= settings.GRADING_RETRY_SECONDS * 1.2
    assert settings.GRADING_RETRY_SECONDS * 2 <= second <= settings.GRADING_RETRY_SECONDS * 2.4
    tasks.grade_answer(grade.pk)
    assert (now(grade).status, now(grade).error) == ("failed", "Busy.")
    assert_no_score(grade)


def test_after_a_passing_fault_the_verdict_is_written_without_the_reason(grade, judge, clock):
    judge(error=LLMError("Busy."))
    tasks.grade_answer(grade.pk)
    judge(score=0.5)
    clock.at = now(grade).next_try_at
    tasks.grade_answer(grade.pk)
    assert (now(grade).status, now(grade).score, now(grade).error, now(grade).tries) == ("done", 0.5, "", 2)


@pytest.mark.parametrize(("asked", "least", "most"), [(0, 15, 18), (5, 15, 18), (100, 100, 120), (1e9, 600, 720)])
def test_the_server_may_ask_to_wait_but_not_for_ever(grade, judge, asked, least, most):
    judge(error=LLMError("Busy.", retry_after=asked))
    tasks.grade_answer(grade.pk)
    assert least <= (now(grade).next_try_at - NOON).total_seconds() <= most


@pytest.mark.parametrize("error", [ValueError("secret text"), MemoryError(), KeyError("points"), AssertionError()])
def test_an_unexpected_fault_is_never_a_score(grade, judge, clock, error):
    judge(error=error)
    for _try in range(settings.GRADING_MAX_TRIES):
        tasks.grade_answer(grade.pk)
        assert_no_score(grade)
        clock.at = now(grade).next_try_at
    assert (now(grade).status, now(grade).error) == ("failed", tasks.WENT_WRONG)  # nothing of the exception


@at_once
@pytest.mark.parametrize("score", [math.nan, 1.5, -1])
def test_a_verdict_that_the_database_refuses_is_tried_again(judge, score):
    grade = build.handed_in().answers.get(position=1).grades.get()
    judge(score=score)
    tasks.grade_answer(grade.pk)
    assert (now(grade).status, now(grade).error, now(grade).lease) == ("pending", tasks.WENT_WRONG, None)
    assert_no_score(grade)


# --- The two graders --------------------------------------------------------------------


def test_the_grader_is_the_one_that_was_asked_for(answer, manager, monkeypatch, settings):
    used = []
    monkeypatch.setattr(grading, "grade", lambda question, text, grader, names: used.append(grader) or 1 / 0)
    semantic = answer.grades.get()
    settings.GRADER = "llm"  # configured after the interview was handed in
    tasks.grade_answer(semantic.pk)
    Grade.objects.filter(pk=semantic.pk).update(status="failed", lease=None, leased_until=None)
    assert interviews.grade_again(answer, manager, NOON)
    tasks.grade_answer(answer.grades.pending().get().pk)
    assert used == ["semantic", "llm"]


@pytest.mark.parametrize(("broken", "other"), [("llm", "semantic"), ("semantic", "llm")])
def test_neither_grader_stands_in_for_the_other(answer, grade, monkeypatch, clock, broken, other):
    def fail(*args: Any) -> grading.Verdict:
        raise LLMError("Out of order.")

    def stand_in(*args: Any) -> grading.Verdict:
        pytest.fail(f"the {other} grader was asked")

    monkeypatch.setattr(grading, f"grade_{broken}", fail)
    monkeypatch.setattr(grading, f"grade_{other}", stand_in)
    monkeypatch.setattr(grading, "decide", lambda *args: "")
    Grade.objects.filter(pk=grade.pk).update(grader=broken)
    for _try in range(settings.GRADING_MAX_TRIES):
        tasks.grade_answer(grade.pk)
        clock.at = now(grade).next_try_at
    assert (now(grade).status, now(grade).error, now(grade).grader) == ("failed", "Out of order.", broken)
    assert_no_score(grade)


# --- The sweeper ----------------------------------------------------------------------------


def test_what_killed_its_worker_each_time_is_parked_with_a_sentence(grade):
    at = NOON
    for _try in range(settings.GRADING_MAX_TRIES):
        assert Grade.objects.claim(grade.pk, at)
        tasks.sweep_grades(at)
        assert now(grade).status == "pending"  # somebody may still be working on it
        at += LEASE + SECOND
    assert Grade.objects.claim(grade.pk, at) is None
    tasks.sweep_grades(at)
    assert (now(grade).status, now(grade).error, now(grade).lease) == ("failed", tasks.WORKER_DIED, None)
    assert_no_score(grade)


def test_a_poisonous_grade_does_not_keep_others_waiting(answer, grade, judge, clock, announced):
    Grade.objects.filter(pk=grade.pk).update(tries=settings.GRADING_MAX_TRIES, leased_until=NOON)
    other = Grade.objects.exclude(pk=grade.pk).get()
    clock.at = NOON + WAKE + SECOND
    tasks.sweep_grades(clock.at)
    assert announced == [other.pk]
    judge(score=0.5)
    tasks.grade_answer(other.pk)
    assert (now(grade).status, now(other).status) == ("failed", "done")


def test_of_those_whose_workers_died_twice_one_at_a_time_is_tried_for_the_last_time(answer, announced):
    """One of them may have killed the others' worker: they must not share its last try too."""
    first, second = Grade.objects.order_by("pk")
    Grade.objects.update(tries=settings.GRADING_MAX_TRIES - 1, leased_until=NOON, woken_at=NOON - WAKE)
    at = NOON + SECOND
    for _round in range(2):
        tasks.sweep_grades(at)
        assert announced == [first.pk]  # the other one waits, also while no worker has taken this one
    assert Grade.objects.claim(first.pk, at)
    tasks.sweep_grades(at + WAKE + SECOND)
    assert announced == [first.pk]  # and while it is being graded

    at += LEASE + SECOND
    tasks.sweep_grades(at)
    assert (now(first).status, announced) == ("failed", [first.pk, second.pk])


def test_a_last_try_whose_message_was_lost_is_announced_again(answer, announced):
    first, second = Grade.objects.order_by("pk")
    Grade.objects.update(tries=settings.GRADING_MAX_TRIES - 1, leased_until=NOON, woken_at=NOON - WAKE)
    tasks.sweep_grades(NOON + SECOND)
    tasks.sweep_grades(NOON + WAKE + 3 * SECOND)
    assert announced in ([first.pk, first.pk], [first.pk, second.pk])  # one at a time


def test_the_sweeper_announces_what_nobody_seems_to_have_heard_of(announced):
    build.handed_in()
    grades = sorted(Grade.objects.values_list("pk", flat=True))
    assert tasks.sweep_grades(NOON + WAKE) == 0  # the first message may still be on its way
    assert tasks.sweep_grades(NOON + WAKE + SECOND) == 2
    assert sorted(announced) == grades
    assert tasks.sweep_grades(NOON + WAKE + 2 * SECOND) == 0
    assert tasks.sweep_grades(NOON + 2 * WAKE + 2 * SECOND) == 2


def test_the_sweeper_announces_a_second_try_as_soon_as_it_is_due(grade, announced):
    due = NOON + 20 * SECOND
    Grade.objects.exclude(pk=grade.pk).delete()
    Grade.objects.claim(grade.pk, NOON).put_off("busy", {}, due)
    assert tasks.sweep_grades(due - SECOND) == 0
    assert tasks.sweep_grades(due) == 1
    assert announced == [grade.pk]


def test_the_sweeper_leaves_alone_what_is_leased_done_or_parked(announced, manager):
    one, two = build.handed_in().answers.order_by("position")
    build.graded(one)
    build.parked(two)
    interviews.grade_again(one, manager, NOON)
    build.claimed(one)
    assert tasks.sweep_grades(NOON + LEASE) == 0
    assert announced == []


# --- The broker -------------------------------------------------------------------------------


@at_once
@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "amqp://guest:guest@127.0.0.1:1//"])
def test_with_the_broker_down_a_submit_answers_and_the_sweeper_announces_later(address, monkeypatch, announced, caplog):
    def delay(grade_id: int) -> None:
        options = {"max_retries": settings.CELERY_BROKER_TRANSPORT_OPTIONS["max_retries"]}
        with kombu.Connection(address, transport_options=options) as nowhere:
            tasks.grade_answer.apply_async((grade_id,), connection=nowhere)

    interview = build.interview()
    with monkeypatch.context() as broker_down:
        broker_down.setattr(tasks.grade_answer, "delay", delay)
        broker_down.setattr("kombu.utils.functional.sleep", lambda _: pytest.fail("a submit waits for the broker"))
        interviews.submit(interview, NOON)
        assert re.search("The broker took no message", caplog.text)
        before = set(Grade.objects.pending().values_list("pk", "woken_at"))
        tasks.sweep_grades(NOON + WAKE + SECOND)
    assert set(Grade.objects.pending().values_list("pk", "woken_at")) == before  # not taken for announced
    interview.refresh_from_db()
    assert interview.receipt_sha256
    assert tasks.sweep_grades(NOON + WAKE + 2 * SECOND) == 2
    assert sorted(announced) == sorted(pk for pk, _ in before)


def test_one_refused_message_is_enough_to_know(monkeypatch):
    calls = []

    def refuse(grade_id: int) -> None:
        calls.append(grade_id)
        raise OSError

    monkeypatch.setattr(tasks.grade_answer, "delay", refuse)
    assert tasks.wake([1, 2, 3]) is False
    assert calls == [1]  # a submit does not wait for every message to be refused


def test_a_message_holds_nothing_but_the_grades_id(announced, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        build.handed_in(texts=["canary"])
    assert sorted(announced) == sorted(Grade.objects.values_list("pk", flat=True))

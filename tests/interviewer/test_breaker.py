"""The circuit breaker: one probe at a time, shared by all workers; an outage uses up no answer's tries."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from interviewer import breaker, interviews, tasks
from interviewer.breaker import Permit
from interviewer.llm_errors import LLMError, Outage
from interviewer.models import Answer, Endpoint, Grade, User
from tests import build
from tests.build import NOON
from tests.live import free_port
from tests.parallel import together
from tests.stub_openai import StubOpenAI

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
SWEEP = timedelta(seconds=settings.SWEEP_SECONDS)
SURELY = LLMError("The model server could not be reached.", outage=Outage.SURELY)
PERHAPS = LLMError("The model server has a fault (HTTP %(status)d).", outage=Outage.PERHAPS, status=500)
TRIES = settings.GRADING_MAX_TRIES
LONGEST = breaker.MOST_PROBE_SECONDS * 1.2 + settings.SWEEP_SECONDS  # between two probes


class Clock:
    """Stands in for `timezone` in the tasks."""

    at = NOON

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(tasks, "timezone", clock)
    return clock


@pytest.fixture
def stub(settings) -> Iterator[StubOpenAI]:
    with StubOpenAI() as stub:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.OPENAI_MODEL = stub.url, "key", "tiny"
        settings.GRADER, settings.GRADING_MOST_DISTANCE = "llm", 1.0
        yield stub


def opened(at: datetime = NOON) -> datetime:
    """Let the server go down at `at`; when the next probe is due."""
    probe_at = permit(at).failed(SURELY, at)
    assert probe_at is not None
    return probe_at


def permit(at: datetime) -> Permit:
    given = breaker.admit("llm", at)
    assert given is not None
    return given


# --- Open, half-open, closed ---------------------------------------------------------------


def test_a_server_that_was_well_is_looked_at_once_a_second(django_assert_num_queries):
    with django_assert_num_queries(1):
        for milliseconds in (0, 10, 500, 999):
            at = NOON + timedelta(milliseconds=milliseconds)
            permit(at).answered(at)
    with django_assert_num_queries(1):
        permit(NOON + breaker.LATELY)
    with django_assert_num_queries(1):  # a clock that was set back
        permit(NOON - SECOND)


def test_an_outage_that_others_note_is_seen_within_a_second():
    permit(NOON)
    Endpoint.objects.create(name=breaker.endpoint().name, failures=3, down_since=NOON, probe_at=NOON + HOUR)
    assert breaker.admit("llm", NOON + breaker.LATELY) is None
    assert breaker.lately(NOON + 2 * SECOND).takes(NOON + 2 * SECOND) == 0


def test_what_this_process_notes_is_seen_at_once():
    permit(NOON)
    opened()
    assert breaker.admit("llm", NOON) is None


def test_failures_are_in_a_row_only_without_an_answer_between_them():
    permit(NOON)
    permit(NOON).failed(PERHAPS, NOON)
    permit(NOON).answered(NOON)
    assert breaker.endpoint().failures == 0


def test_a_server_that_never_failed_may_be_asked():
    assert (breaker.endpoint().takes(NOON), permit(NOON).probe) == (None, None)
    permit(NOON).answered()
    assert not Endpoint.objects.exists()


def test_what_surely_is_an_outage_opens_it_at_once():
    probe_at = opened()
    known = breaker.endpoint()
    assert (known.down_since, known.error, known.takes(probe_at - SECOND)) == (NOON, SURELY.message, 0)
    assert breaker.admit("llm", probe_at - SECOND) is None


def test_what_may_be_one_answers_fault_opens_it_when_it_goes_on():
    for n in range(TRIES - 1):
        assert permit(NOON).failed(PERHAPS, NOON + n * SECOND) is None
    assert permit(NOON).failed(PERHAPS, NOON + TRIES * SECOND) is not None
    assert breaker.endpoint().reason == "The model server has a fault (HTTP 500)."


def test_a_reply_in_between_starts_the_count_anew():
    for _ in range(3):
        for _ in range(TRIES - 1):
            assert permit(NOON).failed(PERHAPS, NOON) is None
        permit(NOON).answered()
    assert (breaker.endpoint().failures, breaker.endpoint().is_down) == (0, False)


def test_when_it_is_due_one_may_probe():
    probe_at = opened()
    assert breaker.endpoint().takes(probe_at) == 1
    assert permit(probe_at).probe
    assert breaker.endpoint().takes(probe_at) == 0
    assert breaker.admit("llm", probe_at) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_may_probe():
    probe_at = opened()
    given = together(*[partial(breaker.admit, "llm", probe_at)] * 8)
    assert [bool(one) for one in given].count(True) == 1
    assert breaker.endpoint().probes == 1


@pytest.mark.django_db(transaction=True)
def test_many_failures_at_once_are_all_counted_and_open_it_once():
    permits = [permit(NOON) for _ in range(8)]
    together(*[partial(each.failed, PERHAPS, NOON) for each in permits])
    known = breaker.endpoint()
    assert (known.failures, known.is_down, known.probes) == (8, True, 0)


def test_a_probe_that_is_answered_closes_it():
    permit(opened()).answered()
    known = breaker.endpoint()
    assert (known.failures, known.down_since, known.probe_at, known.probes) == (0, None, None, 0)
    assert known.error  # what was last wrong may still be read


def test_each_probe_in_vain_doubles_the_wait_up_to_a_limit():
    at, waits = opened(), []
    for _ in range(12):
        next_at = permit(at).failed(SURELY, at)
        waits.append((next_at - at).total_seconds())
        at = next_at
    least = [min(settings.LLM_PROBE_SECONDS * 2.0**n, breaker.MOST_PROBE_SECONDS) for n in range(1, 13)]
    assert all(low <= wait <= low * 1.2 for low, wait in zip(least, waits, strict=True))
    assert breaker.endpoint().down_since == NOON


def test_after_a_recovery_the_next_outage_starts_with_short_waits():
    at = opened()
    for _ in range(5):
        at = permit(at).failed(SURELY, at)
    permit(at).answered()
    assert opened(at) - at <= timedelta(seconds=settings.LLM_PROBE_SECONDS * 1.2)


def test_a_probe_that_is_never_heard_of_again_is_followed_by_another():
    probe_at = opened()
    dead = permit(probe_at)
    later = probe_at + timedelta(seconds=settings.LLM_TOTAL_SECONDS)
    assert breaker.admit("llm", later - SECOND) is None
    second = permit(later)
    before = breaker.endpoint().probe_at
    dead.failed(SURELY, later)  # it comes back after all, and may not touch the other's turn
    assert breaker.endpoint().probe_at == before
    second.answered()
    assert not breaker.endpoint().is_down


def test_a_probe_that_needed_no_model_gives_its_turn_back():
    probe_at = opened()
    permit(probe_at).unused(probe_at)
    assert permit(probe_at).probe


def test_a_reply_asked_for_before_the_outage_does_not_end_it():
    before = permit(NOON - SECOND)
    opened()
    before.answered()
    assert breaker.endpoint().is_down


def test_failures_of_requests_under_way_do_not_count_as_probes():
    under_way = [permit(NOON - SECOND) for _ in range(20)]
    opened()
    for each in under_way:
        each.failed(SURELY, NOON + SECOND)
    assert breaker.endpoint().probe_at - NOON <= timedelta(seconds=1 + settings.LLM_PROBE_SECONDS * 1.2)


@pytest.mark.parametrize(("asked", "least"), [(None, 5), (0, 5), (2, 5), (60, 60), (1e9, 600)])
def test_the_server_may_ask_to_be_left_alone_but_not_for_ever(asked, least):
    error = LLMError("Busy.", retry_after=asked, outage=Outage.SURELY)
    wait = (permit(NOON).failed(error, NOON) - NOON).total_seconds()
    assert least <= wait <= least * 1.2


def test_waits_are_drawn_by_lot():
    random.seed(1)
    assert len({breaker.wait(10, SURELY) for _ in range(20)}) == 20


def test_a_longer_wait_asked_for_by_a_request_under_way_counts():
    under_way = permit(NOON - SECOND)
    opened()
    asked = LLMError("Busy.", retry_after=90, outage=Outage.SURELY)
    assert under_way.failed(asked, NOON) >= NOON + 90 * SECOND


@pytest.mark.parametrize("change", [{"down_since": NOON}, {"probe_at": NOON}])
def test_it_is_probed_exactly_while_it_is_down(change):
    with pytest.raises(IntegrityError), transaction.atomic():
        Endpoint.objects.create(name="x", **change)


def test_each_server_and_model_has_a_breaker_of_its_own(settings):
    opened()
    settings.OPENAI_MODEL = "another"
    assert permit(NOON).probe is None
    settings.OPENAI_BASE_URL = "http://other/v1"
    assert permit(NOON).probe is None


def test_no_secret_is_in_the_name(settings):
    settings.OPENAI_BASE_URL, settings.OPENAI_MODEL = "https://user:hunter2@models.example:8443/v1?key=hunter2", "tiny"
    assert breaker.endpoint().name == "tiny @ models.example:8443/v1"


# --- Answers, while a server over HTTP is down -----------------------------------------------


@pytest.fixture
def answers(stub, db) -> list[Answer]:
    return list(build.handed_in(texts=["缓存命中可以省去重复计算", "批处理提高吞吐"]).answers.order_by("position"))


def row(answer: Answer) -> Grade:
    """The answer's newest grade as it is stored."""
    return answer.grades.order_by("pk").last()


def states(answers: list[Answer]) -> list[str]:
    return [row(answer).status for answer in answers]


def work(clock: Clock, announced: list[int], seconds: float) -> None:
    """Sweep and grade what is announced, round after round, for so long."""
    end = clock.at + timedelta(seconds=seconds)
    while clock.at <= end:
        tasks.sweep_grades(clock.at)
        while announced:
            tasks.grade_answer(announced.pop(0))
        clock.at += SWEEP


def test_a_long_outage_uses_up_no_try(answers, stub, clock, announced):
    stub.misbehave("503", times=10_000)
    clock.at += timedelta(seconds=settings.GRADING_WAKE_SECONDS)
    work(clock, announced, 3600)
    assert states(answers) == ["pending", "pending"]
    assert all(row(answer).tries == 0 and row(answer).calls == 0 for answer in answers)
    assert row(answers[0]).reason == "The model server has a fault (HTTP 503)."
    assert 3600 / LONGEST <= len(stub.requests) <= 3600 / breaker.MOST_PROBE_SECONDS + 8
    stub.script.clear()
    work(clock, announced, LONGEST + settings.GRADING_WAKE_SECONDS)
    assert states(answers) == ["done", "done"]
    assert not breaker.endpoint().is_down


def test_an_answer_alone_waits_too_whatever_the_kind_of_outage(stub, clock, announced):
    answer = build.handed_in(texts=["缓存命中可以省去重复计算"]).answers.get(position=1)
    Grade.objects.exclude(answer=answer).delete()
    stub.misbehave("500", times=10_000)
    work(clock, announced, 1800)
    assert (row(answer).status, breaker.endpoint().is_down) == ("pending", True)
    assert row(answer).tries < TRIES
    stub.script.clear()
    work(clock, announced, LONGEST + settings.GRADING_WAKE_SECONDS)
    assert row(answer).status == "done"


def test_nobody_there_is_an_outage(answers, clock, announced, settings):
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{free_port()}/v1"
    work(clock, announced, 600)
    assert (states(answers), breaker.endpoint().reason) == (
        ["pending", "pending"],
        "The model server could not be reached.",
    )


@pytest.mark.parametrize(("fault", "probing"), [("hang", 600), ("reset", 600), ("429", 120)])
def test_other_outages(answers, stub, clock, announced, settings, fault, probing):
    settings.LLM_TOTAL_SECONDS = 0.2
    stub.misbehave(fault, times=10_000)
    work(clock, announced, probing)
    assert states(answers) == ["pending", "pending"]
    assert breaker.endpoint().is_down


def test_an_answer_on_which_the_server_fails_is_parked_and_the_others_go_on(answers, stub, clock):
    poison, healthy = answers
    for _try in range(TRIES):
        stub.misbehave("500")
        tasks.grade_answer(row(poison).pk)
        clock.at += HOUR
        if row(healthy).status == "pending":
            tasks.grade_answer(row(healthy).pk)
    assert (row(poison).status, row(poison).tries) == ("failed", TRIES)
    assert row(healthy).status == "done"
    assert not breaker.endpoint().is_down


def test_a_bad_reply_is_the_answers_own_fault_even_of_a_probe(answers, stub, clock):
    stub.misbehave("503").say("nonsense", times=2)
    tasks.grade_answer(row(answers[0]).pk)
    clock.at = breaker.endpoint().probe_at
    tasks.grade_answer(row(answers[1]).pk)
    assert (row(answers[1]).tries, row(answers[1]).status) == (1, "pending")
    assert not breaker.endpoint().is_down  # it answered


def test_while_it_is_down_messages_leave_answers_alone_until_the_sweeper_tells_of_them(answers, stub, clock, announced):
    probe_at = opened()
    for answer in answers:
        tasks.grade_answer(row(answer).pk)
    assert [(row(each).tries, row(each).lease, row(each).woken_at) for each in answers] == [(0, None, None)] * 2
    assert (stub.requests, tasks.sweep_grades(probe_at - SECOND)) == ([], 0)
    assert tasks.sweep_grades(probe_at) == 1
    assert announced == [row(answers[0]).pk]
    clock.at = probe_at
    tasks.grade_answer(announced.pop())
    assert tasks.sweep_grades(probe_at) == 1
    assert announced == [row(answers[1]).pk]


def test_a_probe_in_vain_goes_behind_the_others(answers, stub, clock, announced):
    """Else an answer on which the server fails could keep all others waiting."""
    stub.misbehave("503").misbehave("500")
    Grade.objects.update(woken_at=None)
    for answer in answers:
        tasks.grade_answer(row(answer).pk)
        clock.at = breaker.endpoint().probe_at
        other = answers[1 - answers.index(answer)]
        assert tasks.sweep_grades(clock.at) == 1
        assert announced.pop() == row(other).pk


def test_who_loses_the_turn_to_probe_gives_the_grade_back(answers, stub, clock, monkeypatch):
    clock.at = opened()
    monkeypatch.setattr(breaker, "admit", lambda grader, at: None)
    before = Grade.objects.filter(pk=row(answers[0]).pk).values("tries", "next_try_at", "status", "lease").get()
    tasks.grade_answer(row(answers[0]).pk)
    assert Grade.objects.filter(pk=row(answers[0]).pk).values("tries", "next_try_at", "status", "lease").get() == before
    assert tasks.sweep_grades(clock.at) == 1


def test_a_probe_with_a_blank_answer_asks_nobody_and_leaves_the_turn_to_another(stub, clock):
    blank, full = build.handed_in(texts=["", "批处理提高吞吐"]).answers.order_by("position")
    clock.at = opened()
    tasks.grade_answer(row(blank).pk)
    assert (row(blank).status, stub.requests, breaker.endpoint().is_down) == ("done", [], True)
    tasks.grade_answer(row(full).pk)
    assert (row(full).status, breaker.endpoint().is_down) == ("done", False)


def test_what_has_waited_for_too_long_is_left_to_a_person_who_may_ask_again(
    answers, stub, clock, announced, manager: User, settings
):
    opened(NOON + 23 * HOUR)
    tasks.sweep_grades(NOON + 24 * HOUR)
    assert states(answers) == ["pending", "pending"]
    tasks.sweep_grades(NOON + 24 * HOUR + SECOND)
    assert {(row(each).status, row(each).reason, row(each).score) for each in answers} == {
        ("failed", "The model server was down for too long.", None)
    }
    clock.at = NOON + 25 * HOUR
    assert interviews.grade_again(answers[0], manager, clock.at)
    work(clock, announced, 300)
    assert states(answers) == ["done", "failed"]


def test_old_answers_wait_for_other_reasons_as_long_as_the_server_is_up(answers, stub):
    tasks.sweep_grades(NOON + 100 * HOUR)
    assert states(answers) == ["pending", "pending"]


def test_grading_by_similarity_does_not_wait_for_a_model(answers, clock, announced, tiny_tokens):
    opened()
    Grade.objects.filter(answer=answers[0]).update(grader="semantic")
    work(clock, announced, settings.GRADING_WAKE_SECONDS + 2 * settings.SWEEP_SECONDS)
    assert row(answers[0]).status == "done"

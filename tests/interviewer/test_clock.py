"""The clock of an interview: its sum, extra time, pauses, what our faults give back, and what happens at its end."""

from __future__ import annotations

import contextlib
import random
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from interviewer import clock, interviews, pulse, receipts
from interviewer.clock import AlreadyExtended, InterviewClosed, InterviewPaused, NoPauseLeft
from interviewer.interviews import NotOpen
from interviewer.models import Accommodation, Answer, Extension, Grade, Interview, InterviewTemplate, Pulse, User
from tests import build
from tests.build import NOON
from tests.parallel import threads, together

pytestmark = pytest.mark.django_db
at_once = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
TRANSIT = timedelta(seconds=settings.GRACE_SECONDS)
Kind = Extension.Kind


def minutes(count: float) -> datetime:
    """That many minutes after noon, when every interview here begins; it lasts ten."""
    return NOON + count * MINUTE


def first(interview: Interview) -> Answer:
    return interview.answers.get(position=1)


def fresh(interview: Interview) -> Interview:
    """The interview as it is stored, its deadline proven to be the sum of its parts."""
    stored = Interview.objects.get(pk=interview.pk)
    added = sum((extension.length for extension in stored.extensions.all()), timedelta())
    assert stored.deadline == stored.base_deadline + added
    return stored


def kinds(interview: Interview) -> list[tuple[str, timedelta]]:
    return [(extension.kind, extension.length) for extension in interview.extensions.all()]


def give(interview: Interview, by: User, count: int = 1, *, at: datetime = NOON, seen: int = 0) -> None:
    clock.extend(interview, count * MINUTE, "the fire alarm", by, at, seen)


# --- The deadline at the start -----------------------------------------------------


@pytest.mark.parametrize(
    "begun",
    [
        datetime(2026, 3, 29, 1, 55, tzinfo=ZoneInfo("Europe/Berlin")),  # five minutes before the hour that is left out
        datetime(2026, 10, 25, 2, 55, tzinfo=ZoneInfo("Europe/Berlin")),  # before the hour that comes twice
        datetime(2026, 10, 25, 2, 55, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2038, 1, 19, 3, 10, tzinfo=UTC),  # four minutes before 2**31 seconds
        datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2028, 2, 28, 23, 55, tzinfo=UTC),
    ],
    ids=str,
)
def test_ten_minutes_are_ten_minutes(begun, candidate, manager):
    """And so is everything that is added: on every calendar, through the database's own arithmetic."""
    begun = begun.astimezone(UTC)  # as the server's clock says it
    interview = build.interview(candidate, begun, pause_minutes=5, expiry="grace", late_minutes=3)
    assert fresh(interview).deadline == begun + 10 * MINUTE
    give(interview, manager, 7, at=begun)
    clock.pause(interview, begun + MINUTE)
    clock.resume(interview, begun + 3 * MINUTE)
    end = begun + (10 + 7 + 2) * MINUTE
    assert fresh(interview).deadline == end
    last = end + 3 * MINUTE + TRANSIT
    assert interviews.settle_expired(last) == 0
    interviews.save(first(interview), "in time", 0, last)
    with pytest.raises(InterviewClosed):
        interviews.save(first(interview), "too late", 1, last + timedelta(microseconds=1))
    assert interviews.settle_expired(last + timedelta(microseconds=1)) == 1
    assert fresh(interview).submitted_at == end + 3 * MINUTE


@pytest.mark.parametrize(
    ("closes", "starts", "lasts"),
    [(None, 0, 10), (60, 0, 10), (10, 0, 10), (6, 0, 6), (60, 55, 5), (60, 59.5, 0.5)],
)
def test_who_starts_late_has_until_the_window_closes(candidate, closes, starts, lasts):
    window = {"opens_at": NOON, "closes_at": closes and minutes(closes)}
    interview = build.interview(candidate, minutes(starts), **window)
    assert fresh(interview).deadline == minutes(starts) + lasts * MINUTE


@pytest.mark.parametrize("window", [{"opens_at": minutes(1)}, {"closes_at": NOON}, {"closes_at": minutes(-1)}])
def test_outside_its_window_nothing_begins(candidate, window):
    build.question()
    with pytest.raises(NotOpen):
        interviews.start(build.template(**window), candidate, NOON)
    assert not Interview.objects.exists()


def test_the_window_closing_ends_nothing_that_was_added(candidate, manager):
    """It bounds what everybody gets; what is owed to a person reaches past it."""
    Accommodation.objects.create(person=candidate, multiplier="1.5")
    interview = build.interview(candidate, closes_at=minutes(6), pause_minutes=2)
    assert (fresh(interview).base_deadline, interview.deadline) == (minutes(6), minutes(9))
    give(interview, manager, 1)
    assert fresh(interview).accepts(minutes(10))


# --- Extra time of a person ----------------------------------------------------------


@pytest.mark.parametrize(
    ("multiplier", "extra", "total"), [("1", 0, 10), ("1.25", 0, 12.5), ("1.5", 5, 20), ("1", 3, 13), ("5", 480, 530)]
)
def test_extra_time_follows_a_person(candidate, stranger, multiplier, extra, total):
    Accommodation.objects.create(person=candidate, multiplier=multiplier, extra_minutes=extra)
    for begun in (NOON, minutes(24 * 60)):
        interview = build.interview(candidate, begun)
        assert fresh(interview).deadline == begun + total * MINUTE
        assert interview.base_deadline == begun + 10 * MINUTE
    assert kinds(interview) == ([(Kind.ACCOMMODATION, (total - 10) * MINUTE)] if total > 10 else [])
    assert fresh(build.interview(stranger)).deadline == minutes(10)


def test_extra_time_given_midway_counts_from_the_next_interview_on(candidate):
    interview = build.interview(candidate)
    Accommodation.objects.create(person=candidate, multiplier=2)
    assert interviews.start(interview.template, candidate, minutes(1)) == interview
    assert fresh(interview).deadline == minutes(10)


@pytest.mark.parametrize("multiplier", ["0.99", "0", "-1"])
def test_nobody_is_given_less_time(candidate, multiplier):
    with pytest.raises(IntegrityError), transaction.atomic():
        Accommodation.objects.create(person=candidate, multiplier=multiplier)


# --- A manager's extension -------------------------------------------------------------


def test_a_manager_gives_time_with_a_reason(manager):
    interview = build.interview()
    give(interview, manager, 5, at=minutes(4))
    row = fresh(interview).extensions.get()
    assert (row.kind, row.length, row.reason) == (Kind.MANAGER, 5 * MINUTE, "the fire alarm")
    assert (row.given_by, row.at) == (manager, minutes(4))
    interviews.save(first(interview), "in the added time", 0, minutes(14.9))


def test_the_second_of_two_clicks_adds_nothing(manager):
    interview = build.interview()
    give(interview, manager)
    with pytest.raises(AlreadyExtended):
        give(interview, manager)
    give(interview, manager, seen=1)
    assert fresh(interview).deadline == minutes(12)


def test_nothing_is_added_to_what_is_handed_in(manager):
    interview = build.handed_in()
    with pytest.raises(InterviewClosed):
        give(interview, manager)
    assert fresh(interview).deadline == minutes(10)


def test_time_given_while_the_clock_is_about_to_hand_in_is_not_lost(manager):
    """A sweeper and a candidate's page that saw the old deadline close nothing."""
    interview = build.interview()
    stale = Interview.objects.get(pk=interview.pk)
    give(interview, manager, 5, at=minutes(10))
    assert interviews.submit(stale, minutes(10.5), by="clock").submitted_at is None
    assert interviews.settle_expired(minutes(10.5)) == 0
    assert interviews.submit(stale, minutes(10.5)).submitted_by == "candidate"  # who may at any time


@at_once
def test_of_many_clicks_at_once_one_adds_time(manager):
    interview = build.interview()

    def click() -> bool:
        try:
            give(Interview.objects.get(pk=interview.pk), manager)
        except AlreadyExtended:
            return False
        return True

    assert sorted(together(*[click] * 8)) == [False] * 7 + [True]
    assert fresh(interview).deadline == minutes(11)


def quietly(verb, interview: Interview, *args) -> None:
    """Call a verb on the interview as a process of its own would see it; being refused is fine."""
    refusals = (InterviewClosed, InterviewPaused, AlreadyExtended, NoPauseLeft, interviews.SaveConflict)
    with contextlib.suppress(*refusals):
        verb(Interview.objects.get(pk=interview.pk), *args)


def type_on(interview: Interview, at: datetime) -> None:
    interviews.save(first(interview), "text", 0, at)


@at_once
def test_the_sum_holds_while_everything_happens_at_once(candidate, manager):
    """A manager, a candidate in two tabs, our own faults and the sweeper, in random order, on the same interview."""
    build.bank(2)
    template = build.template(pause_minutes=3)
    chance = random.Random(7)
    with threads(7) as run_together:
        for n in range(40):
            begun = NOON + n * timedelta(days=1)
            at = begun + chance.uniform(0, 11) * MINUTE
            interview = interviews.start(template, candidate, begun)
            calls = [
                partial(quietly, clock.extend, interview, MINUTE, "why", manager, at, 0),
                partial(quietly, clock.pause, interview, at),
                partial(quietly, clock.resume, interview, at + MINUTE),
                partial(quietly, clock.credit, interview, Kind.OUTAGE, at - MINUTE, at),
                partial(quietly, type_on, interview, at),
                partial(interviews.settle_expired, at + 2 * MINUTE),
                partial(quietly, interviews.submit, interview, at) if n % 2 else partial(interviews.settle_expired, at),
            ]
            chance.shuffle(calls)
            run_together(*calls)
            interviews.submit(interview, begun + timedelta(hours=20))
            stored = fresh(interview)
            assert stored.paused_at is None
            assert stored.receipt_sha256 == receipts.whole_hash(stored, stored.answers.order_by("position"))
            assert Grade.objects.filter(answer__interview=interview).count() == 2


# --- When the time is over ---------------------------------------------------------------


def test_in_the_late_minutes_one_may_write_and_it_is_marked(candidate):
    interview = build.interview(candidate, expiry="grace", late_minutes=3)
    one, two = interview.answers.order_by("position")
    interviews.save(one, "on its way at the end", 0, minutes(10) + TRANSIT)
    interviews.save(two, "late", 0, minutes(12.9))
    interview = fresh(interview)
    assert [interview.is_late(answer.saved_at) for answer in interview.answers.order_by("position")] == [False, True]
    assert interview.remaining(minutes(11)) == timedelta()
    assert interviews.settle_expired(minutes(13) + TRANSIT) == 0
    assert interviews.settle_expired(minutes(13) + TRANSIT + SECOND) == 1
    interview = fresh(interview)
    assert (interview.submitted_by, interview.submitted_at) == ("clock", minutes(13))
    assert Grade.objects.count() == 2


def test_a_candidate_may_hand_in_late(candidate):
    interview = build.interview(candidate, expiry="grace", late_minutes=3)
    interviews.submit(interview, minutes(12))
    assert (interview.submitted_by, interview.submitted_at) == ("candidate", minutes(12))
    assert interview.is_late(interview.submitted_at)


def test_an_abandoned_interview_is_kept_and_waits_for_a_manager(candidate, manager, announced):
    interview = build.interview(candidate, expiry="abandon")
    interviews.save(first(interview), "begun", 0, minutes(1))
    assert interviews.settle_expired(minutes(11)) == 1
    interview = fresh(interview)
    assert interview.is_abandoned
    assert interview.submitted_at == minutes(10)
    assert interview.receipt_sha256 == receipts.whole_hash(interview, interview.answers.order_by("position"))
    assert not Grade.objects.exists()
    with pytest.raises(InterviewClosed):
        interviews.save(first(interview), "more", 1, minutes(11))

    assert interviews.grade_abandoned(interview, manager, minutes(30))
    assert not interviews.grade_abandoned(interview, manager, minutes(31))
    assert set(Grade.objects.values_list("requested_by", "created_at")) == {(manager.pk, minutes(30))}
    assert fresh(interview).is_abandoned  # that it was stays known
    # And the candidate may sit another one.
    assert interviews.start(interview.template, candidate, minutes(40)) != interview


def test_who_hands_in_abandons_nothing(candidate, manager):
    interview = build.interview(candidate, expiry="abandon")
    interviews.submit(interview, minutes(9))
    assert not interview.is_abandoned
    assert Grade.objects.count() == 2
    assert not interviews.grade_abandoned(interview, manager, minutes(30))


@at_once
def test_of_decisions_at_once_one_counts(manager):
    interview = build.interview(expiry="abandon")
    interviews.settle_expired(minutes(11))
    decide = partial(interviews.grade_abandoned, interview, manager, minutes(12))
    assert sorted(together(*[decide] * 6)) == [False] * 5 + [True]
    assert Grade.objects.count() == 2


@pytest.mark.parametrize("expiry", ["autosubmit", "grace", "abandon"])
def test_the_rules_of_the_end_are_those_of_the_start(candidate, expiry):
    interview = build.interview(candidate, expiry=expiry, late_minutes=2)
    other = "autosubmit" if expiry != "autosubmit" else "abandon"
    InterviewTemplate.objects.filter(pk=interview.template_id).update(expiry=other, late_minutes=100)
    interviews.settle_expired(minutes(60))
    interview = fresh(interview)
    assert interview.is_abandoned is (expiry == "abandon")
    assert interview.submitted_at == minutes(12 if expiry == "grace" else 10)


# --- Pause -----------------------------------------------------------------------------------


@pytest.fixture
def pausable(candidate) -> Interview:
    return build.interview(candidate, pause_minutes=5)


def test_a_pause_gives_back_its_time(pausable):
    clock.pause(pausable, minutes(2))
    assert pausable.remaining(minutes(2)) == pausable.remaining(minutes(5)) == 8 * MINUTE
    clock.resume(pausable, minutes(5))
    assert fresh(pausable).deadline == minutes(13)
    assert kinds(pausable) == [(Kind.PAUSE, 3 * MINUTE)]
    assert pausable.remaining(minutes(5)) == 8 * MINUTE
    assert clock.pause_left(pausable) == 2 * MINUTE


def test_while_paused_nothing_is_written(pausable):
    interviews.save(first(pausable), "before", 0, minutes(2))
    clock.pause(pausable, minutes(2))
    assert not pausable.accepts(minutes(3))
    with pytest.raises(InterviewPaused):
        interviews.save(first(pausable), "meanwhile", 1, minutes(3))
    with pytest.raises(InterviewClosed):
        interviews.set_flag(first(pausable), True, minutes(3))
    interviews.open_question(pausable, 2, minutes(3))
    assert fresh(pausable).current_position == 1
    clock.resume(pausable, minutes(4))
    assert interviews.save(first(pausable), "after", 1, minutes(4)).revision == 2


def test_a_pause_ends_at_its_bound_whoever_looks(pausable):
    clock.pause(pausable, minutes(2))
    assert not pausable.accepts(minutes(7) - SECOND)
    assert pausable.accepts(minutes(7))
    assert pausable.remaining(minutes(9)) == 6 * MINUTE  # by arithmetic alone, nothing is written yet
    assert interviews.settle_expired(minutes(15) + TRANSIT) == 0
    assert fresh(pausable).deadline == minutes(15)
    assert pausable.extensions.get().at == minutes(7)
    assert interviews.settle_expired(minutes(15) + TRANSIT + SECOND) == 1


def test_a_save_after_the_bound_ends_the_pause_itself(pausable):
    clock.pause(pausable, minutes(2))
    interviews.catch_up(pausable, minutes(8))
    interviews.save(first(pausable), "back again", 0, minutes(8))
    assert fresh(pausable).deadline == minutes(15)


def test_no_longer_than_allowed_in_all(pausable):
    for begun, ended in [(1, 3), (4, 6)]:
        clock.pause(pausable, minutes(begun))
        clock.resume(pausable, minutes(ended))
    clock.pause(pausable, minutes(7))
    assert pausable.paused_until == minutes(8)
    clock.resume(pausable, minutes(60))
    assert fresh(pausable).deadline == minutes(15)
    with pytest.raises(NoPauseLeft):
        clock.pause(pausable, minutes(9))


@pytest.mark.parametrize("at", [10, 10.1, 12])
def test_once_over_there_is_nothing_to_pause(candidate, at):
    interview = build.interview(candidate, pause_minutes=5, expiry="grace", late_minutes=5)
    with pytest.raises(InterviewClosed):
        clock.pause(interview, minutes(at))
    assert fresh(interview).paused_at is None


def test_without_an_allowance_there_is_no_pause():
    with pytest.raises(NoPauseLeft):
        clock.pause(build.interview(), minutes(1))


def test_pausing_twice_and_resuming_twice_are_once(pausable):
    clock.pause(pausable, minutes(1))
    clock.pause(pausable, minutes(2))
    assert fresh(pausable).paused_at == minutes(1)
    clock.resume(pausable, minutes(3))
    clock.resume(pausable, minutes(4))
    assert kinds(pausable) == [(Kind.PAUSE, 2 * MINUTE)]


def test_a_pause_counts_for_no_question(pausable):
    clock.pause(pausable, minutes(2))
    assert first(pausable).time_used(pausable, minutes(4)) == 120
    clock.resume(pausable, minutes(5))
    assert first(pausable).time_used(pausable, minutes(6)) == 180
    interviews.submit(pausable, minutes(6))
    assert first(pausable).seconds_used == 180


def test_handing_in_ends_a_pause(pausable):
    clock.pause(pausable, minutes(2))
    interviews.submit(pausable, minutes(4))
    assert (fresh(pausable).submitted_by, pausable.submitted_at) == ("candidate", minutes(4))
    assert pausable.paused_at is None
    assert first(pausable).seconds_used == 120


def test_a_clock_that_went_back_during_a_pause_takes_nothing(pausable):
    clock.pause(pausable, minutes(5))
    clock.resume(pausable, minutes(3))
    assert fresh(pausable).deadline == minutes(10)
    assert not pausable.extensions.exists()


@at_once
def test_of_tabs_that_pause_and_resume_the_time_comes_back_once(pausable):
    tabs = [Interview.objects.get(pk=pausable.pk) for _ in range(8)]
    together(*(partial(clock.pause, tab, minutes(1)) for tab in tabs))
    together(*(partial(clock.resume, tab, minutes(4)) for tab in tabs))
    assert kinds(fresh(pausable)) == [(Kind.PAUSE, 3 * MINUTE)]


# --- What our faults give back ------------------------------------------------------------------


def outage(began: float, ended: float) -> None:
    """The web processes beat up to `began`, then again at `ended`, in minutes after noon."""
    Pulse.objects.all().delete()
    pulse.beat(minutes(began))
    assert pulse.beat(minutes(ended))


@pytest.mark.parametrize(
    ("began", "ended", "added"),
    [
        (2, 5, 3),  # in the middle
        (8, 20, 12),  # its deadline passed meanwhile: two minutes were left, two minutes are left
        (-5, 5, 5),  # from the start on only
        (10.1, 15, 4.9),  # a text may have been on its way
        (10.2, 15, 0),  # it was over before
    ],
)
def test_the_clock_stands_still_while_we_cannot_be_reached(began, ended, added):
    interview = build.interview()
    outage(began, ended)
    assert fresh(interview).deadline == minutes(10 + added)
    assert kinds(interview) == ([(Kind.OUTAGE, added * MINUTE)] if added else [])


def test_a_short_silence_is_no_outage():
    interview = build.interview()
    pulse.beat(minutes(1))
    assert not pulse.beat(minutes(1) + timedelta(seconds=settings.OUTAGE_SECONDS))
    assert not pulse.account(minutes(1) + 2 * timedelta(seconds=settings.OUTAGE_SECONDS))
    assert fresh(interview).deadline == minutes(10)


def test_a_first_start_is_no_outage():
    interview = build.interview()
    assert not pulse.beat(minutes(5))
    assert fresh(interview).deadline == minutes(10)


def test_what_is_handed_in_gets_nothing():
    interview = build.handed_in()
    outage(2, 5)
    assert fresh(interview).deadline == minutes(10)


def test_before_anybody_is_turned_away_an_outage_is_accounted_for():
    """The first request after it, or a sweeper that starts before the web does, closes nothing."""
    interview = build.interview()
    pulse.beat(minutes(8))
    assert pulse.last_known_up(minutes(20)) == minutes(8)
    assert interviews.settle_expired(pulse.last_known_up(minutes(20))) == 0  # a sweeper
    assert interviews.settle_expired(minutes(20)) == 0  # a page: the web is up, so the outage is over
    assert fresh(interview).deadline == minutes(22)
    assert interviews.settle_expired(pulse.last_known_up(minutes(23))) == 0  # no word from the web since 20
    for second in range(0, 180, 5):
        pulse.beat(minutes(20) + second * SECOND)
    assert interviews.settle_expired(pulse.last_known_up(minutes(23))) == 1
    assert fresh(interview).submitted_at == minutes(22)


def test_a_server_clock_that_is_put_forward_takes_no_time_away():
    interview = build.interview()
    pulse.beat(minutes(4))
    pulse.beat(minutes(64) + 5 * SECOND)
    assert fresh(interview).remaining(minutes(64) + 5 * SECOND) == 6 * MINUTE


def test_a_server_clock_that_is_put_back_takes_no_time_away():
    interview = build.interview()
    pulse.beat(minutes(4))
    assert not pulse.beat(minutes(-56))
    assert fresh(interview).deadline == minutes(10)
    pulse.beat(minutes(-56) + 5 * SECOND)
    assert Pulse.objects.get().at == minutes(-56) + 5 * SECOND


@pytest.mark.parametrize(
    ("paused", "began", "ended", "deadline"),
    [
        ((1, 4), 2, 3, 13),  # within a pause: the clock stood still anyway
        ((1, 4), 0.5, 6, 15.5),  # 0.5–1 and 4–6 were lost, and the pause itself
        ((1, 4), 5, 6, 14),
    ],
)
def test_what_a_pause_covers_is_not_given_back_twice(pausable, paused, began, ended, deadline):
    clock.pause(pausable, minutes(paused[0]))
    clock.resume(pausable, minutes(paused[1]))
    outage(began, ended)
    assert fresh(pausable).deadline == minutes(deadline)


def test_an_outage_beyond_the_bound_of_a_pause(pausable):
    """Paused at 2 for five minutes at most; away from 3 to 10: the three minutes after the bound come back."""
    clock.pause(pausable, minutes(2))
    outage(3, 10)
    clock.end_pauses(minutes(10))
    assert fresh(pausable).deadline == minutes(18)
    assert fresh(pausable).remaining(minutes(10)) == 8 * MINUTE


@pytest.mark.parametrize(
    ("stretches", "given"),
    [
        ([(1, 3), (1, 3)], 2),
        ([(1, 3), (2, 4)], 3),
        ([(2, 4), (1, 3)], 3),
        ([(2, 3), (1, 4)], 3),
        ([(1, 2), (3, 4), (1, 4)], 3),
        ([(1, 4), (2, 3)], 3),
        ([(1, 2), (2, 3)], 2),
    ],
)
def test_no_moment_is_given_back_twice(stretches, given):
    interview = build.interview()
    for since, until in stretches:
        clock.credit(interview, Kind.OUTAGE, minutes(since), minutes(until))
    assert fresh(interview).deadline == minutes(10 + given)


@at_once
def test_of_many_processes_that_find_the_same_outage_one_makes_it_good(candidate, stranger):
    """Web processes that start again at the same moment, requests that come in, and sweepers."""
    sittings = [build.interview(person) for person in (candidate, stranger)]
    pulse.beat(minutes(8))
    together(
        *(partial(pulse.beat, minutes(20) + n * SECOND) for n in range(4)),
        *(partial(interviews.settle_expired, minutes(20) + n * SECOND) for n in range(2)),
        *[lambda: interviews.settle_expired(pulse.last_known_up(minutes(20)))] * 2,
    )
    for interview in map(fresh, sittings):
        assert interview.submitted_at is None
        row = interview.extensions.get()
        assert (row.kind, row.since) == (Kind.OUTAGE, minutes(8))
        assert minutes(20) <= row.at <= minutes(20) + 3 * SECOND


def test_slow_answers_earn_no_more_than_their_limit():
    interview = build.interview()
    for n in range(8):
        clock.credit(interview, Kind.SLOWNESS, minutes(2 * n), minutes(2 * n + 2))
    assert fresh(interview).deadline == minutes(10) + timedelta(seconds=settings.SLOW_CREDIT_SECONDS)
    clock.credit(interview, Kind.OUTAGE, minutes(16), minutes(17))
    assert fresh(interview).deadline == minutes(11) + timedelta(seconds=settings.SLOW_CREDIT_SECONDS)


def test_a_row_of_no_time_is_refused():
    interview = build.interview()
    for length in (timedelta(), -SECOND):
        with pytest.raises(IntegrityError), transaction.atomic():
            Extension.objects.create(interview=interview, kind=Kind.PAUSE, length=length, at=timezone.now())

"""Any sequence of verbs, refusals, kills and restores leaves the database as `oracle.py` says. Hypothesis searches."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from interviewer import clock, interviews
from interviewer.models import Answer, Extension, Interview, InterviewTemplate, User
from tests import build
from tests.faults.invariants import violations
from tests.faults.oracle import Rules, World

MINUTE = 60
KINDS = {
    "autosubmit": Rules(10 * MINUTE, pauses=3 * MINUTE),
    "grace": Rules(10 * MINUTE, expiry="grace", grace=2 * MINUTE, pauses=2 * MINUTE),
    "abandon": Rules(5 * MINUTE, expiry="abandon", pauses=MINUTE),
}
PEOPLE = ("ann", "bo")
MOST_SITTINGS = 4
REFUSALS = {
    clock.InterviewClosed: "closed",
    clock.InterviewPaused: "paused",
    clock.AlreadyExtended: "already",
    clock.NoPauseLeft: "none left",
    interviews.SaveConflict: "conflict",
}

numbers = st.integers(0, MOST_SITTINGS - 1)
texts = st.sampled_from(["", " ", "a", "b\r\n", "缓存", "e\u0301"])
ago = st.sampled_from([0, 0, 0, 1, 12])  # a request waits before it is served; its time is that of its arrival
stale = st.sampled_from([-1, 1])
edges = st.sampled_from([-3, -2, -1, 0, 1, 10, 11])  # seconds from a moment at which something changes
people = st.sampled_from(PEOPLE)
kinds = st.sampled_from(list(KINDS))


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_at_write(number: int) -> Iterator[None]:
    """End whatever happens inside at its `number`th write, before that is done."""
    left = number

    def count(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        nonlocal left
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            left -= 1
            if left < 0:
                raise Killed
        return execute(sql, *args)

    with connection.execute_wrapper(count):
        yield


def time(at: int) -> datetime.datetime:
    return build.NOON + datetime.timedelta(seconds=at)


def length(seconds: int) -> datetime.timedelta:
    return datetime.timedelta(seconds=seconds)


def outcome(verb: Callable[[], Any]) -> str:
    try:
        verb()
    except tuple(REFUSALS) as refusal:
        return REFUSALS[type(refusal)]
    return "ok"


@dataclass
class Cast:
    """Who and what every sequence begins with."""

    manager: User
    people: dict[str, User]
    templates: dict[str, InterviewTemplate]


class Interviews(RuleBasedStateMachine):
    """Two people, three kinds of templates, one clock. After each step the database is compared with the oracle."""

    cast: Cast

    @initialize(person=people, kind=kinds, kill_at=st.none() | st.integers(0, 3))
    def begin(self, person: str, kind: str, kill_at: int | None) -> None:
        self.now = 0
        self.world = World()
        self.pks: list[Any] = []
        self.receipts: dict[Any, str] = {}
        self.kill_at = kill_at
        self.backup: tuple[str, Any] | None = None
        self.sequence = transaction.atomic()
        self.sequence.__enter__()
        self.start(person, kind)

    def teardown(self) -> None:
        try:
            assert list(violations()) == []
        finally:
            transaction.set_rollback(True)
            self.sequence.__exit__(None, None, None)

    # --- Time, faults -------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 9, 30, 61, 200, 500]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule(
        number=numbers,
        edge=st.sampled_from([-3, -2, -1, 0, 1, 10, 11]),
        of=st.sampled_from(["deadline", "ends", "pause"]),
    )
    def time_passes_up_to_an_edge(self, number: int, edge: int, of: str) -> None:
        """The moments at which something changes are those where mistakes are."""
        sitting = self._sitting(number)
        pause = sitting.paused[1] if sitting.paused else 0
        self.now = max(self.now, {"deadline": sitting.deadline, "ends": sitting.ends, "pause": pause}[of] + edge)

    @rule(at_write=st.integers(0, 7))
    def the_next_verb_is_killed(self, at_write: int) -> None:
        self.kill_at = at_write

    @rule()
    def back_up(self) -> None:
        self.backup = (transaction.savepoint(), copy.deepcopy((self.world, self.pks, self.receipts)))

    @precondition(lambda self: self.backup)
    @rule()
    def restore(self) -> None:
        """Everything is as it was at the backup, but the time: what is over meanwhile is over."""
        savepoint, kept = self.backup
        transaction.savepoint_rollback(savepoint)
        self.world, self.pks, self.receipts = copy.deepcopy(kept)

    # --- Verbs --------------------------------------------------------------------

    @rule(person=people, kind=kinds)
    def start(self, person: str, kind: str) -> None:
        at, cast = self.now, self.cast
        begun = copy.deepcopy(self.world)
        if begun.start(person, KINDS[kind], at) == MOST_SITTINGS:
            return
        found = self._killed_or_not(lambda: interviews.start(cast.templates[kind], cast.people[person], time(at)).pk)
        number = self.world.start(person, KINDS[kind], at)
        if number == len(self.pks):
            self.pks.append(found)
        assert found == self.pks[number]

    @rule(number=numbers, which=st.integers(0, 1), text=texts, ago=ago)
    def save(self, number: int, which: int, text: str, ago: int, stale: int = 0) -> None:
        sitting, at = self._sitting(number), self.now - ago
        revision = max(0, sitting.revisions[which] + stale)
        answer = partial(Answer.objects.select_related("interview").get, interview=self._pk(number), position=which + 1)
        said = self._verb(lambda: interviews.save(answer(), text, revision, time(at)))
        assert said == sitting.save(which, text, revision, at)

    @rule(number=numbers, which=st.integers(0, 1), text=texts, ago=ago, stale=stale)
    def save_from_a_page_that_is_behind(self, number: int, which: int, text: str, ago: int, stale: int) -> None:
        self.save(number, which, text, ago, stale)

    @rule(number=numbers, text=texts, late=st.sampled_from([0, 9, 10, 11]))
    def save_in_the_last_moment(self, number: int, text: str, late: int) -> None:
        self.now = max(self.now, self._sitting(number).ends + late)
        self.save(number, 0, text, 0)

    @rule(number=numbers, ago=ago, by=st.sampled_from(["candidate", "candidate", "clock"]))
    def submit(self, number: int, ago: int, by: str) -> None:
        at = self.now - ago
        assert self._verb(lambda: interviews.submit(self._row(number), time(at), by)) == "ok"
        self._sitting(number).submit(at, by)

    @rule(number=numbers, minutes=st.integers(1, 5), seen=st.sampled_from([0, 0, -1]))
    def extend(self, number: int, minutes: int, seen: int) -> None:
        sitting = self._sitting(number)
        seen += sitting.by_managers
        added = length(minutes * MINUTE)
        said = self._verb(
            lambda: clock.extend(self._row(number), added, "why", self.cast.manager, time(self.now), seen)
        )
        assert said == sitting.extend(minutes * MINUTE, seen)

    @rule(number=numbers, ago=ago)
    def pause(self, number: int, ago: int) -> None:
        at = self.now - ago
        assert self._verb(lambda: clock.pause(self._row(number), time(at))) == self._sitting(number).pause(at)

    @rule(number=numbers, ago=ago)
    def resume(self, number: int, ago: int) -> None:
        at = self.now - ago
        assert self._verb(lambda: clock.resume(self._row(number), time(at))) == self._sitting(number).end_pause(at)

    @rule(number=numbers, lost=st.sampled_from([1, 20, 100, 700]), ago=st.sampled_from([0, 0, 5, 300]))
    def our_own_fault_is_made_good(self, number: int, lost: int, ago: int) -> None:
        until = self.now - ago
        since = until - lost
        outage = Extension.Kind.OUTAGE
        self._verb(lambda: clock.credit(self._row(number), outage, time(since), time(until)))
        self._sitting(number).credit(since, until)

    @rule()
    def sweep(self) -> None:
        at = self.now
        self._killed_or_not(lambda: interviews.settle_expired(time(at)))
        self.world.sweep(at)

    # --- What must hold -----------------------------------------------------------

    @invariant()
    def the_database_is_as_the_oracle_says(self) -> None:
        answers: dict[Any, list[tuple[str, int, int]]] = {}
        rows = Answer.objects.order_by("position").annotate(count=Count("grades"))
        for pk, *stored in rows.values_list("interview", "text", "revision", "count"):
            answers.setdefault(pk, []).append(tuple(stored))
        stored = {row.pk: row for row in Interview.objects.all()}
        assert set(stored) == set(self.pks)
        for pk, sitting in zip(self.pks, self.world.sittings, strict=True):
            row = stored[pk]
            assert row.deadline == time(sitting.deadline)
            assert (row.paused_at, row.paused_until) == (tuple(map(time, sitting.paused or ())) or (None, None))
            handed_in = sitting.handed_in
            said = (time(handed_in[0]), handed_in[1]) if handed_in else (None, "")
            assert (row.submitted_at, row.submitted_by) == said
            if handed_in:
                assert row.receipt_sha256 == self.receipts.setdefault(pk, row.receipt_sha256)
            assert answers[pk] == [
                (text, revision, sitting.grades)
                for text, revision in zip(sitting.texts, sitting.revisions, strict=True)
            ]

    # --- Helpers ------------------------------------------------------------------

    def _pk(self, number: int) -> Any:
        return self.pks[number % len(self.pks)]

    def _sitting(self, number: int) -> Any:
        return self.world.sittings[number % len(self.pks)]

    def _row(self, number: int) -> Interview:
        return Interview.objects.get(pk=self._pk(number))

    def _verb(self, verb: Callable[[], Any]) -> str:
        """What comes of a verb of one transaction. Killed in the middle it did nothing, and can be called again."""
        return self._killed_or_not(lambda: outcome(verb), then=self.the_database_is_as_the_oracle_says)

    def _killed_or_not(self, call: Callable[[], Any], then: Callable[[], None] = lambda: None) -> Any:
        """What a call returns. If it is to be killed: once killed, then called again, as a client or sweeper would."""
        at_write, self.kill_at = self.kill_at, None
        if at_write is None:
            return call()
        try:
            with killed_at_write(at_write):
                return call()
        except Killed:
            then()
            return call()


@pytest.fixture
def cast(db: None) -> None:
    """Made once: a sequence leaves nothing behind."""
    build.bank(2)
    Interviews.cast = Cast(
        manager=build.user("boss"),
        people={name: build.user(name) for name in PEOPLE},
        templates={kind: _template(rules) for kind, rules in KINDS.items()},
    )


def _template(rules: Rules) -> InterviewTemplate:
    return build.template(
        minutes=rules.length // MINUTE,
        expiry=rules.expiry,
        late_minutes=rules.grace // MINUTE,
        pause_minutes=rules.pauses // MINUTE,
    )


def search(sequences: int, **how: Any) -> None:
    """Try so many sequences; each in a transaction of its own, which is rolled back."""
    profile = settings(
        max_examples=sequences,
        stateful_step_count=40,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        **how,
    )
    run_state_machine_as_test(Interviews, settings=profile)


def test_some_sequences(cast: None) -> None:
    """The same ones each time."""
    search(60, derandomize=True)


@pytest.mark.slow
def test_many_sequences(cast: None) -> None:
    """New ones each time; a failure prints the shortest sequence that fails, and the line that repeats it."""
    search(600, print_blob=True)

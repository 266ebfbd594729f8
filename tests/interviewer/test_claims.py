"""Late claims: what a browser's log must say to be believed, and what is stored when it is not."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from interviewer import claims, clock, interviews, timeline
from interviewer.claims import Claim, Contact, Entry, Log, PageLog
from interviewer.models import Answer, Interview, InterviewEvent, User
from tests import build
from tests.build import NOON

OURS = uuid.UUID("0" * 32)
SECOND = timedelta(seconds=1)
DEADLINE = NOON + 60 * SECOND
TEXT = "按时写下的话 👩‍💻"
CONTACT = Contact("0" * 32, "page", 4, NOON)


def entry(number: int, ms: float, text: str = TEXT, kind: str = "typed") -> Entry:
    return Entry(number, kind, ms, claims.length(text), claims.checksum(text))


def log(*entries: Entry, now: float | None = 63_000, earlier: tuple[PageLog, ...] = ()) -> Log:
    """A log that is sent 63 s after the server's last reply, three seconds after the deadline."""
    return Log(PageLog(CONTACT, entries, now), earlier)


CLOSED = PageLog(Contact("0" * 32, "closed", 0, NOON), (entry(1, 40_000),), None)

TABLE: dict[str, tuple[Log | None, str]] = {
    "typed in time": (log(entry(5, 59_000)), ""),
    "typed in the very last moment": (log(entry(5, 60_000)), ""),
    "an outage between": (log(entry(5, 10_000, "draft"), entry(6, 11_000, "", "offline"), entry(7, 50_000)), ""),
    "typed while the reply before was on its way": (log(entry(5, -300)), ""),
    "a slow way to the server": (log(entry(5, 59_000), now=58_500 + 500), ""),
    "no log": (None, "no-log"),
    "typed late": (log(entry(5, 60_001)), "typed-late"),
    "an entry is missing": (log(entry(6, 59_000)), "sequence"),
    "a hole": (log(entry(5, 10_000), entry(7, 50_000)), "sequence"),
    "an entry that the server has seen": (log(entry(4, 10_000), entry(5, 50_000)), "sequence"),
    "an entry twice": (log(entry(5, 10_000), entry(5, 50_000)), "sequence"),
    "entries changed places": (log(entry(6, 10_000), entry(5, 50_000)), "sequence"),
    "a clock that ran backwards": (log(entry(5, 50_000, "draft"), entry(6, 10_000)), "clock-back"),
    "an entry from the future": (log(entry(5, 64_000)), "clock-back"),
    "an entry from before the page": (log(entry(5, -20_000)), "clock-back"),
    "a clock that stood still": (log(entry(5, 20_000), now=30_000), "clock-off"),
    "a clock that ran ahead": (log(entry(5, 20_000), now=90_000), "clock-off"),
    "the log of another text": (log(entry(5, 50_000, "another text")), "other-text"),
    "typed on after this text": (log(entry(5, 50_000), entry(6, 58_000, "more")), "other-text"),
    "an empty log": (log(), "other-text"),
    "a page closed since": (log(earlier=(CLOSED,)), "page-closed"),
}


@pytest.mark.parametrize(("said", "reason"), TABLE.values(), ids=TABLE)
def test_what_a_log_shows(said: Log | None, reason: str) -> None:
    claim = claims.judge(said, TEXT, NOON + 63 * SECOND, DEADLINE)
    assert claim.reason == reason
    assert claim.in_time == (reason == "")


def test_the_time_of_a_claim_is_the_browsers_word() -> None:
    at = NOON + 63 * SECOND
    assert claims.judge(log(entry(5, 59_000)), TEXT, at, DEADLINE).typed_at == NOON + 59 * SECOND
    assert claims.judge(log(earlier=(CLOSED,)), TEXT, at, DEADLINE).typed_at == NOON + 40 * SECOND
    assert claims.judge(None, TEXT, at, DEADLINE) == Claim("no-log", None)


def sent(contact: Contact, *entries: list[Any], now: float | None = 0, **more: Any) -> str:
    return json.dumps({"token": contact.token, "entries": entries, "now": now, **more})


def test_a_log_is_read_as_it_was_sent() -> None:
    raw = sent(CONTACT, [5, "typed", 12, 3, 99], now=20.5, earlier=[{"token": CONTACT.token, "entries": []}])
    page = PageLog(CONTACT, (Entry(5, "typed", 12, 3, 99),), 20.5)
    assert claims.read(raw, OURS) == Log(page, (PageLog(CONTACT, (), None),))
    assert page.last == 5
    assert replace(page, entries=()).last == 4


GOOD = sent(CONTACT, [5, "typed", 12, 3, 99])
UNREADABLE = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[]",
    "too long": GOOD + " " * claims.MOST_CHARACTERS,
    "a forged note": GOOD.replace(CONTACT.token, CONTACT.token[:-1] + "x"),
    "no note": json.dumps({"entries": [], "now": 0}),
    "of another interview": sent(replace(CONTACT, interview="1" * 32)),
    "an entry of text": sent(CONTACT, ["5", "typed", 12, 3, 99]),
    "a truth for a number": sent(CONTACT, [True, "typed", 12, 3, 99]),
    "a short entry": sent(CONTACT, [5, "typed"]),
    "no entry": sent(CONTACT, None),
    "a number out of range": sent(CONTACT, [2**31, "typed", 12, 3, 99]),
    "a time out of range": sent(CONTACT, [5, "typed", 1e300, 3, 99]),
    "no number": GOOD.replace("12", "NaN"),
    "a kind that is none": sent(CONTACT, [5, 7, 12, 3, 99]),
    "earlier logs that are none": sent(CONTACT, earlier=5),
    "an earlier log that is none": sent(CONTACT, earlier=[5]),
    "deep": "[" * 100_000,
}


def test_the_good_one_is_good() -> None:
    assert claims.read(GOOD, OURS) is not None


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_no_log(raw: str) -> None:
    assert claims.read(raw, OURS) is None


@pytest.mark.parametrize("text", ["", "abc", "显存", "𠮷", "\ud800"])
def test_length_is_counted_as_browsers_do(text: str) -> None:
    assert claims.length(text) == sum(2 if ord(character) > 0xFFFF else 1 for character in text)


# --- What is stored --------------------------------------------------------------------


def late_save(said: Log | None, text: str = TEXT) -> list[tuple[str, Any]]:
    """Save three seconds after the deadline of an interview begun at noon; its events about claims."""
    interview = build.interview(minutes=1)
    answer = interview.answers.get(position=1)
    interviews.save(answer, text, 0, interview.deadline + 3 * SECOND, said)
    answer.refresh_from_db()
    assert answer.text == text  # in time or late: nothing is dropped
    found = InterviewEvent.objects.filter(kind__in=["in-time", "late"])
    return [(event.kind, event.data["reason"]) for event in found]


@pytest.mark.django_db
@pytest.mark.parametrize("case", ["typed in time", "typed late", "a hole", "a clock that ran backwards", "no log"])
def test_a_late_text_is_stored_and_marked(case: str) -> None:
    said, reason = TABLE[case]
    assert late_save(said) == [("late" if reason else "in-time", reason)]


@pytest.mark.django_db
def test_what_changes_nothing_or_comes_in_time_is_not_marked() -> None:
    interview = build.interview(minutes=1)
    answer = interview.answers.get(position=1)
    interviews.save(answer, TEXT, 0, interview.deadline)
    interviews.save(answer, TEXT, 1, interview.deadline + SECOND)
    assert not InterviewEvent.objects.filter(kind__in=["in-time", "late"]).exists()


# --- With late minutes and added time -------------------------------------------------------


def saved_after(interview: Interview, late: timedelta, said: Log | None) -> Answer:
    """The first answer of an interview of one minute, saved so long after the deadline."""
    return interviews.save(interview.answers.get(position=1), TEXT, 0, interview.deadline + late, said)


def marks(interview: Interview) -> list[str]:
    return [mark.kind for mark in timeline.late_marks(interview)]


@pytest.mark.django_db
@pytest.mark.parametrize("said", [None, log(entry(5, 70_000), now=120_000)], ids=["no log", "typed late"])
def test_in_late_minutes_the_clock_alone_marks(said: Log | None) -> None:
    interview = build.interview(minutes=1, expiry="grace", late_minutes=5)
    answer = saved_after(interview, 60 * SECOND, said)
    assert timeline.late_positions(interview, [answer]) == [1]
    assert marks(interview) == []


@pytest.mark.django_db
def test_a_log_lifts_the_mark_of_the_late_minutes_until_the_next_save() -> None:
    interview = build.interview(minutes=1, expiry="grace", late_minutes=5)
    answer = saved_after(interview, 60 * SECOND, log(entry(5, 59_000), now=120_000))
    assert timeline.late_positions(interview, [answer]) == []
    assert "in-time" in [line.kind for line in timeline.timeline(interview)]
    interviews.save(answer, "and more", 1, interview.deadline + 70 * SECOND)
    assert timeline.late_positions(interview, [answer]) == [1]


@pytest.mark.django_db
def test_time_added_before_the_save_came_counts(manager: User) -> None:
    interview = build.interview(minutes=1)
    answer = interview.answers.get(position=1)
    assert answer.interview.deadline == DEADLINE  # as the request read it
    clock.extend(interview, timedelta(minutes=5), "a reason", manager, NOON, 0)
    interviews.save(answer, TEXT, 0, DEADLINE + 3 * SECOND)
    assert not InterviewEvent.objects.filter(kind__in=["in-time", "late"]).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("more", "left"), [(1, ["late"]), (2, []), (300, [])])
def test_time_added_afterwards_lifts_the_mark(manager: User, more: int, left: list[str]) -> None:
    interview = build.interview(minutes=1)
    saved_after(interview, 3 * SECOND, log(entry(5, 62_000)))
    assert marks(interview) == ["late"]
    clock.extend(interview, more * SECOND, "a reason", manager, DEADLINE + 5 * SECOND, 0)
    interview.refresh_from_db()
    assert marks(interview) == left

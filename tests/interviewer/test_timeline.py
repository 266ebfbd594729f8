"""The timeline of an attempt: coalesced, in order, for its owner and managers only; and texts sent after handing in."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from interviewer import claims, clock, interviews, receipts, timeline
from interviewer.claims import Contact, Entry, Log, PageLog
from interviewer.interviews import AnswerTooLong
from interviewer.models import Accommodation, Answer, Extension, Interview, InterviewEvent, User
from tests import build
from tests.build import NOON
from tests.conftest import signed_in
from tests.pages import Page
from tests.parallel import together

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def first(interview: Interview) -> Answer:
    return interview.answers.get(position=1)


def type_for(interview: Interview, seconds: int, start: int = 0) -> None:
    """Save every second."""
    answer = first(interview)
    for n in range(start, start + seconds):
        interviews.save(answer, f"text {n}", answer.revision, NOON + n * SECOND)


def kinds(interview: Interview) -> list[str]:
    return [entry.kind for entry in timeline.timeline(interview)]


def report(interview: Interview, *entries: Entry, page: str = "page", at: int = 30) -> None:
    contact = Contact(interview.pk.hex, page, 0, NOON)
    answer = first(interview)
    log = Log(PageLog(contact, entries, at * 1000))
    interviews.save(answer, answer.text, answer.revision, NOON + at * SECOND, log)


# --- Coalescing --------------------------------------------------------------------------


def test_many_saves_are_one_event_a_minute_and_one_line():
    interview = build.interview()
    type_for(interview, 150)
    assert InterviewEvent.objects.count() == 3
    assert kinds(interview) == ["started", "saved"]
    line = timeline.timeline(interview)[1]
    assert (line.at, line.until) == (NOON, NOON + 120 * SECOND)
    assert line.text == "Question 1 saved"


def test_a_pause_begins_a_new_line():
    interview = build.interview()
    type_for(interview, 2)
    type_for(interview, 2, start=300)
    assert kinds(interview) == ["started", "saved", "saved"]


def test_a_save_that_changes_nothing_is_no_event():
    interview = build.interview()
    answer = first(interview)
    interviews.save(answer, "", 0, NOON)
    assert not InterviewEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_saves_at_once_one_is_an_event():
    interview = build.interview()

    def save(n: int) -> None:
        with suppress(interviews.SaveConflict):
            interviews.save(first(interview), f"tab {n}", 0, NOON)

    together(*(partial(save, n) for n in range(6)))
    assert InterviewEvent.objects.count() == 1


# --- What browsers report ------------------------------------------------------------------


def test_an_outage_is_told_with_the_browsers_time_and_the_servers():
    interview = build.interview()
    report(interview, Entry(1, "opened", 0, 0, 0), Entry(2, "offline", 12_000, 0, 0))
    told = [(entry.kind, entry.at, entry.claimed) for entry in timeline.timeline(interview)]
    assert told == [
        ("started", NOON, False),
        ("opened", NOON, False),
        ("disconnected", NOON + 12 * SECOND, True),
        ("resumed", NOON + 30 * SECOND, False),
    ]


def test_an_entry_counts_once_however_often_it_is_sent():
    interview = build.interview()
    for _again in range(3):
        report(interview, Entry(1, "offline", 12_000, 0, 0))
    assert kinds(interview) == ["started", "disconnected", "resumed"]
    report(interview, Entry(1, "offline", 12_000, 0, 0), page="another page")
    assert kinds(interview).count("disconnected") == 2


def test_no_report_is_from_the_future():
    interview = build.interview()
    report(interview, Entry(1, "offline", 9e9, 0, 0))
    assert max(entry.at for entry in timeline.timeline(interview)) == NOON + 30 * SECOND


def test_browsers_report_without_end_in_vain(monkeypatch):
    monkeypatch.setattr(timeline, "MOST_REPORTED", 3)
    interview = build.interview()
    for n in range(9):
        report(interview, Entry(1, "opened", 0, 0, 0), page=f"page {n}")
    assert InterviewEvent.objects.count() == 3


def test_other_entries_are_no_events():
    interview = build.interview()
    report(interview, Entry(1, "typed", 0, 0, 0), Entry(2, "<script>", 0, 0, 0))
    assert not InterviewEvent.objects.exists()


def test_the_end_is_on_it():
    interview = build.handed_in()
    assert kinds(interview) == ["started", "submitted"]
    assert timeline.timeline(interview)[-1].text == "Handed in"
    other = build.interview()
    interviews.settle_expired(NOON + timedelta(hours=1))
    other.refresh_from_db()
    assert "by the clock" in timeline.timeline(other)[-1].text


# --- The clock ----------------------------------------------------------------------------------


def test_added_time_and_pauses_are_on_it(candidate, manager):
    Accommodation.objects.create(person=candidate, multiplier="1.5")
    interview = build.interview(candidate, pause_minutes=5)
    clock.pause(interview, NOON + 60 * SECOND)
    clock.resume(interview, NOON + 80 * SECOND)
    clock.extend(interview, 120 * SECOND, "火警演习", manager, NOON + 90 * SECOND, 0)
    clock.credit(interview, Extension.Kind.OUTAGE, NOON + 100 * SECOND, NOON + 130 * SECOND)
    clock.pause(interview, NOON + 140 * SECOND)
    interview.refresh_from_db()
    told = [(line.kind, (line.at - NOON).seconds) for line in timeline.timeline(interview)]
    assert told == [
        ("started", 0), ("accommodation", 0), ("paused", 60), ("unpaused", 80), ("manager", 90), ("outage", 130),
        ("paused", 140),
    ]  # fmt: skip
    assert timeline.timeline(interview)[3].text == "Resumed after 20 seconds"

    interviews.submit(interview, NOON + 150 * SECOND)
    added = "Time added in all: 7 minutes 30 seconds"
    for person, name in ((candidate, "receipt"), (manager, "review")):
        page = Page(signed_in(person).get(reverse(name, args=[interview.pk]))).text
        assert added in page
        assert page.count("2 minutes added by a manager: 火警演习") == 1
        assert ("火警演习 · manager" in page) == (person == manager)


def test_the_end_says_how_it_came(candidate):
    late = build.interview(candidate, expiry="grace", late_minutes=5)
    interviews.submit(late, NOON + 12 * 60 * SECOND)
    assert kinds(late) == ["started", "deadline", "submitted"]
    left = build.interview(expiry="abandon")
    interviews.settle_expired(NOON + timedelta(hours=1))
    left.refresh_from_db()
    assert timeline.timeline(left)[-1].text == "The time was over; closed as abandoned"
    assert receipts.verify(receipts.file_of(left)).finding is receipts.Finding.GENUINE


# --- Texts sent after handing in ----------------------------------------------------------------


def unsent_to(interview: Interview, client: Client, text: str, **more: str):
    return client.post(reverse("unsent", args=[interview.pk, 1]), {"text": text, "revision": 0, **more})


@pytest.fixture
def interview(candidate: User) -> Interview:
    return build.handed_in(candidate, texts=["handed in"])


def test_a_text_sent_afterwards_is_kept_beside_and_changes_nothing(interview, candidate, manager):
    before = Interview.objects.values().get(), list(Answer.objects.values())
    assert unsent_to(interview, signed_in(candidate), "CANARY-LATE").status_code == 200
    assert (Interview.objects.values().get(), list(Answer.objects.values())) == before
    assert interview.answers.get(position=1).grades.count() == 1
    page = Page(signed_in(manager).get(reverse("review", args=[interview.pk])))
    assert "A text for question 1 was sent after the end" in page.text
    assert "CANARY-LATE" in page.text


def test_it_is_kept_once_and_a_few_at_most(interview, candidate):
    client = signed_in(candidate)
    assert unsent_to(interview, client, "handed in").status_code == 200
    assert not InterviewEvent.objects.filter(kind="unsent").exists()
    for text in ("a", "a", "b", "c"):
        assert unsent_to(interview, client, text).status_code == 200
    assert unsent_to(interview, client, "d").status_code == 409
    assert unsent_to(interview, client, "a").status_code == 200
    assert timeline.unsent(first(interview)) == ["a", "b", "c"]


@pytest.mark.django_db(transaction=True)
def test_at_once_too_it_is_kept_once():
    interview = build.handed_in()
    assert all(together(*[partial(interviews.keep_unsent, first(interview), "text", NOON)] * 6))
    assert timeline.unsent(first(interview)) == ["text"]


def test_too_long_a_text_is_not_kept(interview, candidate, settings):
    settings.MAX_ANSWER_CHARACTERS = 9
    assert unsent_to(interview, signed_in(candidate), "0123456789").status_code == 413
    with pytest.raises(AnswerTooLong):
        interviews.keep_unsent(first(interview), "0123456789", NOON)


def test_a_running_interview_takes_no_such_text(candidate):
    interview = build.interview(candidate)
    assert unsent_to(interview, signed_in(candidate), "text")["Location"] == reverse("room", args=[interview.pk])
    assert not InterviewEvent.objects.exists()


def test_the_browsers_time_is_kept_with_it(interview, candidate):
    contact = Contact(interview.pk.hex, "page", 0, NOON)
    log = Log(PageLog(contact, (Entry(1, "typed", 5_000, 4, claims.checksum("text")),), None))
    interviews.keep_unsent(first(interview), "text", NOON + timedelta(hours=2), log)
    assert InterviewEvent.objects.get(kind="unsent").claimed_at == NOON + 5 * SECOND


# --- Who sees it -----------------------------------------------------------------------------------


def test_nobody_elses_pages_show_an_attempt(interview, candidate, stranger, manager, curator):
    unsent_to(interview, signed_in(candidate), "CANARY-EVENT")
    InterviewEvent.objects.filter(kind="unsent").update(position=77)
    own = build.handed_in(stranger)
    for person in (stranger, curator):
        for name in ("receipt", "receipt-file", "scorecard", "review"):
            for pk in (interview.pk, own.pk):
                page = signed_in(person).get(reverse(name, args=[pk])).content.decode()
                assert "CANARY-EVENT" not in page
                assert "question 77" not in page
    for person, name in ((candidate, "receipt"), (manager, "review")):
        page = Page(signed_in(person).get(reverse(name, args=[interview.pk]))).text
        assert "CANARY-EVENT" in page
        assert "nothing in it is part of any score" in page

"""What candidates and managers see of the clock, without a browser: rules, late minutes, pauses, added time."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from interviewer import clock, interviews, middleware, pulse
from interviewer.models import Accommodation, Extension, Grade, Interview, Pulse, User
from tests import build
from tests.build import NOON
from tests.conftest import signed_in
from tests.pages import Page

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def client(candidate: User) -> Client:
    return signed_in(candidate)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let requests arrive so many minutes after noon, when every interview here begins."""

    def arriving(minutes: float) -> datetime:
        when = NOON + minutes * MINUTE
        monkeypatch.setattr(middleware, "timezone", SimpleNamespace(now=lambda: when))
        return when

    arriving(0)
    return arriving


def page_of(name: str, interview: Interview, *more: int) -> str:
    return reverse(name, args=[interview.pk, *more])


def post(client: Client, interview: Interview, **form: Any) -> HttpResponse:
    return client.post(page_of("question", interview, 1), {"text": "typed", "revision": 0, **form})


# --- Before the start ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "What you wrote is handed in by itself."),
        ({}, "It cannot be paused"),
        ({}, "10 minutes in all"),
        ({"expiry": "grace", "late_minutes": 7}, "You may write on for 7 minutes; what you save then is marked late."),
        ({"expiry": "abandon"}, "graded only if a manager decides so"),
        ({"pause_minutes": 4}, "You may pause, for 4 minutes in all."),
        ({"closes_at": NOON + 6 * MINUTE}, "6 minutes in all"),
        ({"closes_at": NOON + 6 * MINUTE}, "This interview closes at"),
        ({"closes_at": NOON}, "This interview closed at"),
        ({"opens_at": NOON + MINUTE}, "This interview opens at"),
    ],
)
def test_the_rules_are_told_before_the_start(client, at, fields, sentence):
    template = build.template(**fields)
    page = Page(client.get(reverse("begin", args=[template.pk])))
    assert sentence in page.text
    can_start = not ({"opens_at"} & set(fields)) and fields.get("closes_at") != NOON
    assert ("Start the clock" in page.text) is can_start


def test_extra_time_is_told_before_the_start_and_in_the_room_but_no_ground(client, reviewer, candidate, at):
    Accommodation.objects.create(person=candidate, multiplier="1.25", extra_minutes=2)
    template = build.template()
    build.bank(2)
    assert "14 minutes 30 seconds in all" in Page(client.get(reverse("begin", args=[template.pk]))).text
    client.post(reverse("begin", args=[template.pk]), {"consent": "on"})
    interview = Interview.objects.get()
    sentence = "4 minutes 30 seconds of extra time"
    assert sentence in Page(client.get(page_of("question", interview, 1))).text
    assert sentence in Page(reviewer.get(page_of("review", interview))).text
    kept = {field.name for field in Accommodation._meta.get_fields()}
    assert kept == {"id", "person", "multiplier", "extra_minutes"}  # nothing that could tell why


@pytest.mark.parametrize("fields", [{"opens_at": NOON + MINUTE}, {"closes_at": NOON - MINUTE}])
def test_a_start_outside_the_window_is_told_so(client, at, fields):
    build.bank(2)
    response = client.post(reverse("begin", args=[build.template(**fields).pk]), {"consent": "on"}, follow=True)
    assert "cannot be started now" in Page(response).text
    assert not Interview.objects.exists()


def test_the_home_page_offers_what_will_open_and_not_what_has_closed(client, at):
    build.template(name="later", opens_at=NOON + MINUTE)
    build.template(name="now", closes_at=NOON + MINUTE)
    build.template(name="gone", closes_at=NOON)
    page = Page(client.get("/")).text
    assert "later" in page
    assert "now" in page
    assert "gone" not in page


# --- The end -------------------------------------------------------------------------------


def test_in_the_late_minutes_the_page_says_so_and_the_review_too(client, reviewer, candidate, at):
    interview = build.interview(candidate, expiry="grace", late_minutes=3)
    at(11)
    page = Page(client.get(page_of("question", interview, 1)))
    assert ("p", "five-minutes late") in [
        (tag, known.get("class")) for tag, known in page.elements if "hidden" not in known
    ]
    assert "2:00" in page.text
    assert "you may write on, marked late" in Page(client.get("/")).text
    post(client, interview, go="next")
    client.post(page_of("hand-in", interview))
    for response in (client.get(page_of("receipt", interview)), reviewer.get(page_of("review", interview))):
        assert "Answer 1 was last saved after the deadline" in Page(response).text


@pytest.mark.parametrize(("minutes", "closed"), [(9, False), (9.99, True), (10.1, True)])
def test_a_page_whose_countdown_has_ended_closes_only_what_is_over(client, candidate, at, minutes, closed):
    interview = build.interview(candidate, expiry="abandon")
    at(minutes)
    response = client.post(page_of("hand-in", interview), {"by": "clock"})
    assert response["Location"] == page_of("receipt" if closed else "room", interview)
    interview.refresh_from_db()
    assert interview.is_abandoned is closed


def test_an_abandoned_interview_is_shown_to_both_and_graded_when_a_manager_says_so(client, reviewer, candidate, at):
    interview = build.interview(candidate, expiry="abandon")
    post(client, interview, go="next")
    at(11)
    assert client.get(page_of("room", interview))["Location"] == page_of("receipt", interview)
    receipt = Page(client.get(page_of("receipt", interview)))
    assert "closed as abandoned" in receipt.text
    assert "only if a manager decides so" in receipt.text
    scorecard = client.get(page_of("scorecard", interview))
    assert "hx-get" not in scorecard.content.decode()  # nothing will arrive by itself
    assert "Not sent to be graded" in Page(scorecard).text
    listed = Page(reviewer.get(reverse("review-list"), {"state": "abandoned"}))
    assert [row[3] for row in listed.rows[1:]] == ["Abandoned"]
    assert "typed" in Page(reviewer.get(page_of("review", interview))).text
    done = reviewer.post(page_of("grade-abandoned", interview), follow=True)
    assert "will be graded" in Page(done).text
    assert Grade.objects.count() == 2
    again = reviewer.post(page_of("grade-abandoned", interview), follow=True)
    assert "nothing to decide" in Page(again).text
    assert "Grade what was saved" not in Page(again).text
    assert "graded only if" not in Page(client.get(page_of("receipt", interview))).text


# --- Pause -----------------------------------------------------------------------------------


@pytest.fixture
def pausable(candidate: User, at: Any) -> Interview:
    return build.interview(candidate, pause_minutes=5)


def test_pausing_saves_hides_the_questions_and_resuming_goes_on(client, pausable, at):
    at(2)
    assert post(client, pausable, go="pause")["Location"] == page_of("pause", pausable)
    asked = pausable.answers.get(position=1)
    assert asked.text == "typed"
    page = Page(client.get(page_of("pause", pausable)))
    assert "8:00 is left to write" in page.text
    assert asked.asked.title not in page.text
    assert "Paused, with 8:00 left" in Page(client.get("/")).text
    at(3)
    for name in ("room", "hand-in"):
        assert client.get(page_of(name, pausable))["Location"] == page_of("pause", pausable)
    assert client.get(page_of("question", pausable, 1))["Location"] == page_of("pause", pausable)
    assert client.post(page_of("pause", pausable))["Location"] == page_of("room", pausable)
    assert "8:00" in Page(client.get(page_of("question", pausable, 1))).text


def test_a_save_during_a_pause_is_refused_and_says_what_to_do(client, pausable, at):
    clock.pause(pausable, at(2))
    at(3)
    for name in ("draft", "clock"):
        arguments = (1,) if name == "draft" else ()
        send = client.post if name == "draft" else client.get
        response = send(page_of(name, pausable, *arguments), {"text": "x", "revision": 0}, headers=JSON)
        assert response.status_code == 423
        assert response.json()["location"] == page_of("pause", pausable)
        assert "Resume" in response.json()["message"]
    assert pausable.answers.get(position=1).text == ""


def test_past_its_bound_a_pause_is_over_for_every_page(client, pausable, at):
    clock.pause(pausable, at(2))
    at(8)
    assert client.get(page_of("pause", pausable))["Location"] == page_of("room", pausable)
    assert post(client, pausable, go="next")["Location"] == page_of("question", pausable, 2)
    pausable.refresh_from_db()
    assert pausable.deadline == NOON + 15 * MINUTE


def test_the_button_is_there_as_long_as_there_is_pause_left(client, pausable, at):
    assert 'value="pause"' in client.get(page_of("question", pausable, 1)).content.decode()
    clock.pause(pausable, at(1))
    at(7)
    assert 'value="pause"' not in client.get(page_of("question", pausable, 1)).content.decode()
    assert "cannot be paused" in Page(client.get(post(client, pausable, go="pause")["Location"])).text


# --- More time ----------------------------------------------------------------------------------


def extend(reviewer: Client, interview: Interview, **form: Any) -> HttpResponse:
    filled = {"minutes": 5, "reason": "The fire alarm rang.", "seen": 0, **form}
    return reviewer.post(page_of("extend", interview), filled, follow=True)


def test_a_manager_adds_time_and_the_candidate_is_told(client, reviewer, candidate, manager, at):
    interview = build.interview(candidate)
    assert "The time was added" in Page(extend(reviewer, interview)).text
    assert "has been added since" in Page(extend(reviewer, interview)).text
    sentence = "5 minutes added by a manager: The fire alarm rang."
    assert sentence in Page(client.get(page_of("question", interview, 1))).text
    review = Page(reviewer.get(page_of("review", interview)))
    assert sentence in review.text
    assert review.field("seen") == "1"
    state = client.get(page_of("clock", interview), headers=JSON).json()
    assert state == {"remaining_seconds": 900, "late_seconds": 0, "total_seconds": 900, "added": [sentence]}
    saved = client.post(page_of("draft", interview, 1), {"text": "x", "revision": 0}, headers=JSON).json()
    assert saved["remaining_seconds"] == 900


@pytest.mark.parametrize(
    "form",
    [
        {"minutes": 0}, {"minutes": -5}, {"minutes": 481}, {"minutes": "soon"}, {"minutes": ""}, {"minutes": 10**30},
        {"reason": ""}, {"reason": "  "}, {"reason": "x" * 301}, {"reason": "\x00"}, {"seen": ""}, {"seen": -1},
    ],
)  # fmt: skip
def test_what_is_no_extension_is_refused_with_its_reason(reviewer, candidate, at, form):
    interview = build.interview(candidate)
    response = extend(reviewer, interview, **form)
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode() or "seen" in form
    assert not interview.extensions.exists()


def test_a_closed_interview_is_not_extended(reviewer, candidate, at):
    assert "closed already" in Page(extend(reviewer, build.handed_in(candidate))).text


def test_a_reason_is_text(client, reviewer, candidate, at):
    interview = build.interview(candidate)
    extend(reviewer, interview, reason="<img src=x onerror=alert(1)>")
    for response in (client.get(page_of("question", interview, 1)), reviewer.get(page_of("review", interview))):
        assert Page(response).foreign == []
        assert "<img src=x onerror=alert(1)>" in Page(response).text


# --- What our faults give back -----------------------------------------------------------------------


def test_the_first_page_after_an_outage_closes_nothing(client, candidate, at):
    interview = build.interview(candidate)
    pulse.beat(NOON + 8 * MINUTE)
    at(20)
    page = Page(client.get(page_of("question", interview, 1)))
    assert "2:00" in page.text
    assert "12 minutes given back: our service could not be reached" in page.text


def test_without_a_record_of_outages_pages_write_none(client, candidate, at):
    interview = build.interview(candidate)
    at(20)
    client.get(page_of("question", interview, 1))
    assert not Pulse.objects.exists()
    assert not interview.extensions.exists()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    """Let every save take 0.3 s, of which 0.1 s is the candidate's own."""
    settings.SLOW_SECONDS = 0.1
    save = interviews.save

    def slowly(*args: Any) -> Any:
        time.sleep(0.3)
        return save(*args)

    monkeypatch.setattr(interviews, "save", slowly)


def autosave(client: Client, interview: Interview, text: str) -> HttpResponse:
    row = interview.answers.get(position=1)
    return client.post(page_of("draft", interview, 1), {"text": text, "revision": row.revision}, headers=JSON)


def test_slow_answers_are_given_back(client, candidate, slow):
    interview = build.interview(candidate, timezone.now())
    client.get(page_of("question", interview, 1))  # quick
    assert not interview.extensions.exists()
    for n in range(2):
        assert autosave(client, interview, f"text {n}").status_code == 200
    rows = interview.extensions.all()
    assert {row.kind for row in rows} == {Extension.Kind.SLOWNESS}
    assert all(timedelta(seconds=0.2) <= row.length < timedelta(seconds=5) for row in rows)
    assert "our service answered slowly" in Page(client.get(page_of("question", interview, 1))).text


def test_a_stranger_earns_nothing_by_slow_answers(client, stranger, candidate, slow):
    interview = build.interview(candidate, timezone.now())
    assert autosave(signed_in(stranger), interview, "not mine").status_code == 404
    assert not interview.extensions.exists()


def test_a_credit_that_cannot_be_written_costs_no_answer(client, candidate, slow, monkeypatch, caplog):
    def refuse(*args: Any) -> None:
        raise DatabaseError

    interview = build.interview(candidate, timezone.now())
    monkeypatch.setattr(clock, "credit", refuse)
    assert autosave(client, interview, "kept").status_code == 200
    assert "could not be given back" in caplog.text
    assert interview.answers.get(position=1).text == "kept"


def test_a_quick_answer_costs_no_write(client, candidate, django_assert_max_num_queries):
    interview = build.interview(candidate, timezone.now())
    client.get(page_of("clock", interview), headers=JSON)
    with django_assert_max_num_queries(4) as queries:  # session, person, interview, extensions
        client.get(page_of("clock", interview), headers=JSON)
    assert all(query["sql"].startswith("SELECT") for query in queries)

"""Things that are well formed and do not fit: impossible templates, and times at the edges of the calendar.

Forged fields, questions of other interviews, people deactivated midway: `tests/interviewer/test_access.py`. Saves after
a submit, revisions that go backwards, two tabs: `test_interviews.py` and `test_room.py` there.
A second attempt when one is allowed: there is no limit on attempts yet.
"""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from interviewer import interviews
from interviewer.models import Interview, InterviewTemplate, User
from tests import build
from tests.conftest import signed_in
from tests.pages import Page

pytestmark = pytest.mark.django_db

GOOD = {
    "name": "New", "language": "en", "question_count": "5", "minutes": "30", "mode": "exam", "is_open": "on",
    "expiry": "autosubmit", "late_minutes": "5", "pause_minutes": "0",
}  # fmt: skip


def good() -> dict[str, Any]:
    """The form of a template, filled in well."""
    return {**GOOD, "organisation": build.home().pk}


# What a curator typed → which field the page complains about.
TEMPLATES: dict[str, tuple[dict[str, str], str]] = {
    "no minutes": ({"minutes": "0"}, "minutes"),
    "negative minutes": ({"minutes": "-5"}, "minutes"),
    "more than a day's": ({"minutes": "481"}, "minutes"),
    "minutes beyond all": ({"minutes": "9" * 400}, "minutes"),
    "half a minute": ({"minutes": "0.5"}, "minutes"),
    "not a number": ({"minutes": "NaN"}, "minutes"),
    "infinite": ({"minutes": "1e999"}, "minutes"),
    "no questions": ({"question_count": "0"}, "question_count"),
    "negative questions": ({"question_count": "-1"}, "question_count"),
    "too many questions": ({"question_count": "51"}, "question_count"),
    "no seconds": ({"seconds_per_question": "0"}, "seconds_per_question"),
    "negative seconds": ({"seconds_per_question": "-1"}, "seconds_per_question"),
    "no name": ({"name": ""}, "name"),
    "a name of blanks": ({"name": "   "}, "name"),
    "NUL in the name": ({"name": "a\0b"}, "name"),
    "too long a name": ({"name": "x" * 121}, "name"),
    "a language that is none": ({"language": "xx"}, "language"),
    "a mode that is none": ({"mode": "x"}, "mode"),
    "a topic that is none": ({"topics": "9999"}, "topics"),
}


@pytest.mark.parametrize(("typed", "field"), TEMPLATES.values(), ids=TEMPLATES)
def test_an_impossible_template_is_refused_at_its_field(curator: User, typed: dict[str, str], field: str):
    response = signed_in(curator).post(reverse("admin:interviewer_interviewtemplate_add"), {**good(), **typed})
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [field]
    assert not InterviewTemplate.objects.exists()


def test_a_number_that_no_database_can_hold_is_not_a_fault_of_ours(curator: User):
    typed = {**good(), "topics": "9" * 40}
    response = signed_in(curator).post(reverse("admin:interviewer_interviewtemplate_add"), typed)
    if response.status_code == 200:  # PostgreSQL can look for it
        assert list(response.context["adminform"].form.errors) == ["topics"]
    else:
        assert response.status_code == 400
        assert "something we could not read" in Page(response).text
    assert not InterviewTemplate.objects.exists()


def test_a_good_one_is_taken(curator: User):
    signed_in(curator).post(reverse("admin:interviewer_interviewtemplate_add"), good())
    assert InterviewTemplate.objects.get().minutes == 30


@pytest.mark.parametrize("fields", [{"minutes": 0}, {"minutes": -1}, {"question_count": 0}, {"question_count": -1}])
def test_the_database_refuses_it_too(fields: dict[str, int]):
    template = build.template()
    with pytest.raises(DatabaseError), transaction.atomic():
        InterviewTemplate.objects.filter(pk=template.pk).update(**fields)


BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
TIMES = {
    "clocks go forward": datetime(2026, 3, 29, 1, 55, tzinfo=BERLIN),
    "clocks go back": datetime(2026, 10, 25, 2, 55, tzinfo=BERLIN),
    "clocks go back, second time": datetime(2026, 10, 25, 2, 55, fold=1, tzinfo=BERLIN),
    "leap day": datetime(2028, 2, 29, 23, 55, tzinfo=UTC),
    "end of 32 bits": datetime(2038, 1, 19, 3, 10, tzinfo=UTC),
    "end of unsigned 32 bits": datetime(2106, 2, 7, 6, 25, tzinfo=UTC),
    "turn of the century": datetime(2099, 12, 31, 23, 55, tzinfo=UTC),
}


@pytest.mark.parametrize("began", TIMES.values(), ids=TIMES)
def test_ten_minutes_are_ten_minutes(candidate: User, began: datetime, arriving: Any, settings: Any):
    settings.TIME_ZONE = "Europe/Berlin"
    with timezone.override(BERLIN):
        interview = build.interview(candidate, began.astimezone(UTC))
        assert interview.deadline - interview.started_at == timedelta(minutes=10)
        client = signed_in(candidate)
        arriving(interview.started_at + timedelta(minutes=8))
        page = client.get(reverse("question", args=[interview.pk, 1]))
        assert "Late time left 2:00" in Page(page).text  # the other label is hidden
        saved = client.post(reverse("draft", args=[interview.pk, 1]), {"text": "In time.", "revision": 0})
        assert saved.json()["remaining_seconds"] == 120
        arriving(interview.deadline + timedelta(minutes=1))
        assert client.get("/").status_code == 200
    interview.refresh_from_db()
    assert (interview.submitted_by, interview.submitted_at) == ("clock", interview.deadline)
    assert interview.answers.get(position=1).text == "In time."


def test_a_server_whose_clock_went_back_takes_nothing_away(candidate: User):
    at = datetime(2026, 5, 1, tzinfo=UTC)
    interview = build.interview(candidate, at)
    answer = interview.answers.get(position=1)
    interviews.save(answer, "Before.", 0, at + timedelta(minutes=5))
    interviews.save(answer, "After.", 1, at - timedelta(days=1))
    interviews.submit(Interview.objects.get(), at - timedelta(days=1))
    interview.refresh_from_db()
    assert (interview.answers.get(position=1).text, bool(interview.receipt_sha256)) == ("After.", True)

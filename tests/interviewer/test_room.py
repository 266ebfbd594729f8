"""The room's pages without a browser: each step works by form alone, and nothing typed is ever lost."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from interviewer import interviews
from interviewer.models import Answer, Grade, Interview, User
from questions.models import Question
from tests import build
from tests.conftest import signed_in, unblinded
from tests.pages import Page

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}
MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(1)> <b hx-get="/logout/" hx-trigger="load">hx</b> {{7}}'


@pytest.fixture
def interview(candidate: User) -> Interview:
    """A running interview of three questions."""
    build.bank(3)
    return interviews.start(build.template(question_count=3), candidate, timezone.now())


@pytest.fixture
def client(candidate: User) -> Client:
    return signed_in(candidate)


def at_question(interview: Interview, position: int = 1) -> str:
    return reverse("question", args=[interview.pk, position])


def draft_of(interview: Interview, position: int = 1) -> str:
    return reverse("draft", args=[interview.pk, position])


def answer(interview: Interview, position: int = 1) -> Answer:
    return interview.answers.get(position=position)


def type_in(interview: Interview, text: str, position: int = 1) -> Answer:
    row = answer(interview, position)
    return interviews.save(row, text, row.revision, timezone.now())


def press(client: Client, interview: Interview, go: str, position: int = 1, **fields: Any) -> HttpResponse:
    """Press a button of the room, as a browser without JavaScript does."""
    row = answer(interview, position)
    form = {"text": row.text, "revision": row.revision, "go": go, **fields}
    return client.post(at_question(interview, position), {name: value for name, value in form.items() if value != ""})


# --- Coming in ------------------------------------------------------------------------


def test_one_begins_by_agreeing(client, candidate):
    build.bank(2)
    page = reverse("begin", args=[build.template().pk])
    refused = client.post(page, {"csrfmiddlewaretoken": "as in every form"})
    assert refused.status_code == 200
    assert "tick the box" in Page(refused).text
    assert not Interview.objects.exists()
    begun = client.post(page, {"consent": "on"})
    interview = Interview.objects.get()
    assert begun["Location"] == reverse("room", args=[interview.pk])
    assert interview.candidate == candidate
    assert client.post(page, {"consent": "on"})["Location"] == begun["Location"]
    assert "Continue" in Page(client.get(page)).text


def test_without_questions_one_is_told_so(client):
    response = client.post(reverse("begin", args=[build.template().pk]), {"consent": "on"}, follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert "no published questions" in Page(response).text


def test_the_room_leads_to_where_one_left_off(client, interview):
    room = reverse("room", args=[interview.pk])
    assert client.get(room)["Location"] == at_question(interview, 1)
    client.get(at_question(interview, 3))
    assert client.get(room)["Location"] == at_question(interview, 3)
    assert room in client.get("/").content.decode()


def test_the_page_shows_the_question_and_what_was_typed_but_not_the_answer(client, interview):
    Question.objects.update(reference="CANARY", explanation="CANARY", examples="CANARY")
    type_in(interview, "Typed before.")
    page = Page(client.get(at_question(interview)))
    row = answer(interview)
    assert row.asked.prompt in page.text
    assert page.box("text") == "Typed before."
    assert page.field("revision") == "1"
    assert "Question 1 of 3" in page.text
    for hidden in ("CANARY", row.asked.reference, row.asked.points[0].text):
        assert hidden not in page.text


def test_pages_of_the_room_are_not_cached(client, interview):
    for page in (at_question(interview), reverse("hand-in", args=[interview.pk])):
        assert "no-store" in client.get(page)["Cache-Control"]


# --- Moving ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("position", "go", "leads_to"),
    [
        (1, "next", 2),
        (2, "next", 3),
        (3, "next", "hand-in"),
        (2, "previous", 1),
        (1, "previous", 1),
        (1, "review", "hand-in"),
        (1, "3", 3),
        (3, "1", 1),
        (2, "flag", 2),
        (2, "", 3),
        (2, "0", 1),
        (2, "99", 3),
        (2, "-1", 2),
        (2, "1.5", 2),
        (2, "²", 2),
        (2, "nonsense", 2),
        (2, "9" * 5000, 2),
        (2, "//evil.example", 2),
    ],
)
def test_a_button_saves_and_leads_on(client, interview, position, go, leads_to):
    response = press(client, interview, go, position, text="Typed.")
    wanted = at_question(interview, leads_to) if isinstance(leads_to, int) else reverse(leads_to, args=[interview.pk])
    assert (response.status_code, response["Location"]) == (302, wanted)
    assert answer(interview, position).text == "Typed."


def test_a_flag_comes_and_goes(client, interview):
    for flagged in (True, False):
        press(client, interview, "flag", text="Typed.")
        assert answer(interview).flagged is flagged
    assert answer(interview).text == "Typed."
    press(client, interview, "flag")
    assert "flagged" in Page(client.get(at_question(interview, 2))).text


def test_visits_are_timed_by_the_arrival_of_requests(client, interview, arriving):
    began = interview.started_at
    for minute, position in [(1, 2), (3, 1), (4, 3)]:
        arriving(began + timedelta(minutes=minute))
        assert client.get(at_question(interview, position)).status_code == 200
    assert [row.seconds_used for row in interview.answers.order_by("position")] == [120, 120, 0]


@pytest.mark.parametrize("fields", [{"revision": "x"}, {"revision": "-1"}, {"revision": ""}, {"revision": str(2**31)}])
def test_a_form_that_cannot_be_read_changes_nothing(client, interview, fields):
    type_in(interview, "Typed before.")
    response = press(client, interview, "next", **{"text": "Typed now.", **fields})
    assert response["Location"] == at_question(interview)
    assert "could not read" in Page(client.get(response["Location"])).text
    assert answer(interview).text == "Typed before."


# --- Text, byte for byte ----------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "\nbegins with a line",
        "\n\n\nthree",
        "  blanks \t ends with lines \n\n",
        " ",
        MARKUP,
        "</textarea><script>alert(1)</script>",
        "&lt;already&gt; &amp;amp;",
        "👩‍👩‍👧‍👦 \u202eabc\u202c\u200b \ufeff",
        "\n" * 20_000,
        "'\"`<>&",
    ],
)
def test_a_text_survives_the_way_to_the_page_and_back(client, interview, text):
    type_in(interview, text)
    page = Page(client.get(at_question(interview)))
    assert page.box("text") == text
    as_browsers_send_it = page.box("text").replace("\n", "\r\n")
    press(client, interview, "next", text=as_browsers_send_it)
    row = answer(interview)
    assert (row.text, row.revision) == (text, 1)  # the same text: not even a new revision


def test_a_form_says_crlf_where_one_typed_a_line(client, interview):
    press(client, interview, "next", text="a\r\n\r\nb\nc")
    assert answer(interview).text == "a\n\nb\nc"


def test_a_hundred_thousand_lines_are_not_too_long(client, interview):
    text = "\n" * settings.MAX_ANSWER_CHARACTERS
    sent = {"text": text.replace("\n", "\r\n"), "revision": 0}
    assert client.post(draft_of(interview), sent).status_code == 200
    assert answer(interview).text == text


@pytest.mark.parametrize("page", [at_question, draft_of])
def test_what_no_database_keeps_is_replaced_and_the_rest_kept(client, interview, page):
    client.post(page(interview), {"text": "a\x00b ", "revision": 0})
    assert answer(interview).text == "a\ufffdb "


def test_bytes_that_are_not_utf8_are_replaced_and_the_rest_kept(client, interview):
    body = b"text=a%FFb%ED%A0%80&revision=0"
    response = client.generic("POST", draft_of(interview), body, "application/x-www-form-urlencoded")
    assert response.status_code == 200
    assert answer(interview).text.startswith("a\ufffdb")


# --- Two tabs ---------------------------------------------------------------------------


def test_a_conflict_shows_both_texts_and_stores_neither_over_the_other(client, interview):
    type_in(interview, "\nthe other tab's")
    response = press(client, interview, "next", text="\n mine ", revision="0")
    page = Page(response)
    assert response.status_code == 409
    assert page.box("text") == "\n mine "
    assert "Two versions of this answer" in page.text
    assert "<ins>the other tab&#x27;s</ins>" in response.content.decode()
    # Moving on without a choice stores nothing either.
    again = press(client, interview, "next", text=page.box("text"), revision=page.field("revision"))
    assert again.status_code == 409
    assert answer(interview).text == "\nthe other tab's"


@pytest.mark.parametrize(
    ("keep", "stored"),
    [("mine", "甲，乙。"), ("other", "甲，丙。"), ("both", "甲，乙。\n丙。"), ("neither", "甲，丙。")],
)
def test_a_conflict_is_settled_by_a_choice(client, interview, keep, stored):
    type_in(interview, "甲，丙。")
    page = Page(press(client, interview, "next", text="甲，乙。", revision="0"))
    form = {"text": page.box("text"), "revision": page.field("revision")}
    form |= {"other_revision": page.field("other_revision"), "keep": keep}
    response = client.post(at_question(interview), form)
    assert answer(interview).text == stored
    if keep == "neither":
        assert response.status_code == 409
    else:
        assert response["Location"] == at_question(interview)


def test_a_choice_does_not_overwrite_a_third_version(client, interview):
    type_in(interview, "theirs")
    page = Page(press(client, interview, "next", text="mine", revision="0"))
    type_in(interview, "theirs, changed again")
    form = {"text": "mine", "revision": 0, "other_revision": page.field("other_revision"), "keep": "mine"}
    assert client.post(at_question(interview), form).status_code == 409
    assert answer(interview).text == "theirs, changed again"


def test_pages_without_a_conflict_do_not_speak_of_one(client, interview):
    page = Page(client.get(at_question(interview)))
    assert "Two versions" not in page.text
    assert "hidden" in next(known for tag, known in page.elements if "data-merge" in known)


def test_a_conflict_sets_no_flag(client, interview):
    type_in(interview, "theirs")
    assert press(client, interview, "flag", text="mine", revision="0").status_code == 409
    assert not answer(interview).flagged


def test_too_long_a_text_is_shown_again_not_lost(client, interview, settings):
    settings.MAX_ANSWER_CHARACTERS = 10
    response = press(client, interview, "next", text="12345678901")
    page = Page(response)
    assert response.status_code == 400
    assert page.box("text") == "12345678901"
    assert "longer than we can store" in page.text
    assert answer(interview).text == ""


def test_an_interview_handed_in_between_two_steps_leads_to_the_receipt(client, interview, monkeypatch):
    real = interviews.save

    def save_and_hand_in(*given: Any) -> Answer:
        """The other tab hands in right after this one has saved."""
        saved = real(*given)
        interviews.submit(Interview.objects.get(), timezone.now())
        return saved

    monkeypatch.setattr(interviews, "save", save_and_hand_in)
    response = press(client, interview, "flag", text="Typed.")
    assert response["Location"] == reverse("receipt", args=[interview.pk])
    assert answer(interview).text == "Typed."


# --- Autosave ------------------------------------------------------------------------------


def autosave(client: Client, interview: Interview, text: str = "Typed.", revision: Any = 0) -> HttpResponse:
    return client.post(draft_of(interview), {"text": text, "revision": revision}, headers=JSON)


def test_a_draft_is_stored(client, interview, arriving):
    arriving(interview.started_at + timedelta(minutes=4))
    response = autosave(client, interview, " Typed.\r\n")
    assert response.status_code == 200
    assert {"revision": 1, "remaining_seconds": 360.0}.items() <= response.json().items()
    assert answer(interview).text == " Typed.\n"
    assert "no-store" in response["Cache-Control"]


def test_a_save_is_three_reads_and_two_writes(client, interview, arriving, django_assert_num_queries):
    """Session, person, answer with its interview; then, in a transaction, the interview's row and the answer's."""
    arriving(interview.started_at + timedelta(minutes=4))
    autosave(client, interview, "The first of a minute is noted in the timeline.")
    with django_assert_num_queries(3 + 2 + 2):  # a savepoint and its end, inside the transaction of this test
        assert autosave(client, interview, "Typed on.", revision=1).status_code == 200


def test_the_same_draft_again_is_acknowledged_again(client, interview):
    autosave(client, interview)
    response = autosave(client, interview)  # the first answer was lost on the way
    assert (response.status_code, response.json()["revision"]) == (200, 1)


def test_a_draft_on_another_revision_is_told_what_is_stored(client, interview):
    type_in(interview, "theirs")
    response = autosave(client, interview, "mine")
    assert response.status_code == 409
    assert {
        "error": "conflict",
        "revision": 1,
        "text": "theirs",
        "both": "mine\ntheirs",
    }.items() <= response.json().items()
    assert "<ins>mine</ins>" in response.json()["view"]
    assert answer(interview).text == "theirs"


@pytest.mark.parametrize("revision", ["", "x", "-1", "1e3", str(2**31), "9" * 400])
def test_a_draft_that_cannot_be_read(client, interview, revision):
    response = autosave(client, interview, revision=revision)
    assert (response.status_code, response.json()["error"]) == (400, "invalid")
    assert answer(interview).text == ""


@pytest.mark.parametrize("size", [1_000_000, 3_000_000])
def test_a_draft_that_is_too_long(client, interview, size):
    type_in(interview, "Typed before.")
    response = autosave(client, interview, "x" * size, revision=1)
    assert (response.status_code, response.json()["error"]) == (413, "too-long")
    assert "longer than we can store" in response.json()["message"]
    assert answer(interview).text == "Typed before."


@pytest.mark.parametrize("page", [at_question, draft_of])
def test_a_body_beyond_all_bounds_is_answered_in_our_words(client, interview, page):
    type_in(interview, "Typed before.")
    huge = {"text": "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1), "revision": 1}
    response = client.post(page(interview), huge)
    assert response.status_code == 413
    assert "what was saved is safe" in Page(response).text
    told = client.post(page(interview), huge, headers=JSON)
    assert (told.status_code, told.json()["error"]) == (413, "too-long")
    assert answer(interview).text == "Typed before."


def test_a_draft_once_closed(client, interview):
    type_in(interview, "Typed before.")
    interviews.submit(interview, timezone.now())
    response = autosave(client, interview, "Typed after.", 1)
    assert response.status_code == 410
    assert {"error": "closed", "location": reverse("receipt", args=[interview.pk])}.items() <= response.json().items()
    assert answer(interview).text == "Typed before."


def test_a_draft_counts_by_when_it_arrived(client, interview, arriving):
    last = interview.deadline + timedelta(seconds=settings.GRACE_SECONDS)
    arriving(last)
    assert autosave(client, interview).status_code == 200
    arriving(last + timedelta(microseconds=1))
    assert autosave(client, interview, "Too late.", 1).status_code == 410
    assert answer(interview).text == "Typed."


def test_the_arrival_is_noted_before_anything_else_is_done():
    assert settings.MIDDLEWARE[0] == "interviewer.middleware.ReceivedAtMiddleware"


# --- Handing in --------------------------------------------------------------------------------


def test_before_handing_in_one_sees_what_is_not_answered(client, interview):
    type_in(interview, "An answer.", 2)
    type_in(interview, " \n ", 3)
    interviews.set_flag(answer(interview, 3), True, timezone.now())
    page = Page(client.get(reverse("hand-in", args=[interview.pk])))
    assert "2 questions are not answered yet" in page.text
    assert page.text.count("not answered") == 1 + 2
    assert page.text.count("flagged") == 1
    for row in interview.answers.all():
        assert row.asked.title in page.text


def test_with_every_answer_one_is_told_so(client, interview):
    for position in (1, 2, 3):
        type_in(interview, "An answer.", position)
    page = Page(client.get(reverse("hand-in", args=[interview.pk])))
    assert "Every question has an answer" in page.text
    assert "not answered" not in page.text


def test_handing_in_leads_to_a_receipt(client, interview):
    type_in(interview, "Fünf!", 1)
    for _click in range(2):
        response = client.post(reverse("hand-in", args=[interview.pk]))
        assert response["Location"] == reverse("receipt", args=[interview.pk])
    interview.refresh_from_db()
    page = Page(client.get(response["Location"]))
    assert interview.submitted_by == "candidate"
    assert interview.receipt_sha256 in page.text
    assert "5 characters Fünf!" in page.text
    assert Grade.objects.count() == 3


def test_until_it_is_handed_in_there_is_no_receipt(client, interview):
    for name in ("receipt", "progress", "scorecard", "scorecard-results"):
        response = client.get(reverse(name, args=[interview.pk]))
        assert response["Location"] == reverse("room", args=[interview.pk])


@pytest.mark.parametrize("settled", [False, True])
@pytest.mark.parametrize("name", ["room", "question", "hand-in"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_once_the_time_is_over_everything_leads_to_the_receipt(client, interview, arriving, name, method, settled):
    type_in(interview, "Saved in time.")
    late = interview.deadline + timedelta(hours=1)
    if settled:
        interviews.settle_expired(late)
    arriving(late)
    address = reverse(name, args=[interview.pk, 1] if name == "question" else [interview.pk])
    response = getattr(client, method)(address, {"text": "Too late.", "revision": 1, "go": "next"})
    assert response["Location"] == reverse("receipt", args=[interview.pk])
    page = Page(client.get(response["Location"]))
    assert "The time was over; what you had saved has been handed in" in page.text
    interview.refresh_from_db()
    assert (interview.submitted_by, interview.submitted_at) == ("clock", interview.deadline)
    assert answer(interview).text == "Saved in time."


def test_the_home_page_settles_what_is_over(client, interview, arriving):
    arriving(interview.deadline + timedelta(hours=1))
    page = client.get("/").content.decode()
    assert reverse("scorecard", args=[interview.pk]) in page
    assert reverse("room", args=[interview.pk]) + '"' not in page


# --- Markup is text ------------------------------------------------------------------------------


def test_markup_is_text_wherever_it_shows(client, candidate, manager):
    User.objects.filter(pk=candidate.pk).update(first_name=MARKUP[:150])
    question = build.question(title=MARKUP, prompt=f"{MARKUP}\n\n[x](javascript:alert(1))", points=[MARKUP])
    question.points.update(name=MARKUP[:120])
    Question.objects.update(reference=MARKUP, explanation=MARKUP, examples=MARKUP)
    interview = interviews.start(build.template(name=MARKUP[:120]), candidate, timezone.now())
    type_in(interview, MARKUP)
    of_candidate = [client.get("/"), client.get(reverse("begin", args=[interview.template_id]))]
    of_candidate += [client.get(at_question(interview)), client.get(reverse("hand-in", args=[interview.pk]))]
    conflict = press(client, interview, "next", text=MARKUP + "!", revision="0")
    assert conflict.status_code == 409
    interviews.submit(interview, timezone.now())
    for name in ("receipt", "progress"):
        of_candidate.append(client.get(reverse(name, args=[interview.pk])))
    row = answer(interview)
    build.graded(row, feedback=MARKUP + "\n\n<script>alert(2)</script>", model=MARKUP)
    for name in ("scorecard", "scorecard-results"):
        of_candidate.append(client.get(reverse(name, args=[interview.pk])))
    reviewer = signed_in(manager)
    of_manager = [reviewer.get(reverse("review-list"))]
    for _ in range(2):  # blind, then with the machine's verdict
        of_manager.append(reviewer.get(reverse("review", args=[interview.pk])))
        unblinded(reviewer, interview)
    for response in [*of_candidate, conflict, *of_manager]:
        assert Page(response).foreign == [], response.request["PATH_INFO"]
    for response in [*of_candidate[2:4], conflict, *of_candidate[-2:], *of_manager[1:]]:
        assert "<script>alert(1)</script>" in Page(response).text  # it is there, as text
    assert Page(of_candidate[2]).box("text") == MARKUP


def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(client, interview):
    policy = client.get(at_question(interview))["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    for address in (at_question(interview), reverse("hand-in", args=[interview.pk]), "/"):
        for _tag, known in Page(client.get(address)).elements:
            assert not known.get("src", "").startswith(("http", "//"))


def test_a_message_in_json_is_not_read_as_a_page(client, interview):
    type_in(interview, MARKUP)
    response = autosave(client, interview, "mine")
    assert response["Content-Type"] == "application/json"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert json.loads(response.content)["text"] == MARKUP

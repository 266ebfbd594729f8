"""Pages of hiring: a candidate's link, the managers' positions, and what neither of them may leak."""

from __future__ import annotations

import io
import logging
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from interviewer import demo, hiring, interviews, jobs
from interviewer.logs import OneLineFormatter
from interviewer.models import Interview, InterviewTemplate, Invitation, Organisation, Position, SignInTries, User
from tests import build
from tests.build import NOON
from tests.conftest import signed_in
from tests.pages import Page

pytestmark = pytest.mark.django_db

WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def noon(arriving) -> None:
    arriving(NOON)


@pytest.fixture
def position() -> Position:
    build.bank(4)
    return build.position(title="推理工程师")


@pytest.fixture
def guest() -> Client:
    """A browser in which nobody is signed in."""
    return Client(headers={"accept-language": "en"})


def link(token: str) -> str:
    return reverse("invitation", args=[token])


def begin(client: Client, token: str, **more: object) -> HttpResponse:
    version = Position.objects.order_by("pk").values_list("template", flat=True)[0]
    return client.post(link(token), {"consent": "on", "version": version, **more})


# --- A candidate's link ------------------------------------------------------------------


def test_the_page_says_what_a_candidate_must_know_before_they_agree(guest, position):
    Organisation.objects.update(
        name="Acme", contact="Ms Li, hr@acme.example", alternative="An hour with an engineer.", retention_days=90
    )
    _row, token = build.invited(position, extra_minutes=5)
    response = guest.get(link(token))
    text = Page(response).text
    for part in (
        "Acme invites you", "推理工程师", "2 questions", "15 minutes", "5 minutes of it is your extra time",
        "hiring managers of Acme see them", "deleted 90 days after", "An hour with an engineer.", "hr@acme.example",
        "similarity to the reference answer", "people of Acme read your answers", "If the network fails", "no account",
    ):  # fmt: skip
        assert part in text, part
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "strict-origin"


def test_looking_uses_nothing_up(guest, position):
    _row, token = build.invited(position)
    guest.head(link(token))
    assert Invitation.objects.get().opened_at is None
    before = Invitation.objects.values().get()
    for _ in range(3):
        guest.get(link(token))
    assert Invitation.objects.values().get() == {**before, "opened_at": NOON}
    assert not guest.session.keys() and not Interview.objects.exists()
    assert begin(guest, token).status_code == 302


def test_without_consent_nothing_begins(guest, position):
    _row, token = build.invited(position)
    response = guest.post(link(token), {"version": position.template_id})
    assert response.status_code == 400 and "Please tick the box" in Page(response).text
    assert not Interview.objects.exists()


def test_one_sits_it_without_an_account_and_comes_back_by_the_link(guest, position):
    _row, token = build.invited(position)
    room = begin(guest, token)["Location"]
    interview = Interview.objects.get()
    assert room == reverse("room", args=[interview.pk])
    assert guest.get(room, follow=True).status_code == 200
    assert begin(guest, token)["Location"] == room, "a second click leads to the same interview"
    elsewhere = Client(headers={"accept-language": "en"})
    assert elsewhere.get(room).status_code == 302, "the address of the room alone lets nobody in"
    page = elsewhere.get(link(token))
    assert "has begun" in Page(page).text and "_auth_user_id" not in elsewhere.session
    assert elsewhere.post(link(token))["Location"] == room
    assert elsewhere.get(room, follow=True).status_code == 200
    guest.post(reverse("hand-in", args=[interview.pk]))
    again = Client(headers={"accept-language": "en"})
    assert "is over" in Page(again.get(link(token))).text
    landed = again.post(link(token), follow=True)
    assert landed.redirect_chain[-1][0] == reverse("receipt", args=[interview.pk])
    assert Interview.objects.count() == 1


def test_what_was_changed_meanwhile_is_read_again_first(guest, position):
    _row, token = build.invited(position)
    hiring.accept(build.invited(position)[0], NOON)  # somebody has sat it: a change makes a version
    old = position.template_id
    hiring.change(position, "推理工程师", "zh-hans", [build.row(count=1)], None, NOON)
    response = begin(guest, token, version=old)
    assert response["Location"] == link(token)
    assert "has been changed meanwhile" in Page(guest.get(link(token))).text
    assert Interview.objects.count() == 1


def test_a_manager_who_begins_is_told_and_then_sits_as_a_guest(reviewer, manager, position):
    _row, token = build.invited(position)
    assert "You are signed in here as manager" in Page(reviewer.get(link(token))).text
    begin(reviewer, token)
    assert Interview.objects.get().candidate.is_guest
    assert reviewer.session["_auth_user_id"] == str(Interview.objects.get().candidate_id)


@pytest.mark.parametrize(
    ("how", "sentence"), [("expired", "has expired"), ("revoked", "was withdrawn"), ("closed", "position is closed")]
)
def test_a_link_that_starts_nothing_says_why_and_what_to_do(how, sentence, guest, position, arriving):
    row, token = build.invited(position)
    if how == "expired":
        arriving(NOON + WEEK)
    elif how == "revoked":
        hiring.revoke(row, None, NOON)
    else:
        hiring.close(position, None, NOON)
    for response in (guest.get(link(token)), begin(guest, token)):
        assert response.status_code == 410
        assert sentence in Page(response).text and "Ask whoever invited you" in Page(response).text
        assert response["Referrer-Policy"] == "strict-origin"
    assert not Interview.objects.exists()


def test_an_unknown_link_and_a_malformed_one_look_alike(guest, position):
    _row, token = build.invited(position)

    def page(token: str) -> tuple[int, str]:
        response = guest.get(link(token))
        body = response.content.decode().replace(token, "TOKEN")
        return response.status_code, re.sub(r'(csrfmiddlewaretoken" value=)"\w+"', r"\1", body)

    unknown = page("x" * len(token))
    assert unknown == page("?".replace("?", "short")) == page("x" * 400)
    assert unknown[0] == 404 and "leads to no interview" in unknown[1]


def test_guessing_is_slowed_down_and_locks_nobody_out(guest, position, settings):
    settings.UNKNOWN_LINKS_PER_NETWORK = 3
    _row, token = build.invited(position)
    assert [guest.get(link(f"guess-{n}")).status_code for n in range(5)] == [404, 404, 404, 429, 429]
    refused = guest.get(link("guess"))
    assert refused["Retry-After"] == "600" and "Please wait ten minutes" in Page(refused).text
    assert guest.get(link(token)).status_code == 200
    assert token not in str(list(SignInTries.objects.values()))


def test_no_question_is_no_fault_of_the_candidate(guest):
    _row, token = build.invited(build.position())
    response = begin(guest, token)
    assert response["Location"] == link(token)
    assert "not your fault" in Page(guest.get(link(token))).text


def test_a_guest_goes_by_a_code_where_answers_are_reviewed(guest, reviewer, position):
    row, token = build.invited(position, name="王芳", email="wang@example.org")
    begin(guest, token)
    for page in (reverse("review-list"), reverse("review", args=[Interview.objects.get().pk])):
        text = reviewer.get(page).content.decode()
        assert row.code in text and "王芳" not in text and "wang@" not in text


def test_links_are_cut_short_in_the_log(guest, position, caplog):
    _row, token = build.invited(position)
    hiring.close(position, None, NOON)
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(OneLineFormatter("{message}", style="{"))
    logging.getLogger().addHandler(handler)
    try:
        guest.get(link(token))  # 410, which Django logs with its address
        guest.post(link(token), b"a=\xff", content_type="application/x-www-form-urlencoded")
        Client(enforce_csrf_checks=True).post(link(token))
    finally:
        logging.getLogger().removeHandler(handler)
    assert out.getvalue().count("/i/…/") >= 3
    assert token not in out.getvalue()


# --- Managers' pages ------------------------------------------------------------------------


def open_form(**fields: object) -> dict[str, object]:
    rows = {"row-TOTAL_FORMS": 2, "row-INITIAL_FORMS": 0}
    rows |= {"row-0-count": 2, "row-0-least": 1, "row-0-most": 5, "row-0-minutes": 5}
    rows |= {"row-1-count": "", "row-1-least": 1, "row-1-most": 5, "row-1-minutes": 5}
    return {"title": "Engineer", "language": "zh-hans", "organisation": build.home().pk, **rows, **fields}


def test_from_nothing_to_a_link(reviewer, guest):
    build.bank(3)
    assert "No position is open" in Page(reviewer.get("/positions/")).text
    page = reviewer.post("/positions/new/", open_form(), follow=True)
    position = Position.objects.get()
    assert "Nobody is invited yet" in Page(page).text
    form = Page(reviewer.get(reverse("invite", args=[position.pk])))
    shown = reviewer.post(reverse("invite", args=[position.pk]), {"days": 7, "count": 2, "seen": form.field("seen")})
    links = re.findall(r'value="http://testserver(/i/[^"]+/)"', shown.content.decode())
    assert len(links) == 2 and "no-store" in shown["Cache-Control"]
    assert guest.get(links[0]).status_code == 200
    later = reviewer.get(reverse("position", args=[position.pk])).content.decode()
    assert "/i/" not in later, "a link is shown once"
    assert not any("/i/" in str(value) for value in reviewer.session.values())
    stale = reviewer.post(reverse("invite", args=[position.pk]), {"days": 7, "count": 2, "seen": 0}, follow=True)
    assert "invited people since you opened that page" in Page(stale).text
    assert Invitation.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"title": ""}, "This field is required"),
        ({"row-0-count": ""}, "Say in one row at least"),
        ({"row-0-least": 5, "row-0-most": 2}, "ends below where it begins"),
        ({"row-0-minutes": ""}, "How many minutes"),
        ({"row-0-count": 20, "row-0-minutes": 60}, "at most 50 questions and 480 minutes"),
        ({"row-0-count": -1}, "greater than or equal to 1"),
        ({"language": "xx"}, "Select a valid choice"),
        ({"row-TOTAL_FORMS": 99}, "at most 12"),
        ({"row-TOTAL_FORMS": "x"}, "whole number"),
    ],
)
def test_a_form_that_cannot_be_used_says_why_and_keeps_what_was_typed(wrong, sentence, reviewer):
    response = reviewer.post("/positions/new/", open_form(**wrong))
    assert response.status_code == 400 and sentence in Page(response).text
    assert not Position.objects.exists()


def test_saving_unchanged_makes_no_version(reviewer, position):
    hiring.accept(build.invited(position)[0], NOON)
    address = reverse("position-edit", args=[position.pk])
    page = Page(reviewer.get(address))
    assert "makes a new version" in page.text
    sent = {known["name"]: known.get("value", "") for tag, known in page.elements if tag == "input" and "name" in known}
    sent |= {f"row-{n}-{name}": value for n in range(4) for name, value in (("least", 1), ("most", 5))}
    reviewer.post(address, {**sent, "language": "zh-hans"})
    assert InterviewTemplate.objects.count() == 1
    told = reviewer.post(address, {**sent, "language": "zh-hans", "row-0-count": 1}, follow=True)
    assert "keeps the earlier version" in Page(told).text
    assert InterviewTemplate.objects.count() == 2


def test_too_few_questions_are_told_to_the_manager(reviewer):
    build.bank(3, topic_slug="serving")
    position = build.position(rows=[build.row("serving", 5)])
    for name in ("position", "invite"):
        assert "3 of 5 can be filled" in Page(reviewer.get(reverse(name, args=[position.pk]))).text
    empty = build.position(rows=[build.row("training", 1)])
    page = Page(reviewer.get(reverse("invite", args=[empty.pk]))).text
    assert "nothing to ask" in page and "Make the link" not in page


def test_states_are_told_in_words(reviewer, position):
    made = {name: build.invited(position)[0] for name in ("fresh", "opened", "revoked", "running", "done", "expired")}
    made["opened"].open(NOON)
    hiring.revoke(made["revoked"], None, NOON)
    Invitation.objects.filter(pk=made["expired"].pk).update(expires_at=NOON)
    hiring.accept(made["running"], NOON)
    interviews.submit(hiring.accept(made["done"], NOON), NOON)
    rows = {row[0].strip(): " ".join(row[2].split()) for row in Page(_of(reviewer, position)).rows if len(row) > 3}
    said = {name: rows[row.code] for name, row in made.items()}
    assert said.pop("opened").startswith("Opened ")
    assert said == {
        "fresh": "Not opened yet", "revoked": "Revoked", "expired": "Expired", "running": "Running",
        "done": "Handed in, being graded",
    }  # fmt: skip


def _of(client: Client, position: Position) -> HttpResponse:
    return client.get(reverse("position", args=[position.pk]))


def test_the_list_takes_as_many_queries_for_many_as_for_one(reviewer, position):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            reviewer.get("/positions/")
        return len(found)

    queries()
    before = queries()
    for _ in range(5):
        build.invited(build.position())
    assert queries() == before


def test_a_new_link_and_a_revoked_one(reviewer, guest, position):
    row, old = build.invited(position)
    shown = reviewer.post(reverse("invitation-renew", args=[position.pk, row.pk])).content.decode()
    new = re.search(r'value="http://testserver(/i/[^"]+/)"', shown)[1]
    assert (guest.get(link(old)).status_code, guest.get(new).status_code) == (404, 200)
    reviewer.post(reverse("invitation-revoke", args=[position.pk, row.pk]))
    assert guest.get(new).status_code == 410


def test_by_e_mail_from_the_page(reviewer, position, mailoutbox):
    form = {"days": 7, "seen": 0, "count": 1, "name": "王芳", "email": "wang@example.org", "how": "mail"}
    page = reviewer.post(reverse("invite", args=[position.pk]), form, follow=True)
    assert "1 e-mail is being sent." in Page(page).text and "/i/" not in page.content.decode()
    jobs.run(jobs.Job.objects.get().pk)
    assert "Sent " in Page(_of(reviewer, position)).text
    sent = re.search(r"http://testserver(/i/\S+)", mailoutbox[0].body)[1]
    assert Client().get(sent).status_code == 200


def test_what_could_not_be_sent_is_offered_again(reviewer, position, settings, mailoutbox):
    settings.EMAIL_BACKEND = "tests.interviewer.test_hiring.Failing"
    from tests.interviewer.test_hiring import Failing

    Failing.is_down = True
    form = {"days": 7, "seen": 0, "email": "wang@example.org", "how": "mail"}
    reviewer.post(reverse("invite", args=[position.pk]), form)
    jobs.run(jobs.Job.objects.get().pk)
    assert "could not be reached" in Page(_of(reviewer, position)).text
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    reviewer.post(reverse("send-again", args=[position.pk]))
    jobs.run(jobs.Job.objects.pending().get().pk)
    assert len(mailoutbox) == 1 and "could not be" not in Page(_of(reviewer, position)).text


def upload(client: Client, position: Position, data: bytes, **more: object) -> HttpResponse:
    form = {"days": 7, "seen": 0, "file": SimpleUploadedFile("people.csv", data), **more}
    return client.post(reverse("invite-people", args=[position.pk]), form)


def test_a_file_is_shown_first_and_then_invites(reviewer, position):
    preview = upload(reviewer, position, "姓名,邮箱\n王芳,w@example.org\n<b>=1,x@example.org\n坏,坏\n".encode())
    page = Page(preview)
    assert "2 people can be invited" in page.text and "“坏” is not an e-mail address" in page.text
    assert page.foreign == [] and not Invitation.objects.exists()
    fields = {known["name"]: known["value"] for tag, known in page.elements if known.get("type") == "hidden"}
    shown = reviewer.post(reverse("invite-people", args=[position.pk]), {**fields, "send": ""})
    assert shown.content.decode().count("http://testserver/i/") == 2
    assert set(Invitation.objects.values_list("name", "email")) == {
        ("王芳", "w@example.org"), ("<b>=1", "x@example.org"),
    }  # fmt: skip
    again = upload(reviewer, position, b"email\nW@example.org\n", seen=2)
    assert "has an invitation to this position already" in Page(again).text
    assert Page(again).text.count("0 people can be invited") and "Make links" not in Page(again).text


@pytest.mark.parametrize("data", [b"", b"Wang,w@example.org", bytes(range(256)) * 9, b"email\n" + b"a" * 2**20])
def test_a_file_that_cannot_be_read_is_answered_with_a_sentence(data, reviewer, position):
    response = upload(reviewer, position, data)
    assert response.status_code == 400
    assert re.search("empty|must name the columns|not a text file|too large", Page(response).text)


def test_whoever_belongs_to_no_organisation_is_told_so(roles):
    client = signed_in(build.manager("lost"))
    for page in ("/positions/", "/positions/new/"):
        assert "You belong to no organisation yet" in Page(client.get(page)).text


# --- The admin -------------------------------------------------------------------------------


def test_in_the_admin_a_template_that_was_sat_gets_a_new_version(candidate):
    sitting = build.interview(candidate, minutes=10)
    old = sitting.template
    topic = build.topic("training")
    admin = signed_in(build.user("operator", is_staff=True, is_superuser=True))
    form = {
        "name": old.name, "organisation": old.organisation_id, "language": old.language, "topics": [topic.pk],
        "question_count": 3, "mode": old.mode, "is_open": "on", "minutes": 20, "expiry": old.expiry,
        "late_minutes": old.late_minutes, "pause_minutes": old.pause_minutes,
    }  # fmt: skip
    page = admin.post(reverse("admin:interviewer_interviewtemplate_change", args=[old.pk]), form, follow=True)
    assert "became version 2" in page.content.decode()
    new = InterviewTemplate.objects.get(version=2)
    old.refresh_from_db()
    again = admin.post(reverse("admin:interviewer_interviewtemplate_change", args=[old.pk]), {**form, "minutes": 30})
    assert again.status_code == 302 and InterviewTemplate.objects.count() == 2, "the past has no other future"
    assert (old.minutes, old.question_count, old.is_open, list(old.topics.all())) == (10, 2, False, [])
    assert (new.minutes, new.supersedes, new.is_open, list(new.topics.all())) == (20, old, True, [topic])


def test_in_the_admin_templates_of_positions_are_not_changed(position):
    admin = signed_in(build.user("operator", is_staff=True, is_superuser=True))
    page = reverse("admin:interviewer_interviewtemplate_change", args=[position.template_id])
    assert admin.get(page).status_code == 302


# --- The demo -----------------------------------------------------------------------------------


def test_the_demo_prints_a_link_that_works(roles, settings, tmp_path, guest):
    settings.DEBUG, settings.DATA_DIR = True, tmp_path
    for slug in ("serving", "retrieval", "evaluation"):
        build.question(topic_slug=slug, prompt=slug)
    for _start in range(2):
        demo.ensure_people()
        demo.ensure_position()
        path = demo.credentials("http://site.example/")[-1].strip().removeprefix("http://site.example")
        assert guest.get(path).status_code == 200
    assert Position.objects.count() == Invitation.objects.count() == 1
    settings.DEBUG = False
    assert demo.credentials("http://site.example/") == []
    assert User.objects.filter(username="manager").exists()

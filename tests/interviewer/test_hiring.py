"""Positions, their blueprints and invitations: the verbs. Their pages: `test_hiring_pages.py`."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from interviewer import hiring, interviews, jobs
from interviewer.blueprint import choose
from interviewer.models import (
    Accommodation,
    Interview,
    InterviewTemplate,
    Invitation,
    Organisation,
    Position,
    TemplateInUse,
    User,
)
from questions.documents.decoding import DocumentError
from tests import build
from tests.build import NOON
from tests.parallel import together

WEEK = timedelta(days=7)
Standing = Invitation.Standing


def fresh(invitation: Invitation) -> Invitation:
    return Invitation.objects.select_related("position__template", "interview").get(pk=invitation.pk)


# --- Templates ------------------------------------------------------------------------


@pytest.mark.django_db
class TestTemplates:
    def test_what_nobody_has_sat_may_change(self):
        template = build.template(minutes=10)
        template.minutes = 20
        template.save()
        assert InterviewTemplate.objects.get().minutes == 20

    @pytest.mark.parametrize(
        ("field", "value"),
        [("minutes", 99), ("question_count", 1), ("language", "en"), ("mode", "exam"), ("expiry", "abandon"),
         ("pause_minutes", 5), ("late_minutes", 9), ("seconds_per_question", 77)],
    )  # fmt: skip
    def test_what_somebody_was_promised_may_not(self, field: str, value: Any):
        template = build.interview().template
        setattr(template, field, value)
        with pytest.raises(TemplateInUse):
            template.save()
        template.refresh_from_db()
        assert getattr(template, field) != value

    def test_nor_its_organisation(self):
        template = build.interview().template
        template.organisation = build.organisation()
        with pytest.raises(TemplateInUse):
            template.save()

    def test_name_window_and_being_open_may_still_change(self):
        template = build.interview().template
        template.name, template.is_open, template.closes_at = "another", False, NOON
        template.save()

    def test_a_successor_is_a_row_of_its_own(self):
        sitting = build.interview(minutes=10)
        template = InterviewTemplate.objects.get(pk=sitting.template_id)
        template.minutes = 20
        template.become_successor()
        sitting.refresh_from_db()
        assert (sitting.template.minutes, sitting.template.is_open) == (10, False)
        assert (template.minutes, template.version, template.supersedes, template.is_open) == (
            20, 2, sitting.template, True,
        )  # fmt: skip


# --- Blueprints -----------------------------------------------------------------------


@pytest.mark.django_db
class TestBlueprints:
    def test_each_row_is_filled_from_its_topic_and_difficulty(self):
        build.bank(3, topic_slug="serving", difficulty=2)
        build.bank(6, topic_slug="training", difficulty=5)
        build.question(topic_slug="training", difficulty=1, prompt="What is a mutex?", title="mutex", points=["a lock"])
        rows = [
            build.row("serving", 2, minutes_each=3),
            build.row("training", 2, least_difficulty=4, minutes_each=9),
        ]
        template = build.position(rows=rows).template
        chosen = choose(template)
        assert [each.question.topic.slug for each in chosen] == ["serving"] * 2 + ["training"] * 2
        assert [each.seconds for each in chosen] == [180, 180, 540, 540]
        assert (template.question_count, template.minutes) == (4, 24)

    def test_no_two_rows_ask_the_same(self):
        build.bank(2, topic_slug="serving")
        build.bank(2, topic_slug="training")  # the same questions again, elsewhere
        template = build.position(rows=[build.row("serving", 2), build.row("training", 2)]).template
        prompts = [each.question.prompt for each in choose(template)]
        assert len(prompts) == len(set(prompts)) == 2

    def test_a_row_for_any_topic_leaves_the_others_what_they_need(self):
        build.bank(1, topic_slug="serving")
        build.question(topic_slug="training", prompt=build.PROMPTS[1], title="t", points=["梯度累积省显存"])
        template = build.position(rows=[build.row("", 1), build.row("serving", 1)]).template
        for _ in range(5):
            assert [each.question.topic.slug for each in choose(template)] == ["training", "serving"]

    def test_what_was_asked_before_is_not_asked_again(self, candidate: User):
        build.bank(4)
        template = build.position().template
        first = interviews.start(template, candidate, NOON)
        interviews.submit(first, NOON)
        second = interviews.start(template, candidate, NOON)
        asked = [{answer.question_id for answer in each.answers.all()} for each in (first, second)]
        assert len(asked[0] | asked[1]) == 4

    def test_the_manager_is_told_which_row_cannot_be_filled(self):
        build.bank(3, topic_slug="serving")
        position = build.position(rows=[build.row("serving", 5), build.row("training", 1)])
        assert [(each.found, each.row.count, each.is_short) for each in hiring.supply(position.template)] == [
            (3, 5, True), (0, 1, True),
        ]  # fmt: skip

    def test_other_languages_and_drafts_do_not_count(self):
        build.bank(2, language="en")
        build.bank(2, status="draft")
        assert [each.found for each in hiring.supply(build.position().template)] == [0]


# --- Positions ------------------------------------------------------------------------


@pytest.mark.django_db
class TestPositions:
    def test_its_template_is_offered_to_nobody(self):
        build.position()
        assert not InterviewTemplate.objects.offered(NOON).exists()

    def test_an_unused_blueprint_changes_in_place(self):
        position = build.position()
        before = position.template_id
        changed = hiring.change(position, "another", "en", [build.row(count=3)], None, NOON)
        assert (changed.template_id, changed.template.version, changed.template.question_count) == (before, 1, 3)
        assert (changed.title, changed.template.name, changed.template.language) == ("another", "another", "en")

    def test_a_used_one_becomes_a_new_version_and_the_old_one_stays(self):
        build.bank(4)
        position = build.position(rows=[build.row(count=2)])
        sitting = hiring.accept(build.invited(position)[0], NOON)
        changed = hiring.change(position, position.title, "zh-hans", [build.row(count=4, minutes_each=7)], None, NOON)
        sitting.refresh_from_db()
        assert (changed.template.version, changed.template.supersedes) == (2, sitting.template)
        assert [row.count for row in sitting.template.blueprint.all()] == [2]
        assert (sitting.template.question_count, sitting.answers.count()) == (2, 2)
        assert hiring.accept(build.invited(changed)[0], NOON).answers.count() == 4

    def test_a_new_title_alone_makes_no_version(self):
        build.bank(2)
        position = build.position(rows=[build.row(count=2)])
        hiring.accept(build.invited(position)[0], NOON)
        changed = hiring.change(position, "another", "zh-hans", [build.row(count=2)], None, NOON)
        assert (changed.template.version, changed.template.name) == (1, "another")

    def test_closing_and_opening_again(self):
        build.bank(2)
        position = build.position()
        invitation, _token = build.invited(position)
        hiring.close(position, None, NOON)
        with pytest.raises(hiring.NotUsable):
            hiring.accept(fresh(invitation), NOON)
        with pytest.raises(hiring.PositionClosed):
            build.invited(position)
        hiring.reopen(position, None, NOON)
        assert hiring.accept(fresh(invitation), NOON)

    def test_progress_is_counted_in_one_query(self):
        build.bank(2)
        position, empty = build.position(), build.position()
        people = [build.invited(position)[0] for _ in range(6)]
        people[0].open(NOON)
        hiring.accept(people[1], NOON)
        for each in people[2:4]:
            interviews.submit(hiring.accept(each, NOON), NOON)
        for answer in fresh(people[2]).interview.answers.all():
            build.graded(answer)
        hiring.revoke(people[5], None, NOON)
        with CaptureQueriesContext(connection) as queries:
            counted = {each.pk: each for each in Position.objects.with_progress()}
        assert len(queries) == 1
        found = counted[position.pk]
        assert (found.invited, found.opened, found.running, found.handed_in, found.graded) == (5, 4, 1, 2, 1)
        assert counted[empty.pk].invited == counted[empty.pk].graded == 0


# --- Invitations ----------------------------------------------------------------------


@pytest.mark.django_db
class TestInvitations:
    def test_only_a_hash_of_the_token_is_stored(self):
        invitation, token = build.invited(name="王芳")
        row = Invitation.objects.filter(pk=invitation.pk).values().get()
        assert len(token) >= 32 and token not in str(row)
        assert hiring.find(token) == invitation
        assert hiring.find(token[:-1]) is hiring.find("") is hiring.find("\ud800") is None

    def test_codes_differ_and_tell_nothing(self):
        position = build.position()
        made = hiring.invite(position, [hiring.Invitee("王芳")] * 50, WEEK, None, NOON)
        codes = {invitation.code for invitation, _token in made}
        assert len(codes) == 50 and all(len(code) == 6 and code.isascii() for code in codes)

    def test_a_form_that_was_sent_twice_invites_once(self):
        position = build.position()
        build.invited(position, seen=0)
        with pytest.raises(hiring.AlreadyInvited):
            build.invited(position, seen=0)
        assert Invitation.objects.count() == 1

    def test_it_makes_a_guest_who_cannot_sign_in(self, client):
        build.bank(2)
        invitation, _token = build.invited(extra_minutes=5, name="王芳", email="wang@example.org")
        interview = hiring.accept(invitation, NOON)
        guest = interview.candidate
        assert guest.is_guest and not guest.has_usable_password() and not guest.is_manager
        assert (guest.first_name, guest.last_name, guest.email) == ("", "", "")
        assert "王芳" not in guest.username and invitation.code in guest.username
        assert Accommodation.objects.get(person=guest).extra_minutes == 5
        assert interview.duration == timedelta(minutes=2 * 5 + 5)
        for password in ("", "!", guest.password):
            assert client.post("/login/", {"username": guest.username, "password": password}).status_code == 200

    def test_it_is_good_once(self):
        build.bank(2)
        invitation, _token = build.invited()
        hiring.accept(invitation, NOON)
        for again in (invitation, fresh(invitation)):
            with pytest.raises(hiring.NotUsable):
                hiring.accept(again, NOON)
        assert Interview.objects.count() == User.objects.filter(is_guest=True).count() == 1

    def test_it_expires(self):
        build.bank(2)
        invitation, _token = build.invited(lasts=WEEK)
        with pytest.raises(hiring.NotUsable):
            hiring.accept(invitation, NOON + WEEK)
        assert hiring.accept(invitation, NOON + WEEK - timedelta(seconds=1))

    def test_it_can_be_revoked_even_at_the_last_moment(self):
        build.bank(2)
        seen, _token = build.invited()
        assert hiring.revoke(fresh(seen), None, NOON)
        assert not hiring.revoke(fresh(seen), None, NOON)
        with pytest.raises(hiring.NotUsable):
            hiring.accept(seen, NOON)  # as it was seen before it was revoked
        assert not Interview.objects.exists() and not User.objects.filter(is_guest=True).exists()

    def test_a_new_link_takes_the_place_of_the_old_one(self):
        build.bank(2)
        seen, old = build.invited()
        new = hiring.renew(fresh(seen), None, NOON + timedelta(days=3))
        assert hiring.find(old) is None
        with pytest.raises(hiring.NotUsable):
            hiring.accept(seen, NOON)  # somebody had the old page open
        found = hiring.find(new)
        assert found is not None and found.expires_at == NOON + timedelta(days=10)
        assert hiring.accept(found, NOON)

    def test_a_new_link_leads_to_the_interview_that_has_begun(self):
        build.bank(2)
        invitation, _token = build.invited()
        interview = hiring.accept(invitation, NOON)
        hiring.revoke(invitation, None, NOON)
        assert fresh(invitation).standing(NOON) == Standing.REVOKED
        found = hiring.find(hiring.renew(fresh(invitation), None, NOON))
        assert found is not None and found.interview == interview
        assert found.standing(NOON) == Standing.RUNNING
        interviews.submit(interview, NOON)
        assert fresh(found).standing(NOON) == Standing.HANDED_IN

    def test_without_questions_nothing_happens_and_the_link_stays_good(self):
        invitation, _token = build.invited()
        with pytest.raises(interviews.NoQuestions):
            hiring.accept(invitation, NOON)
        assert fresh(invitation).standing(NOON) == Standing.USABLE
        assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_twenty_at_once_one_begins():
    build.bank(2)
    invitation, _token = build.invited()

    def accept() -> str:
        try:
            return str(hiring.accept(fresh(invitation), NOON).pk)
        except hiring.NotUsable:
            return ""

    begun = [pk for pk in together(*[accept] * 20) if pk]
    assert [str(pk) for pk in Interview.objects.values_list("pk", flat=True)] == begun
    assert len(begun) == User.objects.filter(is_guest=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_forms_sent_at_once_one_invites():
    position = build.position()

    def invite() -> bool:
        try:
            return bool(build.invited(position, seen=0))
        except hiring.AlreadyInvited:
            return False

    assert sorted(together(*[invite] * 6)) == [False] * 5 + [True]
    assert Invitation.objects.count() == 1


# --- Sending --------------------------------------------------------------------------


class Failing(EmailBackend):
    """A mail server that refuses some addresses, or everybody; `tried` counts."""

    refuses: set[str] = set()
    is_down = False
    tried = 0

    def send_messages(self, messages) -> int:
        Failing.tried += 1
        if Failing.is_down:
            raise ConnectionRefusedError("no")
        for message in messages:
            if message.to[0] in Failing.refuses:
                raise smtplib.SMTPRecipientsRefused({message.to[0]: (550, b"no such\nmailbox")})
        return super().send_messages(messages)


@pytest.fixture
def mail_server(settings) -> type[Failing]:
    settings.EMAIL_BACKEND = f"{Failing.__module__}.{Failing.__name__}"
    Failing.refuses, Failing.is_down, Failing.tried = set(), False, 0
    return Failing


def sent(*emails: str, position: Position | None = None) -> list[Invitation]:
    """Invitations to these addresses, after a worker has sent them."""
    to = position or build.position()
    rows = [row for row, _ in hiring.invite(to, [hiring.Invitee("", each) for each in emails], WEEK, None, NOON)]
    job = hiring.send(to, rows, "http://site.example", build.user(), NOON)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == "done"
    return [fresh(row) for row in rows]


def token_in(message: mail.EmailMessage) -> str:
    return str(message.body).split("http://site.example/i/")[1].split("/")[0]


@pytest.mark.django_db
class TestSending:
    def test_each_gets_a_link_of_their_own_which_is_stored_nowhere(self):
        one, two = sent("a@example.org", "b@example.org")
        assert [message.to for message in mail.outbox] == [["a@example.org"], ["b@example.org"]]
        assert hiring.find(token_in(mail.outbox[0])) == one
        assert hiring.find(token_in(mail.outbox[1])) == two
        assert one.sent_at and not one.error
        rows = [str(list(model.objects.values())) for model in (Invitation, jobs.Job, User)]
        assert token_in(mail.outbox[0]) not in "".join(rows)

    def test_it_says_what_the_page_says_in_the_language_asked_for(self):
        home = build.home()
        Organisation.objects.filter(pk=home.pk).update(name="R & D <b>", contact="hr@example.org")
        to = build.position()
        row = hiring.invite(to, [hiring.Invitee("王芳", "a@example.org")], WEEK, None, NOON, language="en")[0][0]
        jobs.run(hiring.send(to, [row], "http://site.example", build.user(), NOON).pk)
        message = mail.outbox[0]
        assert message.subject == f"Invitation to an interview: {to.title}"
        for part in (
            "Hello 王芳,",
            "R & D <b> invites you",
            "2 questions · 10 minutes",
            "hr@example.org",
            "no account",
        ):
            assert part in message.body

    def test_what_is_refused_is_told_in_its_row_and_can_be_sent_again(self, mail_server):
        mail_server.refuses = {"b@example.org"}
        good, bad = sent("a@example.org", "b@example.org")
        assert good.sent_at and not bad.sent_at
        assert bad.reason == "The mail server refused this address: 550 no such"
        mail_server.refuses = set()
        jobs.run(hiring.send(bad.position, [bad], "http://site.example", build.user(), NOON).pk)
        assert fresh(bad).sent_at and not fresh(bad).error
        assert len(mail.outbox) == 2

    def test_a_server_that_is_down_is_asked_three_times_not_for_everybody(self, mail_server):
        mail_server.is_down = True
        rows = sent(*(f"{n}@example.org" for n in range(8)))
        assert mail_server.tried == 3
        assert {row.reason for row in rows} == {
            "The mail server could not be reached (ConnectionRefusedError). Try again later."
        }

    def test_what_cannot_be_sent_leaves_the_link_before_good(self, mail_server):
        invitation, token = build.invited(email="a@example.org")
        mail_server.is_down = True
        jobs.run(hiring.send(invitation.position, [invitation], "http://site.example", build.user(), NOON).pk)
        assert hiring.find(token) == invitation

    def test_the_days_that_were_chosen_stay_and_what_has_expired_gets_new_ones(self):
        at = timezone.now()
        short, _token = build.invited(email="a@example.org", at=at, lasts=timedelta(days=2))
        old, _token = build.invited(email="b@example.org", at=at, lasts=timedelta(hours=1))
        for each in (short, old):
            jobs.run(hiring.send(each.position, [each], "http://site.example", build.user(), at).pk)
        assert fresh(short).expires_at == short.expires_at
        assert timedelta(days=7) <= fresh(old).expires_at - at < timedelta(days=8)

    def test_a_job_that_runs_twice_sends_once(self):
        to = build.position()
        rows = [row for row, _ in hiring.invite(to, [hiring.Invitee("", "a@example.org")], WEEK, None, NOON)]
        job = hiring.send(to, rows, "http://site.example", build.user(), NOON)
        jobs.run(job.pk)
        jobs.Job.objects.filter(pk=job.pk).update(status="pending", lease=None, leased_until=None)
        jobs.run(job.pk)
        assert len(mail.outbox) == 1

    def test_what_was_revoked_meanwhile_is_not_sent(self):
        to = build.position()
        rows = [row for row, _ in hiring.invite(to, [hiring.Invitee("", "a@example.org")], WEEK, None, NOON)]
        job = hiring.send(to, rows, "http://site.example", build.user(), NOON)
        hiring.revoke(rows[0], None, NOON)
        jobs.run(job.pk)
        assert mail.outbox == []

    def test_a_title_cannot_write_headers(self):
        sent("a@example.org", position=build.position(title="Engineer\r\nBcc: evil@example.org"))
        assert mail.outbox[0].subject == "面试邀请：Engineer Bcc: evil@example.org"
        assert mail.outbox[0].recipients() == ["a@example.org"]


# --- Files of people ------------------------------------------------------------------


def read(text: str, invited: tuple[str, ...] = ()) -> list[tuple[int, str, str, str]]:
    return [(line.number, line.name, line.email, line.problem) for line in hiring.read_people(text.encode(), invited)]


@pytest.mark.parametrize(
    "text",
    ["name,email\n王芳,a@example.org\n", "姓名,邮箱\n王芳,a@example.org", "E-Mail;Name\r\na@example.org;王芳\r\n",
     "﻿邮箱\t电话\t姓名\n a@example.org \t1\t 王芳 \n\n"],
)  # fmt: skip
def test_headings_in_two_languages_and_any_order(text: str):
    assert read(text) == [(2, "王芳", "a@example.org", "")]


def test_a_file_that_excel_saved_in_chinese():
    assert hiring.read_people("姓名,邮箱\n王芳,a@example.org\n".encode("gb18030"))[0].name == "王芳"


def test_problems_are_told_by_line():
    text = (
        'name,email\nA,a@x.org\nB,\nC,not an address\nD,A@X.org\n"E\nF",old@x.org\n,\nG,g@x.org\n'
        + "H" * 151
        + ",h@x.org"
    )
    found = {number: problem for number, _name, _email, problem in read(text, ("OLD@x.org",))}
    assert found == {
        2: "",
        3: "The e-mail address is missing.",
        4: "“not an address” is not an e-mail address.",
        5: "The same e-mail address as in line 2.",
        6: "This address has an invitation to this position already.",
        9: "",
        10: "This is longer than a name or an e-mail address can be.",
    }


@pytest.mark.parametrize(
    ("data", "sentence"),
    {
        "empty": (b"", "empty"),
        "blanks": (b" \n\n", "empty"),
        "a table of nothing": (b",,\n,,\n", "must name the columns"),
        "no headings": (b"Wang,a@example.org\n", "must name the columns"),
        "headings alone": (b"name,email\n", "no line"),
        "two of a kind": ("email,邮箱\na@x.org,b@x.org".encode(), "Two columns"),
        "binary": (bytes(range(256)) * 20, "not a text file"),
        "an open quotation mark": (b'name,email\n"a,a@x.org\n', "not CSV"),
        "too many": (b"email\n" + b"".join(b"%d@x.org\n" % n for n in range(501)), "501 people"),
        "too large": (b"email\n" + b"a" * 2**20, "too large"),
    }.values(),
)
def test_a_file_that_cannot_be_read_says_why(data: bytes, sentence: str):
    with pytest.raises(DocumentError, match=sentence):
        hiring.read_people(data)


@pytest.mark.parametrize("name", ['=HYPERLINK("http://evil")', "@SUM(1)", "-1", "＋1", "'=1", 'a"b,c', "王芳"])
def test_a_name_is_no_formula_and_comes_back_as_it_was(name: str):
    lines = [hiring.Line(2, name, "a@example.org")]
    written = hiring.write_people(lines)
    cell = written.splitlines()[1]
    assert not cell.lstrip('"').startswith(("=", "@", "-", "＋"))
    assert [line.name for line in hiring.read_people(written.encode())] == [name]


def test_nul_and_surrogates_are_replaced():
    name = "a" * 120
    assert read(f"name,email\n{name}\0,a@example.org") == [(2, f"{name}�", "a@example.org", "")]

"""Appeals: a candidate says what is wrong, a reviewer answers once, curators read it without knowing whose it is."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from interviewer import appeals, interviews, item_health, reviewing
from interviewer.models import Answer, Appeal, AuditEvent, Interview, ItemStatistics, User
from tests import build
from tests.build import NOON
from tests.conftest import signed_in
from tests.pages import Page
from tests.parallel import together

pytestmark = pytest.mark.django_db

WORDS = "CANARY: 缓存不止这一种"


@pytest.fixture
def interview(candidate: User) -> Interview:
    sitting = build.handed_in(candidate, texts=["缓存命中", "攒几步"])
    for answer in sitting.answers.all():
        build.graded(answer, 0.37)
    return sitting


@pytest.fixture
def answer(interview: Interview) -> Answer:
    return interview.answers.select_related("interview").get(position=1)


def say(client: Client, interview: Interview, reason: str = WORDS, position: int = 1) -> Page:
    response = client.post(reverse("appeal", args=[interview.pk, position]), {"reason": reason}, follow=True)
    page = Page(response)
    page.status = response.status_code
    return page


def reply(client: Client, interview: Interview, seen: int = 1, **sent: str) -> Page:
    form = {"upheld": "yes", "reply": "That counts too.", "seen": seen, **sent}
    response = client.post(reverse("answer-appeal", args=[interview.pk, 1]), form, follow=True)
    page = Page(response)
    page.status = response.status_code
    return page


# --- Verbs --------------------------------------------------------------------------------


def test_its_words_may_change_until_it_is_answered_and_then_never(answer, manager):
    appeals.say(answer, "  first ", NOON)
    assert Appeal.objects.get().reason == "first"
    appeals.say(answer, "second", NOON)
    reviewing.reveal(answer, manager, NOON)
    with pytest.raises(appeals.ChangedSince):
        appeals.reply(answer, True, "yes", manager, NOON, 1)
    assert Appeal.objects.get().is_open
    made = appeals.reply(answer, True, " yes ", manager, NOON, 2)
    assert (made.reason, made.upheld, made.reply, made.answered_by, made.answered_at) == (
        "second", True, "yes", manager, NOON,
    )  # fmt: skip
    with pytest.raises(appeals.Answered):
        appeals.say(answer, "third", NOON)
    with pytest.raises(appeals.NothingOpen):
        appeals.reply(answer, False, "no", manager, NOON, 2)
    assert (Appeal.objects.get().reason, Appeal.objects.get().upheld) == ("second", True)
    told = AuditEvent.objects.filter(verb="appeal.answered").get()
    assert told.facts == {"question": 1, "upheld": True}
    assert told.object == f"interview:{answer.interview_id}"


def test_what_cannot_be_said_or_answered(candidate, interview, answer, manager):
    running = build.interview(candidate).answers.select_related("interview").first()
    with pytest.raises(reviewing.NotHandedIn):
        appeals.say(running, "x", NOON)
    with pytest.raises(reviewing.NoReason):
        appeals.say(answer, " \n", NOON)
    appeals.say(answer, "x", NOON)
    with pytest.raises(reviewing.NotShown):  # it may tell what the machine found, and so must its answer
        appeals.reply(answer, True, "yes", manager, NOON, 1)
    reviewing.reveal(answer, manager, NOON)
    with pytest.raises(reviewing.NoReason):
        appeals.reply(answer, True, "  ", manager, NOON, 1)
    assert Appeal.objects.get().is_open
    with pytest.raises(IntegrityError), transaction.atomic():
        Appeal.objects.update(upheld=True)  # half an answer


@pytest.mark.django_db(transaction=True)
def test_of_many_who_answer_at_once_one_does(roles):
    sitting = build.handed_in(texts=["x"])
    answer = sitting.answers.select_related("interview").get(position=1)
    appeals.say(answer, "x", NOON)
    people = [build.manager(f"reviewer-{n}", build.home()) for n in range(4)]
    for person in people:
        reviewing.reveal(answer, person, NOON)

    def take(person: User) -> bool:
        try:
            return bool(appeals.reply(answer, True, person.username, person, NOON, 1))
        except appeals.NothingOpen:
            return False

    assert sum(together(*[partial(take, person) for person in people])) == 1
    assert AuditEvent.objects.filter(verb="appeal.answered").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_sent_at_once_all_are_one():
    answer = build.handed_in(texts=["x"]).answers.select_related("interview").get(position=1)
    together(*[partial(appeals.say, answer, f"words {n}", NOON) for n in range(4)])
    assert Appeal.objects.get().revision == 4


# --- The candidate ---------------------------------------------------------------------------


def test_a_candidate_says_it_on_the_scorecard_and_reads_the_answer_there(candidate, interview, answer, manager):
    client = signed_in(candidate)
    page = Page(client.get(reverse("scorecard", args=[interview.pk])))
    assert page.text.count("Something is wrong with this question or its grade") == 2
    page = say(client, interview)
    assert "A person will read it and answer here." in page.text
    assert [text for known, text in page.boxes if known["id"] == "appeal-reason-1"] == [WORDS]
    say(client, interview, "other words")
    assert Appeal.objects.get().reason == "other words"
    reviewing.reveal(answer, manager, NOON)
    appeals.reply(answer, False, "The point asks for two.", manager, timezone.now(), 2)
    page = Page(client.get(reverse("scorecard", args=[interview.pk])))
    assert "It stays as it was. The point asks for two." in page.text
    assert manager.username not in page.text
    assert page.text.count("Something is wrong with this question or its grade") == 1
    assert "A person has answered meanwhile" in say(client, interview, "third words").text
    assert Appeal.objects.get().reason == "other words"


@pytest.mark.parametrize(("reason", "sentence"), [("", "Say in a few words"), ("x" * 501, "at most 500 characters")])
def test_what_cannot_be_sent_is_told_and_kept_in_its_box(candidate, interview, reason, sentence):
    page = say(signed_in(candidate), interview, reason)
    assert page.status == 400
    assert sentence in page.text
    assert [text for known, text in page.boxes if known["id"] == "appeal-reason-1"] == [reason]
    assert not Appeal.objects.exists()


def test_while_grades_arrive_nothing_can_be_typed_that_would_be_lost(candidate):
    sitting = build.handed_in(candidate, texts=["x", "y"])
    client = signed_in(candidate)
    assert "Something is wrong" not in Page(client.get(reverse("scorecard", args=[sitting.pk]))).text
    for each in sitting.answers.all():
        build.graded(each)
    assert "Something is wrong" in Page(client.get(reverse("scorecard", args=[sitting.pk]))).text


def test_what_a_candidate_says_is_text(candidate, interview):
    page = say(signed_in(candidate), interview, '<script>alert(1)</script><img src="x" onerror="y">')
    assert page.foreign == []


def test_a_guest_can_say_it_too(roles):
    at = timezone.now()
    build.bank(2)
    invitation, token = build.invited(build.position(), at=at)
    client = Client(headers={"accept-language": "en"})
    client.get(reverse("invitation", args=[token]))
    client.post(
        reverse("invitation", args=[token]),
        {"consent": "on", "version": invitation.position.template_id},
    )
    invitation.refresh_from_db()
    sitting = interviews.submit(invitation.interview, timezone.now())
    for each in sitting.answers.all():
        build.graded(each)
    assert "A person will read it and answer here." in say(client, sitting).text
    assert Appeal.objects.get().answer.interview.candidate.is_guest


# --- The reviewer -------------------------------------------------------------------------------


def test_a_reviewer_reads_it_after_their_own_judgement(reviewer, interview, answer):
    appeals.say(answer, WORDS, NOON)
    address = reverse("review", args=[interview.pk])
    page = Page(reviewer.get(address))
    assert WORDS not in page.text
    assert "The candidate says of one answer that something is wrong" in page.text
    assert reply(reviewer, interview).status == 400
    points = {f"q1-{point.key}": "met" for point in answer.asked.points}
    page = Page(reviewer.post(reverse("score-answer", args=[interview.pk, 1]), points, follow=True))
    assert WORDS in page.text
    page = reply(reviewer, interview, reply="")
    assert page.status == 400
    assert "Say why" in page.text
    page = reply(reviewer, interview, seen=7)
    assert (page.status, page.field("reply") == "That counts too.") == (409, True)
    page = reply(reviewer, interview)
    assert "The candidate reads your answer" in page.text
    assert "Upheld" in page.text
    assert "The candidate says of" not in page.text
    assert reply(reviewer, interview).status == 409


def test_the_list_finds_what_waits_for_an_answer(reviewer, interview, answer, manager):
    other = build.handed_in(texts=["x"])
    for each in other.answers.all():
        build.graded(each)

    def found(state: str) -> list[str]:
        page = Page(reviewer.get(reverse("review-list"), {"state": state}))
        return [known["href"] for tag, known in page.elements if tag == "a" and "/review/" in known.get("href", "")][1:]

    assert found("appealed") == found("needs") == []
    appeals.say(answer, WORDS, NOON)
    assert found("appealed") == found("needs") == [reverse("review", args=[interview.pk])]
    assert "open appeal" in Page(reviewer.get(reverse("review-list"))).text
    reviewing.reveal(answer, manager, NOON)
    appeals.reply(answer, True, "yes", manager, NOON, 1)
    assert found("appealed") == found("needs") == []


def test_managers_of_others_cannot_answer_it(interview, answer, roles):
    appeals.say(answer, WORDS, NOON)
    foreign = build.manager("foreign", build.organisation())
    reviewing.reveal(answer, foreign, NOON)
    assert reply(signed_in(foreign), interview).status == 404
    assert Appeal.objects.get().is_open


# --- The curator --------------------------------------------------------------------------------


def test_a_curator_reads_it_without_knowing_whose_it_is(curator, candidate, interview, answer, manager):
    User.objects.filter(pk=candidate.pk).update(first_name="Surname-Canary", username="canary-login")
    appeals.say(answer, WORDS, NOON)
    address = reverse("item", args=[answer.question_id])
    html = signed_in(curator).get(address).content.decode()
    assert WORDS in html
    for secret in (str(interview.pk), "Surname-Canary", "canary-login"):
        assert secret not in html
    reviewing.reveal(answer, manager, NOON)
    appeals.reply(answer, True, "A reply.", manager, NOON, 1)
    page = Page(signed_in(curator).get(address))
    assert "Upheld A reply." in page.text
    assert manager.username not in page.text


def test_appeals_are_counted_for_the_question_that_is_kept(answer, manager):
    item_health.compute(NOON)
    row = ItemStatistics.objects.get(question=answer.question_id)
    assert (row.appeals, row.appeals_open, row.appeals_upheld) == (0, 0, 0)
    appeals.say(answer, WORDS, NOON)
    second = build.handed_in(texts=["x", "y"]).answers.select_related("interview").get(question=answer.question_id)
    appeals.say(second, "also", NOON)
    reviewing.reveal(second, manager, NOON)
    appeals.reply(second, True, "yes", manager, NOON, 1)
    item_health.compute(NOON)
    row.refresh_from_db()
    assert (row.appeals, row.appeals_open, row.appeals_upheld) == (2, 1, 1)
    assert row.codes == []  # of two asked nothing is concluded


def test_nobody_else_can_say_it(interview):
    assert say(signed_in(build.user()), interview).status == 404
    assert not Appeal.objects.exists()

"""The reviewer's pages: blind first, then both verdicts; who holds an interview; names only when asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from interviewer import grading, hiring, interviews, reviewing
from interviewer.models import Answer, Grade, HumanScore, Interview, Override, Reveal, User
from tests import build
from tests.build import NOON
from tests.conftest import signed_in, unblinded
from tests.pages import Page

pytestmark = pytest.mark.django_db

SAID = {"feedback": "CANARY-FEEDBACK", "flags": ("keyword_list",), "model": "CANARY-MODEL"}
OF_THE_MACHINE = ("<mark", "CANARY", "bare list of keywords", "of 100", "The prompt", "not yet measured", "in force")


@pytest.fixture
def interview(candidate: User) -> Interview:
    sitting = build.handed_in(candidate, texts=["缓存命中", "攒几步"])
    for answer in sitting.answers.all():
        build.graded(answer, 0.37, **SAID)
    Grade.objects.update(model="CANARY-MODEL", prompt_hash="CANARY-PROMPT")
    return sitting


@pytest.fixture
def second(roles: None) -> Client:
    """Another manager of the same organisation."""
    return signed_in(build.manager("second", build.home()))


def address(name: str, interview: Interview, position: int | None = None) -> str:
    return reverse(name, args=[interview.pk, *([position] if position else [])])


def page_of(client: Client, interview: Interview) -> Page:
    return Page(client.get(address("review", interview)))


def one(interview: Interview) -> Answer:
    return interview.answers.select_related("interview").get(position=1)


def judge(client: Client, interview: Interview, verdict: str = "met", position: int = 1, **more: Any) -> HttpResponse:
    points = interview.answers.get(position=position).asked.points
    sent = {f"q{position}-{point.key}": verdict for point in points}
    sent |= {f"q{position}-{name}": value for name, value in more.items()}
    return client.post(address("score-answer", interview, position), sent, follow=True)


def decide(client: Client, interview: Interview, counts: str = "mine", seen: int = 0, **more: Any) -> HttpResponse:
    sent = {"counts": counts, "seen": seen, "reason": "the cache is meant", **more}
    return client.post(address("override", interview, 1), sent, follow=True)


# --- Blind, then both ---------------------------------------------------------------------


def test_the_list_hides_a_score_until_all_answers_were_judged(reviewer, second, interview):
    def told(client: Client) -> list[str]:
        return [row[4] for row in Page(client.get(reverse("review-list"))).rows[1:]]

    assert told(reviewer) == ["hidden"]
    judge(reviewer, interview)
    assert told(reviewer) == ["hidden"]
    judge(reviewer, interview, position=2)
    assert (told(reviewer), told(second)) == (["37"], ["hidden"])


def test_before_it_is_judged_nothing_of_the_machines_is_in_the_page(reviewer, interview):
    html = reviewer.get(address("review", interview)).content.decode()
    for said in OF_THE_MACHINE:
        assert said not in html.split("<main")[1], said
    page = page_of(reviewer, interview)
    assert "缓存命中" in page.text and one(interview).asked.points[0].text in page.text
    assert "judge them first" in page.text
    radios = [known for tag, known in page.elements if tag == "input" and known.get("type") == "radio"]
    assert {known["value"] for known in radios} == {"met", "partial", "missing", "contradicted"}
    assert not any("checked" in known for known in radios)
    assert sum(tag == "fieldset" for tag, _ in page.elements) == sum(
        len(answer.asked.points) for answer in interview.answers.all()
    )


def test_judging_one_answer_shows_the_machines_verdict_on_that_one_alone(reviewer, interview, manager):
    response = judge(reviewer, interview, "missing")
    assert response.redirect_chain == [(address("review", interview) + "#question-1", 302)]
    html = response.content.decode()
    first, second = html.split('id="question-2"')
    assert "CANARY-FEEDBACK" in first and "bare list of keywords" in first and "37 of 100" in first
    assert "CANARY" not in second.split("Timeline")[0] and "37 of 100" not in second
    text = Page(response).text
    assert "Machine: met · You: missing · differs" in text
    assert "not yet measured (n = 0)" in text  # the canary's rubric is none
    assert "in force" in text and "0 of 100" in text
    assert 'class="summary"' not in html
    assert HumanScore.objects.get().phase == "before"
    html = judge(reviewer, interview, position=2).content.decode()
    assert 'class="summary"' in html and "37 of 100" in html


def test_without_judging_it_can_be_shown_and_that_is_kept(reviewer, interview, manager):
    reviewer.post(address("reveal", interview, 1))
    assert "CANARY-FEEDBACK" in page_of(reviewer, interview).text
    assert list(Reveal.objects.values_list("answer__position", "reviewer")) == [(1, manager.pk)]
    assert not HumanScore.objects.exists()
    reviewer.post(address("reveal-all", interview))
    assert Reveal.objects.count() == 2


def test_what_was_shown_to_one_is_not_shown_to_another(reviewer, second, interview):
    judge(reviewer, interview)
    decide(reviewer, interview)
    html = second.get(address("review", interview)).content.decode().split("<main")[1]
    assert "CANARY" not in html and "the cache is meant" not in html and "of 100" not in html


def test_a_changed_judgement_needs_a_reason_and_says_what_was_changed(reviewer, interview):
    judge(reviewer, interview, "met")
    refused = judge(reviewer, interview, "missing")
    assert refused.status_code == 400
    assert "Say why, in a few words" in Page(refused).text
    checked = [known["value"] for _, known in Page(refused).elements if "checked" in known and "value" in known]
    assert checked.count("missing") == len(one(interview).asked.points)  # what was chosen is kept
    text = Page(judge(reviewer, interview, "missing", reason="read again")).text
    assert "point 1: met → missing" in text and "read again" in text
    assert "before the machine's verdict was shown" in text and "after the machine's verdict was shown" in text


def test_a_tab_that_was_left_blind_cannot_store_a_blind_score(reviewer, interview):
    reviewer.post(address("reveal", interview, 1))
    response = judge(reviewer, interview)
    assert response.status_code == 400
    assert not HumanScore.objects.exists()
    judge(reviewer, interview, reason="seen before")
    assert HumanScore.objects.get().phase == "after"


@pytest.mark.parametrize("sent", [{}, {"q1-p1": "splendid"}, {"q1-p1": ""}])
def test_an_unfinished_judgement_is_refused_with_a_sentence(reviewer, interview, sent):
    response = reviewer.post(address("score-answer", interview, 1), sent)
    assert response.status_code == 400
    assert "Judge every point first" in Page(response).text
    assert "CANARY" not in response.content.decode()
    assert not Reveal.objects.exists()


# --- Two at once ----------------------------------------------------------------------------


def test_the_second_reviewer_sees_who_holds_it_and_loses_nothing(reviewer, second, interview, arriving):
    arriving(NOON)
    reviewer.post(address("review-claim", interview))
    arriving(NOON + timedelta(minutes=9))
    assert "manager is reviewing this interview, until 20:10:00" in page_of(second, interview).text
    assert "You are reviewing" in page_of(reviewer, interview).text
    response = judge(second, interview, "partial")
    assert response.status_code == 409
    page = Page(response)
    assert "manager is reviewing this interview" in page.text and "Nothing was stored" in page.text
    checked = [known["value"] for _, known in page.elements if "checked" in known]
    assert checked == ["partial"] * len(one(interview).asked.points)
    assert "CANARY" not in response.content.decode()
    assert not HumanScore.objects.exists() and not Reveal.objects.exists()
    arriving(NOON + timedelta(minutes=10))
    assert judge(second, interview, "partial").status_code == 200


def test_a_decision_that_came_too_late_keeps_its_reason(reviewer, second, interview, arriving):
    arriving(NOON)
    judge(reviewer, interview)
    decide(reviewer, interview)
    arriving(NOON + timedelta(minutes=11))
    judge(second, interview)
    late = decide(second, interview, seen=0, reason="CANARY of mine")
    assert late.status_code == 409
    assert "has been decided since" in Page(late).text
    assert "CANARY of mine" in late.content.decode()
    assert Override.objects.count() == 1


# --- What counts --------------------------------------------------------------------------------


def test_the_score_in_force_is_marked_and_used_everywhere(reviewer, interview, candidate):
    judge(reviewer, interview)
    judge(reviewer, interview, position=2)
    assert "37 of 100" in Page(reviewer.get(address("review", interview))).text
    text = Page(decide(reviewer, interview)).text
    assert "100 of 100 in force" in text and "the cache is meant" in text
    assert text.count("in force") == 2  # one mark for each answer
    total = round((1 + 0.37) / 2 * 100)
    for page in (
        page_of(reviewer, interview),
        Page(signed_in(candidate).get(address("scorecard", interview))),
        Page(signed_in(candidate).get("/")),
    ):
        assert f"{total} of 100" in page.text
    assert [row[4] for row in Page(reviewer.get(reverse("review-list"))).rows[1:]] == [str(total)]
    text = Page(decide(reviewer, interview, "machine", Override.objects.get().pk, reason="no, after all")).text
    assert "The machine's score counts again" in text and "no, after all" in text
    assert [row[4] for row in Page(reviewer.get(reverse("review-list"))).rows[1:]] == ["37"]


@pytest.mark.parametrize("told", [True, False])
def test_the_candidate_reads_the_persons_verdicts_and_a_reason_meant_for_them(reviewer, interview, candidate, told):
    judge(reviewer, interview, "missing")
    decide(reviewer, interview, **({"for_candidate": "on"} if told else {}))
    page = Page(signed_in(candidate).get(address("scorecard", interview)))
    assert "A person has scored this answer; their score counts." in page.text
    assert ("the cache is meant" in page.text) == told
    assert "1 answer counts with the score of a person" in page.text
    first = page.text.split("攒几步")[0]
    assert "missing" in first and "CANARY-FEEDBACK" not in first
    assert "manager" not in first.replace("managers", "")


def test_what_waits_for_a_person_is_done_once_one_has_scored_it(reviewer, candidate):
    sitting = build.handed_in(candidate, texts=["x"])
    first, second = sitting.answers.order_by("position")
    build.graded(second)
    build.parked(first)
    found = lambda state: len(Page(reviewer.get(reverse("review-list"), {"state": state})).rows[1:])  # noqa: E731
    assert (found("needs"), found("waiting"), found("graded")) == (1, 1, 0)
    judge(reviewer, sitting)
    assert (found("needs"), found("waiting")) == (0, 1)
    decide(reviewer, sitting)
    assert (found("needs"), found("waiting"), found("graded")) == (0, 0, 1)


# --- Trust ------------------------------------------------------------------------------------------


def test_low_trust_is_a_range_and_in_the_queue_until_a_person_looks(reviewer, candidate):
    sitting = build.handed_in(candidate, texts=["x", "y"])
    for answer in sitting.answers.all():
        flags = ("low_trust",) if answer.position == 1 else ()
        build.graded(answer, 0.5, flags=flags, samples=(0.2, 0.8), spread=0.1)
    rows = Page(reviewer.get(reverse("review-list"), {"state": "needs"})).rows[1:]
    assert [row[4] for row in rows] == ["low trust"]
    html = unblinded(reviewer, sitting).get(address("review", sitting)).content.decode()
    first, second = html.split('id="question-2"')
    assert "20–80 of 100" in first and "Low trust" in first and "50 of 100" not in first.split('id="question-1"')[1]
    assert "35–65 of 100" in first.split('id="question-1"')[0]  # the mean of 20–80 and of 50
    assert "50 of 100" in second and "2 gradings, spread 10 points" in second
    judge(reviewer, sitting, reason="looked at it")
    assert Page(reviewer.get(reverse("review-list"), {"state": "needs"})).rows == []


def test_the_agreement_is_told_with_what_it_was_measured_on(reviewer, manager, candidate):
    question = build.question(points=["one", "two"])
    for n in range(20):
        sitting = build.handed_in(build.user(), texts=["x"], question_count=1)
        answer = one(sitting)
        build.graded(answer, 0.5)
        Grade.objects.filter(answer=answer).update(rubric_hash=grading.rubric_hash(answer.asked))
        judged = {"p1": "met", "p2": "missing" if n % 4 else "met"}  # level 3, or 5 every fourth time
        reviewing.score_blind(answer, judged, manager, NOON)
        if n == 18:
            assert "not yet measured (n = 19)" in page_of(reviewer, sitting).text
    text = page_of(reviewer, sitting).text
    assert "same level 75 %, at most one level apart 75 %, weighted kappa 0.00" in text
    assert "n = 20, on this question, rubric, grader and prompt" in text
    assert "Low trust" in text and "30–70 of 100" in text  # a kappa of nought: a level to either side
    question.refresh_from_db()
    assert [row[4] for row in Page(reviewer.get(reverse("review-list"))).rows[1:]] == ["low trust"] * 20


# --- Who it was ---------------------------------------------------------------------------------------

PERSON = {"first_name": "CANARYFIRST", "last_name": "CANARYLAST", "email": "canary@example.org"}


def test_a_blind_page_has_no_name_and_no_address(reviewer, second):
    sitting = build.handed_in(build.user("canaryname", **PERSON), texts=["x"])
    for client in (reviewer, second):
        for page in (address("review", sitting), reverse("review-list")):
            html = client.get(page).content.decode()
            assert "canary" not in html.lower()
            assert str(sitting.pk)[:8] in Page(client.get(page)).text
    assert "No interview matches" in Page(reviewer.get(reverse("review-list"), {"q": "canary"})).text
    refused = reviewer.post(address("reveal-identity", sitting), {"reason": " "})
    assert refused.status_code == 400 and "canary" not in refused.content.decode().lower()
    reviewer.post(address("reveal-identity", sitting), {"reason": "to send the offer"})
    text = page_of(reviewer, sitting).text
    for told in ("CANARYFIRST CANARYLAST", "canary@example.org", "to send the offer"):
        assert told in text
    found = Page(reviewer.get(reverse("review-list"), {"q": "canaryfirst"})).rows[1:]
    assert [row[0] for row in found] == ["CANARYFIRST CANARYLAST"]
    assert "canary" not in second.get(address("review", sitting)).content.decode().lower()
    assert "No interview matches" in Page(second.get(reverse("review-list"), {"q": "canary"})).text


def test_of_somebody_invited_the_invitations_name_is_shown(reviewer):
    build.bank(2)
    invitation, _token = build.invited(name="王芳", email="wang@example.org")
    sitting = interviews.submit(hiring.accept(invitation, NOON), NOON)
    position = reverse("position", args=[invitation.position_id])
    assert "王芳" not in reviewer.get(position).content.decode()
    for wanted in (invitation.code, invitation.code.lower()):
        assert Page(reviewer.get(reverse("review-list"), {"q": wanted})).rows[1:][0][0] == invitation.code
    unblinded(reviewer, sitting)
    assert "王芳" in page_of(reviewer, sitting).text and "wang@example.org" in page_of(reviewer, sitting).text
    assert "王芳" in reviewer.get(position).content.decode()


def test_another_organisation_finds_nothing(other_manager, interview):
    client = signed_in(other_manager)
    for name in ("review-claim", "reveal-identity", "reveal-all"):
        assert client.post(address(name, interview), {"reason": "x"}).status_code == 404
    for name in ("score-answer", "reveal", "override"):
        assert client.post(address(name, interview, 1), {"reason": "x"}).status_code == 404
    assert not Reveal.objects.exists()


def test_an_answer_that_is_none_is_not_found(reviewer, interview):
    for name in ("score-answer", "reveal", "override"):
        assert reviewer.post(address(name, interview, 9), {"reason": "x"}).status_code == 404


def test_practice_is_reviewed_like_an_exam(reviewer, candidate):
    sitting = build.handed_in(candidate, texts=["x"], mode="practice")
    build.graded(one(sitting), 0.37, feedback="CANARY")
    assert "CANARY" not in reviewer.get(address("review", sitting)).content.decode()
    assert "CANARY" in judge(reviewer, sitting).content.decode()


def test_the_page_takes_as_many_queries_for_many_answers(reviewer, manager, django_assert_max_num_queries):
    build.bank(6)
    sitting = build.handed_in(question_count=6, texts=["x"] * 6)
    for answer in sitting.answers.select_related("interview"):
        build.graded(answer)
        reviewing.score_blind(answer, {point.key: "met" for point in answer.asked.points}, manager, NOON)
        reviewing.override(answer, "why", manager, NOON, 0)
    reviewer.get(address("review", sitting))
    with django_assert_max_num_queries(24):
        reviewer.get(address("review", sitting))


def test_in_chinese_too(manager, interview):
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(manager)
    blind = page_of(client, interview).text
    for said in ("你的判定", "保存并显示机器的判定", "显示身份"):
        assert said in blind
    text = Page(judge(client, interview, "missing")).text
    for said in ("机器：", "你：", "不一致", "生效", "尚未测量"):
        assert said in text

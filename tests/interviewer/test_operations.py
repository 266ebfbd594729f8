"""The operator's page: what waits and why, the model server, what today costs, and another try."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from interviewer import breaker, health, interviews, operations
from interviewer.llm_errors import LLMError, Outage
from interviewer.models import Grade, User
from interviewer.views import operations as operations_page
from tests import build
from tests.build import NOON
from tests.conftest import signed_in
from tests.pages import Page
from tests.parallel import together

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=settings.GRADING_LEASE_SECONDS)
REASON = "The model server could not be reached."


@pytest.fixture(autouse=True)
def broker(monkeypatch) -> dict[str, str]:
    """What the broker is found to be."""
    found = {"broker": health.OK}
    monkeypatch.setattr(health, "broker", lambda: found["broker"])
    return found


@pytest.fixture
def operator(roles: None) -> User:
    person = build.user("operator")
    person.groups.add(Group.objects.get(name="operators"))
    return person


@pytest.fixture
def with_model(settings) -> None:
    settings.GRADER, settings.OPENAI_BASE_URL, settings.OPENAI_MODEL = "llm", "http://models.example/v1", "tiny"


def show(person: User, name: str = "operations", language: str = "en") -> Page:
    response = signed_in(person).get(reverse(name), headers={"accept-language": language})
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    return Page(response)


def facts(person: User) -> dict[str, str]:
    """What the page says of the model server, by its label."""
    page = signed_in(person).get(reverse("operations")).content.decode().partition('<dl class="facts">')[2]
    found = re.findall(r"<dt>(.*?)</dt>\s*<dd.*?>(.*?)</dd>", page, re.DOTALL)
    return {label: " ".join(html.unescape(strip_tags(said)).split()) for label, said in found}


def go_down(at: datetime) -> None:
    breaker.admit("llm", at).failed(LLMError(REASON, outage=Outage.SURELY), at)


# --- What is counted --------------------------------------------------------------------------


def test_an_empty_queue():
    found = operations.queue(NOON)
    assert (found.waiting, found.parked, found.finished, found.oldest, found.is_stalled) == (0, 0, 0, None, False)


def test_every_grade_is_in_one_state(with_model):
    grades = [answer.grades.get() for _ in range(3) for answer in build.handed_in().answers.all()]
    build.graded(grades[0].answer)
    build.parked(grades[1].answer)
    build.claimed(grades[2].answer)
    build.claimed(grades[3].answer).put_off("Busy.", {}, NOON + timedelta(hours=1))
    Grade.objects.filter(pk=grades[4].pk).update(grader="semantic")
    found = operations.queue(NOON)
    assert (found.ready, found.leased, found.later, found.held) == (2, 1, 1, 0)
    assert (found.parked, found.finished, found.waiting, found.oldest) == (1, 1, 4, NOON)
    go_down(NOON)
    found = operations.queue(NOON)
    assert (found.ready, found.leased, found.later, found.held) == (1, 1, 0, 2)
    assert found.waiting == 4


def test_a_lease_that_has_run_out_is_with_nobody():
    build.claimed(build.handed_in().answers.get(position=1))
    found = operations.queue(NOON + LEASE + SECOND)
    assert (found.ready, found.leased) == (2, 0)


def test_an_hour_ago_is_not_the_last_hour():
    build.graded(build.handed_in().answers.get(position=1))
    assert [operations.queue(NOON + hours * timedelta(hours=1)).finished for hours in (0.9, 1)] == [1, 0]


def test_parked_is_what_nobody_has_asked_for_again(manager):
    first, second = build.handed_in().answers.order_by("position")
    build.graded(first)
    interviews.grade_again(first, manager, NOON)
    build.parked(first)  # a later grade was wanted, too
    build.parked(second)
    assert Grade.objects.parked().count() == 2
    interviews.grade_again(second, manager, NOON)
    assert [grade.answer for grade in Grade.objects.parked()] == [first]


# --- Stalled is: due for long, and nothing gets done -----------------------------------------------


def test_what_is_due_for_long_with_nothing_done_has_stalled():
    build.handed_in()
    assert [operations.is_stalled(NOON + LEASE + n * SECOND) for n in (0, 1)] == [False, True]


def test_as_long_as_something_gets_done_nothing_has_stalled():
    first, _second = build.handed_in().answers.order_by("position")
    grade = build.claimed(first)
    grade.finish(score=0.5, verdict=build.verdict(first), at=NOON + LEASE)
    assert [operations.is_stalled(NOON + n * LEASE) for n in (1, 1.9, 2.1)] == [False, False, True]


def test_what_is_not_due_does_not_stall():
    first, second = build.handed_in().answers.order_by("position")
    build.claimed(first).put_off("Tomorrow.", {}, NOON + timedelta(days=1))
    build.parked(second)
    assert not operations.is_stalled(NOON + 2 * LEASE)


def test_waiting_for_the_model_server_is_not_stalling(with_model):
    build.handed_in()
    go_down(NOON)
    assert not operations.is_stalled(NOON + 2 * LEASE)


# --- The page ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["manager", "operator"])
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Some answers wait for a person", REASON, "3 tries", "Try all again", "graded by similarity"]),
        ("zh-hans", ["有答案等待人工处理", "无法连接模型服务", "试过 3 次", "全部重试", "按与参考答案的相似度批改"]),
    ],
)
def test_both_roles_in_both_languages(role, language, words, request):
    first, second = build.handed_in(at=timezone.now()).answers.order_by("position")
    Grade.objects.filter(pk=build.parked(first, REASON).pk).update(tries=3)
    build.graded(second)
    person = request.getfixturevalue(role)
    for name in ("operations", "operations-state"):
        page = show(person, name, language)
        assert [text for text in words if text not in page.text] == []
        assert page.foreign == []
    links = [known["href"] for tag, known in page.elements if tag == "a" and "/review/" in known["href"]]
    assert len(links) == (1 if role == "manager" else 0)  # an operator may not read what candidates wrote


def test_an_operator_reads_nothing_of_candidates(operator):
    person = build.user("canary-name", first_name="canary-first")
    for answer in build.handed_in(person, texts=["canary-text"]).answers.all():
        build.parked(answer)
    assert "canary" not in show(operator).text
    assert signed_in(operator).get(reverse("review-list")).status_code == 404


def test_the_page_and_its_part_tell_the_same_and_go_on_asking(operator):
    whole, part = show(operator), show(operator, "operations-state")
    assert part.text in whole.text
    for page in (whole, part):
        polling = [known for _, known in page.elements if "hx-get" in known]
        assert [(known["id"], known["hx-get"]) for known in polling] == [("operations", reverse("operations-state"))]


def test_the_model_server_is_told_of(operator, with_model):
    at = timezone.now() - timedelta(minutes=3)
    assert facts(operator) == {
        "Model server": "tiny @ models.example/v1",
        "State": "Up",
        "Tokens today": "0 of 50,000,000",
    }
    build.handed_in(at=at)
    go_down(at)
    page = show(operator)
    assert "Answers wait for the model server." in page.text
    assert re.fullmatch(
        r"Down since .+ \(3 minutes\)\. Answers wait for it and keep their tries\.", facts(operator)["State"]
    )
    assert facts(operator)["Next probe"] == "as soon as an answer is due"
    breaker.admit("llm", timezone.now()).answered()
    page = show(operator)
    assert "Answers are being graded." in page.text
    assert facts(operator)["State"] == "Up"
    assert facts(operator)["Last fault"].startswith(REASON)


def test_spending_stands_against_its_limits(operator, with_model, settings):
    settings.LLM_TOKENS_PER_DAY, settings.LLM_COST_PER_DAY, settings.LLM_PRICES = 2_000_000, 20, {"tiny": (1, 1)}
    grade = build.handed_in().answers.first().grades.get()
    spent = {"prompt_tokens": 12_000, "completion_tokens": 345, "cost": 1.5, "spent_at": timezone.now()}
    Grade.objects.filter(pk=grade.pk).update(**spent)
    found = facts(operator)
    assert (found["Tokens today"], found["Cost today"]) == ("12,345 of 2,000,000", "1.50 of 20.00")
    settings.LLM_TOKENS_PER_DAY = settings.LLM_COST_PER_DAY = 0
    found = facts(operator)
    assert (found["Tokens today"], found["Cost today"]) == ("12,345", "1.50")


@pytest.mark.parametrize(
    ("state", "words"),
    [(health.OK, "Grading has stalled."), (health.DOWN, "Nothing is graded: the broker does not answer.")],
)
def test_what_does_not_move_is_told(operator, broker, state, words):
    build.handed_in(at=timezone.now() - 2 * LEASE)
    broker["broker"] = state
    assert words in show(operator).text


def test_of_very_many_the_oldest_are_listed(operator, monkeypatch):
    for _ in range(4):
        build.parked(build.handed_in().answers.get(position=1))
    monkeypatch.setattr(operations_page, "PAGE_SIZE", 3)
    page = show(operator)
    assert (len(page.rows), "These are the oldest." in page.text) == (4, True)  # and the heading


def test_the_page_takes_few_queries(operator, with_model, django_assert_max_num_queries):
    for _ in range(5):
        for answer in build.handed_in().answers.all():
            build.parked(answer)
    client = signed_in(operator)
    with django_assert_max_num_queries(16):
        client.get(reverse("operations"))


# --- Another try ----------------------------------------------------------------------------------


def post(person: User, name: str, *args: int) -> Page:
    return Page(signed_in(person).post(reverse(name, args=args), follow=True))


def test_one_is_tried_again_in_the_name_of_who_asked(operator, announced, django_capture_on_commit_callbacks):
    first, second = (build.parked(answer) for answer in build.handed_in().answers.order_by("position"))
    with django_capture_on_commit_callbacks(execute=True):
        page = post(operator, "try-again", first.pk)
    assert "The answer will be graded again." in page.text
    new = first.answer.grades.pending().get()
    assert (new.requested_by, new.tries, announced) == (operator, 0, [new.pk])
    assert Grade.objects.get(pk=first.pk).error == first.error  # what went before is kept
    assert list(Grade.objects.parked()) == [second]


def test_the_second_who_asks_is_told_so(operator, manager):
    parked = build.parked(build.handed_in().answers.get(position=1))
    post(operator, "try-again", parked.pk)
    assert "Somebody has asked for another grade of this answer already." in post(manager, "try-again", parked.pk).text
    build.graded(parked.answer)
    assert "Somebody has asked" in post(manager, "try-again", parked.pk).text
    assert parked.answer.grades.count() == 2


def test_only_what_was_left_to_a_person_is_tried_again(operator):
    pending, done = build.handed_in().answers.order_by("position")
    for grade in (pending.grades.get(), build.graded(done)):
        assert signed_in(operator).post(reverse("try-again", args=[grade.pk])).status_code == 404
    assert signed_in(operator).post(reverse("try-again", args=[10**30])).status_code == 404
    assert Grade.objects.count() == 2


def test_all_are_tried_again(operator, announced, django_capture_on_commit_callbacks):
    parked = [build.parked(answer) for _ in range(2) for answer in build.handed_in().answers.all()]
    announced.clear()
    with django_capture_on_commit_callbacks(execute=True):
        page = post(operator, "try-all-again")
    assert "4 answers will be graded again." in page.text
    new = Grade.objects.pending()
    assert sorted(announced) == sorted(new.values_list("pk", flat=True))
    assert {(grade.answer, grade.requested_by) for grade in new} == {(grade.answer, operator) for grade in parked}
    assert "Nothing waits for a person." in post(operator, "try-all-again").text


@pytest.mark.django_db(transaction=True)
def test_all_at_once_from_many_sides_asks_for_each_once(operator, manager):
    for answer in build.handed_in().answers.all():
        build.parked(answer)
    asked = together(*[partial(interviews.grade_parked_again, person, NOON) for person in (operator, manager) * 3])
    assert sorted(asked) == [0, 0, 0, 0, 0, 2]
    assert Grade.objects.pending().count() == 2


def test_without_the_permission_there_is_no_such_page_and_no_link(candidate, curator, operator):
    for person in (candidate, curator):
        assert signed_in(person).get(reverse("operations")).status_code == 404
        assert reverse("operations") not in signed_in(person).get("/").content.decode()
    assert reverse("operations") in signed_in(operator).get("/").content.decode()
    assert Client().get(reverse("operations")).status_code == 302


# --- The candidate's page -----------------------------------------------------------------------------


def test_candidates_are_told_what_they_wait_for(candidate, with_model):
    interview = build.handed_in(candidate)
    sentence = "The language model does not answer at present."
    page = reverse("progress", args=[interview.pk])
    client = signed_in(candidate)
    assert sentence not in Page(client.get(page)).text
    go_down(NOON)
    assert sentence in Page(client.get(page)).text
    for answer in interview.answers.all():
        build.graded(answer)
    assert sentence not in Page(client.get(page)).text

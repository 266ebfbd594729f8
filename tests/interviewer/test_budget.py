"""What the model may cost, over real HTTP to the stub: limits, what is booked, and who gets to see it."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from interviewer import breaker, budget, checks, grading, interviews
from interviewer import settings as real_settings
from interviewer.llm import Usage
from interviewer.models import Grade
from interviewer.tasks import grade_answer
from tests import build
from tests.conftest import signed_in, unblinded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stub")]

TEXT = "缓存命中可以省去重复计算。批处理提高吞吐。"


@pytest.fixture
def answer(candidate):
    """The first answer of an interview of two, handed in just now."""
    return build.handed_in(candidate, texts=[TEXT, TEXT], at=timezone.now()).answers.get(position=1)


def graded(answer):
    """The answer's pending grade after a worker took it."""
    grade = answer.grades.pending().get()
    grade_answer(grade.pk)
    grade.refresh_from_db()
    return grade


def again(answer, person):
    assert interviews.grade_again(answer, person, timezone.now())
    return graded(answer)


def spent(grade):
    return grade.calls, grade.prompt_tokens, grade.completion_tokens


def test_a_grading_is_booked(answer, settings):
    settings.LLM_PRICES = {"tiny": (1.5, 10)}
    grade = graded(answer)
    assert (grade.status, spent(grade), grade.cost) == ("done", (1, 100, 20), Decimal("0.000350"))
    assert grade.seconds > 0
    assert grade.spent_at == grade.graded_at


def test_tries_in_vain_are_booked_too(answer, stub):
    grade = answer.grades.get()
    stub.misbehave("content", text="{", finish_reason="length").say("{}", times=2).misbehave("500")
    for calls in (1, 3, 4):
        Grade.objects.update(next_try_at=timezone.now())
        grade_answer(grade.pk)
        grade.refresh_from_db()
        assert spent(grade) == (calls, 100 * min(calls, 3), 20 * min(calls, 3))
    assert (grade.status, grade.score) == ("failed", None)


def test_what_a_lost_lease_cost_is_booked(answer, monkeypatch):
    def slow(*args):
        Grade.objects.update(lease=None)
        return verdict

    verdict = grading.Verdict((), 0.5, 3, "", grader="llm", usage=Usage(2, 30, 4, 1.5))
    monkeypatch.setattr(grading, "grade", slow)
    grade = graded(answer)
    assert (grade.status, spent(grade), grade.seconds) == ("pending", (2, 30, 4), 1.5)


def test_without_a_model_nothing_is_booked(answer):
    Grade.objects.update(grader="semantic")
    answer.text = ""
    answer.save()
    assert (graded(answer).status, answer.grades.get().spent_at) == ("done", None)


@pytest.mark.parametrize(
    ("limit", "value"), [("LLM_CALLS_PER_ANSWER", 1), ("LLM_TOKENS_PER_ANSWER", 130), ("LLM_TOKENS_PER_INTERVIEW", 130)]
)
def test_past_a_limit_it_waits_for_a_person(answer, manager, stub, settings, limit, value):
    setattr(settings, limit, value)
    assert graded(answer).status == "done"
    grade = again(answer, manager)
    assert (grade.status, grade.score, len(stub.requests)) == ("failed", None, 1)
    assert limit in grade.reason
    assert "%(" not in grade.reason
    other = graded(answer.interview.answers.get(position=2))
    assert other.status == ("failed" if "INTERVIEW" in limit else "done")
    settings.LLM_CALLS_PER_ANSWER = settings.LLM_TOKENS_PER_ANSWER = settings.LLM_TOKENS_PER_INTERVIEW = 0
    assert again(answer, manager).status == "done", "0 is no limit"


def test_an_answer_that_alone_is_too_long_is_never_sent(answer, stub, settings):
    settings.LLM_TOKENS_PER_ANSWER = 10
    assert graded(answer).status == "failed"
    assert stub.requests == []


@pytest.mark.parametrize(("limit", "value"), [("LLM_TOKENS_PER_DAY", 130), ("LLM_COST_PER_DAY", 0.0003)])
def test_past_the_limit_of_a_day_it_waits_for_tomorrow(answer, stub, settings, limit, value):
    setattr(settings, limit, value)
    settings.LLM_PRICES = {"tiny": (1.5, 10)}
    assert graded(answer).status == "done"
    other = answer.interview.answers.get(position=2)
    grade = graded(other)
    tomorrow = timezone.localtime(timezone.now()) + timedelta(days=1)
    assert (grade.status, grade.tries, len(stub.requests)) == ("pending", 0, 1)
    assert timezone.localtime(grade.next_try_at) == tomorrow.replace(hour=0, minute=0, second=0, microsecond=0)
    assert limit in grade.reason
    Grade.objects.filter(spent_at__isnull=False).update(spent_at=timezone.now() - timedelta(days=1))
    Grade.objects.filter(pk=grade.pk).update(next_try_at=timezone.now())
    assert graded(other).status == "done"


@pytest.mark.parametrize(("hour", "day"), [(15, 2), (16, 3)])
def test_days_begin_at_local_midnight(settings, hour, day):
    """Shanghai is eight hours ahead of UTC."""
    with timezone.override("Asia/Shanghai"):
        midnight = budget._midnight(datetime(2026, 3, 2, hour, tzinfo=UTC))
    assert midnight.astimezone(UTC) == datetime(2026, 3, day - 1, 16, tzinfo=UTC)


def spend(answer, tokens):
    """Let another process book so many tokens for the answer."""
    Grade.objects.filter(answer=answer).update(prompt_tokens=tokens, spent_at=timezone.now())


def test_the_day_is_summed_once_a_second(answer, django_assert_num_queries):
    grade, at = build.claimed(answer), timezone.now()
    assert budget.refusal(grade, at) is None
    with django_assert_num_queries(1):  # the interview's own sums
        assert budget.refusal(grade, at + timedelta(milliseconds=999)) is None
    with django_assert_num_queries(2):
        assert budget.refusal(grade, at + budget.LATELY) is None


def test_what_others_spend_is_known_within_a_second(answer, settings):
    settings.LLM_TOKENS_PER_DAY, settings.LLM_TOKENS_PER_ANSWER, settings.LLM_TOKENS_PER_INTERVIEW = 1000, 0, 0
    grade, at = build.claimed(answer), timezone.now()
    assert budget.refusal(grade, at) is None
    spend(answer, 1000)
    assert budget.refusal(grade, at + budget.LATELY).message == budget.DAY


def test_what_a_process_spends_itself_it_knows_at_once(answer, settings):
    settings.LLM_TOKENS_PER_DAY, settings.LLM_TOKENS_PER_ANSWER, settings.LLM_TOKENS_PER_INTERVIEW = 1000, 0, 0
    grade, at = build.claimed(answer), timezone.now()
    assert budget.refusal(grade, at) is None
    Grade.objects.filter(pk=grade.pk).update(**budget.spending(Usage(1, 900, 100), at))
    assert budget.refusal(grade, at).message == budget.DAY


def test_nothing_is_refused_by_old_sums(answer, settings):
    settings.LLM_TOKENS_PER_DAY, settings.LLM_TOKENS_PER_ANSWER, settings.LLM_TOKENS_PER_INTERVIEW = 1000, 0, 0
    grade, at = build.claimed(answer), timezone.now()
    spend(answer, 1000)
    assert budget.refusal(grade, at).message == budget.DAY
    spend(answer, 0)
    assert budget.refusal(grade, at) is None


def test_looking_takes_two_queries(answer, django_assert_num_queries):
    grade = build.claimed(answer)
    with django_assert_num_queries(2):
        assert budget.refusal(grade, timezone.now()) is None
    grade.grader = "semantic"
    with django_assert_num_queries(0):
        assert budget.refusal(grade, timezone.now()) is None


def test_a_grading_takes_four_queries(answer, monkeypatch, django_assert_num_queries):
    for module in (budget, breaker):
        monkeypatch.setattr(module, "LATELY", timedelta(hours=1))
    graded(answer.interview.answers.get(position=2))  # reads the day's sums and the breaker
    grade = answer.grades.get()
    with django_assert_num_queries(4):  # claim, what is graded, the interview's own sums, the verdict
        grade_answer(grade.pk)
    grade.refresh_from_db()
    assert grade.status == "done"


@pytest.mark.parametrize(
    ("text", "prices"),
    [
        ("{}", {}),
        ('{"m": [1, 2.5]}', {"m": (1.0, 2.5)}),
        ('{"m": [1]}', None),
        ('{"m": [1, -1]}', None),
        ('{"m": [1, NaN]}', None),
        ('{"m": 3}', None),
        ("[]", None),
        ("m=1", None),
    ],
)
def test_prices_are_read_strictly(text, prices, monkeypatch):
    monkeypatch.setattr(real_settings, "CONFIGURATION_PROBLEMS", {})
    assert real_settings.prices(text) == (prices or {})
    assert ("LLM_PRICES" in real_settings.CONFIGURATION_PROBLEMS) == (prices is None)


@pytest.mark.parametrize("value", ["-1", "many", "nan", "1e999"])
@pytest.mark.parametrize("name", ["GRADING_SAMPLES", "GRADING_MOST_SPREAD", "LLM_TOKENS_PER_DAY", "LLM_COST_PER_DAY"])
def test_a_wrong_limit_is_told_and_not_used(name, value, settings, monkeypatch):
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(real_settings, "CONFIGURATION_PROBLEMS", {})
    assert real_settings.number(name, 7) == 7
    settings.CONFIGURATION_PROBLEMS = real_settings.CONFIGURATION_PROBLEMS
    assert [message.msg for message in checks.environment(None) if name in message.msg]


def test_a_limit_in_money_needs_a_price(settings):
    settings.LLM_COST_PER_DAY, settings.LLM_PRICES = 5, {"other": (1, 2)}
    assert "interviewer.E015" in [message.id for message in checks.environment(None)]
    settings.LLM_PRICES = {"tiny": (1, 2)}
    assert "interviewer.E015" not in [message.id for message in checks.environment(None)]


# --- Who gets to see it -------------------------------------------------------------


def test_reviewers_see_prompt_and_cost_and_candidates_do_not(answer, manager, candidate, settings):
    settings.LLM_PRICES, settings.GRADING_SAMPLES = {"tiny": (1.5, 10)}, 2
    hostile = build.handed_in(
        build.user(), texts=["缓存<script>alert(1)</script>命中可以省去重复计算"], at=timezone.now()
    )
    graded(hostile.answers.get(position=1))
    page = unblinded(signed_in(manager), hostile).get(f"/review/{hostile.pk}/").content.decode()
    system, user = json.loads(hostile.answers.get(position=1).grades.get().verdict["prompt"])
    assert system["content"].splitlines()[0].replace('"', "&quot;") in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "2 calls, 200 tokens read, 40 written" in page
    assert "0.000700" in page
    grade = graded(answer)
    page = signed_in(candidate).get(f"/interviews/{answer.interview_id}/scorecard/")
    assert page.status_code == 200
    for hidden in ("You grade one interview answer", "0.000700", "200 tokens", "⟦"):
        assert hidden not in page.content.decode()
    assert grade.verdict["prompt"]
    assert user


def test_operators_see_what_today_has_cost(answer, settings, roles):
    settings.LLM_PRICES = {"tiny": (1.5, 10)}
    graded(answer)
    operator = build.user("operator", is_staff=True)
    operator.user_permissions.add(Permission.objects.get(codename="view_grade"))
    page = signed_in(operator).get("/admin/interviewer/grade/").content.decode()
    assert "120 tokens, at a cost of 0.000350" in page
    assert '<td class="field-tokens">120</td>' in page

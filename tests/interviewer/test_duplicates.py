"""Near-duplicates as curators see them: the search as a job, the pages, and what follows a merged question."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from interviewer import interviews, item_health, jobs
from interviewer.jobs.duplicates import KIND
from interviewer.models import Answer, ItemStatistics, Job, User
from questions import duplicates, embedding, merges, pairs
from questions.models import Document, DuplicatePair, DuplicateSearch, Question, QuestionVersion
from questions.versions import Cause
from tests import build
from tests.build import NOON
from tests.conftest import signed_in
from tests.pages import Page
from tests.questions.test_history_pages import save

pytestmark = pytest.mark.django_db

LIST = "/questions/duplicates/"
ANSWER = "增加训练数据，加正则化和 dropout，验证误差回升时提前停止训练。"


@pytest.fixture(autouse=True)
def words_only(settings) -> None:
    """No model is loaded: what the meaning finds is tested beside the finding."""
    settings.EMBEDDING_MODEL = "/nowhere"


@pytest.fixture
def desk(curator: User) -> Client:
    return signed_in(curator)


@pytest.fixture
def twins() -> tuple[Question, Question]:
    """Two questions with the same answer, among others."""
    build.bank(3)
    one = build.question(title="过拟合", prompt="如何防止模型过拟合？", reference=ANSWER)
    return one, build.question(title="记住", prompt="模型记住了样本怎么办？", reference=ANSWER)


def search() -> Job:
    job = jobs.ask(KIND, None, {}, NOON)
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def pair_url(one: Question, other: Question) -> str:
    return reverse("duplicate", args=[one.pk, other.pk])


def decide(client: Client, one: Question, other: Question, decision: str, **more: Any) -> HttpResponse:
    """Choose on the page of two questions, as they are now."""
    fields = {"decision": decision, "seen": pairs.said(one, other), **more}
    return client.post(pair_url(one, other), fields, follow=True)


def merge(client: Client, gone: Question, kept: Question) -> HttpResponse:
    return decide(client, gone, kept, "merge", which=kept.pk, reason="asked twice")


# --- The search ---


def test_a_search_is_a_job_and_its_result_stays(desk: Client, twins):
    page = Page(desk.get(LIST))
    assert "Nobody has looked" in page.text
    desk.post(LIST)
    assert "Waiting for a worker" in Page(desk.get(LIST)).text
    job = Job.objects.get()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.result) == ("done", {"pairs": 1, "waiting": 1})
    page = Page(desk.get(LIST))
    assert "Looked for among 5 questions" in page.text and "No question was changed since" in page.text
    assert "Only words were compared" in page.text
    assert "过拟合" in page.text and "nearly the same words in the answers" in page.text
    twins[0].save()
    assert "1 question was changed since" in Page(desk.get(LIST)).text


def test_nobody_looks_twice_at_once(desk: Client, curator: User, roles):
    colleague = build.user(is_staff=True)
    colleague.groups.set(curator.groups.all())
    desk.post(LIST)
    desk.post(LIST)
    signed_in(colleague).post(LIST)
    assert Job.objects.count() == 1
    assert "Somebody is looking just now" in Page(signed_in(colleague).get(LIST)).text


def test_a_model_that_fails_is_told_of_and_words_are_compared(twins, monkeypatch, settings):
    settings.EMBEDDING_MODEL = "bundled"

    def fail(*args: Any) -> None:
        raise embedding.EmbeddingError("the model is ill")

    monkeypatch.setattr(duplicates.passages, "embed", fail)
    assert search().status == "done"
    assert DuplicateSearch.objects.get().words_only and DuplicatePair.objects.count() == 1


def test_a_search_that_failed_says_so(desk: Client, monkeypatch, twins):
    desk.post(LIST)
    with monkeypatch.context() as patch:
        patch.setattr(duplicates, "find", lambda *args, **options: 1 / 0)
        jobs.run(Job.objects.get().pk)
    page = Page(desk.get(LIST)).text
    assert "went wrong on our side" in page and "Look for near-duplicates" in page
    search()
    Job.objects.update(created_at=NOON)
    assert "went wrong" not in Page(desk.get(LIST)).text


def test_who_lost_the_lease_stores_nothing(twins, monkeypatch):
    job = jobs.ask(KIND, None, {}, NOON)
    find = duplicates.find

    def slowly(*args: Any, **options: Any) -> Any:
        Job.objects.filter(pk=job.pk).update(lease=None)
        return find(*args)

    monkeypatch.setattr(duplicates, "find", slowly)
    jobs.run(job.pk)
    assert not DuplicatePair.objects.exists() and not DuplicateSearch.objects.exists()


def test_drafts_are_compared_and_retired_ones_are_not(twins):
    Question.objects.filter(pk=twins[0].pk).update(status="draft")
    search()
    assert DuplicatePair.objects.count() == 1
    Question.objects.filter(pk=twins[0].pk).update(status="retired")
    search()
    assert DuplicatePair.objects.count() == 0


# --- The pages ---


def test_two_side_by_side(desk: Client, twins):
    one, other = twins
    response = desk.get(pair_url(one, other))
    page = Page(response)
    assert "the same on both sides" in page.text
    assert "[only here:] 如何防止" in page.text or "in other words altogether" in page.text
    assert page.foreign == []
    assert "Almost certainly the same: nearly the same words in the answers" in page.text


def test_markup_in_a_question_is_text(desk: Client, twins):
    one, other = twins
    script = "<script>alert(1)</script>"
    Question.objects.filter(pk=one.pk).update(title=script, prompt=f"{script} old", tags=script)
    Question.objects.filter(pk=other.pk).update(title=script, prompt=f"{script} new")
    search()
    for url in (LIST, pair_url(one, other)):
        assert script not in desk.get(url).content.decode()


def test_translations_are_told_of(desk: Client, twins):
    one, other = twins
    for language, question in (("zh-hans", one), ("en", build.question(language="en", title="Overfitting"))):
        document = Document.objects.create(name="d", language=language, source="")
        Question.objects.filter(pk=question.pk).update(document=document, number="1")
    assert (
        "English translation: “Overfitting” (Published). It is not merged along."
        in Page(desk.get(pair_url(one, other))).text
    )


def test_not_the_same_is_noted_and_can_be_taken_back(desk: Client, curator: User, twins):
    one, other = twins
    search()
    page = Page(decide(desk, other, one, "apart", reason="one is about inference"))
    assert "Judged not to be the same. one is about inference" in page.text
    assert "Keep the first" not in page.text
    [pair] = DuplicatePair.objects.all()
    assert pair.judged_by == curator
    assert "Nothing waits for a decision" in Page(desk.get(LIST)).text
    assert "one is about inference" in Page(desk.get(LIST, {"show": "aside"})).text
    search()
    assert "Nothing waits for a decision" in Page(desk.get(LIST)).text
    assert "Keep the first" in Page(decide(desk, one, other, "reconsider")).text
    assert "过拟合" in Page(desk.get(LIST)).text


def test_a_judgement_of_another_text_does_not_stand(desk: Client, twins):
    one, other = twins
    decide(desk, one, other, "apart")
    Question.objects.filter(pk=one.pk).update(prompt="怎样不让它过拟合？")
    assert "Keep the first" in Page(desk.get(pair_url(one, other))).text
    search()
    assert "过拟合" in Page(desk.get(LIST)).text


def test_merging_and_separating_again(desk: Client, twins):
    one, other = twins
    search()
    page = Page(merge(desk, one, other))
    assert f"“{one.title}” is merged into “{other.title}”" in page.text and "asked twice" in page.text
    one.refresh_from_db()
    assert (one.status, one.merged_into) == ("retired", other)
    assert "Nothing waits" in Page(desk.get(LIST)).text
    assert "过拟合" in Page(desk.get(LIST, {"show": "merged"})).text
    assert "already" not in Page(merge(desk, one, other)).text, "pressed twice"
    page = Page(decide(desk, one, other, "separate", which=one.pk))
    assert "They are two questions again. Status of “过拟合”: Published" in page.text
    one.refresh_from_db()
    assert (one.status, one.merged_into) == ("published", None)
    assert "It is not merged, or not any more." in Page(decide(desk, one, other, "separate", which=one.pk)).text


def test_what_was_changed_since_it_was_seen_is_not_merged(desk: Client, twins):
    one, other = twins
    seen = pairs.said(one, other)
    Question.objects.filter(pk=one.pk).update(prompt="Anything else?")
    page = Page(decide(desk, one, other, "merge", which=one.pk, reason="r", seen=seen))
    assert "was changed meanwhile" in page.text
    assert not Question.objects.filter(merged_into__isnull=False).exists()


@pytest.mark.parametrize(("fields", "sentence"), [
    ({"decision": "merge", "reason": "r"}, "Say which of the two."),
    ({"decision": "merge", "reason": "r", "which": "999999"}, "Say which of the two."),
    ({"decision": "merge", "reason": "r", "which": "x"}, "Enter a whole number."),
    ({"decision": "delete"}, "Select a valid choice"),
    ({"decision": "apart", "reason": "r" * 201}, "at most 200 characters"),
    ({}, "This field is required"),
])  # fmt: skip
def test_a_form_that_says_nothing_clear_changes_nothing(desk: Client, twins, fields, sentence):
    response = desk.post(pair_url(*twins), {"seen": "x", **fields})
    assert response.status_code == 400 and sentence in Page(response).text
    assert not QuestionVersion.objects.exists() and not DuplicatePair.objects.exists()


def test_merging_needs_a_reason(desk: Client, twins):
    page = Page(decide(desk, *twins, "merge", which=twins[0].pk, reason=" "))
    assert "Say in a few words why they are merged" in page.text


@pytest.mark.parametrize("number", [0, 2**31, 2**63, 10**30])
def test_there_are_no_other_questions(desk: Client, twins, number: int):
    one, _other = twins
    for pair in ([one.pk, number], [number, one.pk], [one.pk, one.pk]):
        assert desk.get(reverse("duplicate", args=pair)).status_code == 404


def test_the_next_pair_is_of_the_same_group(desk: Client, twins):
    one, other = twins
    third = build.question(title="第三", prompt="模型只会背题怎么办？", reference=ANSWER)
    search()
    assert "3 questions, two of them" in Page(desk.get(LIST)).text
    page = merge(desk, one, other)
    assert pair_url(*sorted((other, third), key=lambda each: each.pk)) in page.content.decode()


def test_a_group_of_one_question_and_the_links_of_its_admin_page(desk: Client, twins):
    one, other = twins
    search()
    change = reverse("admin:questions_question_change", args=[one.pk])
    assert f"{LIST}?question={one.pk}" in desk.get(change).content.decode()
    assert "过拟合" in Page(desk.get(LIST, {"question": one.pk})).text
    alone = Question.objects.exclude(pk__in=[one.pk, other.pk])[0]
    for wanted in (alone.pk, "x", 2**70):
        assert "Nothing was found that asks nearly the same" in Page(desk.get(LIST, {"question": wanted})).text
    merge(desk, one, other)
    page = desk.get(change)
    assert "This question is merged into another one" in Page(page).text
    assert reverse("admin:questions_question_change", args=[other.pk]) in page.content.decode()


def test_the_list_costs_few_queries_however_long_it_is(desk: Client):
    for n in range(12):
        build.question(title=f"{n}", prompt=f"{n}？", reference=f"{ANSWER}{n}")
    search()
    desk.get(LIST)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert "12 questions" in Page(desk.get(LIST)).text
    assert len(queries) <= 16


def test_the_pages_speak_chinese(curator: User, twins):
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(curator)
    search()
    for url in (LIST, pair_url(*twins)):
        text = Page(client.get(url)).text
        assert "答案用词几乎相同" in text and "question" not in text.lower().replace("question-", "")


# --- What follows a merged question ---


def test_who_was_asked_the_merged_one_counts_as_asked_the_kept_one(twins):
    gone, kept = twins
    Question.objects.exclude(pk=gone.pk).update(status="draft")
    person = build.user()
    build.handed_in(person, question_count=1)
    Question.objects.filter(pk=kept.pk).update(status="published")
    fresh = Question.objects.filter(status="draft")[0]
    Question.objects.filter(pk=fresh.pk).update(status="published")
    merges.merge(gone.pk, kept.pk, Cause())
    sitting = build.interview(person, question_count=1)
    assert [answer.question for answer in sitting.answers.all()] == [fresh]
    answer = Answer.objects.filter(interview__candidate=person).earliest("pk")
    assert answer.asked.title == gone.title, "what was asked stays"
    merges.separate(gone.pk, Cause())
    assert interviews.asked_before(person) == {gone.pk, fresh.pk}


def test_answers_count_for_the_kept_question_where_the_task_is_the_same(twins):
    other_text, kept = twins
    same_task = build.question(title="另一个标题", prompt=kept.prompt, reference=ANSWER)
    for question, times in ((other_text, 1), (same_task, 2), (kept, 3)):
        Question.objects.exclude(pk=question.pk).update(status="draft")
        Question.objects.filter(pk=question.pk).update(status="published")
        for _time in range(times):
            sitting = build.handed_in(texts=["text"], question_count=1)
            build.graded(sitting.answers.get(), 0.5)
    Question.objects.update(status="published")

    def asked() -> dict[str, tuple[int, int, int]]:
        item_health.compute(NOON)
        rows = ItemStatistics.objects.filter(question__in=[other_text, same_task, kept])
        return {row.question.title: (row.asked, row.asked_before, row.exposed) for row in rows}

    before = asked()
    assert before == {other_text.title: (1, 0, 1), same_task.title: (2, 0, 2), kept.title: (3, 0, 3)}
    for question in (other_text, same_task):
        merges.merge(question.pk, kept.pk, Cause())
    assert asked() == {other_text.title: (0, 0, 0), same_task.title: (0, 0, 0), kept.title: (5, 1, 6)}
    for question in (other_text, same_task):
        merges.separate(question.pk, Cause())
    assert asked() == before


def test_the_pages_count_what_was_asked_as_the_merged_one(desk: Client, twins):
    gone, kept = twins
    Question.objects.exclude(pk=gone.pk).update(status="draft")
    build.handed_in(question_count=1)
    Question.objects.update(status="published")
    merge(desk, gone, kept)
    page = Page(desk.get(pair_url(gone, kept))).text
    assert page.count("asked once") == 2
    assert "is merged into" in Page(desk.get(reverse("item", args=[gone.pk]))).text


# --- On save ---


def test_a_save_names_what_it_repeats(desk: Client, twins):
    one, other = twins
    alone = Question.objects.exclude(pk__in=[one.pk, other.pk])[0]
    page = save(desk, alone, reference=ANSWER)
    assert "questions ask nearly the same" in Page(page).text
    assert pair_url(alone, one) in page.content.decode()
    assert "ask nearly the same" not in Page(save(desk, alone)).text, "nothing was changed"
    assert "asks nearly the same" not in Page(save(desk, alone, reference="完全不同的内容，讲的是别的事情。")).text
    merge(desk, one, other)
    assert "nearly the same" not in Page(save(desk, one, title="Another title")).text, "it is not asked"

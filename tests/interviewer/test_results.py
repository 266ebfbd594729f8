"""After an interview: what a candidate sees while grades arrive and afterwards, and what managers see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from interviewer import interviews
from interviewer.models import Grade, Interview, User
from questions.models import Question
from tests import build
from tests.build import NOON
from tests.conftest import signed_in, unblinded
from tests.pages import Page

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
BEING_GRADED = "answers are being graded…"


@pytest.fixture
def client(candidate: User) -> Client:
    return signed_in(candidate)


def show(client: Client, name: str, interview: Interview) -> Page:
    response = client.get(reverse(name, args=[interview.pk]))
    assert response.status_code == 200
    return Page(response)


def polls(page: Page) -> list[str]:
    """The addresses that the page asks again by itself."""
    return [known["hx-get"] for _, known in page.elements if "hx-get" in known]


# --- The candidate's scorecard ----------------------------------------------------------


def test_the_scorecard_fills_in(client, candidate):
    interview = build.handed_in(candidate, texts=["one", "two"])
    one, two = interview.answers.order_by("position")
    results = reverse("scorecard-results", args=[interview.pk])

    page = show(client, "scorecard", interview)
    assert BEING_GRADED in page.text
    assert page.text.count("Not graded yet") == 2
    assert "of 100" not in page.text
    assert polls(page) == polls(show(client, "scorecard-results", interview)) == [results]

    build.graded(one, 0.8, feedback="Well done.")
    page = show(client, "scorecard-results", interview)
    assert "80 of 100 1 of 2 answers are graded." in page.text
    assert "Well done." in page.text
    assert polls(page) == [results]

    build.graded(two, 0.4)
    for page in (show(client, "scorecard", interview), show(client, "scorecard-results", interview)):
        assert "60 of 100" in page.text
        assert "answers are graded" not in page.text
        assert polls(page) == []


def test_progress_fills_in(client, candidate):
    interview = build.handed_in(candidate)
    one, two = interview.answers.order_by("position")
    for name in ("receipt", "progress"):
        page = show(client, name, interview)
        assert "0 of 2 answers are graded." in page.text
        assert polls(page) == [reverse("progress", args=[interview.pk])]
    build.graded(one)
    build.parked(two)
    page = show(client, "progress", interview)
    assert "1 of 2 answers are graded. Answer 2 waits for a person." in page.text
    assert polls(page) == []


def test_evidence_is_marked_in_the_answer(client, candidate):
    interview = build.handed_in(candidate, texts=["缓存命中"])
    build.graded(interview.answers.get(position=1))
    page = show(client, "scorecard", interview)
    assert "[point 1: 缓存命中1]" in page.text
    assert "Nothing was written." in page.text  # of the second answer


@pytest.mark.parametrize(("name", "who"), [("scorecard", "client"), ("review", "reviewer")])
def test_links_lead_from_points_to_their_words_and_back(name, who, request, candidate):
    interview = build.handed_in(candidate, texts=["缓存命中之后批处理"])
    answer = interview.answers.get(position=1)
    points = build.verdict(answer)["points"]
    points[0]["spans"], points[1] = [[0, 4], [6, 9]], {**points[1], "verdict": "partial", "spans": [[2, 9]]}
    build.graded(answer)
    Grade.objects.filter(answer=answer).update(verdict={**build.verdict(answer), "points": points})
    reader = request.getfixturevalue(who)
    page = show(unblinded(reader, interview) if who == "reviewer" else reader, name, interview)
    assert "[point 1: 缓存][point 1, 2: 命中1][point 2: 之后][point 1, 2: 批处理1,2]" in page.text
    marks = [(known["id"], known["data-points"]) for tag, known in page.elements if tag == "mark"]
    assert marks == [("words-1-0", "p1"), ("words-1-2", "p1 p2"), ("words-1-4", "p2"), ("words-1-6", "p1 p2")]
    ids = [known["id"] for _tag, known in page.elements if "id" in known]
    links = [known["href"] for tag, known in page.elements if tag == "a" and "-1-" in known["href"]]
    assert links == ["#point-1-1", "#point-1-1", "#point-1-2", "#words-1-0", "#words-1-6", "#words-1-2"]
    assert len(set(ids)) == len(ids) and {link[1:] for link in links} <= set(ids)
    assert "“缓存命中” “批处理”" in page.text and "“命中之后批处理”" in page.text


CANARIES = {"reference": "CANARY-R", "explanation": "CANARY-E", "examples": "CANARY-X"}
PAGES = ("receipt", "progress", "scorecard", "scorecard-results")


def sat_with_canaries(candidate: User, mode: str) -> Interview:
    question = build.question(points=["earned", "CANARY-P", "CANARY-F"])
    question.points.update(name="")
    question.points.filter(text="CANARY-F").update(kind="pitfall")
    Question.objects.update(**CANARIES)
    interview = build.handed_in(candidate, texts=["text"], mode=mode)
    for answer in interview.answers.all():
        build.graded(answer)
    return interview


def test_after_an_exam_the_reference_stays_hidden(client, candidate, reviewer):
    interview = sat_with_canaries(candidate, "exam")
    for name in PAGES:
        assert "CANARY" not in client.get(reverse(name, args=[interview.pk])).content.decode()
    page = show(client, "scorecard", interview)
    assert "A point of the reference answer" in page.text
    assert "earned" in page.text  # what the candidate said may be told
    for canary in (*CANARIES.values(), "CANARY-P", "CANARY-F"):
        assert canary in show(reviewer, "review", interview).text
        assert canary in show(unblinded(reviewer, interview), "review", interview).text


def test_after_practice_the_reference_is_shown(client, candidate):
    page = show(client, "scorecard", sat_with_canaries(candidate, "practice"))
    for canary in (*CANARIES.values(), "CANARY-P"):
        assert canary in page.text


def test_a_failed_grade_is_a_reason_not_a_number(client, candidate, reviewer):
    interview = build.handed_in(candidate, texts=["one", "two"])
    one, two = interview.answers.order_by("position")
    build.parked(one, "The model server could not be reached.")
    page = show(client, "scorecard", interview)
    assert BEING_GRADED in page.text
    build.parked(two)
    blind = show(reviewer, "review", interview)
    shown = show(unblinded(reviewer, interview), "review", interview)
    for page in (show(client, "scorecard", interview), blind, shown):
        assert page.text.count("The model server could not be reached.") == 2
        assert "Nothing has been graded yet; it waits for a person." in page.text
        assert "of 100" not in page.text
        assert polls(page) == []
    assert "not graded yet" in Page(client.get("/")).text
    assert "—" in Page(reviewer.get(reverse("review-list"))).text


def test_what_failed_does_not_count_as_nothing(client, candidate, reviewer):
    interview = build.handed_in(candidate)
    one, two = interview.answers.order_by("position")
    build.graded(one, 0.8)
    build.parked(two)
    unblinded(reviewer, interview)
    for page in (show(client, "scorecard", interview), show(reviewer, "review", interview), Page(client.get("/"))):
        assert "80 of 100" in page.text
        assert "40 of 100" not in page.text
        assert " 0 of 100" not in page.text
    assert rows(reviewer) == [("candidate", "Waiting for a person", "80")]


def test_a_true_nought_is_shown_as_one(client, candidate, reviewer):
    interview = build.handed_in(candidate)
    for answer in interview.answers.all():
        build.graded(answer, 0)
    assert show(client, "scorecard", interview).text.count("0 of 100") == 3
    unblinded(reviewer, interview)
    assert rows(reviewer) == [("candidate", "Graded", "0")]


def test_the_reason_is_told_in_the_readers_language(candidate):
    interview = build.handed_in(candidate)
    build.parked(interview.answers.get(position=1), "The model server could not be reached.")
    chinese = Client(headers={"accept-language": "zh-hans"})
    chinese.force_login(candidate)
    page = show(chinese, "scorecard", interview)
    assert "could not be reached" not in page.text


def test_nobody_reads_what_others_wrote(candidate, stranger, curator, manager):
    build.bank(2)
    for person in (candidate, stranger):
        interview = build.handed_in(person, texts=[f"CANARY-{person.username}"] * 2)
        for answer in interview.answers.all():
            build.graded(answer, feedback=f"CANARY-{person.username}")
    theirs = [interview for interview in Interview.objects.all() if interview.candidate != candidate]
    for reader in (candidate, curator):
        client = signed_in(reader)
        pages = ["/", *(reverse(name, args=[interview.pk]) for name in PAGES for interview in Interview.objects.all())]
        pages += [reverse("review-list"), *(reverse("review", args=[each.pk]) for each in theirs)]
        for page in pages:
            assert "CANARY-stranger" not in client.get(page).content.decode()
    assert "CANARY-stranger" in signed_in(stranger).get(reverse("scorecard", args=[theirs[0].pk])).content.decode()


# --- The managers' list --------------------------------------------------------------------


def rows(reviewer: Client, **filters: str) -> list[tuple[str, str, str]]:
    """(candidate, state, score) of every row of the list."""
    response = reviewer.get(reverse("review-list"), filters)
    assert response.status_code == 200
    return [(row[0], row[3], row[4]) for row in Page(response).rows[1:]]


def in_state(state: str, name: str) -> Interview:
    """An interview of two questions by somebody called `name`, in a state of the list."""
    person = build.user(name, first_name=f"{name}-first", last_name=f"{name}-last")
    if state == "running":
        return build.interview(person, timezone.now())
    interview = build.handed_in(person)
    one, two = interview.answers.order_by("position")
    if state != "nothing graded":
        build.graded(one, 0.5)
    if state == "waiting":
        build.parked(two)
    if state in ("graded", "graded again"):
        build.graded(two, 1.0)
    if state == "graded again":
        interviews.grade_again(two, person, NOON + HOUR)
    return interview


LABELS = {
    "running": ("running", "Running", "—"),
    "nothing graded": ("grading", "Being graded (0 of 2)", "—"),
    "half graded": ("grading", "Being graded (1 of 2)", "50"),
    "waiting": ("waiting", "Waiting for a person", "50"),
    "graded": ("graded", "Graded", "75"),
    "graded again": ("graded", "Graded", "75"),
}


def test_every_interview_is_in_one_state_and_its_filter_finds_it(reviewer):
    for number, state in enumerate(LABELS):
        unblinded(reviewer, in_state(state, f"person{number}"))
    expected = {
        (f"person{n}-first person{n}-last", label, score): state
        for n, (state, label, score) in enumerate(LABELS.values())
    }
    assert set(rows(reviewer)) == set(expected)
    for state in ("running", "grading", "waiting", "graded"):
        assert set(rows(reviewer, state=state)) == {row for row, of_state in expected.items() if of_state == state}


def test_the_list_is_filtered(reviewer):
    zh, en = in_state("graded", "Li"), in_state("running", "Ada")
    Interview.objects.filter(pk=en.pk).update(language="en")
    everybody = {"Li-first Li-last", "Ada-first Ada-last"}
    unblinded(reviewer, zh, en)

    def found(**filters: str) -> set[str]:
        return {name for name, _, _ in rows(reviewer, **filters)}

    assert found() == found(q="", state="", template="") == everybody
    assert found(q="li") == found(q="LI-FIRST") == found(q="Li-last") == {"Li-first Li-last"}
    assert found(template=str(en.template_id)) == found(language="en") == {"Ada-first Ada-last"}
    assert found(template=str(zh.template_id), language="en") == set()
    assert "No interview matches" in Page(reviewer.get(reverse("review-list"), {"q": "nobody"})).text
    for page in ("x", "-3", "9" * 40):
        assert found(page=page) == everybody


def test_before_anybody_came_the_list_says_what_to_do(reviewer):
    assert "Nobody has sat an interview yet" in Page(reviewer.get(reverse("review-list"))).text


def test_the_list_takes_few_queries_and_goes_on_on_further_pages(reviewer, django_assert_max_num_queries):
    build.bank(2)
    template = build.template()
    for n in range(30):
        interview = interviews.start(template, build.user(f"person{n:02}"), NOON + n * HOUR)
        interviews.submit(interview, NOON + n * HOUR)
        for answer in interview.answers.all():
            build.graded(answer, n / 30)
        unblinded(reviewer, interview)
    with django_assert_max_num_queries(12):
        first = rows(reviewer)
    assert [name for name, _, _ in first] == [f"person{n:02}" for n in range(29, 4, -1)]
    assert first[0][2] == "97"
    assert [name for name, _, _ in rows(reviewer, page="2")] == [f"person{n:02}" for n in range(4, -1, -1)]
    assert [name for name, _, _ in rows(reviewer, page="2", q="person1")] == [f"person1{n}" for n in range(9, -1, -1)]


def test_the_list_settles_what_is_over(reviewer):
    unblinded(reviewer, build.interview(build.user("late"), NOON))
    assert rows(reviewer) == [("late", "Being graded (0 of 2)", "—")]


def test_pages_of_one_person_take_few_queries(client, candidate, django_assert_max_num_queries):
    build.bank(6)
    interview = build.handed_in(candidate, question_count=6)
    for answer in interview.answers.all():
        build.graded(answer)
    for name in PAGES:
        with django_assert_max_num_queries(14):
            show(client, name, interview)
    with django_assert_max_num_queries(12):
        client.get("/")


# --- The managers' review --------------------------------------------------------------------


def test_the_review_shows_everything_a_decision_needs(reviewer, candidate):
    interview = build.handed_in(candidate, texts=["缓存命中"])
    one = interview.answers.get(position=1)
    build.graded(one, 0.5, feedback="Good.", model="tiny-model", prompt="[]")
    Grade.objects.filter(answer=one).update(model="tiny-model", rubric_hash="abcdef123456789")
    page = show(unblinded(reviewer, interview), "review", interview)
    for shown in (
        *("candidate", one.asked.prompt, "缓存命中", "50 of 100", "Good.", one.asked.reference.split(". ")[-1]),
        *("tiny-model", "abcdef123456", interview.receipt_sha256, "the candidate", "Grade again"),
    ):
        assert shown in page.text


def test_answers_of_a_running_interview_are_not_read(reviewer, candidate):
    interview = build.interview(candidate, timezone.now())
    interviews.save(interview.answers.get(position=1), "CANARY", 0, timezone.now())
    page = show(reviewer, "review", interview)
    assert "still running" in page.text
    assert "CANARY" not in page.text


def grade_again(reviewer: Client, interview: Interview, position: int = 1) -> Page:
    response = reviewer.post(reverse("grade-again", args=[interview.pk, position]), follow=True)
    assert response.redirect_chain == [(reverse("review", args=[interview.pk]), 302)]
    return Page(response)


def test_grading_again_keeps_the_earlier_grade_in_force_until_the_new_one_is_done(reviewer, manager):
    interview = build.handed_in(texts=["text"])
    one = interview.answers.get(position=1)
    build.graded(one, 0.25)
    unblinded(reviewer, interview)
    assert "will be graded again; the earlier grade is kept" in grade_again(reviewer, interview).text
    assert "25 of 100" in show(reviewer, "review", interview).text
    assert "on its way already" in grade_again(reviewer, interview).text
    assert one.grades.pending().get().requested_by == manager
    assert one.grades.count() == 2
    build.graded(one, 0.75)
    assert "75 of 100" in show(reviewer, "review", interview).text
    assert sorted(one.grades.values_list("score", flat=True)) == [0.25, 0.75]


def test_grading_again_gives_what_waits_for_a_person_another_chance(reviewer, client, candidate):
    interview = build.handed_in(candidate)
    for answer in interview.answers.all():
        build.parked(answer)
    grade_again(reviewer, interview, 2)
    page = show(client, "scorecard", interview)
    assert BEING_GRADED in page.text
    assert polls(page)


def test_a_running_interview_is_not_graded_again(reviewer, candidate):
    interview = build.interview(candidate, timezone.now())
    assert "still running" in grade_again(reviewer, interview).text
    assert not Grade.objects.exists()

"""How far a machine's score can be trusted: the sums, by hand; and which double scores go into them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from interviewer import double_scores, grading, reviewing, trust
from interviewer.models import Answer, Grade, User
from interviewer.scorecard import Band
from tests import build
from tests.build import NOON

PLAIN = {"samples": [], "spread": 0.0, "flags": []}


# --- Kappa: 1 − mean((x−y)²) / (mean(x²) + mean(y²) − 2·mean(x)·mean(y)) ------------------


@pytest.mark.parametrize(
    ("levels", "kappa"),
    [
        ([(0, 0), (5, 5)], 1.0),
        ([(0, 5), (5, 0)], -1.0),  # 1 − 25 / 12.5
        ([(0, 0), (0, 5), (5, 0), (5, 5)], 0.0),  # 1 − 12.5 / 12.5
        ([(1, 2), (2, 2), (3, 4), (4, 4)], 0.8),  # 1 − 0.5 / (7.5 + 10 − 15) = 1 − 0.5 / 2.5
        ([(3, 3)] * 30, None),  # everybody says the same: chance explains it
        ([(3, 4)] * 30, 0.0),
    ],
)
def test_the_weighted_kappa(levels, kappa):
    assert trust.weighted_kappa(levels) == (None if kappa is None else pytest.approx(kappa))


def test_the_kappa_is_that_of_the_table_of_all_levels():
    levels = [(a, b) for a in range(6) for b in range(6) if (a * 7 + b * 3) % 5 < 2]
    n = len(levels)
    rows, columns = ([sum(pair[side] == k for pair in levels) for k in range(6)] for side in (0, 1))
    seen = sum((a - b) ** 2 for a, b in levels)
    expected = sum(rows[a] * columns[b] / n * (a - b) ** 2 for a in range(6) for b in range(6))
    assert trust.weighted_kappa(levels) == pytest.approx(1 - seen / expected)


def test_exact_and_adjacent_agreement_are_of_levels():
    found = trust.agreement([(0.8, 0.79), (0.8, 0.95), (0.2, 0.9), (0.6, 0.5)])  # 4·4, 4·5, 1·5, 3·3
    assert (found.n, found.exact, found.adjacent) == (4, 0.5, 0.75)


# --- What follows ------------------------------------------------------------------------

GOOD = [(n % 6 / 5, n % 6 / 5) for n in range(24)]
BAD = [(n % 6 / 5, (n * 5 + 3) % 6 / 5) for n in range(24)]


def test_below_so_many_pairs_nothing_is_stated():
    found = trust.trust(0.5, PLAIN, GOOD[:19], GOOD[:19])
    assert (found.n, found.agreement, found.is_low) == (19, None, False)
    found = trust.trust(0.5, PLAIN, GOOD[:20], GOOD)
    assert (found.n, found.of_question, found.agreement.exact) == (20, True, 1.0)
    found = trust.trust(0.5, PLAIN, GOOD[:19], GOOD)
    assert (found.n, found.of_question) == (24, False)


@pytest.mark.parametrize(
    ("verdict", "pairs", "band"),
    [
        ({}, GOOD, None),
        ({}, BAD, Band(30, 70)),  # a level to either side
        ({"flags": ["low_trust"]}, GOOD, Band(40, 60)),  # half a level
        ({"flags": ["low_trust"], "samples": [0.2, 0.55], "semantic_score": 0.9}, GOOD, Band(20, 90)),
        ({"samples": [0.25, 0.75], "spread": 0.25}, GOOD, Band(25, 75)),
        ({"samples": [0.5, 0.5], "spread": 0.0}, [], None),
    ],
)
def test_low_trust_makes_a_band(verdict, pairs, band):
    assert trust.trust(0.5, {**PLAIN, **verdict}, [], pairs).band == band


# --- The stored double scores ----------------------------------------------------------------

pytestmark = pytest.mark.django_db


def scored(answer: Answer, reviewer: User, verdict: str = "met", **grade: str) -> Grade:
    """An answer that a machine graded and a person scored blind, all points alike."""
    made = build.graded(answer, 0.5)
    Grade.objects.filter(pk=made.pk).update(rubric_hash=grading.rubric_hash(answer.asked), **grade)
    reviewing.score_blind(answer, {point.key: verdict for point in answer.asked.points}, reviewer, NOON)
    return Grade.objects.get(pk=made.pk)


def test_pairs_are_of_blind_scores_and_the_same_rubric_grader_and_prompt(manager):
    one, two = build.handed_in(texts=["a", "b"]).answers.order_by("position")
    grade = scored(one, manager, model="tiny", prompt_hash="x")
    other = scored(two, manager, "missing", model="tiny", prompt_hash="y")
    reviewing.rescore(one, {point.key: "missing" for point in one.asked.points}, "why", manager, NOON)
    found = double_scores.load([grade])
    assert list(found.of_setup.values()) == [[(1.0, 0.5)]]  # what was judged afterwards does not count
    assert (found.trust(one, grade).n, found.trust(two, other).n) == (1, 0)
    assert sorted(double_scores.load().of_setup.values()) == [[(0.0, 0.5)], [(1.0, 0.5)]]
    Grade.objects.filter(pk=grade.pk).update(rubric_hash="another")
    assert not double_scores.load([grade]).of_setup


def test_who_has_it_shown_without_judging_measures_nothing(manager):
    one = build.handed_in(texts=["a"]).answers.get(position=1)
    grade = build.graded(one)
    Grade.objects.update(rubric_hash=grading.rubric_hash(one.asked))
    reviewing.reveal(one, manager, NOON)
    reviewing.rescore(one, {point.key: "met" for point in one.asked.points}, "why", manager, NOON)
    assert not double_scores.load([Grade.objects.get(pk=grade.pk)]).of_setup


def test_a_blind_score_measures_a_later_grade_too_and_each_setup_once(manager):
    from interviewer import interviews

    one = build.handed_in(texts=["a"]).answers.select_related("interview").get(position=1)
    scored(one, manager, model="tiny")
    for hours, score in ((1, 0.2), (2, 0.8)):
        interviews.grade_again(one, manager, NOON + timedelta(hours=hours))
        build.graded(one, score)
        Grade.objects.filter(answer=one).update(rubric_hash=grading.rubric_hash(one.asked), model="tiny")
    assert list(double_scores.load().of_setup.values()) == [[(1.0, 0.8)]]


def test_it_takes_one_query(manager, django_assert_num_queries):
    answers = list(build.handed_in(texts=["a", "b"]).answers.all())
    grades = [scored(answer, manager) for answer in answers]
    with django_assert_num_queries(1):
        found = double_scores.load(grades)
        assert found.trust(answers[0], grades[0]).n == 2

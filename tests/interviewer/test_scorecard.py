"""The sums on a scorecard. No database: answers and grades are plain objects."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from interviewer.scorecard import Band, Scorecard, TopicScore, band, grade_to_show, scorecard
from interviewer.templatetags.interviewer_extras import language_of, marked
from questions.frozen import FrozenQuestion


def grade(score: float | None = None, status: str = "", reason: str = "", **verdict: Any) -> SimpleNamespace:
    """A done grade with a score, otherwise a pending one (or of the status given)."""
    plain = {"points": [], "grader": "semantic", "model": "tiny"}
    return SimpleNamespace(
        score=score,
        status=status or ("pending" if score is None else "done"),
        verdict=None if score is None else {**plain, **verdict},
        reason=reason,
    )


def answer(*grades: SimpleNamespace, topic: str = "serving", position: int = 1, text: str = "") -> SimpleNamespace:
    """An answer with its grades, newest first."""
    asked = FrozenQuestion("q", "Q", "en", "discussion", "?", "!", (), topic)
    return SimpleNamespace(
        position=position,
        asked=asked,
        text=text,
        seconds_used=1.5,
        grades=SimpleNamespace(all=lambda: list(grades)),
        overrides=SimpleNamespace(all=list),
    )


def card(*scores: float | None) -> Scorecard:
    return scorecard([answer(grade(score)) for score in scores])


FAILED = grade(status="failed", reason="The key was refused.")
PENDING = grade()


@pytest.mark.parametrize(
    ("scores", "points"),
    [((), None), ((None,), None), ((0.0,), 0), ((1.0,), 100), ((0.5, None), 50), ((0.2, 0.4, None, 0.6), 40)],
)
def test_the_total_is_the_mean_of_what_is_graded(scores, points):
    assert card(*scores).points_of_100 == points


def test_a_failed_grade_is_not_a_zero():
    results = scorecard([answer(grade(0.8)), answer(FAILED)])
    assert results.points_of_100 == 80
    assert [result.points_of_100 for result in results.results] == [80, None]
    assert results.results[1].reason == "The key was refused."
    assert [topic.count for topic in results.topics] == [1]
    assert scorecard([answer(FAILED)]).points_of_100 is None


def test_nought_is_a_score():
    results = card(0.0, 0.0, 0.0)
    assert (results.points_of_100, results.band, len(results.graded)) == (0, Band(0, 0), 3)


@pytest.mark.parametrize(
    ("grades", "settled"),
    [([[grade(0.5)], [FAILED]], True), ([[grade(0.5)], [PENDING]], False), ([[]], True), ([], True)],
)
def test_a_card_is_settled_once_nothing_arrives_by_itself(grades, settled):
    assert scorecard([answer(*each) for each in grades]).is_settled is settled


@pytest.mark.parametrize(
    ("newest_first", "shown"),
    [
        ([], None),
        ([0], 0),
        ([PENDING, grade(0.25)], 1),
        ([FAILED, grade(0.25)], 1),
        ([PENDING, FAILED], 0),
        ([FAILED, PENDING], 0),
    ],
)
def test_the_grade_in_force_is_the_latest_that_is_done(newest_first, shown):
    grades = [grade(0.25) if each == 0 else each for each in newest_first]
    assert grade_to_show(grades) is (None if shown is None else grades[shown])


def test_a_later_grade_replaces_an_earlier_one():
    assert scorecard([answer(grade(0.75), grade(0.25))]).points_of_100 == 75


def test_topics_come_in_order_of_appearance_with_their_means():
    results = scorecard(
        [
            answer(grade(1.0), topic="users"),
            answer(grade(0.5), topic="market"),
            answer(grade(0.5), topic="users"),
            answer(PENDING, topic="team"),
        ]
    )
    assert results.topics == [TopicScore("users", 75, 2), TopicScore("market", 50, 1)]


def test_graders_are_named_once_each():
    llm = {"grader": "llm", "model": "large"}
    results = scorecard([answer(grade(1.0)), answer(grade(1.0, **llm)), answer(grade(0.5)), answer(PENDING)])
    assert results.graders == [("semantic", "tiny"), ("llm", "large")]


def test_evidence_is_cut_out_of_the_answer():
    points = [{"key": "p1", "kind": "must", "spans": [[0, 2]]}, {"key": "p2", "kind": "must", "spans": []}]
    [result] = scorecard([answer(grade(0.5, points=points), text="缓存命中", position=3)]).results
    assert [(segment.text, segment.points) for segment in marked(result, True)] == [("缓存", ("p1",)), ("命中", ())]
    assert (result.position, result.seconds_used) == (3, 1.5)


def test_a_pitfall_that_a_reader_may_not_know_of_marks_nothing():
    points = [{"key": "p1", "kind": "pitfall", "verdict": "contradicted", "spans": [[0, 2]]}]
    [result] = scorecard([answer(grade(0.5, points=points), text="缓存")]).results
    assert [segment.points for segment in marked(result, False)] == [()]
    assert [segment.points for segment in marked(result, True)] == [("p1",)]


def test_before_a_verdict_the_answer_is_in_one_piece():
    [result] = scorecard([answer(PENDING, text="缓存")]).results
    assert [(segment.text, segment.points) for segment in marked(result, True)] == [("缓存", ())]


# --- The band: mean ± t · s/√n, worked out by hand ------------------------------------


@pytest.mark.parametrize("scores", [[], [0.5], [0.2, 0.9]])
def test_few_scores_have_no_band(scores):
    assert band(scores) is None
    assert card(*scores).band is None


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.5, 0.5, 0.5], Band(50, 50)),
        ([0.6, 0.7, 0.8], Band(53, 87)),  # s = 0.1; 2.92 × 0.1/√3 = 0.169
        ([0.4, 0.5, 0.6, 0.5], Band(40, 60)),  # s = 0.0816; 2.35 × 0.0816/2 = 0.096
        ([0.4, 0.6] * 5, Band(44, 56)),  # s = 0.1054; 1.83 × 0.1054/√10 = 0.061
        ([0.4, 0.6] * 50, Band(48, 52)),  # s = 0.1005; 1.64 × 0.1005/10 = 0.0165
        ([0.0, 1.0, 1.0], Band(0, 100)),  # cut off at both ends
    ],
)
def test_the_band(scores, expected):
    assert band(scores) == expected


def test_the_band_is_of_graded_questions_only():
    answers = [answer(each) for each in (grade(0.6), grade(0.7), FAILED, grade(0.8), PENDING)]
    assert scorecard(answers).band == Band(53, 87)


def test_more_questions_never_make_the_band_wider():
    widths = [b.high - b.low for n in range(3, 60) if (b := band([0.45, 0.5, 0.55] * n))]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(
    ("text", "default", "language"),
    [
        ("Good: Soft labels carry more information.", "zh-hans", "en"),
        ("答得好：软标签的信息更多，用 KL loss 来学。", "en", "zh-hans"),
        ("答得好：软标签的信息更多。", "zh-hans", "zh-hans"),
        ("Ответ написан на другом языке", "en", "en"),
        ("KV", "zh-hans", "zh-hans"),
    ],
)
def test_a_text_is_marked_with_the_language_it_is_written_in(text, default, language):
    assert language_of(text, default) == language

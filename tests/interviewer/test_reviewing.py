"""The verbs of a review: who holds it, blind scores, what is shown when, which score counts. Facts are only added."""

from __future__ import annotations

import importlib
from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from interviewer import reviewing
from interviewer.models import (
    Answer,
    AuditEvent,
    Grade,
    HumanScore,
    IdentityReveal,
    Interview,
    Override,
    Reveal,
    ReviewClaim,
    User,
)
from interviewer.models.reviews import CLAIM_LASTS
from interviewer.scorecard import scorecard
from questions.models.append_only import AppendOnly
from tests import build
from tests.build import NOON
from tests.parallel import together

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def second(roles: None) -> User:
    """Another manager of the same organisation."""
    return build.manager("second", build.home())


@pytest.fixture
def interview(candidate: User) -> Interview:
    sitting = build.handed_in(candidate, texts=["缓存命中", "攒几步"])
    for answer in sitting.answers.all():
        build.graded(answer, 0.5)
    return sitting


@pytest.fixture
def answer(interview: Interview) -> Answer:
    return interview.answers.select_related("interview").get(position=1)


def all_as(answer: Answer, verdict: str) -> dict[str, str]:
    return {point.key: verdict for point in answer.asked.points}


def verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("number").values_list("verb", flat=True))


def counted(interview: Interview) -> list[float | None]:
    answers = interview.answers.order_by("position").prefetch_related("grades", "overrides__human_score")
    return [result.score for result in scorecard(answers).results]


# --- Claims --------------------------------------------------------------------------------


def test_a_claim_holds_off_others_until_it_expires_and_lasts_from_the_last_step(interview, answer, manager, second):
    reviewing.claim(interview, manager, NOON)
    with pytest.raises(reviewing.Held) as held:
        reviewing.claim(interview, second, NOON + 9 * MINUTE)
    assert (held.value.claim.reviewer, held.value.claim.until) == (manager, NOON + CLAIM_LASTS)
    reviewing.score_blind(answer, all_as(answer, "met"), manager, NOON + 9 * MINUTE)
    with pytest.raises(reviewing.Held):
        reviewing.score_blind(answer, all_as(answer, "met"), second, NOON + 18 * MINUTE)
    assert not HumanScore.objects.filter(reviewer=second).exists()
    assert not Reveal.objects.filter(reviewer=second).exists()
    reviewing.claim(interview, second, NOON + 19 * MINUTE)
    assert reviewing.holder(interview, NOON + 20 * MINUTE).reviewer == second
    with pytest.raises(reviewing.Held):
        reviewing.override(answer, "why", manager, NOON + 20 * MINUTE, 0)
    assert reviewing.holder(interview, NOON + 29 * MINUTE) is None
    assert verbs().count("review.claimed") == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_gets_it():
    sitting = build.handed_in()
    people = [build.user() for _ in range(4)]

    def take(person: User) -> bool:
        try:
            return bool(reviewing.claim(sitting, person, NOON))
        except reviewing.Held:
            return False

    assert sum(together(*[partial(take, person) for person in people])) == 1
    assert ReviewClaim.objects.count() == 1


def test_a_running_interview_is_not_judged(candidate, manager):
    sitting = build.interview(candidate)
    answer = sitting.answers.select_related("interview").get(position=1)
    for verb in (
        partial(reviewing.claim, sitting, manager, NOON),
        partial(reviewing.reveal, answer, manager, NOON),
        partial(reviewing.score_blind, answer, all_as(answer, "met"), manager, NOON),
    ):
        with pytest.raises(reviewing.NotHandedIn):
            verb()
    assert not AuditEvent.objects.exclude(verb__startswith="question").exists()


# --- Scores ---------------------------------------------------------------------------------


def test_a_blind_score_is_summed_by_code_and_shows_the_machine(answer, manager):
    first, *others = [point.key for point in answer.asked.points]
    judged = {first: "partial", **dict.fromkeys(others, "met")}
    score = reviewing.score_blind(answer, judged, manager, NOON)
    weights = [point.weight for point in answer.asked.points]
    assert score.score == pytest.approx(1 - weights[0] / 2 / sum(weights), abs=1e-4)
    assert (score.phase, score.judgements, score.grade) == ("before", judged, answer.grades.get())
    assert reviewing.is_shown(answer, manager)
    assert AuditEvent.objects.get(verb="answer.scored").facts == {
        "question": 1,
        "score": round(score.score * 100),
        "blind": True,
    }


def test_no_score_is_blind_once_the_verdict_was_shown(answer, manager):
    assert reviewing.reveal(answer, manager, NOON)
    assert not reviewing.reveal(answer, manager, NOON + MINUTE)
    with pytest.raises(reviewing.AlreadyShown):
        reviewing.score_blind(answer, all_as(answer, "met"), manager, NOON + MINUTE)
    assert not HumanScore.objects.exists()
    assert not ReviewClaim.objects.exists()
    assert verbs().count("verdict.revealed") == 1


def test_afterwards_a_reason_is_needed_and_both_are_kept(answer, manager):
    with pytest.raises(reviewing.NotShown):
        reviewing.rescore(answer, all_as(answer, "met"), "why", manager, NOON)
    reviewing.score_blind(answer, all_as(answer, "met"), manager, NOON)
    for reason in ("", "  "):
        with pytest.raises(reviewing.NoReason):
            reviewing.rescore(answer, all_as(answer, "missing"), reason, manager, NOON)
    reviewing.rescore(answer, all_as(answer, "missing"), "read it again", manager, NOON)
    kept = list(answer.human_scores.values_list("phase", "score", "reason"))
    assert kept == [("after", 0.0, "read it again"), ("before", 1.0, "")]


@pytest.mark.parametrize(
    "wrong", [{}, {"p1": "met"}, {"p1": "met", "p2": "good"}, {"p1": "met", "p2": "met", "p3": ""}]
)
def test_every_point_and_nothing_else_is_judged(candidate, manager, wrong):
    build.question(points=["one", "two"])
    answer = build.handed_in(candidate, texts=["x"], question_count=1).answers.select_related("interview").get()
    with pytest.raises(reviewing.Incomplete):
        reviewing.score_blind(answer, wrong, manager, NOON)
    assert not Reveal.objects.exists()


def test_a_pitfall_was_fallen_into_or_avoided(candidate, manager):
    question = build.question(points=["one", "wrong"])
    question.points.filter(text="wrong").update(kind="pitfall")
    answer = build.handed_in(candidate, texts=["x"], question_count=1).answers.select_related("interview").get()
    with pytest.raises(reviewing.Incomplete):
        reviewing.score_blind(answer, {"p1": "met", "p2": "partial"}, manager, NOON)
    assert reviewing.score_blind(answer, {"p1": "met", "p2": "met"}, manager, NOON).score == 0.0


# --- What is in force -----------------------------------------------------------------------


def test_what_counts_follows_from_the_stored_decisions(interview, answer, manager, second):
    assert counted(interview) == [0.5, 0.5]
    reviewing.score_blind(answer, all_as(answer, "met"), manager, NOON)
    assert counted(interview) == [0.5, 0.5]  # to have scored decides nothing
    mine = reviewing.override(answer, "the cache is meant", manager, NOON, 0)
    assert counted(interview) == [1.0, 0.5]
    reviewing.rescore(answer, all_as(answer, "missing"), "on second thoughts", manager, NOON)
    assert counted(interview) == [1.0, 0.5]
    later = NOON + CLAIM_LASTS
    reviewing.reveal(answer, second, later)
    back = reviewing.undo_override(answer, "no", second, later, mine.pk)
    assert counted(interview) == [0.5, 0.5]
    reviewing.override(answer, "yes", manager, later + CLAIM_LASTS, back.pk)
    assert counted(interview) == [0.0, 0.5]
    assert [row.human_score.score if row.human_score else None for row in answer.overrides.all()] == [0.0, None, 1.0]
    told = AuditEvent.objects.filter(verb="score.overridden").order_by("number").values_list("facts", flat=True)
    assert list(told) == [
        {"question": 1, "person": True, "score": 100},
        {"question": 1, "person": False},
        {"question": 1, "person": True, "score": 0},
    ]


def test_a_decision_needs_a_score_a_reason_and_a_fresh_page(answer, manager, second):
    reviewing.reveal(answer, manager, NOON)
    with pytest.raises(reviewing.NothingOfYours):
        reviewing.override(answer, "why", manager, NOON, 0)
    reviewing.rescore(answer, all_as(answer, "met"), "why", manager, NOON)
    with pytest.raises(reviewing.NoReason):
        reviewing.override(answer, " ", manager, NOON, 0)
    reviewing.override(answer, "why", manager, NOON, 0)
    with pytest.raises(reviewing.Decided):
        reviewing.override(answer, "why", manager, NOON, 0)
    with pytest.raises(reviewing.NotShown):
        reviewing.undo_override(answer, "why", second, NOON, 0)
    assert Override.objects.count() == 1


def test_a_new_grade_does_not_push_a_persons_score_aside(interview, answer, manager):
    from interviewer import interviews

    reviewing.score_blind(answer, all_as(answer, "met"), manager, NOON)
    reviewing.override(answer, "why", manager, NOON, 0)
    interviews.grade_again(answer, manager, NOON + MINUTE)
    build.graded(answer, 0.1)
    assert counted(interview) == [1.0, 0.5]


def test_what_no_machine_graded_can_count_by_a_person(candidate, manager):
    sitting = build.handed_in(candidate, texts=["x"])
    answer = sitting.answers.select_related("interview").get(position=1)
    build.parked(answer)
    assert reviewing.score_blind(answer, all_as(answer, "met"), manager, NOON).grade is None
    reviewing.override(answer, "the server was down", manager, NOON, 0)
    assert counted(sitting) == [1.0, None]


# --- Who it was, and facts that stay ------------------------------------------------------------


def test_an_identity_is_shown_for_a_reason_once_and_is_audited(interview, manager):
    with pytest.raises(reviewing.NoReason):
        reviewing.reveal_identity(interview, "  ", manager, NOON)
    assert reviewing.reveal_identity(interview, "they wrote to me", manager, NOON)
    assert not reviewing.reveal_identity(interview, "again", manager, NOON)
    assert IdentityReveal.objects.get().reason == "they wrote to me"
    event = AuditEvent.objects.get(verb="identity.revealed")
    assert (event.object, event.facts) == (f"interview:{interview.pk}", {})


def test_rows_are_added_only(interview, answer, manager):
    score = reviewing.score_blind(answer, all_as(answer, "met"), manager, NOON)
    override = reviewing.override(answer, "why", manager, NOON, 0)
    reviewing.reveal_identity(interview, "why", manager, NOON)
    for row in (score, override, Reveal.objects.get(), IdentityReveal.objects.get()):
        with pytest.raises(AppendOnly):
            row.save()
        with pytest.raises(AppendOnly):
            row.delete()
        with pytest.raises(AppendOnly):
            type(row).objects.update(reviewer=None)


@pytest.mark.parametrize(
    "wrong", [{"score": 1.5}, {"phase": "after"}, {"phase": "before"}], ids=["range", "no reason", "twice"]
)
def test_the_database_refuses_what_no_verb_writes(answer, manager, wrong):
    reviewing.score_blind(answer, all_as(answer, "met"), manager, NOON)
    other = build.user() if wrong == {"score": 1.5} else manager
    fields = {"answer": answer, "reviewer": other, "at": NOON, "phase": "before", "judgements": {}, "score": 1.0}
    with pytest.raises(IntegrityError), transaction.atomic():
        HumanScore.objects.create(**{**fields, **wrong})


def test_with_an_interview_its_review_goes(interview, answer, manager):
    reviewing.score_blind(answer, all_as(answer, "met"), manager, NOON)
    reviewing.override(answer, "why", manager, NOON, 0)
    reviewing.reveal_identity(interview, "why", manager, NOON)
    interview.delete()
    assert not any(model.objects.exists() for model in (HumanScore, Override, Reveal, IdentityReveal, ReviewClaim))


def test_grades_from_before_the_column_are_marked_by_their_verdict(interview, answer):
    from django.apps import apps

    migration = importlib.import_module("interviewer.migrations.0014_reviews")
    doubted = answer.grades.get()
    Grade.objects.filter(pk=doubted.pk).update(verdict={**doubted.verdict, "flags": ["other", "low_trust"]})
    migration.mark_low_trust(apps, None)
    assert list(Grade.objects.filter(low_trust=True)) == [doubted]

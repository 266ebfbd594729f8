"""Merging questions and separating them again: histories, refusals, chains, and two curators at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from questions import merges, retrieval, states, versions
from questions.importing import Source, import_sources
from questions.models import Question
from questions.versions import Cause, NotAllowed
from tests import build
from tests.build import NOON
from tests.parallel import together

pytestmark = pytest.mark.django_db

CAUSE = Cause(None, "the same", NOON)


def three() -> list[Question]:
    return build.bank(3)


def now(question: Question) -> tuple[str, int | None]:
    return Question.objects.values_list("status", "merged_into").get(pk=question.pk)


def history(question: Question) -> list[tuple[str, str, str]]:
    rows = question.versions.order_by("number").values_list("kind", "status", "reason")
    return list(rows)


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(NotAllowed) as problem:
        call()
    return str(problem.value)


def test_the_merged_one_retires_and_both_histories_tell_it():
    gone, kept, _other = three()
    person = build.user()
    assert merges.merge(gone.pk, kept.pk, Cause(person, "asked twice", NOON)) == kept
    assert (now(gone), now(kept)) == (("retired", kept.pk), ("published", None))
    assert history(gone) == [
        ("found", "published", ""),
        ("merged", "retired", f"Merged into “{kept.title}” ({kept.slug}). asked twice"),
    ]
    assert history(kept)[1:] == [
        ("merged", "published", f"“{gone.title}” ({gone.slug}) was merged into this question. asked twice")
    ]
    assert {version.author for version in gone.versions.filter(kind="merged")} == {person}
    assert gone not in retrieval.pick(Question.objects.all(), 9)


def test_merging_again_changes_nothing():
    gone, kept, _other = three()
    for _time in range(3):
        merges.merge(gone.pk, kept.pk, CAUSE)
    assert (len(history(gone)), len(history(kept))) == (2, 2)


def test_the_way_leads_to_the_one_that_is_kept():
    a, b, c = three()
    merges.merge(a.pk, b.pk, CAUSE)
    assert merges.merge(c.pk, a.pk, CAUSE) == b, "into what the other was merged into"
    assert merges.kept() == {a.pk: b.pk, c.pk: b.pk}
    merges.separate(c.pk, CAUSE)
    merges.merge(b.pk, c.pk, CAUSE)
    assert merges.kept() == {a.pk: c.pk, b.pk: c.pk}
    merges.separate(b.pk, CAUSE)
    assert merges.kept() == {a.pk: b.pk}, "what was merged into it before stays so"
    assert now(b) == ("published", None)


def test_what_may_not_be_merged():
    a, b, c = three()
    english = build.question(language="en")
    assert "one question already" in refused(lambda: merges.merge(a.pk, a.pk, CAUSE))
    assert "two languages" in refused(lambda: merges.merge(a.pk, english.pk, CAUSE))
    assert "is gone" in refused(lambda: merges.merge(a.pk, 2**40, CAUSE))
    states.change(b.pk, "retired", CAUSE)
    assert "to be kept is retired" in refused(lambda: merges.merge(a.pk, b.pk, CAUSE))
    merges.merge(b.pk, a.pk, CAUSE)
    assert "merged into “" in refused(lambda: merges.merge(b.pk, c.pk, CAUSE))
    assert "one question already" in refused(lambda: merges.merge(a.pk, b.pk, CAUSE)), "no circles"
    assert now(a) == ("published", None)


def test_a_merged_question_stays_retired_whatever_comes(settings):
    gone, kept, _other = three()
    merges.merge(gone.pk, kept.pk, CAUSE)
    assert "separate the two first" in refused(lambda: states.change(gone.pk, "draft", CAUSE))
    with pytest.raises(IntegrityError), transaction.atomic():
        Question.objects.filter(pk=gone.pk).update(status="published")


def test_an_import_does_not_bring_a_merged_question_back():
    text = "# Caches\n\n## 1. One\n\nQuestion: Why a cache?\n\nAnswer: {}\n"
    import_sources([Source("caches.en.md", text.format("Because it is fast."))])
    gone, kept = Question.objects.get(), build.question(language="en")
    merges.merge(gone.pk, kept.pk, CAUSE)
    [report] = import_sources([Source("caches.en.md", text.format("Because it spares work."))])
    gone.refresh_from_db()
    assert report.updated == 1 and "spares" in gone.reference
    assert now(gone) == ("retired", kept.pk)


@pytest.mark.parametrize("was", ["draft", "review", "published", "retired"])
def test_separating_restores_the_status(was: str):
    gone, kept = build.question(status=was), build.question()
    merges.merge(gone.pk, kept.pk, CAUSE)
    assert merges.separate(gone.pk, Cause(None, "a mistake", NOON)).status == was
    assert now(gone) == (was, None)
    assert history(gone)[-1] == ("separated", was, f"Separated from “{kept.title}” ({kept.slug}) again. a mistake")
    assert history(kept)[-1][0] == "separated"
    assert "not merged" in refused(lambda: merges.separate(gone.pk, CAUSE))


def test_what_was_changed_meanwhile_is_published_only_where_nobody_has_to_see_it(settings):
    settings.REVIEW_REQUIRED = True
    same, changed, kept = three()
    for question in (same, changed):
        merges.merge(question.pk, kept.pk, CAUSE)
    versions.note([changed.pk])
    Question.objects.filter(pk=changed.pk).update(reference="quite another answer")
    versions.record_change(changed.pk, versions.Kind.EDITED, CAUSE)
    assert merges.separate(same.pk, CAUSE).status == "published"
    assert merges.separate(changed.pk, CAUSE).status == "review"


def test_who_merges_has_not_changed_the_words(settings):
    """Two pairs of eyes: the one who separated a question in review submitted it; its writer stays its writer."""
    settings.REVIEW_REQUIRED = True
    writer, merger, third = build.user(), build.user(), build.user()
    question, kept = build.question(status="draft"), build.question()
    versions.record(question.pk, versions.Kind.CREATED, Cause(writer, "", NOON))
    states.change(question.pk, "review", Cause(writer, "", NOON))
    merges.merge(question.pk, kept.pk, Cause(merger, "", NOON))
    merges.separate(question.pk, Cause(merger, "", NOON))
    for person in (writer, merger):
        assert "another curator has to" in refused(
            lambda who=person: states.change(question.pk, "published", Cause(who))
        )
    states.change(question.pk, "published", Cause(third))


def test_a_long_reason_is_kept_as_far_as_it_goes():
    gone, kept = build.question(title="长" * 300), build.question(title="题" * 300)
    merges.merge(gone.pk, kept.pk, Cause(None, "x" * 500, NOON))
    assert all(len(reason) <= 500 for question in (gone, kept) for *_rest, reason in history(question))


# --- At once ---


def outcome(call: Callable[[], Any]) -> Callable[[], str]:
    def run() -> str:
        try:
            return str(call().pk)
        except NotAllowed:
            return "refused"

    return run


@pytest.mark.django_db(transaction=True)
def test_the_same_merge_twice_at_once_is_one():
    gone, kept, _other = three()
    merging = outcome(lambda: merges.merge(gone.pk, kept.pk, CAUSE))
    assert together(*[merging] * 4) == [str(kept.pk)] * 4
    assert (len(history(gone)), len(history(kept))) == (2, 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(3))
def test_opposite_merges_at_once_make_no_circle(_round: int):
    a, b, c = three()
    ways = [(a, b), (b, c), (c, a), (b, a)]
    together(*(outcome(lambda x=x, y=y: merges.merge(x.pk, y.pk, CAUSE)) for x, y in ways))
    alive = Question.objects.filter(merged_into=None)
    assert alive.count() == 1 and set(merges.kept().values()) == {alive.get().pk}
    assert alive.get().status == "published"


@pytest.mark.django_db(transaction=True)
def test_two_who_separate_at_once_separate_once():
    gone, kept, _other = three()
    merges.merge(gone.pk, kept.pk, CAUSE)
    told = together(*[outcome(lambda: merges.separate(gone.pk, CAUSE))] * 2)
    assert sorted(told) == sorted([str(gone.pk), "refused"])
    assert [kind for kind, *_rest in history(gone)] == ["found", "merged", "separated"]

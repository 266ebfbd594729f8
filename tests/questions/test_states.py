"""Which way a question may go: draft, in review, published, retired; and the second pair of eyes."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from interviewer.models import User
from questions import states, versions
from questions.importing import Source, import_sources
from questions.models import Question
from questions.versions import Cause, Kind, NotAllowed
from tests import build
from tests.build import NOON
from tests.parallel import together

pytestmark = pytest.mark.django_db

STATES = ("draft", "review", "published", "retired")
MAY = {
    ("draft", "review"), ("draft", "published"), ("draft", "retired"),
    ("review", "draft"), ("review", "published"), ("review", "retired"),
    ("published", "draft"), ("published", "review"), ("published", "retired"),
    ("retired", "draft"),
}  # fmt: skip


def by(author: User | None = None) -> Cause:
    return Cause(author, "a reason", NOON)


def status_of(question: Question) -> str:
    return Question.objects.values_list("status", flat=True).get(pk=question.pk)


def edited(question: Question, author: User, **fields) -> None:
    versions.note([question.pk], NOON)
    Question.objects.filter(pk=question.pk).update(**fields)
    versions.record_change(question.pk, Kind.EDITED, by(author))


@pytest.fixture
def colleague(roles: None) -> User:
    person = build.user("colleague", is_staff=True)
    person.groups.add(Group.objects.get(name="curators"))
    return person


@pytest.mark.parametrize("was", STATES)
@pytest.mark.parametrize("to", STATES)
def test_the_ways(was: str, to: str, curator: User):
    question = build.question(status=was)
    if (was, to) in MAY:
        states.change(question.pk, to, by(curator))
        version = question.versions.get(number=2)
        assert (version.kind, version.status, version.author, version.reason) == ("state", to, curator, "a reason")
        assert version.content_hash == question.versions.get(number=1).content_hash
    else:
        with pytest.raises(NotAllowed, match=r"^[A-Z].+[.]$"):
            states.change(question.pk, to, by(curator))
    assert status_of(question) == (to if (was, to) in MAY else was)


@pytest.mark.parametrize("reference", ["", " \n "])
def test_nothing_is_published_without_an_answer(reference: str):
    question = build.question(status="draft", reference=reference)
    with pytest.raises(NotAllowed, match="without a reference answer"):
        states.change(question.pk, "published", by())
    assert status_of(question) == "draft"


def test_of_many_those_go_that_may_and_the_others_are_counted_by_reason(curator: User):
    ready = [build.question(status="draft") for _ in range(3)]
    build.question(status="draft", reference="")
    build.question(status="retired")
    build.question()
    outcome = states.change_many(Question.objects.values_list("pk", flat=True), "published", by(curator))
    assert outcome.changed == 3
    assert sorted(outcome.refused.values()) == [1, 1, 1]
    assert {status_of(question) for question in ready} == {"published"}
    assert Question.objects.exclude(versions__kind="state").count() == 3


def test_many_take_no_more_queries_than_one(django_assert_max_num_queries, curator: User, settings):
    settings.REVIEW_REQUIRED = True
    for _ in range(40):
        build.question(status="draft")
    with django_assert_max_num_queries(32):
        outcome = states.change_many(Question.objects.values_list("pk", flat=True), "review", by(curator))
    assert outcome.changed == 40


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_once_one_is_refused():
    question = build.question(status="draft")

    def publish() -> int:
        return states.change_many([question.pk], "published", Cause()).changed

    assert sorted(together(publish, publish, publish)) == [0, 0, 1]
    assert list(question.versions.order_by("number").values_list("kind", flat=True)) == ["found", "state"]


# --- Two pairs of eyes ---


def test_without_the_setting_one_pair_of_eyes_will_do(curator: User):
    question = build.question(status="draft")
    edited(question, curator, title="mine")
    states.change(question.pk, "published", by(curator))


def test_with_it_only_what_is_in_review_is_published_and_not_by_its_author(curator: User, colleague: User, settings):
    settings.REVIEW_REQUIRED = True
    question = build.question(status="draft")
    edited(question, curator, title="mine")
    with pytest.raises(NotAllowed, match="submitted for review first"):
        states.change(question.pk, "published", by(colleague))
    states.change(question.pk, "review", by(curator))
    for person in (curator, None):
        with pytest.raises(NotAllowed, match="another curator"):
            states.change(question.pk, "published", by(person))
    states.change(question.pk, "published", by(colleague))
    assert status_of(question) == "published"


def test_who_only_submitted_it_cannot_publish_it_either(curator: User, colleague: User, settings):
    settings.REVIEW_REQUIRED = True
    question = build.question(status="draft")
    edited(question, curator, title="mine")
    states.change(question.pk, "review", by(colleague))
    for person in (curator, colleague):
        with pytest.raises(NotAllowed, match="another curator"):
            states.change(question.pk, "published", by(person))


def test_who_corrects_what_is_in_review_is_its_author_then(curator: User, colleague: User, settings):
    settings.REVIEW_REQUIRED = True
    question = build.question(status="draft")
    states.change(question.pk, "review", by(curator))
    edited(question, colleague, title="corrected")
    with pytest.raises(NotAllowed, match="another curator"):
        states.change(question.pk, "published", by(colleague))


def test_taken_back_and_submitted_by_another_it_is_the_others(curator: User, colleague: User, settings):
    settings.REVIEW_REQUIRED = True
    question = build.question(status="draft")
    edited(question, curator, title="mine")
    states.change(question.pk, "review", by(colleague))
    states.change(question.pk, "draft", by(colleague))
    states.change(question.pk, "review", by(curator))
    states.change(question.pk, "published", by(colleague))
    assert status_of(question) == "published"


def test_changed_words_go_back_to_review(curator: User, colleague: User, settings):
    settings.REVIEW_REQUIRED = True
    question = build.question()
    edited(question, curator, title="mine")
    version = question.versions.get(number=2)
    assert (status_of(question), version.status, version.kind) == ("review", "review", "edited")
    with pytest.raises(NotAllowed, match="another curator"):
        states.change(question.pk, "published", by(curator))
    states.change(question.pk, "published", by(colleague))
    versions.roll_back(question, question.versions.get(number=1), by(colleague))
    assert status_of(question) == "review"


def test_what_a_curator_imports_is_submitted_what_a_command_imports_is_published(curator: User, settings):
    text = "### 1. Why?\n\n**Answer:**\n- because\n\n### 2. How?\n\n**Question:** How?\n"
    import_sources([Source("a.en.md", text)], author=curator)
    assert set(Question.objects.values_list("status", flat=True)) == {"published", "draft"}
    settings.REVIEW_REQUIRED = True
    import_sources([Source("b.en.md", text)], author=curator)
    of_b = Question.objects.filter(document__name="b").order_by("number")
    assert list(of_b.values_list("status", flat=True)) == ["review", "draft"]
    assert states.first_pairs([of_b[0].pk]) == {of_b[0].pk: {curator.pk}}
    import_sources([Source("a.en.md", text.replace("Why?", "Why now?"))], author=curator)
    assert Question.objects.get(document__name="a", number="1").status == "review"
    import_sources([Source("c.en.md", text)])
    assert Question.objects.get(document__name="c", number="1").status == "published"

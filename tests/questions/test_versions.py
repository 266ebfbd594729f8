"""Every change of a question is a version that stays, and from which the question can be had again, to the letter."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

from interviewer.models import User
from questions import changes, versions
from questions.importing import Source, import_sources
from questions.models import AppendOnly, Question, QuestionVersion, RubricPoint, Topic
from questions.versions import Cause, Kind, NotAllowed
from tests import build
from tests.build import NOON
from tests.parallel import together

pytestmark = pytest.mark.django_db


def by(author: User | None = None, reason: str = "") -> Cause:
    return Cause(author, reason, NOON)


def changed(question: Question, author: User | None = None, **fields) -> QuestionVersion | None:
    """What a curator does: other words, and a version of them."""
    Question.objects.filter(pk=question.pk).update(**fields)
    return versions.record_change(question.pk, Kind.EDITED, by(author))


def recorded(**fields) -> Question:
    question = build.question(**fields)
    versions.note([question.pk], NOON)
    return question


def told(question: Question) -> list[tuple[int, str, str]]:
    return list(question.versions.order_by("number").values_list("number", "kind", "status"))


def hash_of(question: Question) -> str:
    return Question.objects.get(pk=question.pk).frozen().hash


# --- What a version holds ---


def test_a_version_holds_what_the_question_says_and_who_made_it_so(curator: User):
    question = build.question(tags="caches, 缓存", points=["省去计算", "提高吞吐"])
    version = versions.record(question.pk, Kind.CREATED, by(curator, "a first try"))
    assert (version.number, version.kind, version.status, version.tags) == (1, "created", "published", "caches, 缓存")
    assert (version.author, version.reason, version.at) == (curator, "a first try", NOON)
    stored = QuestionVersion.objects.get()
    assert stored.frozen == question.frozen()
    assert stored.content_hash == stored.frozen.hash == question.frozen().hash
    assert [point.text for point in stored.frozen.points] == ["省去计算", "提高吞吐"]


def test_what_an_interview_asked_is_found_among_the_versions(candidate: User):
    question = recorded()
    interview = build.interview(candidate, question_count=1)
    changed(question, prompt="Something else?")
    [asked] = QuestionVersion.objects.filter(content_hash=interview.answers.get().frozen["hash"])
    assert asked.number == 1
    assert interview.answers.get().asked == asked.frozen != question.versions.get(number=2).frozen


def test_an_unchanged_save_makes_no_version(curator: User):
    question = recorded()
    Question.objects.get(pk=question.pk).save()
    assert versions.record_change(question.pk, Kind.EDITED, by(curator)) is None
    assert told(question) == [(1, "found", "published")]


@pytest.mark.parametrize("fields", [
    {"title": "new"}, {"prompt": "new"}, {"reference": "new"}, {"explanation": "new"}, {"examples": "new"},
    {"kind": "coding"}, {"difficulty": 5}, {"seconds": 31}, {"tags": "new"}, {"language": "en"}, {"slug": "new"},
    {"status": "retired"},
], ids=lambda fields: next(iter(fields)))  # fmt: skip
def test_every_change_of_a_field_makes_one(fields: dict):
    question = recorded()
    assert changed(question, **fields).number == 2
    [change] = changes.diff(question.versions.get(number=1), question.versions.get(number=2))
    assert any(piece.kind == "new" for piece in change.pieces)


@pytest.mark.parametrize(
    "change",
    [
        lambda points: points.filter(order=1).update(text="new"),
        lambda points: points.filter(order=1).update(name="new"),
        lambda points: points.filter(order=1).update(weight=2),
        lambda points: points.filter(order=1).update(kind="pitfall"),
        lambda points: points.filter(order=1).update(order=9),
        lambda points: points.filter(order=1).delete(),
        lambda points: points.create(order=9, text="new"),
    ],
)
def test_every_change_of_a_point_makes_one(change):
    question = recorded()
    before = hash_of(question)
    change(question.points)
    version = versions.record_change(question.pk, Kind.EDITED, by())
    assert version.content_hash == hash_of(question) != before
    [told] = changes.diff(question.versions.get(number=1), version)
    assert told.label == "rubric points"


def test_what_was_changed_elsewhere_is_nobodys(curator: User):
    question = recorded()
    Question.objects.update(prompt="from a shell")
    versions.note([question.pk], NOON)
    changed(question, curator, title="by a curator")
    assert told(question) == [(1, "found", "published"), (2, "found", "published"), (3, "edited", "published")]
    assert list(question.versions.order_by("number").values_list("author", flat=True)) == [None, None, curator.pk]


def test_words_are_compared_word_by_word_and_values_as_a_whole():
    question = recorded(title="A teacher teaches", seconds=120)
    changed(question, title="A student teaches", seconds=150)
    told = changes.diff(question.versions.get(number=1), question.versions.get(number=2))
    assert {change.label: [tuple(piece) for piece in change.pieces] for change in told} == {
        "title": [("same", "A "), ("gone", "teacher"), ("new", "student"), ("same", " teaches")],
        "suggested seconds": [("gone", "120"), ("new", "150")],
    }


# --- They stay ---


@pytest.mark.parametrize(
    "door",
    [
        lambda version: version.save(),
        lambda version: version.delete(),
        lambda version: QuestionVersion.objects.update(reason="forged"),
        lambda version: QuestionVersion.objects.all().delete(),
        lambda version: version.question.versions.all().delete(),
        lambda version: version.question.versions.update(author=None),
        lambda version: QuestionVersion.objects.bulk_update([version], ["reason"]),
        lambda version: QuestionVersion.objects.update_or_create(pk=version.pk, defaults={"reason": "forged"}),
    ],
)
def test_versions_are_neither_changed_nor_deleted(door):
    version = recorded().versions.get()
    version.reason = "forged"
    with pytest.raises(AppendOnly):
        door(version)
    assert QuestionVersion.objects.get().reason == ""


def test_a_version_does_not_take_anothers_place():
    version = recorded().versions.get()
    fields = {field.attname: getattr(version, field.attname) for field in QuestionVersion._meta.concrete_fields}
    with pytest.raises(IntegrityError), transaction.atomic():
        QuestionVersion(**{**fields, "reason": "forged"}).save()
    assert QuestionVersion.objects.get().reason == ""


def test_a_question_that_was_ever_published_is_not_deleted():
    question = recorded()
    changed(question, status="retired")
    for delete in (question.delete, Question.objects.all().delete):
        with pytest.raises(models.ProtectedError):
            delete()
    assert question.versions.count() == 2


def test_a_question_that_never_was_goes_with_its_versions():
    question = recorded(status="draft")
    changed(question, title="new")
    question.delete()
    assert not QuestionVersion.objects.exists()


def test_a_version_outlives_its_authors_account():
    author = build.user("gone")
    question = recorded()
    changed(question, author, title="new")
    author.delete()
    assert question.versions.get(number=2).author is None


def test_two_versions_never_have_the_same_number():
    version = recorded().versions.get()
    fields = {field.attname: getattr(version, field.attname) for field in QuestionVersion._meta.concrete_fields}
    with pytest.raises(IntegrityError), transaction.atomic():
        QuestionVersion(**{**fields, "id": None}).save()


@pytest.mark.django_db(transaction=True)
def test_changes_at_once_become_versions_one_after_the_other():
    question = recorded()

    def change(n: int):
        def run() -> int:
            with transaction.atomic():
                versions.note([question.pk])
                Question.objects.filter(pk=question.pk).update(title=f"title {n}")
                return versions.record_change(question.pk, Kind.EDITED, Cause(reason=str(n))).number

        return run

    assert sorted(together(*(change(n) for n in range(6)))) == [2, 3, 4, 5, 6, 7]
    rows = question.versions.order_by("number")
    assert [row.frozen.title for row in rows][1:] == [f"title {row.reason}" for row in rows][1:]


# --- Back again ---

OTHERS = {
    "title": "other", "prompt": "other\n\nprompt ", "reference": "- other", "explanation": "why", "examples": "```x```",
    "kind": "coding", "difficulty": 5, "seconds": 77, "tags": "a, b", "language": "en", "slug": "other",
}  # fmt: skip


def test_rolling_back_restores_everything_to_the_letter(curator: User):
    question = recorded(tags="one")
    question.points.filter(order=1).update(weight=0.3, kind="should", name="名 “x”", text="a\n  b")
    changed(question)
    question.points.filter(order=2).delete()
    RubricPoint.objects.create(question=question, order=0, text="first", kind="pitfall", weight=10)
    changed(question, curator, topic=build.topic("training"), **OTHERS)
    hashes = list(question.versions.order_by("number").values_list("content_hash", "tags"))
    assert len(set(hashes)) == 3
    for number in (1, 2, 3, 1):
        if hash_of(question) == hashes[number - 1][0]:
            continue
        made = versions.roll_back(question, question.versions.get(number=number), by(curator, "it was better"))
        assert (made.content_hash, made.tags) == hashes[number - 1]
        assert hash_of(question) == hashes[number - 1][0]
        assert (made.kind, made.restores, made.author, made.reason) == ("restored", number, curator, "it was better")
    assert question.versions.count() == 7
    assert [*question.versions.order_by("number").values_list("content_hash", "tags")][:3] == hashes


def test_rolling_back_leaves_the_status_and_interviews_as_they_are(candidate: User):
    question = recorded()
    changed(question, title="other")
    interview = build.interview(candidate, question_count=1)
    changed(question, status="retired")
    versions.roll_back(question, question.versions.get(number=1), by())
    question.refresh_from_db()
    assert question.status == "retired"
    assert interview.answers.get().asked.title == "other" != question.title


def test_rolling_back_to_a_version_without_an_answer_ends_publishing():
    question = recorded(status="draft", reference="")
    changed(question, status="published", reference="- an answer")
    assert versions.roll_back(question, question.versions.get(number=1), by()).status == "draft"
    question.refresh_from_db()
    assert (question.status, question.reference) == ("draft", "")


@pytest.mark.parametrize("whose", ["what it says already", "another question's"])
def test_what_is_no_rolling_back_changes_nothing(whose: str):
    question = recorded()
    changed(question, title="other")
    version = recorded().versions.get() if whose == "another question's" else question.versions.get(number=2)
    before = hash_of(question)
    with pytest.raises(NotAllowed, match="already"):
        versions.roll_back(question, version, by())
    assert (hash_of(question), question.versions.count()) == (before, 2)


def test_a_topic_that_is_gone_and_a_slug_that_is_taken_stay_as_they_are():
    question = recorded()
    changed(question, title="other", slug="other", topic=build.topic("training"))
    version = question.versions.get(number=1)
    Topic.objects.filter(slug="serving").delete()
    build.question(slug=version.frozen.slug, topic_slug="training")
    versions.roll_back(question, version, by())
    question = Question.objects.get(pk=question.pk)
    assert (question.title, question.slug, question.topic.slug) == (version.frozen.title, "other", "training")
    with pytest.raises(NotAllowed, match="already"):
        versions.roll_back(question, version, by())
    assert question.versions.count() == 3


# --- Many at once ---


def document(count: int, answer: str = "- because") -> list[Source]:
    text = "".join(f"### {n}. Why {n}?\n\n**Answer:**\n{answer}\n\n" for n in range(1, count + 1))
    return [Source("some/folder/sample.en.md", text)]


def test_an_import_leaves_a_version_of_each_question_it_touched():
    import_sources(document(3))
    assert set(QuestionVersion.objects.values_list("number", "kind", "reason", "author", "status")) == {
        (1, "imported", "sample.en.md", None, "published")
    }
    import_sources(document(3))
    assert QuestionVersion.objects.count() == 3
    Question.objects.filter(number="2").update(title="from a shell")
    import_sources([Source("sample.en.md", document(3)[0].text.replace("Why 2?", "Why now?"))])
    second = Question.objects.get(number="2")
    assert told(second) == [(1, "imported", "published"), (2, "found", "published"), (3, "imported", "published")]
    assert second.versions.get(number=3).frozen.title == "Why now?"
    assert QuestionVersion.objects.count() == 5


def test_a_dry_run_leaves_none():
    import_sources(document(3), dry_run=True)
    assert not QuestionVersion.objects.exists()


def test_many_versions_take_as_few_queries_as_one(django_assert_max_num_queries):
    import_sources(document(60))
    Question.objects.update(difficulty=5)
    keys = list(Question.objects.values_list("pk", flat=True))
    with django_assert_max_num_queries(
        13
    ):  # three savepoints and their releases; five to read; two rows and a head to write
        assert len(versions.record_many(keys, Kind.EDITED, by())) == 60


def test_questions_older_than_versions_get_their_first(django_assert_max_num_queries):
    migration = importlib.import_module("questions.migrations.0003_first_versions")
    questions = [build.question(tags="a, b", points=["x", "y"]) for _ in range(30)] + [build.question(points=[])]
    versions.note([questions[0].pk], NOON)
    with django_assert_max_num_queries(4):
        migration.make(apps, None)
    migration.make(apps, None)
    assert QuestionVersion.objects.count() == len(questions)
    for question in questions:
        version = question.versions.get()
        assert (version.number, version.kind, version.author, version.status) == (1, "found", None, "published")
        assert (version.content_hash, version.frozen, version.tags) == (
            question.frozen().hash, question.frozen(), question.tags,
        )  # fmt: skip
        assert versions.record(question.pk, Kind.EDITED, by()) is None
    Question.objects.filter(pk=questions[0].pk).update(status="review")
    migration.unmake(apps, None)
    assert Question.objects.filter(status="draft").count() == 1

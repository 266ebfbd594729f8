"""Imports in the browser: the preview is what the import does, a stale one imports nothing, and all can be undone."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Collection
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from interviewer.models import User
from questions import import_runs, rows, versions
from questions.applying import BankChanged, carry_out, prepare
from questions.content import Content
from questions.documents import FORMATS, ParsedDocument, ParsedQuestion, ending_of, pack, write
from questions.frozen import FrozenQuestion
from questions.import_runs import choose, choose_all, commit, preview, start
from questions.import_undo import undo
from questions.importing import Source, import_sources
from questions.models import Document, ImportChange, ImportFile, ImportRun, Question, QuestionVersion, RubricPoint
from questions.planning import make_plan
from questions.versions import Cause, Kind, NotAllowed
from tests import build
from tests.build import NOON
from tests.parallel import together

pytestmark = pytest.mark.django_db


def silent(done: int, total: int) -> None:
    """Progress that nobody looks at."""


def nobody(questions: Collection[int]) -> set[int]:
    return set()


def text(*numbers: int, answer: str = "- because", title: str = "Why") -> str:
    return "".join(f"### {n}. {title} {n}?\n\n**Answer:**\n{answer}\n\n" for n in numbers)


def uploaded(*files: tuple[str, str | bytes], author: User | None = None) -> ImportRun:
    data = [(name, content.encode() if isinstance(content, str) else content) for name, content in files]
    run = start(data, author, NOON)
    preview(run, NOON, silent)
    return run


def committed(run: ImportRun, author: User | None = None) -> ImportRun:
    assert run.edition
    commit(run, run.edition, author, NOON, silent)
    return run


def undone(run: ImportRun, asked: Any = nobody) -> dict[str, str]:
    """Title → what became of it."""
    undo(run, None, NOON, asked, silent)
    return dict(run.current.values_list("title", "undone"))


def bank() -> dict[str, Any]:
    """All that the bank says, without keys and times."""
    questions = Question.objects.select_related("topic", "document").prefetch_related("points")
    said = {q.slug: (Content.of(q), q.source_hash, str(q.document), q.number) for q in questions}
    return {"questions": said, "documents": dict(Document.objects.values_list("name", "source"))}


# --- The preview is what the import does ---


@pytest.mark.parametrize("form", FORMATS)
def test_in_every_format_what_is_shown_is_what_happens(form: str, curator: User):
    import_sources([Source("a.en.md", text(1, 2))])
    first = ParsedQuestion("1", 0, "Why now?", "Why 1?", "Because.")
    third = ParsedQuestion("3", 0, "How?", "How, then?", "Thus.", topic="caching", tags=("x",))
    document = ParsedDocument("a", "en", (first, third, ParsedQuestion("4", 0, "A task", "Do.")), (), (), "")
    content = pack(document, form) if form in ("xlsx", "docx", "qti") else write(document, form).encode()
    run = uploaded((f"a.en.{ending_of(form)}", content))
    shown = {row.slug: Content.from_json(row.after) for row in run.current}
    assert dict(run.current.values_list("number", "kind")) == {"1": "changed", "3": "created", "4": "created"}
    assert Question.objects.count() == 2
    committed(run, curator)
    now = {question.slug: Content.of(question) for question in Question.objects.filter(slug__in=shown)}
    assert now == shown
    assert Question.objects.get(slug="a-4-en").status == "draft"
    assert set(QuestionVersion.objects.filter(author=curator).values_list("kind", "reason")) == {
        ("imported", f"a.en.{ending_of(form)}")
    }


def test_the_command_and_the_browser_do_the_same():
    import_sources([Source("a.en.md", text(1, 2))])
    new = text(1) + text(2, 3, title="How")
    with transaction.atomic():
        import_sources([Source("a.en.md", new)])
        by_command = bank()
        transaction.set_rollback(True)
    committed(uploaded(("a.en.md", new)))
    assert bank() == by_command


def test_several_files_are_one_import():
    run = committed(uploaded(("a b.en.md", text(1)), ("a-b.en.md", text(1))))
    assert set(Question.objects.values_list("slug", flat=True)) == {"a-b-1-en", "a-b-1-en-2"}
    assert list(run.files.values_list("document__name", flat=True)) == ["a b", "a-b"]


def test_problems_are_told_by_line_and_what_is_gone_is_noted():
    import_sources([Source("a.en.md", text(1, 2))])
    run = uploaded(("a.en.md", "### 1. Why 1?\n\n**Difficulty:** 9\n\n**Answer:** x\n"))
    report = run.files.get().report
    assert [(problem["line"], "Difficulty" in problem["message"]) for problem in report["problems"]] == [(3, True)]
    assert "Question 2 is no longer" in report["notes"][-1]["message"]


def test_uploads_are_dropped_once_imported_and_after_a_month():
    old = start([("old.md", b"x")], None, NOON)
    run = committed(uploaded(("a.en.md", text(1))))
    assert run.files.get().data is None
    assert set(run.current.values_list("before", "after")) == {(None, None)}
    start([("new.md", b"x")], None, NOON + import_runs.KEPT * 2)
    assert not ImportRun.objects.filter(pk=old.pk).exists() and ImportRun.objects.filter(pk=run.pk).exists()


def test_progress_reaches_its_end_and_never_goes_back():
    told: list[tuple[int, int]] = []
    run = start([("a.en.md", text(*range(1, 8)).encode())], None, NOON)
    preview(run, NOON, lambda done, total: told.append((done, total)))
    assert told[0] == (0, 0) and told[-1] == (14, 14)
    assert [done for done, _total in told] == sorted(done for done, _total in told)


def test_a_preview_again_counts_alone_and_keeps_what_was_unticked():
    run = uploaded(("a.en.md", text(1, 2)))
    first, edition = list(run.current), run.edition
    choose(run, edition, [first[0].pk], [])
    preview(run, NOON, silent)
    assert run.edition != edition
    assert dict(run.changes.values_list("number", "chosen")) == {"1": False, "2": True}


def test_a_file_that_cannot_be_read_is_told_and_nothing_can_be_imported():
    run = uploaded(("a.en.md", text(1)), ("b.md", b"\x89PNG\r\n\x1a\n\x00\xff\xff"), ("c.xlsx", b"no"))
    assert run.edition is None and run.previewed_at
    assert [bool(file.error) for file in run.files.all()] == [False, True, True]
    with pytest.raises(BankChanged):
        commit(run, uuid.uuid4(), None, NOON, silent)
    assert not Question.objects.exists()


def test_the_same_document_twice_is_told():
    run = uploaded(("a.en.md", text(1)), ("a.en.json", '{"format": "x"}'))
    assert run.edition is None and "same document" in run.problem


# --- Choosing ---


def test_what_is_unticked_stays_as_it_is():
    import_sources([Source("a.en.md", text(1, 2))])
    run = uploaded(("a.en.md", text(1, 2, title="How") + text(3, 4)), ("b.en.md", text(1)))
    rows = {(row.file.name, row.number): row.pk for row in run.current}
    left = [rows["a.en.md", "2"], rows["a.en.md", "4"], rows["b.en.md", "1"]]
    choose(run, run.edition, left, [])
    committed(run)
    assert dict(Question.objects.values_list("slug", "title")) == {
        "a-1-en": "How 1?", "a-2-en": "Why 2?", "a-3-en": "Why 3?",
    }  # fmt: skip
    assert not Document.objects.filter(name="b").exists()
    assert QuestionVersion.objects.filter(question__slug="a-2-en").count() == 1


def test_nothing_ticked_is_refused():
    run = uploaded(("a.en.md", text(1)))
    choose_all(run, run.edition, chosen=False)
    with pytest.raises(NotAllowed, match="Nothing is ticked"):
        committed(run)
    assert run.committed_at is None


def test_ticks_of_another_preview_or_run_are_not_touched():
    run, other = uploaded(("a.en.md", text(1))), uploaded(("b.en.md", text(1)))
    choose(run, run.edition, list(other.current.values_list("pk", flat=True)), [])
    choose_all(run, uuid.uuid4(), chosen=False)
    assert set(ImportChange.objects.values_list("chosen", flat=True)) == {True}


# --- A bank that changed meanwhile ---


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda: Question.objects.filter(number="1").update(title="by a curator"),
        lambda: Question.objects.filter(number="1").update(status="retired"),
        lambda: RubricPoint.objects.filter(question__number="1").update(weight=3),
        lambda: build.question(slug="a-3-en"),
        lambda: import_sources([Source("a.en.md", text(1, 2, 3))]),
    ],
    ids=["words", "status", "points", "slug taken", "imported by another"],
)
def test_a_stale_preview_imports_nothing(meanwhile):
    import_sources([Source("a.en.md", text(1, 2))])
    run = uploaded(("a.en.md", text(1, title="How") + text(2, 3)))
    meanwhile()
    before = bank()
    with pytest.raises(BankChanged):
        committed(run)
    assert bank() == before and run.committed_at is None
    preview(run, NOON, silent)
    committed(run)
    assert Question.objects.get(document__name="a", number="1").title == "How 1?"


def test_what_changed_in_the_very_moment_of_writing_imports_nothing(monkeypatch: pytest.MonkeyPatch):
    import_sources([Source("a.en.md", text(1))])
    run = uploaded(("a.en.md", text(1, title="How") + text(2)))
    planned = import_runs.make_plan

    def then_a_curator_saves(*args: Any, **options: Any) -> Any:
        plan = planned(*args, **options)
        Question.objects.update(title="by a curator")
        return plan

    monkeypatch.setattr(import_runs, "make_plan", then_a_curator_saves)
    with pytest.raises(BankChanged):
        committed(run)
    assert Question.objects.get().title == "by a curator" and run.committed_at is None


def test_a_change_elsewhere_in_the_bank_is_no_reason_to_refuse():
    import_sources([Source("a.en.md", text(1, 2))])
    run = uploaded(("a.en.md", text(1, title="How") + text(2)))
    Question.objects.filter(number="2").update(title="by a curator")
    committed(run)
    assert set(Question.objects.values_list("title", flat=True)) == {"How 1?", "by a curator"}


def test_a_commit_that_breaks_halfway_writes_nothing():
    run = uploaded(("a.en.md", text(1)))

    def lost() -> None:
        raise RuntimeError("the lease is lost")

    with pytest.raises(RuntimeError):
        commit(run, run.edition, None, NOON, silent, lost)
    assert not Question.objects.exists() and run.committed_at is None
    committed(run)
    assert Question.objects.count() == 1


def test_a_second_commit_is_refused():
    run = committed(uploaded(("a.en.md", text(1))))
    with pytest.raises(NotAllowed, match="already"):
        committed(run)
    assert QuestionVersion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_commits_at_once_one_is_carried_out():
    run = uploaded(("a.en.md", text(*range(1, 21))))
    ready, outcomes = threading.Barrier(2), []

    def commits() -> None:
        mine = ImportRun.objects.get(pk=run.pk)
        ready.wait()
        try:
            commit(mine, mine.edition, None, NOON, silent)
            outcomes.append("imported")
        except (NotAllowed, BankChanged) as refused:
            outcomes.append(type(refused).__name__)

    together(commits, commits)
    assert outcomes.count("imported") == 1
    assert (Question.objects.count(), QuestionVersion.objects.count()) == (20, 20)


# --- Two pairs of eyes ---


def test_what_a_curator_imports_is_submitted_for_review(settings, curator: User):
    settings.REVIEW_REQUIRED = True
    run = uploaded(("a.en.md", text(1)), author=curator)
    assert run.current.get().status == "review"
    committed(run, curator)
    assert Question.objects.get().status == "review"


# --- Undoing ---


def test_undoing_brings_all_back():
    import_sources([Source("a.en.md", "Preface.\n\n" + text(1, 2) + text(9, answer=""))])
    Question.objects.filter(number="2").update(status="retired", tags="mine")
    build.question(slug="loose", language="en", title="Loose")
    before = bank()
    new = (
        text(1, 2, 3, title="How")
        + text(9, answer="- now")
        + "### 5. Loose\n\n**Question slug:** loose\n\n**Answer:** x\n"
    )
    run = committed(uploaded(("a.en.md", new), ("b.en.md", text(1))))
    assert Question.objects.get(slug="loose").document.name == "a"
    assert bank() != before
    outcomes = undone(run)
    assert bank() == before
    assert outcomes["How 3?"] == "deleted" and outcomes["How 1?"] == outcomes["Loose"] == "restored"
    last = Question.objects.get(slug="a-1-en").versions.order_by("-number").first()
    assert (last.kind, last.restores) == ("restored", 1) and "a.en.md" in last.reason


def test_after_undoing_the_same_files_can_be_imported_again():
    import_sources([Source("a.en.md", text(1))])
    committed_run = committed(uploaded(("a.en.md", text(1, 2, title="How"))))
    once = bank()
    undone(committed_run)
    committed(uploaded(("a.en.md", text(1, 2, title="How"))))
    assert bank() == once


def test_what_somebody_was_asked_is_retired_and_keeps_its_history():
    run = committed(uploaded(("a.en.md", text(1, 2))))
    key = Question.objects.get(number="1").pk
    assert undone(run, lambda questions: {key} & set(questions)) == {"Why 1?": "retired", "Why 2?": "deleted"}
    question = Question.objects.get()
    assert (question.pk, question.status, question.versions.count()) == (key, "retired", 2)
    assert Document.objects.get().name == "a"


def test_what_was_changed_since_is_left_alone():
    import_sources([Source("a.en.md", text(1, 2))])
    run = committed(uploaded(("a.en.md", text(1, 2, 3, 4, title="How"))))
    for number in ("1", "3"):
        Question.objects.filter(number=number).update(title=f"edited {number}")
    versions.record_change(Question.objects.get(number="1").pk, Kind.EDITED, Cause(at=NOON))  # 3: by a shell
    assert undone(run) == {"How 1?": "kept", "How 2?": "restored", "How 3?": "kept", "How 4?": "deleted"}
    assert dict(Question.objects.values_list("number", "title")) == {"1": "edited 1", "2": "Why 2?", "3": "edited 3"}


def test_a_text_that_was_replaced_since_stays():
    run = committed(uploaded(("a.en.md", text(1))))
    import_sources([Source("a.en.md", "A new preface.\n\n" + text(1))])
    undone(run)
    assert Document.objects.get().source.startswith("A new preface.")


def test_only_what_was_imported_is_undone_and_only_once():
    run = uploaded(("a.en.md", text(1)))
    with pytest.raises(NotAllowed):
        undone(run)
    undone(committed(run))
    with pytest.raises(NotAllowed):
        undone(run)
    assert ImportFile.objects.count() == 1 and not Question.objects.exists()


def test_what_is_unticked_is_not_undone():
    import_sources([Source("a.en.md", text(1))])
    run = uploaded(("a.en.md", text(1, 2, title="How")))
    choose(run, run.edition, [run.current.get(number="1").pk], [])
    undone(committed(run))
    assert Question.objects.get().title == "Why 1?"
    assert Question.objects.get().versions.count() == 1


# --- What holds others up ---


@pytest.mark.parametrize("answer", ["- because", "- therefore"], ids=["created", "changed"])
def test_the_statements_of_the_transaction_do_not_grow_with_the_questions(answer: str):
    def statements(count: int) -> int:
        name = f"n{count}.en.md"
        if answer != "- because":
            import_sources([Source(name, text(*range(count)))])
        prepared = prepare(make_plan([Source(name, text(*range(count), answer=answer))]), Cause())
        with CaptureQueriesContext(connection) as seen, versions.step():
            carry_out(prepared)
        assert Question.objects.filter(document__name=f"n{count}").count() == count
        return len(seen)

    statements(2)  # the topic is made once
    assert statements(3) == statements(60)


def test_before_the_transaction_nothing_is_written_and_within_it_nothing_is_reckoned(monkeypatch: pytest.MonkeyPatch):
    import_sources([Source("a.en.md", text(1, 2))])
    before = bank()
    prepared = prepare(make_plan([Source("a.en.md", text(1, 2, 3, answer="- therefore"))]), Cause())
    assert bank() == before

    def late(*_arguments: object) -> None:
        raise AssertionError("reckoned while others wait")

    with monkeypatch.context() as watched:
        watched.setattr(rows, "ready", late)
        watched.setattr(FrozenQuestion, "to_json", late)
        with versions.step():
            carry_out(prepared)
    assert Question.objects.count() == 3
    assert {each.frozen().points[0].text for each in Question.objects.all()} == {"therefore"}
    for question in Question.objects.all():
        newest = question.versions.order_by("-number").first()
        assert Content(newest.frozen, newest.status, newest.tags) == Content.of(question)
        assert newest.content_hash == question.frozen().hash


def test_new_questions_get_keys_that_nobody_had():
    import_sources([Source("a.en.md", text(1, 2))])
    last = Question.objects.order_by("-pk")[0]
    versions.erase([last.pk])
    import_sources([Source("b.en.md", text(1, 2))])
    made = Question.objects.filter(document__name="b").values_list("pk", flat=True)
    assert min(made) > last.pk  # what spoke of the deleted one does not speak of another
    assert build.question().pk > max(made)

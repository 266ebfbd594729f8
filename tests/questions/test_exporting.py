"""Questions go out again without loss: what is exported is imported as the same, and compared with its source."""

from __future__ import annotations

import dataclasses
import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from questions.documents import ParsedDocument, ParsedQuestion, Unwritable, parse, write_document
from questions.documents.source import rewrite
from questions.importing import Source, import_files, import_sources, import_starter_bank
from questions.models import Document, Question, RubricPoint, Topic
from tests import build
from tests.questions.nasty import LANGUAGES, LINE, MANY, questions, slowly

SEEDS = settings.BASE_DIR.parent / "shared" / "seeds"
STARTER = Path(settings.STARTER_BANK_DIR)
FIELDS = [field.name for field in Question._meta.concrete_fields]
bank = pytest.mark.django_db
needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason="the sample documents are not on this machine")


def export(folder: Path, *options: str) -> str:
    out = StringIO()
    call_command("export_questions", str(folder), *options, stdout=out)
    return out.getvalue()


def counts(reports) -> tuple[int, int, int]:
    return tuple(sum(getattr(report, name) for report in reports) for name in ("created", "updated", "unchanged"))


def snapshot() -> list[dict]:
    """Every question with all that a curator sees of it, by slug; how lines end is nothing that one sees."""
    hidden = {"id", "topic", "document", "source_hash", "updated_at"}
    rows = []
    for question in Question.objects.select_related("topic", "document").prefetch_related("points").order_by("slug"):
        row = {name: getattr(question, name) for name in FIELDS if name not in hidden}
        row["reference"] = question.reference.replace("\r\n", "\n")
        row["topic"] = (question.topic.slug, question.topic.name_zh, question.topic.name_en)
        row["document"] = question.document and (question.document.name, question.document.language)
        row["points"] = [(point.name, point.text, point.kind, point.weight) for point in question.points.all()]
        row["translations"] = sorted(other.slug for other in question.translations())
        rows.append(row)
    return rows


def empty() -> None:
    build.without_history()
    for model in (RubricPoint, Question, Document, Topic):
        model.objects.all().delete()


def bring(text: str, file: str = "sample.en.md"):
    [report] = import_sources([Source(file, text)])
    return report


# --- The banks that exist ---


@bank
def test_the_starter_bank_goes_out_as_it_came_in(tmp_path: Path):
    import_starter_bank()
    export(tmp_path)
    assert Question.objects.count() == 246
    for path in STARTER.glob("*.md"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
    assert len(list(tmp_path.iterdir())) == len(list(STARTER.glob("*.md")))


@bank
@needs_seeds
def test_documents_from_the_field_go_out_as_they_came_in(tmp_path: Path):
    import_files(sorted(SEEDS.glob("*.txt")))
    export(tmp_path)
    for path in SEEDS.glob("*.txt"):
        assert (tmp_path / f"{path.stem}.zh.md").read_bytes() == path.read_bytes()


@bank
@pytest.mark.parametrize(
    "options",
    [
        ("--topic", "tuning"),
        *(pytest.param(options, marks=pytest.mark.slow) for options in ((), ("--status", "published"))),
    ],
)
def test_importing_the_export_of_a_bank_into_it_changes_nothing(tmp_path: Path, options: tuple[str, ...]):
    import_starter_bank()
    touch(Question.objects.all())
    before = snapshot()
    export(tmp_path, *options)
    created, updated, unchanged = counts(import_files(sorted(tmp_path.iterdir())))
    assert (created, updated) == (0, 0) and unchanged > 0
    assert snapshot() == before


@bank
@pytest.mark.parametrize("changed", [pytest.param(False, marks=pytest.mark.slow), True])
def test_an_empty_bank_becomes_the_same_bank(tmp_path: Path, changed: bool):
    import_starter_bank()
    if changed:
        touch(Question.objects.all())
    before = snapshot()
    export(tmp_path)
    empty()
    reports = import_files(sorted(tmp_path.iterdir()))
    assert [remark for report in reports for remark in report.problems] == []
    assert snapshot() == before


@bank
@needs_seeds
def test_documents_from_the_field_survive_a_curator(tmp_path: Path):
    import_files(sorted(SEEDS.glob("*.txt")))
    touch(Question.objects.all())
    before = snapshot()
    export(tmp_path)
    empty()
    import_files(sorted(tmp_path.iterdir()))
    assert snapshot() == before


def touch(questions) -> None:
    """Change each question in one of the ways that the admin offers, its line ends as browsers send them."""
    for place, question in enumerate(questions.order_by("pk")):
        match place % 8:
            case 0:
                question.title += " #"
            case 1:
                question.reference = question.reference.replace("\n", "\r\n") + "\r\n\r\n**Answer:** 1\r\n# 2\r\n```"
            case 2:
                question.status = Question.Status.RETIRED if place % 16 == 2 else Question.Status.IN_REVIEW
            case 3:
                question.points.filter(order=2).update(weight=2.5, name="*a* \\ b:")
            case 4:
                question.points.filter(order=1).delete()
            case 5:
                question.tags, question.kind, question.difficulty, question.seconds = "a; b, ﬁ", "coding", 5, 77
            case 6:
                question.topic, question.slug = Topic.objects.order_by("-pk")[0], f"own-{question.pk}"
        question.save()


# --- What stays and what is written anew ---

DOCUMENT = (
    "# Caches\r\n\r\nAn introduction.\r\n\r\n#### Question 1: Why?\r\n\r\n**Interview question:** Why?\r\n\r\n"
    "**Solution:** Because:\r\n\r\n- fast\r\n- cheap\r\n\r\n---\r\n\r\n## Part two\r\n\r\nMore words.\r\n\r\n"
    "#### Question 2: How?\r\n\r\n**Interview question:** How?\r\n\r\n**Solution:** So.\r\n\r\n"
    "## The end\r\n\r\nBye.\r\n"
)


@bank
def test_a_changed_question_is_written_in_the_shape_of_its_document(tmp_path: Path):
    bring(DOCUMENT)
    Question.objects.filter(number="1").update(title="Why now?", prompt="Why now, then?", difficulty=5)
    export(tmp_path)
    wanted = DOCUMENT.replace("#### Question 1: Why?", "#### Question 1: Why now?").replace(
        "**Interview question:** Why?\r\n", "**Interview question:** Why now, then?\r\n\r\n**Difficulty:** 5\r\n"
    )
    assert (tmp_path / "sample.en.md").read_bytes().decode() == wanted


@bank
def test_a_deleted_question_goes_and_a_new_one_comes_at_the_end(tmp_path: Path):
    bring(DOCUMENT)
    second = Question.objects.get(number="2")
    build.without_history()
    Question.objects.get(number="1").delete()
    second.pk, second.slug, second.number, second.title = None, "third", "3", "When?"
    second.save()
    export(tmp_path)
    text = (tmp_path / "sample.en.md").read_text()
    assert "Question 1" not in text and "An introduction." in text and "Bye." in text
    assert [question.number for question in parse(text, "a.md").questions] == ["2", "3"]
    assert text.index("Bye.") < text.index("When?")


@bank
def test_a_task_that_got_an_answer_leaves_its_list(tmp_path: Path):
    bring("# A\n\n## 1. Exercises\n\n1. **Sort:** sort it.\n2. **Find:** find it.\n\n## The end\n\nBye.\n")
    Question.objects.filter(title="Sort").update(reference="Use sorted().", status="published")
    before = snapshot()
    export(tmp_path)
    text = (tmp_path / "sample.en.md").read_text()
    assert "2. **Find:** find it." in text and "Bye." in text and "Use sorted()." in text
    empty()
    import_files(tmp_path.iterdir())
    assert [dict(row, points=0) for row in snapshot()] == [dict(row, points=0) for row in before]


@bank
def test_what_no_point_holds_is_named_when_it_goes(tmp_path: Path):
    bring(DOCUMENT.replace("---", "**Bonus:**\r\nLook for these:\r\n- a budget\r\n\r\n---"))
    Question.objects.filter(number="1").update(title="Why now?")
    assert "Look for these:" in export(tmp_path)


@bank
def test_a_question_of_no_document_finds_itself_again(tmp_path: Path):
    topic = Topic.objects.create(slug="mine", name_zh="mine", name_en="mine")
    for slug in ("one", "two"):
        Question.objects.create(slug=slug, title=slug, prompt=slug, language="en", topic=topic)
    before = snapshot()
    export(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["questions.en.md"]
    assert counts(import_files(tmp_path.iterdir())) == (0, 0, 2)
    assert [row["slug"] for row in snapshot()] == [row["slug"] for row in before]
    assert {row["document"] for row in snapshot()} == {("questions", "en")}


@bank
@pytest.mark.parametrize(("language", "status", "words"), [
    ("en", "retired", "Question status:** retired"),
    ("zh", "retired", "题目状态：** 已停用"),
    ("en", "review", "Question status:** in review"),
    ("zh", "review", "题目状态：** 审核中"),
])  # fmt: skip
def test_what_is_not_published_stays_so(tmp_path: Path, language: str, status: str, words: str):
    bring(DOCUMENT, f"sample.{language}.md")
    Question.objects.filter(number="1").update(status=status)
    export(tmp_path)
    assert words in (tmp_path / f"sample.{language}.md").read_text()
    empty()
    import_files(tmp_path.iterdir())
    assert set(Question.objects.values_list("number", "status")) == {("1", status), ("2", "published")}


@bank
def test_what_cannot_be_written_is_refused_and_nothing_is_written(tmp_path: Path):
    bring(DOCUMENT)
    Question.objects.filter(number="2").update(seconds=10)
    with pytest.raises(CommandError, match=r"Question 2 .*without loss"):
        export(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@bank
def test_nothing_to_export_is_said(tmp_path: Path):
    with pytest.raises(CommandError, match="no question is like that"):
        export(tmp_path, "--document", "none")


@bank
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path):
    bring(DOCUMENT)
    shutil.copy(__file__, tmp_path / "file")
    with pytest.raises(CommandError, match="cannot be written"):
        export(tmp_path / "file")


@bank
def test_exporting_asks_the_database_little(django_assert_max_num_queries, tmp_path: Path):
    import_starter_bank()
    assert connection.vendor
    with django_assert_max_num_queries(100):
        export(tmp_path)


# --- Whatever the words are ---


def placeless(found) -> list[ParsedQuestion]:
    return [dataclasses.replace(question, line=0) for question in found]


@slowly
@given(MANY, LANGUAGES, LINE)
def test_whatever_is_written_is_read_as_the_same(wanted: tuple[ParsedQuestion, ...], language: str, name: str):
    text = write_document(ParsedDocument(name, language, wanted, (), (), ""))
    document = parse(text, f"a.{language[:2]}.md")
    assert placeless(document.questions) == list(wanted)
    assert document.problems == ()
    assert placeless(parse(text.replace("\n", "\r\n"), "a.md").questions) == list(wanted)


@slowly
@given(questions(), st.sampled_from(["1", "2"]))
def test_whatever_replaces_a_question_leaves_the_rest(wanted: ParsedQuestion, number: str):
    document = parse(DOCUMENT, "a.en.md")
    wanted = dataclasses.replace(wanted, number=number)
    said = tuple(wanted if question.number == number else question for question in document.questions)
    found = rewrite(DOCUMENT, dataclasses.replace(document, questions=said))
    assert found.remarks == ()
    again = parse(found.text, "a.en.md")
    assert {question.number: question for question in placeless(again.questions)} == {
        question.number: question for question in placeless(said)
    }
    assert again.prose == document.prose


@pytest.mark.parametrize("change", [{"prompt": "a\rb"}, {"prompt": ""}, {"title": "x" * 301}, {"seconds": 5},
                                    {"number": "x" * 21}, {"tags": ("a, b",)}])  # fmt: skip
def test_what_the_format_cannot_hold_is_refused(change: dict):
    question = dataclasses.replace(ParsedQuestion("1", 0, "Why?", "Why, then?", "Because."), **change)
    with pytest.raises(Unwritable, match="without loss"):
        write_document(ParsedDocument("a", "en", (question,), (), (), ""))

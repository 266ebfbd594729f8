"""The other formats of question documents: out and in without loss, and bad files told in a sentence."""

from __future__ import annotations

import csv
import dataclasses
import json
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from hypothesis import given

from questions.documents import (
    FORMATS,
    PACKED,
    ParsedDocument,
    ParsedQuestion,
    Unwritable,
    ending_of,
    pack,
    parse,
    unpack,
    write,
)
from questions.importing import Source, import_files, import_sources, import_starter_bank
from questions.models import Document, Question, RubricPoint, Topic
from tests import build
from tests.questions.nasty import LANGUAGES, MANY, slowly, without_controls

SEEDS = settings.BASE_DIR.parent / "shared" / "seeds"
OTHERS = [form for form in FORMATS if form != "md"]
NO_CONTROLS = ("docx", "qti")  # they refuse what XML cannot hold: `test_word_files`, `test_qti_packages`
bank = pytest.mark.django_db


def snapshot() -> list[dict]:
    """All that a curator sees of each question, by slug."""
    hidden = ["id", "source_hash", "updated_at", "document", "topic"]
    fields = [field.name for field in Question._meta.concrete_fields if field.name not in hidden]
    rows = []
    for question in Question.objects.select_related("topic", "document").prefetch_related("points").order_by("slug"):
        points = [(point.name, point.text, point.kind, point.weight) for point in question.points.all()]
        row = {name: getattr(question, name) for name in fields}
        rows.append({**row, "points": points, "topic": question.topic.slug, "document": str(question.document)})
    return rows


def read_again(document: ParsedDocument, form: str) -> ParsedDocument:
    """What is read from `document` as it is written."""
    name = f"a.{document.language[:2]}.{ending_of(form)}"
    return unpack(pack(document, form), name).document if form in PACKED else parse(write(document, form), name)


def counts(paths) -> tuple[int, int, int]:
    reports = import_files(sorted(paths))
    assert [remark for report in reports for remark in report.problems] == []
    return tuple(sum(getattr(report, name) for report in reports) for name in ("created", "updated", "unchanged"))


def round_trip(folder: Path, form: str) -> None:
    """Out, in again over itself, into an empty bank, and out as Markdown and in from there."""
    Question.objects.filter(number="2").update(status="retired", tags="one, =two", difficulty=5)
    Question.objects.filter(number="3").update(status="review")
    RubricPoint.objects.filter(order=2).update(weight=0.3, name="=HYPERLINK(1)")
    before, sources = snapshot(), dict(Document.objects.values_list("name", "source"))
    call_command("export_questions", str(folder / form), "--format", form, stdout=StringIO())
    assert counts((folder / form).iterdir()) == (0, 0, len(before))
    assert snapshot() == before
    assert dict(Document.objects.values_list("name", "source")) == sources, "another format took the prose away"
    build.without_history()
    for model in (RubricPoint, Question, Document, Topic):
        model.objects.all().delete()
    assert counts((folder / form).iterdir()) == (len(before), 0, 0)
    assert snapshot() == before
    call_command("export_questions", str(folder / "md"), stdout=StringIO())
    assert counts((folder / "md").iterdir()) == (0, 0, len(before))


@bank
@pytest.mark.slow
@pytest.mark.parametrize("form", OTHERS)
def test_the_starter_bank_survives(tmp_path: Path, form: str):
    import_starter_bank()
    assert Question.objects.count() == 246
    round_trip(tmp_path, form)


@bank
@pytest.mark.skipif(not SEEDS.is_dir(), reason="the sample documents are not on this machine")
@pytest.mark.parametrize("form", OTHERS)
def test_documents_from_the_field_survive(tmp_path: Path, form: str):
    import_files(sorted(SEEDS.glob("*.txt")))
    round_trip(tmp_path, form)


@pytest.mark.parametrize("form", OTHERS)
@slowly
@given(MANY, LANGUAGES)
def test_whatever_is_written_is_read_as_the_same(form: str, wanted: tuple[ParsedQuestion, ...], language: str):
    if form in NO_CONTROLS:
        wanted = tuple(without_controls(question) for question in wanted)
    document = read_again(ParsedDocument("a", language, wanted, (), (), ""), form)
    assert [dataclasses.replace(question, line=0) for question in document.questions] == list(wanted)
    assert (document.name, document.language, document.problems) == ("a", language, ())


@pytest.mark.parametrize("form", OTHERS)
@pytest.mark.parametrize("change", [{"prompt": ""}, {"title": "x" * 301}, {"seconds": 5}, {"tags": ("a, b",)}])
def test_what_cannot_be_held_is_refused(form: str, change: dict):
    question = dataclasses.replace(ParsedQuestion("1", 0, "Why?", "Why, then?", "Because."), **change)
    with pytest.raises(Unwritable, match="without loss"):
        read_again(ParsedDocument("a", "en", (question,), (), (), ""), form)


# --- Bad files ---

HEAD = {"format": "interviewer-questions", "version": 1}
GOOD = {"title": "Why?", "prompt": "Why?"}


def of(**question) -> str:
    return json.dumps({**HEAD, "questions": [{**GOOD, **question}, GOOD]})


# File name and text → words of the sentence, its line.
REFUSED = {
    "empty JSON": ("a.json", "{}", "no question document", 0),
    "a list": ("a.json", "[]", "no question document", 0),
    "torn JSON": ("a.json", '{\n"format": ', "not JSON", 2),
    "NaN": ("a.json", '{"version": NaN}', "“NaN” is not a number", 0),
    "a key twice": ("a.json", '{"format": 1, "format": 2}', "“format” stands twice", 0),
    "deep JSON": ("a.json", "[" * 100_000, "nested too deeply", 0),
    "a long integer": ("a.json", "9" * 10_000, "not JSON", 0),
    "another version": ("a.json", json.dumps({**HEAD, "version": 2, "questions": []}), "version", 0),
    "true as a version": ("a.json", json.dumps({**HEAD, "version": True, "questions": []}), "version", 0),
    "an unknown key": ("a.json", json.dumps({**HEAD, "question": [], "questions": []}), "“question” is not known", 0),
    "no list": ("a.json", json.dumps({**HEAD, "questions": {}}), "must be a list", 0),
    "a language that is none": ("a.json", json.dumps({**HEAD, "language": "x", "questions": []}), "zh-hans", 0),
    "a path as a name": ("a.json", json.dumps({**HEAD, "name": "../x", "questions": []}), "“/”", 0),
    "empty YAML": ("a.yaml", "# nothing", "no question document", 0),
    "torn YAML": ("a.yml", "a: b\nc: [", "not YAML", 2),
    "a bomb": ("a.yaml", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "References", 1),
    "a tag": ("a.yaml", "a: 1\nb: !!python/object/apply:os.system [ls]", "Tags", 2),
    "a key twice in YAML": ("a.yaml", "format: a\nformat: b", "“format” stands twice", 2),
    "deep YAML": ("a.yaml", "[" * 100_000, "nested too deeply", 1),
    "YAML's NaN": ("a.yaml", "version: .nan", "“.nan” is not a number", 1),
    "two YAML documents": ("a.yaml", "a: 1\n---\nb: 1", "not YAML", 2),
    "no columns": ("a.csv", "a,b\n1,2", "column “a” is not known", 1),
    "a column too few": ("a.csv", "title\nx", "not a table of questions", 1),
    "a column twice": ("a.csv", "title,标题,prompt\nx,y,z", "“标题” stands there twice", 1),
    "torn CSV": ("a.csv", 'title,prompt\n"x', "not CSV", 2),
    "a bell in YAML": ("a.yaml", "a: \x07", "not YAML", 0),
}


@pytest.mark.parametrize(("name", "text", "words", "line"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_is_none_is_told_in_one_sentence(name: str, text: str, words: str, line: int):
    document = parse(text, name)
    [problem] = document.problems
    assert document.questions == () and words in problem.message and problem.line == line


# What is wrong with the first of two questions → words of the sentence.
LEFT_OUT = {
    "no title": (of(title=" "), "“title” is missing"),
    "a title that is a number": (of(title=1), "“title” must be a text"),
    "a long title": (of(title="x" * 301), "at most 300"),
    "an unknown key": (of(awnser="x"), "“awnser” is not known"),
    "difficulty 6": (of(difficulty=6), "“difficulty” must be a number from 1 to 5"),
    "difficulty true": (of(difficulty=True), "“difficulty” must be a number"),
    "difficulty 2.5": (of(difficulty=2.5), "“difficulty” must be a number"),
    "a weight of 1e999": (of(points=[{"text": "x", "weight": 1}]).replace('"weight": 1', '"weight": 1e999'), "weight"),
    "a point without text": (of(points=[{"name": "x"}]), "“text” is missing"),
    "a point of no kind": (of(points=[{"text": "x", "kind": "may"}]), "must, should, pitfall"),
    "points as a text": (of(points="x"), "“points” must be a list"),
    "tags as a text": (of(tags="a, b"), "“tags” must be a list"),
    "a comma in a tag": (of(tags=["a,b"]), "no comma"),
    "a slug with a slash": (of(slug="../x"), "“slug” has only letters"),
    "a status of its own": (of(status="secret"), "draft, review, published, retired"),
    "a number that is used": (of(number="2"), "used more than once"),
    "no mapping": (json.dumps({**HEAD, "questions": ["x", GOOD]}), "must be a mapping"),
}


@pytest.mark.parametrize(("text", "words"), LEFT_OUT.values(), ids=LEFT_OUT)
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_bad_question_is_left_out_and_told(form: str, text: str, words: str):
    if form == "yaml":  # JSON is YAML, and there lines are known
        text = text.replace('"questions": [', '"questions": [\n')
    document = parse(text, f"a.{form}")
    assert len(document.questions) == 1
    [problem] = document.problems
    assert words in problem.message
    assert problem.line == (2 if form == "yaml" else 0)


@bank
def test_what_is_not_said_is_ordinary_or_follows_from_the_answer():
    text = json.dumps({**HEAD, "questions": [{**GOOD, "reference": "- **A:** a\n- b\r\n"}]})
    import_sources([Source("caches.en.json", text)])
    question = Question.objects.get()
    assert (question.slug, question.status, question.difficulty, question.seconds) == (
        "caches-1-en",
        "published",
        3,
        300,
    )
    assert [(point.name, point.text) for point in question.points.all()] == [("A", "a"), ("", "b")]


TABLE = {
    "too many cells": ("x,y,z", "more cells"),
    "no title": (",y", "“title” is missing"),
}


@pytest.mark.parametrize(("row", "words"), TABLE.values(), ids=TABLE)
def test_a_bad_row_is_left_out_and_told(row: str, words: str):
    document = parse(f'title,prompt\n"a\nb",c\n{row}\n,\nd,e\n', "a.csv")
    [problem] = document.problems
    assert words in problem.message and problem.line == 4
    assert [(question.prompt, question.line) for question in document.questions] == [("c", 2), ("e", 6)]


@pytest.mark.parametrize("head", ["标题,题目,评分点", "Title;PROMPT;points", "\ufefftitle\tprompt\tpoints"])
def test_columns_are_known_in_both_languages(head: str):
    mark = next(mark for mark in ",;\t" if mark in head)
    row = mark.join(["a", "'=b", '"[must ×2] **n:** t\n  u\n[误区] v"'])
    [question] = parse(f"{head}\n{row}\n", "a.en.csv").questions
    assert (question.title, question.prompt) == ("a", "=b")
    assert [(point.name, point.text, point.kind, point.weight) for point in question.points] == [
        ("n", "t\nu", "must", 2.0),
        ("", "v", "pitfall", 1.0),
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "'=1", " =1", "''+1", "＝1", "\n=1"])
def test_no_cell_is_a_formula(text: str):
    question = ParsedQuestion("1", 0, "Why?", text, text)
    written = write(ParsedDocument("a", "en", (question,), (), (), ""), "csv")
    cells = next(csv.DictReader(StringIO(written.removeprefix("\ufeff"), newline="")))
    assert cells["prompt"] == "'" + text and cells["reference"] == "'" + text
    assert parse(written, "a.csv").questions[0].prompt == text

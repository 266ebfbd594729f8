"""Workbooks: as other programs write and read them, and cells that are no plain text.

Round trips: `test_document_formats.py`. Files that are none: `tests/bad_input/test_packages.py`.
"""

from __future__ import annotations

import dataclasses
import datetime
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from questions.documents import ParsedDocument, ParsedQuestion, Unwritable, pack, unpack
from questions.documents.workbook import MOST_COLUMNS
from questions.importing import import_files
from questions.models import Document, Question
from tests.questions.packages import cells, workbook, zipped

QUESTION = ParsedQuestion("1", 0, "Why?", "Why, then?", "Because.")
HEAD = ["title", "prompt", "difficulty", "tags"]
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@a",
    "\t=1",
    "'=1",
    " =1",
    "＝1",
    "\n=1",
    '=HYPERLINK("http://x")',
    "=cmd|'/c calc'!A1",
]


def document(*questions: ParsedQuestion) -> ParsedDocument:
    return ParsedDocument("a", "en", questions, (), (), "")


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def made(*rows: list[Any], sheet: str = "Sheet") -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    return book


def read(data: bytes) -> ParsedDocument:
    return unpack(data, "a.en.xlsx").document


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula_to_another_program(text: str):
    question = dataclasses.replace(QUESTION, prompt=text, reference=text)
    data = pack(document(question), "xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    head = [cell.value for cell in sheet[1]]
    for name in ("prompt", "reference"):
        cell = sheet[2][head.index(name)]
        assert (cell.value, cell.data_type, cell.number_format) == (text, "s", "@")
    assert read(data).questions[0].prompt == text


@pytest.mark.parametrize("text", ["a\nb\n\n c", "_x000B_", "_x000B\x0b", "\x0b\x01\ufffe", " 两边 ", "🙂" * 16_000])
def test_any_text_is_kept(text: str):
    [found] = read(pack(document(dataclasses.replace(QUESTION, reference=text)), "xlsx")).questions
    assert found.reference == text


def test_the_same_questions_give_the_same_file():
    assert pack(document(QUESTION), "xlsx") == pack(document(QUESTION), "xlsx")


def test_a_text_that_no_cell_holds_is_refused():
    with pytest.raises(Unwritable, match="at most 32767 characters"):
        pack(document(dataclasses.replace(QUESTION, reference="🙂" * 16_384)), "xlsx")


def test_a_workbook_of_another_program_is_read():
    book = made(["标题", "题目", "难度", "标签", None], ["=", 2024, 4.0, "甲, 乙"], [], ["b", "一\n二", None, 1.5])
    book.active["A2"].data_type = "s"
    found = read(saved(book))
    assert found.problems == ()
    assert [(question.title, question.prompt, question.difficulty, question.tags) for question in found.questions] == [
        ("=", "2024", 4, ("甲", "乙")),
        ("b", "一\n二", 3, ("1.5",)),
    ]
    assert [question.line for question in found.questions] == [2, 4]


def test_the_sheet_with_the_table_is_read_and_the_others_are_told():
    book = made(["Read me first"], sheet="说明")
    for row in (HEAD, ["Why?", "Why?"]):
        if row is HEAD:
            book.create_sheet("题库")
        book["题库"].append(row)
    book.create_sheet("empty")
    hidden = book.create_sheet("lists")
    hidden.append(["a"])
    hidden.sheet_state = "hidden"
    found = read(saved(book))
    assert [question.title for question in found.questions] == ["Why?"]
    [note] = found.notes
    assert "“说明”" in note.message


ODD = {
    "a formula": ("=1+1", "B2 holds a formula"),
    "a date": (datetime.date(2026, 11, 23), "B2 holds a number or a date"),
    "a moment": (datetime.datetime(2026, 11, 23, 6, 0), "B2 holds a number or a date"),
    "a span": (datetime.timedelta(hours=1), "B2 holds a number or a date"),
    "a number beyond exactness": (10**20, "B2 holds a number or a date"),
    "an error": ("#REF!", "B2 holds an error"),
}


@pytest.mark.parametrize(("value", "words"), ODD.values(), ids=ODD)
def test_a_cell_that_is_no_text_is_told(value: Any, words: str):
    found = read(saved(made(HEAD, ["Why?", value], ["How?", "How?"])))
    [problem] = found.problems
    assert words in problem.message and problem.line == 2
    assert [question.title for question in found.questions] == ["How?"]


@pytest.mark.parametrize("form", ["0%", "0.00", "yyyy-mm-dd", "#,##0"])
def test_a_number_in_a_format_is_told(form: str):
    book = made(HEAD, ["Why?", 7])
    book.active["B2"].number_format = form
    assert "B2 holds a number or a date" in read(saved(book)).problems[0].message


@pytest.mark.parametrize("span", ["A2:B2", "A2:A3", "C2:D9"])
def test_merged_cells_are_told(span: str):
    book = made(HEAD, ["Why?", "Why?"], ["x", "How?"], ["Who?", "Who?"])
    book.active.merge_cells(span)
    found = read(saved(book))
    assert f"{span} are merged" in found.problems[0].message and found.problems[0].line == 2
    assert [question.title for question in found.questions if question.line == 2] == []


# The XML of a sheet's rows → a word of the sentence.
HEADS = {
    "an empty workbook": ("", "workbook is empty"),
    "blank cells alone": (cells(" ", ""), "workbook is empty"),
    "a title above the table": (cells("My questions") + cells("title", "prompt"), "“My questions” is not known"),
    "a column too few": (cells("title") + cells("x"), "not a table of questions"),
    "a column twice": (cells("title", "标题", "prompt"), "stands there twice"),
    "a formula for a name": ("<row><c><f>1</f><v>1</v></c></row>", "A1 holds a formula"),
}


@pytest.mark.parametrize(("rows", "words"), HEADS.values(), ids=HEADS)
def test_a_table_that_is_none_is_told_in_one_sentence(rows: str, words: str):
    found = read(zipped(workbook(rows)))
    [problem] = found.problems
    assert found.questions == () and words in problem.message


# The XML of one row's cells behind "title" and "prompt" → the prompt, or a word of the sentence.
CELLS = {
    "a shared string": ('<c t="s"><v>1</v></c>', "richtext"),
    "a shared string that is none": ('<c t="s"><v>99</v></c>', "holds an error"),
    "a shared string below all": ('<c t="s"><v>-1</v></c>', "holds an error"),
    "the text of a program": ('<c t="str"><v>x</v></c>', "x"),
    "true": ('<c t="b"><v>1</v></c>', "TRUE"),
    "a number with a long tail": ("<c><v>0.10000000000000001</v></c>", "0.1"),
    "no number": ("<c><v>nan</v></c>", "B2 holds a number"),
    "a number beyond all": ("<c><v>1e999</v></c>", "B2 holds a number"),
    "a style that is none": ('<c s="77"><v>3</v></c>', "3"),
    "LibreOffice's General": ('<c s="1"><v>3</v></c>', "3"),
    "half of a character": ('<c t="inlineStr"><is><t>a_xD800_</t></is></c>', "a\N{REPLACEMENT CHARACTER}"),
    "a cell far to the right": ('<c t="str"><v>x</v></c><c r="XFD2" t="str"><v>y</v></c>', "more cells"),
    "a blank far to the right": ('<c t="str"><v>x</v></c><c r="XFD2"/>', "x"),
}
STRINGS = "<sst><si><t>plain</t></si><si><r><t>rich</t></r><r><t>text</t></r><rPh><t>read aloud</t></rPh></si></sst>"
STYLES = (
    '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="General"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>'
)


@pytest.mark.parametrize(("cell", "words"), CELLS.values(), ids=CELLS)
def test_cells_of_every_kind(cell: str, words: str):
    row = f'<row r="2"><c r="A2" t="str"><v>Why?</v></c>{cell}</row>'
    parts = workbook(cells("title", "prompt") + row, **{"xl/sharedStrings.xml": STRINGS, "xl/styles.xml": STYLES})
    found = read(zipped(parts))
    if found.problems:
        assert words in found.problems[0].message and found.problems[0].line == 2
    else:
        assert [question.prompt for question in found.questions] == [words]


def test_a_row_of_any_width_costs_little():
    rows = "".join(f'<row r="{n}"><c r="XFD{n}" t="str"><v>x</v></c></row>' for n in range(2, 3000))
    found = read(zipped(workbook(cells("title", "prompt") + rows)))
    assert len(found.problems) == 2998 and MOST_COLUMNS < 1000


@pytest.mark.django_db
def test_the_bank_keeps_a_table_of_what_it_read(tmp_path: Path):
    path = tmp_path / "caches.en.xlsx"
    path.write_bytes(saved(made(["prompt", "title"], ["Why, then?", "Why?"], ["", "no prompt"])))
    [report] = import_files([path])
    assert (report.created, [remark.line for remark in report.problems]) == (1, [3])
    document = Document.objects.get()
    assert (document.name, document.language, Question.objects.get().slug) == ("caches", "en", "caches-1-en")
    assert document.source.startswith("\ufeffnumber,title,prompt") and "Why, then?" in document.source

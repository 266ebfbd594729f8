"""Files that are not what they say. All or nothing: one bad file in a run and nothing of the run is in the bank.

Encodings, hostile Markdown and broken runs: `tests/questions/test_documents.py` and `test_importing.py`.
JSON, YAML and CSV, formulas in them included: `tests/questions/test_document_formats.py`. Packed files:
`test_packages.py`; an archive whose name does not say what it is for is never opened.
"""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from questions.models import Document, Question, Topic

pytestmark = pytest.mark.django_db

GOOD = "### 1. Why?\n\n**Question:** Why?\n\n**Answer:**\n- fast\n"


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


NOT_TEXT = "not a text file"
NO_QUESTION = "no question was found"
# What is in the file → a word of the sentence that names what to do.
REFUSED = {
    "empty": (b"", "This file is empty"),
    "blanks": (b" \n\t\r\n", "This file is empty"),
    "a byte order mark": (b"\xef\xbb\xbf", "This file is empty"),
    "NUL": (b"\0" * 5000, NOT_TEXT),
    "a zip": (zipped("a.md", GOOD.encode()), NOT_TEXT),
    "a zip bomb": (zipped("a.md", b"0" * 20_000_000), NOT_TEXT),
    "a zip slip": (zipped("../../../etc/cron.d/x", GOOD.encode()), NOT_TEXT),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n" + bytes(range(256)) * 20, NOT_TEXT),
    "gzip": (b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + bytes(range(255, 0, -1)) * 8, NOT_TEXT),
    "one byte that is not UTF-8": (GOOD.encode().replace(b"fast", b"fas\x80"), NOT_TEXT),
    "too large": (b"x" * (10 * 1024 * 1024 + 1), "too large"),
}
USELESS = {
    "prose": b"Only prose.",
    "XML bomb": b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>',
    "HTML": b"<html><script>alert(1)</script></html>",
    "JSON": b'{"questions": [{"title": "Why?"}]}',
    "CSV with formulas": b'title,prompt\n=cmd|"/c calc"!A1,@SUM(1)\n',
    "headings alone": b"### 1.\n### 2.\n###\n",
    "labels alone": b"**Answer:**\n**Answer:**\n",
}


def bring(*files: Path) -> str:
    out = io.StringIO()
    call_command("import_questions", *map(str, files), stdout=out)
    return out.getvalue()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.en.md"
    path.write_text(GOOD)
    return path


def nothing_came() -> bool:
    return not any(model.objects.exists() for model in (Question, Document, Topic))


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_be_read_stops_the_run(tmp_path: Path, good: Path, content: bytes, sentence: str):
    bad = tmp_path / "bad.en.md"
    bad.write_bytes(content)
    with pytest.raises(CommandError, match=sentence) as error:
        bring(good, bad)
    assert "bad.en.md" in str(error.value)
    assert nothing_came()


@pytest.mark.parametrize("content", USELESS.values(), ids=USELESS)
def test_a_file_without_questions_is_told(tmp_path: Path, content: bytes):
    path = tmp_path / "useless.en.md"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=NO_QUESTION):
        bring(path)
    assert not Question.objects.exists()


def test_files_that_are_none(tmp_path: Path, good: Path):
    pipe = tmp_path / "pipe.md"
    os.mkfifo(pipe)
    loop = tmp_path / "loop.md"
    loop.symlink_to(loop)
    for path in (tmp_path, tmp_path / "missing.md", tmp_path / "a\0b.md", tmp_path / ("x" * 300), loop, pipe):
        with pytest.raises(CommandError) as error:
            bring(good, path)
        assert str(error.value)
        assert nothing_came()


# Names that look like more than that.
NAMES = ["=1+1.en.md", "<script>.en.md", "a b;rm -rf.en.md", "．．／x.en.md", "文档.zh.md", "a\nb.en.md", "-x.en.md"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name(tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_text(GOOD)
    assert "1 question" in bring(path)
    assert Question.objects.get().slug
    assert [file.name for file in tmp_path.iterdir()] == [name]


HEADERS = {
    "a label twice": (GOOD + "**Answer:**\n- again\n", 1),
    "two answers and a question": ("**Answer:** a\n\n" + GOOD, 1),
    "the same number twice": (GOOD + "\n" + GOOD.replace("Why", "How"), 2),
    "numbers beyond all": (GOOD.replace("1.", "9" * 400 + "."), 1),
    "a difficulty beyond all": (GOOD + "**Difficulty:** 99999999999999999999\n", 1),
    "negative time": (GOOD + "**Time:** -5 minutes\n", 1),
    "a language that is none": (GOOD + "**Language:** klingon\n", 1),
    "NUL in the middle": (GOOD.replace("fast", "fa\0st" + " and cheap" * 50), 1),
}


@pytest.mark.parametrize(("text", "questions"), HEADERS.values(), ids=HEADERS)
def test_missing_doubled_and_impossible_headers(tmp_path: Path, text: str, questions: int):
    path = tmp_path / "headers.en.md"
    path.write_text(text)
    bring(path)
    assert Question.objects.count() == questions
    for question in Question.objects.all():
        question.full_clean()
        assert question.reference

"""The verbs that hand the bank out as question documents, each edition of a document a file of its own.

A whole document is its text as it was imported, with what curators have changed since put in its place, so that it can
be compared with the file it came from. A selection (a topic, a status) is written anew in the house's format.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from django.dispatch import Signal
from django.utils.translation import gettext as _

from questions.documents import (
    PACKED,
    ParsedDocument,
    ParsedQuestion,
    Remark,
    Unwritable,
    ending_of,
    is_markdown,
    pack,
    write,
    write_docx,
)
from questions.documents.source import questions_of, rewrite
from questions.models import Document, Question, Topic
from questions.said import find_topic, said_of

# Questions that were written in the bank and come from no document are handed out under this name.
LOOSE = "questions"
_ENDINGS = {"zh-hans": "zh", "en": "en"}


# Sent by `export_files`, just before it writes, with `selection`, `form` and `exported`: for whoever keeps a log of it.
bank_exported = Signal()


class ExportFailed(Exception):
    """Nothing was written. Its message is for a person: one sentence a line, each naming its document."""


@dataclasses.dataclass(frozen=True)
class Selection:
    """What to hand out; what is empty chooses everything. `topic` is a slug, `statuses` are values of the bank's."""

    document: str = ""
    language: str = ""
    topic: str = ""
    statuses: tuple[str, ...] = ()

    def chosen(self) -> list[Question]:
        """The questions with their documents, topics and points, in the order of their documents."""
        questions = Question.objects.select_related("document", "topic").prefetch_related("points")
        wanted = {"document__name": self.document, "language": self.language, "topic__slug": self.topic}
        questions = questions.filter(**{field: value for field, value in wanted.items() if value})
        if self.statuses:
            questions = questions.filter(status__in=self.statuses)
        return list(questions.order_by("pk"))


@dataclasses.dataclass(frozen=True)
class Exported:
    """One file: its name, its bytes, how many questions it holds, and what its reader should know."""

    file: str
    data: bytes
    questions: int
    remarks: tuple[Remark, ...] = ()

    @property
    def text(self) -> str:
        """What stands in a file that is a text."""
        return self.data.decode("utf-8")


def export_files(folder: Path, selection: Selection, form: str = "md") -> list[Exported]:
    """Write what is chosen into `folder`, which is made if need be; files of the same names are replaced.

    Raises ExportFailed, having written nothing, if a document cannot be written without loss.
    """
    found = export_documents(selection, form)
    bank_exported.send(Selection, selection=selection, form=form, exported=found)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for exported in found:
            _replace(folder / exported.file, exported.data)
    except OSError as error:
        raise ExportFailed(_("The files cannot be written: %(reason)s.") % {"reason": error}) from error
    return found


def export_documents(selection: Selection, form: str = "md") -> list[Exported]:
    """What is chosen as files, in the order of their names. Raises ExportFailed."""
    groups: dict[tuple[str, str], list[Question]] = {}
    loose = _loose_name()
    for question in selection.chosen():
        name = question.document.name if question.document else loose
        groups.setdefault((name, question.language), []).append(question)
    topics = _Topics()
    found, errors = [], []
    for (name, language), questions in sorted(groups.items()):
        file = f"{name}.{_ENDINGS[language]}.{ending_of(form)}"
        try:
            data, remarks = _file(name, language, questions, topics, form)
            found.append(Exported(file, data, len(questions), remarks))
        except Unwritable as error:
            errors.append(f"{file}: {error}")
    if errors:
        raise ExportFailed("\n".join(errors))
    return found


def _file(
    name: str, language: str, questions: list[Question], topics: _Topics, form: str
) -> tuple[bytes, tuple[Remark, ...]]:
    if form in ("md", "docx"):  # Word holds what Markdown holds, what stands around the questions too
        text, remarks = _markdown(name, language, questions, topics)
        return (text.encode("utf-8") if form == "md" else write_docx(text)), remarks
    document = _document(name, language, questions)
    return (pack(document, form) if form in PACKED else write(document, form).encode("utf-8")), ()


def _markdown(name: str, language: str, questions: list[Question], topics: _Topics) -> tuple[str, tuple[Remark, ...]]:
    document = questions[0].document
    if document is None or document.questions.count() != len(questions) or document.language != language:
        return write(_document(name, language, questions), "md"), ()
    if not is_markdown(document.source):
        return write(_document(name, language, questions), "md"), ()
    source = questions_of(document.source)
    said = tuple(_spelled(question, source, topics) for question in questions)
    rewritten = rewrite(document.source, ParsedDocument(name, language, said, (), (), ""))
    return rewritten.text, rewritten.remarks


def _document(name: str, language: str, questions: Iterable[Question]) -> ParsedDocument:
    said = _numbered([said_of(question) for question in questions])
    return ParsedDocument(name, language, tuple(said), problems=(), notes=(), prose="")


def _spelled(question: Question, source: dict[str, ParsedQuestion], topics: _Topics) -> ParsedQuestion:
    """What the bank says, its topic and status in the words of the document where they mean the same."""
    said = said_of(question)
    printed = source.get(said.number)
    if printed is None:
        return said
    topic = printed.topic if topics.find(printed.topic) == question.topic else said.topic
    status = printed.status if printed.status == question.status else said.status
    slug = printed.slug if printed.slug == question.slug else said.slug
    return dataclasses.replace(said, topic=topic, status=status, slug=slug)


def _numbered(questions: list[ParsedQuestion]) -> list[ParsedQuestion]:
    """The questions, those without a number with the next that is free."""
    used = {question.number for question in questions}
    free = (str(number) for number in range(1, 2 * len(questions) + 1) if str(number) not in used)
    return [question if question.number else dataclasses.replace(question, number=next(free)) for question in questions]


def _loose_name() -> str:
    """A name that no document has yet."""
    taken = set(Document.objects.filter(name__startswith=LOOSE).values_list("name", flat=True))
    return next(name for n in range(1, len(taken) + 2) if (name := LOOSE if n == 1 else f"{LOOSE}-{n}") not in taken)


class _Topics:
    """Topics by what documents call them, each looked up once."""

    def __init__(self) -> None:
        self.known: dict[str, Topic | None] = {}

    def find(self, name: str) -> Topic | None:
        if name not in self.known:
            self.known[name] = find_topic(name)
        return self.known[name]


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".export-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

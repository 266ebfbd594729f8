"""Which format a file or a text has, and who reads and writes it. Another format is another row in one of the tables.

A text is read as it is. A packed file holds other things besides: what is read from it is its questions and a text that
says the same, which the bank keeps as the document's source.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from django.utils.translation import gettext as _

from questions.documents import markdown
from questions.documents.csv_format import read_csv, write_csv
from questions.documents.data import FORMAT, Misfit
from questions.documents.decoding import DocumentError
from questions.documents.docx_format import read_docx, write_docx
from questions.documents.json_format import read_json, write_json
from questions.documents.naming import language_of, split_name
from questions.documents.package import LARGEST_TEXT, too_large
from questions.documents.parsed import ParsedDocument, ParsedQuestion, Remark, shorten
from questions.documents.qti_format import read_qti, write_qti
from questions.documents.writing import Unwritable, same, write_document
from questions.documents.xlsx_format import read_xlsx, write_xlsx
from questions.documents.yaml_format import read_yaml, write_yaml
from questions.text import clean_text

_READERS: dict[str, Callable[[str, str], ParsedDocument]] = {"json": read_json, "yaml": read_yaml, "csv": read_csv}
_WRITERS: dict[str, Callable[[ParsedDocument], str]] = {"json": write_json, "yaml": write_yaml, "csv": write_csv}
_ENDINGS = {"yml": "yaml", "yaml": "yaml", "json": "json", "csv": "csv", "xlsx": "xlsx", "docx": "docx", "zip": "qti"}
TEXTS = ("md", *_WRITERS)


@dataclasses.dataclass(frozen=True)
class Unpacked:
    """What a packed file holds: its questions, and a text of one of TEXTS that says the same."""

    document: ParsedDocument
    text: str


def _unpack_xlsx(data: bytes, name: str) -> Unpacked:
    document = read_xlsx(data, name)
    return Unpacked(document, write_csv(document))


def _unpack_docx(data: bytes, name: str) -> Unpacked:
    return Unpacked(*read_docx(data, name))


def _unpack_qti(data: bytes, name: str) -> Unpacked:
    document = read_qti(data, name)
    return Unpacked(document, write_json(document))


def _pack_docx(document: ParsedDocument) -> bytes:
    return write_docx(write_document(document))


_UNPACKERS: dict[str, Callable[[bytes, str], Unpacked]] = {
    "xlsx": _unpack_xlsx,
    "docx": _unpack_docx,
    "qti": _unpack_qti,
}
_PACKERS: dict[str, Callable[[ParsedDocument], bytes]] = {"xlsx": write_xlsx, "docx": _pack_docx, "qti": write_qti}
PACKED = tuple(_PACKERS)
FORMATS = (*TEXTS, *PACKED)


def format_of(name: str) -> str:
    """The format that a file's name says: "md" unless its ending is one of the others."""
    ending = name.rsplit(".", 1)[-1].strip().casefold() if "." in name else ""
    return _ENDINGS.get(ending, "md")


def ending_of(form: str) -> str:
    """The ending of the names of files in one of FORMATS, without its dot."""
    return "zip" if form == "qti" else form


def is_markdown(source: str) -> bool:
    """Whether a text that was imported is Markdown: what we write in other formats begins unmistakably."""
    other = rf"""\s*(?:{{\s*"format"|"?format"?)\s*:\s*"?{FORMAT}|\ufeff?(?:number|题号)[,;\t](?:title|标题)[,;\t]"""
    return not re.match(other, source)


def parse(text: str, name: str) -> ParsedDocument:
    """Read a document in the format that the file's name says; ".zh" or ".en" before its ending tells the language.

    Never raises: what cannot be understood becomes a problem with its line.
    """
    form = format_of(name)
    if form == "md":
        return markdown.parse(text, name)
    try:
        return _READERS[form](text.removeprefix("\ufeff"), name)
    except Misfit as error:
        return _nothing(name, error)


def unpack(data: bytes, name: str) -> Unpacked:
    """As `parse`, from the bytes of a packed file. Raises DocumentError for one that is not what its name says."""
    try:
        unpacked = _UNPACKERS[format_of(name)](data, name)
    except Misfit as error:
        return Unpacked(_nothing(name, error), "")
    if len(unpacked.text.encode("utf-8")) > LARGEST_TEXT:
        raise DocumentError(too_large())
    return unpacked


def write(document: ParsedDocument, form: str) -> str:
    """The document in one of TEXTS, its prose left out. Raises Unwritable if it would not be read as the same."""
    if form == "md":
        return write_document(document)
    text = _WRITERS[form](document)
    _verify(document, parse(text, f"a.{document.language[:2]}.{form}"))
    return text


def pack(document: ParsedDocument, form: str) -> bytes:
    """As `write`, the bytes of a file in one of PACKED."""
    data = _PACKERS[form](document)
    _verify(document, unpack(data, f"a.{document.language[:2]}.{ending_of(form)}").document)
    return data


def _verify(document: ParsedDocument, again: ParsedDocument) -> None:
    if again.problems or not _all_same(document.questions, again.questions):
        reasons = [remark.message for remark in again.problems] or [_("it would be read as something else")]
        raise Unwritable(_("This cannot be written without loss: %(reason)s") % {"reason": shorten(reasons[0], 300)})


def _nothing(name: str, error: Misfit) -> ParsedDocument:
    stem, language = split_name(clean_text(name))
    return ParsedDocument(stem, language or language_of([]), (), (Remark(error.line, str(error)),), (), "")


def _all_same(ones: tuple[ParsedQuestion, ...], others: tuple[ParsedQuestion, ...]) -> bool:
    return len(ones) == len(others) and all(same(one, other) for one, other in zip(ones, others, strict=True))

"""Which format a file or a text has, and who reads and writes it. Another format is another row in `_READERS`."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.utils.translation import gettext as _

from questions.documents import markdown
from questions.documents.data import FORMAT, Misfit
from questions.documents.json_format import read_json, write_json
from questions.documents.naming import language_of, split_name
from questions.documents.parsed import ParsedDocument, ParsedQuestion, Remark, shorten
from questions.documents.table import read_csv, write_csv
from questions.documents.writing import Unwritable, same, write_document
from questions.documents.yaml_format import read_yaml, write_yaml
from questions.text import clean_text

_READERS: dict[str, Callable[[str, str], ParsedDocument]] = {"json": read_json, "yaml": read_yaml, "csv": read_csv}
_WRITERS: dict[str, Callable[[ParsedDocument], str]] = {"json": write_json, "yaml": write_yaml, "csv": write_csv}
_ENDINGS = {"yml": "yaml", "yaml": "yaml", "json": "json", "csv": "csv"}
FORMATS = ("md", *_WRITERS)


def format_of(name: str) -> str:
    """The format that a file's name says: "md" unless its ending is one of the others."""
    ending = name.rsplit(".", 1)[-1].strip().casefold() if "." in name else ""
    return _ENDINGS.get(ending, "md")


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
        stem, language = split_name(clean_text(name))
        return ParsedDocument(stem, language or language_of([]), (), (Remark(error.line, str(error)),), (), "")


def write(document: ParsedDocument, form: str) -> str:
    """The document in one of FORMATS, its prose left out. Raises Unwritable if it would not be read as the same."""
    if form == "md":
        return write_document(document)
    text = _WRITERS[form](document)
    again = parse(text, f"a.{document.language[:2]}.{form}")
    if again.problems or not _all_same(document.questions, again.questions):
        reasons = [remark.message for remark in again.problems] or [_("it would be read as something else")]
        raise Unwritable(_("This cannot be written without loss: %(reason)s") % {"reason": shorten(reasons[0], 300)})
    return text


def _all_same(ones: tuple[ParsedQuestion, ...], others: tuple[ParsedQuestion, ...]) -> bool:
    return len(ones) == len(others) and all(same(one, other) for one, other in zip(ones, others, strict=True))

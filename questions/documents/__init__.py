"""Question documents: bytes → text → plain data, and back. Knows nothing of the database.

`decode`, `parse` and `write` are the door for texts, `unpack` and `pack` for packed files. What they read is described
in `labels` (the words) and `markdown` (the order) for Markdown, in `data` for JSON and YAML, in `table` for rows.
"""

from questions.documents.decoding import DocumentError, decode
from questions.documents.docx_format import write_docx
from questions.documents.formats import (
    FORMATS,
    PACKED,
    TEXTS,
    Unpacked,
    ending_of,
    format_of,
    is_markdown,
    pack,
    parse,
    unpack,
    write,
)
from questions.documents.parsed import ParsedDocument, ParsedPoint, ParsedQuestion, Remark
from questions.documents.writing import Unwritable, write_document

__all__ = [
    "FORMATS",
    "PACKED",
    "TEXTS",
    "DocumentError",
    "ParsedDocument",
    "ParsedPoint",
    "ParsedQuestion",
    "Remark",
    "Unpacked",
    "Unwritable",
    "decode",
    "ending_of",
    "format_of",
    "is_markdown",
    "pack",
    "parse",
    "unpack",
    "write",
    "write_document",
    "write_docx",
]

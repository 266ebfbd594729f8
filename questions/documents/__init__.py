"""Question documents: bytes → text → plain data, and back. Knows nothing of the database.

`decode`, `parse` and `write` are the door; what `parse` reads is described in `labels` (the words) and `markdown` (the
order) for Markdown, in `data` for JSON and YAML.
"""

from questions.documents.decoding import DocumentError, decode
from questions.documents.formats import FORMATS, is_markdown, parse, write
from questions.documents.parsed import ParsedDocument, ParsedPoint, ParsedQuestion, Remark
from questions.documents.writing import Unwritable, write_document

__all__ = [
    "FORMATS",
    "DocumentError",
    "ParsedDocument",
    "ParsedPoint",
    "ParsedQuestion",
    "Remark",
    "Unwritable",
    "decode",
    "is_markdown",
    "parse",
    "write",
    "write_document",
]

"""Question documents: bytes → text → plain data, and back. Knows nothing of the database.

`decode` and `parse` are the door; what `parse` reads is described in `labels` (the words) and `markdown` (the order).
"""

from questions.documents.decoding import DocumentError, decode
from questions.documents.markdown import parse
from questions.documents.parsed import ParsedDocument, ParsedPoint, ParsedQuestion, Remark
from questions.documents.writing import Unwritable, write_document

__all__ = [
    "DocumentError",
    "ParsedDocument",
    "ParsedPoint",
    "ParsedQuestion",
    "Remark",
    "Unwritable",
    "decode",
    "parse",
    "write_document",
]

"""Question documents: bytes → text → plain data. Knows nothing of the database.

`decode` and `parse` are the door; what `parse` reads is described in `labels` (the words) and `markdown` (the order).
"""

from questions.documents.decoding import DocumentError, decode
from questions.documents.markdown import parse
from questions.documents.parsed import ParsedDocument, ParsedPoint, ParsedQuestion, Remark

__all__ = ["DocumentError", "ParsedDocument", "ParsedPoint", "ParsedQuestion", "Remark", "decode", "parse"]

"""One cleaning of text before it reaches the database, for forms, imports and model replies alike."""

import re

# PostgreSQL refuses NUL, UTF-8 refuses lone surrogates; SQLite takes the first and hides the second.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_text(text: str) -> str:
    """`text` with the characters that no database can keep replaced by U+FFFD; all else, blanks included, stays."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)

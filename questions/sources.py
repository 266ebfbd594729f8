"""Files → what an import reads. Whatever is wrong with a file is a DocumentError: a sentence for a person."""

from __future__ import annotations

import dataclasses
import stat
from pathlib import Path

from django.utils.translation import gettext as _

from questions.documents import PACKED, DocumentError, ParsedDocument, decode, format_of, unpack
from questions.text import clean_text

LARGEST_BYTES = 10 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Source:
    """A question document as text; `file` is what reports call it, its last part names the document.

    `unpacked` is what was read from a packed file: then `text` says the same, and is what the bank keeps.
    """

    file: str
    text: str
    unpacked: ParsedDocument | None = None


def read_source(path: Path) -> Source:
    """A file of at most 10 MB, unpacked if its ending says so. Raises DocumentError."""
    return source_of(str(path), _read_bytes(path))


def source_of(file: str, data: bytes) -> Source:
    """What the bytes of a file hold, unpacked if the ending of its name says so. Raises DocumentError."""
    name, file = Path(file).name, clean_text(file)
    if format_of(name) not in PACKED:
        return Source(file, _text_of(data))
    unpacked = unpack(_checked(data), name)
    return Source(file, unpacked.text, unpacked.document)


def read_text(path: Path) -> str:
    """The text of a file of at most 10 MB. Raises DocumentError with a sentence that says what is wrong with it."""
    return _text_of(_read_bytes(path))


def _text_of(data: bytes) -> str:
    text = decode(_checked(data))
    if not text.strip():
        raise DocumentError(_("This file is empty."))
    return text


def _checked(data: bytes) -> bytes:
    if len(data) > LARGEST_BYTES:
        raise DocumentError(too_large())
    if not data:
        raise DocumentError(_("This file is empty."))
    return data


def too_large() -> str:
    """What is said of a file that is larger than `LARGEST_BYTES`."""
    return _("This file is too large: split it into files of at most 10 MB.")


def _read_bytes(path: Path) -> bytes:
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise DocumentError(_("This is a folder: name the files in it."))
        if not stat.S_ISREG(found.st_mode):  # a pipe or a device might never end
            raise DocumentError(_("This is not a file but a device or a pipe: save its text as a file first."))
        if found.st_size > LARGEST_BYTES:
            raise DocumentError(too_large())
        return path.read_bytes()
    except FileNotFoundError:
        raise DocumentError(_("There is no such file.")) from None
    except (OSError, ValueError) as error:
        if isinstance(error, DocumentError):
            raise
        raise DocumentError(_("This file cannot be read: %(reason)s.") % {"reason": error}) from error

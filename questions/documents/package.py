"""Zip packages of XML (.xlsx, .docx, QTI), read with suspicion and written the same each time.

Nothing is unpacked to disk. A package is refused before anything is read from it when it declares too much; what is
read is counted again, and XML with a DTD is refused: without one there are no entities, neither those that grow nor
those that name files.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Mapping

from django.utils.translation import gettext as _

from questions.documents.decoding import DocumentError

MOST_PARTS = 5000
LARGEST_PACKAGE = 200 * 1024 * 1024  # of all parts unpacked, pictures that nobody reads among them
MOST_BYTES = 50 * 1024 * 1024  # of XML that are read, and
MOST_ELEMENTS = 1_000_000  # in one package
DEEPEST = 200
LARGEST_TEXT = 10 * 1024 * 1024  # of what the XML says: as much as a text file may hold
NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")  # characters that XML 1.0 cannot hold
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SLIP = re.compile(r"[/\\]|[A-Za-z]:|(?:.*[/\\])?\.\.(?:[/\\]|$)")
_ALIKE = (1980, 1, 1, 0, 0, 0)  # the same questions give the same bytes


class Package:
    """A zip archive whose parts are read as they are asked for, up to the limits. All errors are DocumentErrors."""

    def __init__(self, data: bytes) -> None:
        if data.startswith(_OLE):
            raise DocumentError(_protected() if _ENCRYPTED in data else _old())
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
            raise DocumentError(_damaged()) from error
        self._parts = {part.filename: part for part in self._archive.infolist()}
        self._bytes = self._elements = 0
        self._check()

    def _check(self) -> None:
        parts = self._archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_PACKAGE:
            raise DocumentError(too_large())
        if len(parts) != len(self._parts) or any(_SLIP.match(part.orig_filename) for part in parts):
            raise DocumentError(_("The names in this file are not those of an honest package: it was not read."))
        if any(part.flag_bits & 1 for part in parts):
            raise DocumentError(_protected())

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def read(self, name: str) -> bytes:
        """The bytes of a part."""
        part = self._parts.get(name)
        if part is None or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DocumentError(_damaged())
        self._bytes += part.file_size
        if self._bytes > MOST_BYTES:
            raise DocumentError(too_large())
        try:
            with self._archive.open(part) as file:  # gives no more than was declared, and compares the checksum there
                return file.read()
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError) as error:
            raise DocumentError(_damaged()) from error

    def xml(self, name: str) -> ET.Element:
        """The root element of a part. Tags and attributes are without their namespaces: producers differ in those."""
        builder = _Builder(MOST_ELEMENTS - self._elements)
        parser = ET.XMLParser(target=builder)  # noqa: S314 (the builder refuses DTDs)
        try:
            parser.feed(self.read(name))
            root = parser.close()
            self._elements += builder.count
            return root
        except (ET.ParseError, ValueError, LookupError) as error:
            if isinstance(error, DocumentError):
                raise
            raise DocumentError(_damaged()) from error

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """What the part `name` points to: identifier → (last word of the relation's type, name of the part).

        Targets outside of the package are left out: nothing is fetched.
        """
        folder, _slash, file = name.rpartition("/")
        relations = f"{folder}/_rels/{file}.rels".lstrip("/")
        if relations not in self:
            return {}
        found = {}
        for relation in self.xml(relations).iter("Relationship"):
            if relation.get("TargetMode", "").casefold() != "external":
                kind = relation.get("Type", "").rsplit("/", 1)[-1]
                found[relation.get("Id", "")] = (kind, _resolved(folder, relation.get("Target", "")))
        return found

    def main_part(self) -> str:
        """The part that holds what the file is about."""
        parts = [part for kind, part in self.related("").values() if kind == "officeDocument"]
        if not parts:
            raise DocumentError(_damaged())
        return parts[0]


class _Builder(ET.TreeBuilder):
    """Builds a tree of at most `most` elements that is not too deep to be walked."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.count = self.depth = 0

    def start(self, tag: str, attrs: dict[str, str]) -> ET.Element:  # type: ignore[override]
        self.count += 1
        self.depth += 1
        if self.count > self.most or self.depth > DEEPEST:
            raise DocumentError(too_large())
        return super().start(_local(tag), {_local(key): value for key, value in attrs.items()})

    def end(self, tag: str) -> ET.Element:
        self.depth -= 1
        return super().end(_local(tag))

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise DocumentError(_("This file declares XML entities (DOCTYPE): it was not read."))


def pack(parts: Mapping[str, str]) -> bytes:
    """A zip package of these texts, in this order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            info = zipfile.ZipInfo(name, _ALIKE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, text.encode("utf-8"))
    return out.getvalue()


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _resolved(folder: str, target: str) -> str:
    """The name of a part from a target that is absolute ("/xl/a.xml") or relative to `folder`."""
    if target.startswith("/"):
        return target[1:]
    path = folder.split("/") if folder else []
    for step in target.split("/"):
        if step == ".." and path:
            path.pop()
        elif step not in ("", ".", ".."):
            path.append(step)
    return "/".join(path)


def _protected() -> str:
    return _("This file is protected: save it without a password and try again.")


def _old() -> str:
    return _("This is a file of an older Office: save it as .docx or .xlsx and try again.")


def _damaged() -> str:
    return _("This file is damaged or not what its name says: open it in its program and save it again.")


def too_large() -> str:
    """What is said of a file that holds too much."""
    return _("Unpacked, this file is too large: split it into smaller ones.")

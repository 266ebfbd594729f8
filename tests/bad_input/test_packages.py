"""Packed files that are not what they say: bombs, slips, torn and protected ones. A sentence stops the run."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from questions.documents import DocumentError, ParsedDocument, ParsedQuestion, ending_of, pack, package, unpack
from questions.models import Document, Question
from tests.questions.packages import OLE, cells, unzipped, workbook, zipped

pytestmark = pytest.mark.django_db

FORMS = ["xlsx", "docx", "qti"]
GOOD = ParsedDocument("a", "en", (ParsedQuestion("1", 0, "Why?", "Why, then?", "Because."),), (), (), "")
MAIN = {"xlsx": "xl/worksheets/sheet1.xml", "docx": "word/document.xml", "qti": "items/q1.xml"}
LAUGHS = '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
FILES = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
DAMAGED, DISHONEST = "damaged or not what its name says", "honest package"
PROTECTED, LARGE = "without a password", "Unpacked, this file is too large"


class Good:
    """A good package of a format, to be spoilt."""

    def __init__(self, form: str) -> None:
        self.main = MAIN[form]
        self.data = pack(GOOD, form)
        self.parts = unzipped(self.data)

    def plus(self, parts: Mapping[str, str | bytes]) -> bytes:
        return zipped({**self.parts, **parts})

    def changed(self, change: Callable[[str], str]) -> bytes:
        """With the text of the main part changed."""
        return self.plus({self.main: change(self.parts[self.main])})

    def declaring(self, doctype: str) -> bytes:
        return self.changed(lambda text: text.replace("?>", f"?>{doctype}", 1))

    def without_main(self) -> bytes:
        return zipped({name: text for name, text in self.parts.items() if name != self.main})

    def marked(self) -> bytes:
        """With every part marked as encrypted."""
        data = bytearray(self.data)
        for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            for match in re.finditer(re.escape(mark), self.data):
                data[match.start() + offset] |= 1
        return bytes(data)

    def lying(self) -> bytes:
        """With a main part that declares to be ten bytes long."""
        data = bytearray(self.data)
        name = self.main.encode()
        for mark, size, path in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
            for match in re.finditer(re.escape(mark), self.data):
                if self.data.startswith(name, match.start() + path):
                    struct.pack_into("<I", data, match.start() + size, 10)
        return bytes(data)

    def packed_as(self, method: int) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            for name, content in self.parts.items():
                archive.writestr(name, content)
        return file.getvalue()

    def doubled(self) -> bytes:
        file = io.BytesIO(self.data)
        with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(file, "a") as archive:
            archive.writestr(self.main, "<a/>")
        return file.getvalue()


ENCRYPTED = OLE + bytes(3000) + "EncryptedPackage".encode("utf-16-le") + bytes(99)
# What becomes of a good package → a word of the sentence.
BAD: dict[str, tuple[Callable[[Good], bytes], str]] = {
    "empty": (lambda good: b"", "This file is empty"),
    "text": (lambda good: b"title,prompt\nWhy?,Why?\n", DAMAGED),
    "torn": (lambda good: good.data[:-200], DAMAGED),
    "torn at its beginning": (lambda good: good.data[len(good.data) // 2 :], DAMAGED),
    "an empty archive": (lambda good: zipped({}), f"{DAMAGED}|no QTI package"),
    "another archive": (lambda good: zipped({"a.md": "### 1. Why?"}), f"{DAMAGED}|no QTI package"),
    "without its main part": (Good.without_main, DAMAGED),
    "no XML": (lambda good: good.changed(lambda text: "Why?"), DAMAGED),
    "torn XML": (lambda good: good.changed(lambda text: text[:-20]), DAMAGED),
    "an encoding that is none": (lambda good: good.changed(lambda text: text.replace("UTF-8", "X-NONE", 1)), DAMAGED),
    "encrypted by Office": (lambda good: ENCRYPTED, PROTECTED),
    "of an older Office": (lambda good: OLE + bytes(5000), "older Office"),
    "an encrypted archive": (Good.marked, PROTECTED),
    "a zip slip": (lambda good: good.plus({"../../etc/cron.d/x": "x"}), DISHONEST),
    "an absolute name": (lambda good: good.plus({"/etc/passwd": "x"}), DISHONEST),
    "a slip for Windows": (lambda good: good.plus({"a\\..\\..\\x": "x"}), DISHONEST),
    "a part twice": (Good.doubled, DISHONEST),
    "a bomb beside": (lambda good: good.plus({"media/x": bytes(201 * 2**20)}), LARGE),
    "a bomb": (lambda good: good.changed(lambda text: text.replace("Why", "W" * (51 * 2**20), 1)), LARGE),
    "more text than a text file may hold": (
        lambda good: good.changed(lambda text: text.replace("Because", "W" * (10 * 2**20), 1)),
        LARGE,
    ),
    "a part that lies about its size": (Good.lying, DAMAGED),
    "too many parts": (lambda good: good.plus({f"p{n}": "" for n in range(5001)}), LARGE),
    "another method of packing": (lambda good: good.packed_as(zipfile.ZIP_LZMA), DAMAGED),
    "a million laughs": (lambda good: good.declaring(LAUGHS), "DOCTYPE"),
    "a file of ours": (lambda good: good.declaring(FILES), "DOCTYPE"),
    "a DTD from elsewhere": (lambda good: good.declaring('<!DOCTYPE l SYSTEM "http://x/">'), "DOCTYPE"),
    "too deep": (lambda good: good.changed(lambda text: "<a>" * 100_000 + "</a>" * 100_000), LARGE),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("make", "sentence"), BAD.values(), ids=BAD)
def test_a_package_that_cannot_be_read_stops_the_run(tmp_path: Path, form: str, make, sentence: str):
    (tmp_path / "good.en.md").write_text("### 1. Why?\n\n**Question:** Why?\n\n**Answer:** Because.\n")
    bad = tmp_path / f"bad.en.{ending_of(form)}"
    bad.write_bytes(make(Good(form)))
    with pytest.raises(CommandError, match=sentence) as error:
        call_command("import_questions", str(tmp_path / "good.en.md"), str(bad), stdout=io.StringIO())
    assert str(error.value).count("\n") == 0 and f"{bad.name}: " in str(error.value)
    assert not Question.objects.exists() and not Document.objects.exists()


@pytest.mark.parametrize("form", FORMS)
def test_the_package_that_is_made_bad_is_good(tmp_path: Path, form: str):
    path = tmp_path / f"good.en.{ending_of(form)}"
    path.write_bytes(Good(form).changed(lambda text: text))
    call_command("import_questions", str(path), stdout=io.StringIO())
    assert Question.objects.get().reference == "Because."


def test_elements_are_counted_over_all_parts(monkeypatch: pytest.MonkeyPatch):
    data = zipped(workbook(cells("title", "prompt") + cells("a", "b") * 100))
    assert len(unpack(data, "a.xlsx").document.questions) == 100
    monkeypatch.setattr(package, "MOST_ELEMENTS", 200)
    with pytest.raises(DocumentError, match=LARGE):
        unpack(data, "a.xlsx")


@pytest.mark.parametrize("target", ["file:///etc/passwd", "http://127.0.0.1:1/", "worksheets/sheet1.xml"])
def test_nothing_outside_of_the_package_is_looked_at(target: str):
    parts = workbook(cells("title", "prompt") + cells("a", "b"))
    assert len(unpack(zipped(parts), "a.xlsx").document.questions) == 1
    outside = f'<Relationship Id="rId1" Type="x/worksheet" Target="{target}" TargetMode="External"/>'
    parts["xl/_rels/workbook.xml.rels"] = f"<Relationships>{outside}</Relationships>"
    assert unpack(zipped(parts), "a.xlsx").document.questions == ()


def test_a_document_is_no_workbook():
    with pytest.raises(DocumentError, match="no Excel workbook"):
        unpack(pack(GOOD, "docx"), "a.xlsx")
    with pytest.raises(DocumentError, match="no Word document"):
        unpack(pack(GOOD, "xlsx"), "a.docx")

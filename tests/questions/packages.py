"""Packed files made by hand, for tests: archives with any parts, honest or not."""

from __future__ import annotations

import io
import zipfile

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def zipped(parts: dict[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def unzipped(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def relations(*targets: tuple[str, str]) -> str:
    """A part of relations rId1, rId2 … from (kind, target)."""
    rows = [
        f'<Relationship Id="rId{place}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for place, (kind, target) in enumerate(targets, start=1)
    ]
    return f"<Relationships>{''.join(rows)}</Relationships>"


def office(main: str, content: str, **parts: str | bytes) -> dict[str, str | bytes]:
    """The parts of an Office file whose main part is `content`."""
    return {"_rels/.rels": relations(("officeDocument", main)), main: content, **parts}


def workbook(sheet: str, **parts: str | bytes) -> dict[str, str | bytes]:
    """The parts of a workbook whose only sheet has these rows, as XML."""
    book = '<workbook><sheets><sheet name="One" sheetId="1" id="rId1"/></sheets></workbook>'
    found = office("xl/workbook.xml", book, **parts)
    found["xl/_rels/workbook.xml.rels"] = relations(
        ("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")
    )
    found.setdefault("xl/sharedStrings.xml", "<sst/>")
    found.setdefault("xl/styles.xml", "<styleSheet/>")
    found["xl/worksheets/sheet1.xml"] = f"<worksheet><sheetData>{sheet}</sheetData></worksheet>"
    return found


def cells(*texts: str) -> str:
    """A row of texts."""
    return "<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts) + "</row>"

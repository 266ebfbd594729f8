"""Questions ↔ a QTI 3 package (.zip): a manifest, and an item with an extended-text interaction for each question.

Texts are paragraphs of XHTML that hold Markdown as it is: an empty line begins a paragraph, `br` a line. The elements
are in `qti_parts`. Packages of other programs are read as far as they use the same ones.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from questions.documents.data import Misfit, collected
from questions.documents.decoding import DocumentError
from questions.documents.naming import split_name
from questions.documents.package import NOT_XML, Package, pack
from questions.documents.parsed import ParsedDocument
from questions.documents.qti_parts import (
    EXAMPLES,
    EXPLANATION,
    ITEM_TYPE,
    LEVELS,
    LIFE,
    MANIFEST,
    MODEL_ANSWER,
    NUMBER,
    POINTS,
    SLUG,
    item_part,
    manifest_part,
)
from questions.documents.writing import Unwritable
from questions.text import clean_text

_SPAN = re.compile(r"PT(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?")
_BLOCKS = {"reference": MODEL_ANSWER, "explanation": EXPLANATION, "examples": EXAMPLES}


def write_qti(document: ParsedDocument) -> bytes:
    """The questions as a QTI 3 package. Raises Unwritable for characters that XML does not know."""
    files = {f"items/q{place}.xml": question for place, question in enumerate(document.questions, start=1)}
    parts = {MANIFEST: manifest_part(document, files)}
    parts |= {file: item_part(question, document.language, file) for file, question in files.items()}
    for text in parts.values():
        if found := NOT_XML.search(text):
            message = _("QTI cannot hold the character U+%(code)04X: correct it in the bank first.")
            raise Unwritable(message % {"code": ord(found[0])})
    return pack(parts)


def read_qti(data: bytes, name: str) -> ParsedDocument:
    """The inverse of `write_qti`; lines are items. Raises Misfit, and DocumentError for what is no package."""
    package = Package(data)
    if MANIFEST not in package or (manifest := package.xml(MANIFEST)).tag != "manifest":
        raise DocumentError(_("This is no QTI package: it has no “imsmanifest.xml”."))
    resources = [one for one in manifest.iter("resource") if one.get("type", "").startswith(ITEM_TYPE)]
    if not resources:
        raise Misfit(_("This package has no items of QTI 3."))
    items = [(one, package.xml(one.get("href", ""))) for one in resources]
    stem, language = split_name(clean_text(name))
    said = (items[0][1].get("lang") or "")[:2].casefold()
    rows = [(place, _row(resource, item)) for place, (resource, item) in enumerate(items, start=1)]
    return collected(stem, language or {"zh": "zh-hans", "en": "en"}.get(said, ""), rows)


def _row(resource: ET.Element, item: ET.Element) -> dict[str, Any] | Misfit:
    interaction = item.find(".//qti-extended-text-interaction")
    body = item.find("qti-item-body")
    if interaction is None or body is None:
        return Misfit(_("Only items with an extended-text interaction are read."))
    blocks = {block.get("class", ""): block for block in body.iter("qti-rubric-block")}
    prompt = _text(interaction.find("qti-prompt"))
    row: dict[str, Any] = {
        "title": item.get("title", ""),
        "prompt": prompt if prompt.strip() else _around(body),
        "kind": "coding" if interaction.get("format") == "preformatted" else "discussion",
        **{key: _text(_content(blocks.get(name))) for key, name in _BLOCKS.items()},
        **_described(resource),
    }
    if POINTS in blocks:
        row["points"] = [_point(entry) for entry in blocks[POINTS].iter("li")]
    return row


def _described(resource: ET.Element) -> dict[str, Any]:
    """What the metadata say; what they leave open is left out."""
    names = {one.findtext("catalog", ""): one.findtext("entry", "") for one in resource.iter("identifier")}
    span = _SPAN.fullmatch(resource.findtext(".//typicalLearningTime/duration", "").strip())
    found: dict[str, Any] = {
        "number": names.get(NUMBER),
        "slug": names.get(SLUG),
        "tags": [one.findtext("string", "") for one in resource.iter("keyword")],
        "topic": resource.findtext(".//classification/taxonPath/taxon/entry/string"),
        "difficulty": LEVELS.get(resource.findtext(".//educational/difficulty/value", "")),
        "status": LIFE.get(resource.findtext(".//lifeCycle/status/value", "")),
        "seconds": sum(int(part or 0) * size for part, size in zip(span.groups(), (3600, 60, 1), strict=True))
        if span and any(span.groups())
        else None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _point(entry: ET.Element) -> dict[str, Any]:
    name = next((one for one in entry.iter("p") if one.get("class") == "name"), None)
    text = next((one for one in entry.iter("div") if one.get("class") == "text"), entry)
    try:
        weight: Any = float(entry.get("data-weight", "1"))
    except ValueError:
        weight = entry.get("data-weight")
    kind = entry.get("data-kind", "must")
    return {"name": "" if name is None else _line(name), "text": _text(text), "kind": kind, "weight": weight}


def _content(block: ET.Element | None) -> ET.Element | None:
    if block is None:
        return None
    found = block.find("qti-content-body")
    return block if found is None else found


def _around(body: ET.Element) -> str:
    """What stands in an item beside its interaction and what is for scorers, where it has no prompt."""
    return "\n\n".join(_blocks(body, {"qti-rubric-block", "qti-extended-text-interaction"})).strip()


def _text(element: ET.Element | None) -> str:
    return "" if element is None else "\n\n".join(_blocks(element, set()))


def _blocks(element: ET.Element, left_out: set[str]) -> Iterator[str]:
    """The paragraphs of an element; text of its own, unless blank, is one too."""
    if (element.text or "").strip():
        yield (element.text or "").strip()
    for child in element:
        if child.tag in ("div", "section", "ul", "ol", "blockquote"):
            yield from _blocks(child, left_out)
        elif child.tag not in left_out:
            yield _line(child)
        if (child.tail or "").strip():
            yield (child.tail or "").strip()


def _line(element: ET.Element) -> str:
    parts = [element.text or ""]
    for child in element:
        parts += ["\n" if child.tag == "br" else _line(child), child.tail or ""]
    return "".join(parts)

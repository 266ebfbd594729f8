"""Collect every translatable string and bring the Chinese catalogue up to date: `make messages`.

Babel reads the Python code; templates pass through Django's own `templatize` first, so no gettext tools are needed.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "locale/zh_Hans/LC_MESSAGES/django.po"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PACKAGES = ("interviewer", "questions")
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip


def sources() -> Iterator[tuple[str, bytes]]:
    """Relative path and Python text of everything that may hold a string for people."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_bytes()
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix in (".html", ".txt"):
            text = templatize(path.read_text(encoding="utf-8"))
            # Indentation means nothing in a template but a lot to Python's tokenizer.
            yield str(path.relative_to(ROOT)), "\n".join(line.strip() for line in text.splitlines()).encode()


def collect() -> Catalog:
    """A catalogue of every string in use, without translations."""
    template = Catalog(charset="utf-8")
    for path, text in sources():
        for _line, message, comments, context in extract("python", io.BytesIO(text), KEYWORDS):
            template.add(message, locations=[(path, None)], auto_comments=comments, context=context)
    return template


def read() -> Catalog:
    """The Chinese catalogue as it is."""
    if not CATALOGUE.exists():
        return Catalog(locale="zh_Hans", fuzzy=False)
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def main() -> None:
    catalogue = read()
    catalogue.update(collect(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.project, catalogue.version, catalogue.header_comment = "Mock interviewer", "", "# Simplified Chinese"
    # No dates and names in the header: they would change with every run. Git knows both.
    catalogue.creation_date = catalogue.revision_date = EPOCH
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, width=120, omit_header=False, sort_output=True)
    left = [message.id for message in catalogue if message.id and not all_translated(message.string)]
    print(f"{len(catalogue)} strings, {len(left)} without a translation")
    for text in left:
        print("  ", text)


def all_translated(string: object) -> bool:
    """Whether a message's translation is there, in every plural form."""
    return all(string) if isinstance(string, (tuple, list)) else bool(string)


if __name__ == "__main__":
    sys.exit(main())

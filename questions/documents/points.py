"""Rubric points from the text of an answer."""

from __future__ import annotations

import re

from questions.documents.lines import block_tokens
from questions.documents.parsed import NAME_LENGTH, ParsedPoint, shorten
from questions.frozen import PointKind

MOST_POINTS = 40
MOST_SENTENCES = 6
LONGEST_LEAD = 300
_MARKER = re.compile(r"\s*(?:[-+*]|\d{1,9}[.)])(?:\s+|$)")
_LEAD = re.compile(r"(\*\*|__)(?P<name>[^*_\n]{1,300}?)\s*[:：]?\s*\1\s*[:：]?\s*")
# List items that Markdown does not know: "1、…", "（1）…", "①…", "•…", "1.…" without a blank.
_CHINESE_ITEM = re.compile(r"\s*(?:\d{1,3}[.．、)）]|[(（]\d{1,3}[)）]|[①-⑳]|[•·●])\s*(?=\D)")
_SENTENCE_END = re.compile(r"(?<=[。！？!?；;])\s*|(?<=\.)\s+")


def points_of(text: str, kind: PointKind = "must") -> tuple[list[ParsedPoint], list[str]]:
    """The points that `text` lists, else its paragraphs or sentences (at most 6), and the lines that became none.

    A name that two lists share is one point, with both texts.
    """
    items, rest = list_items(text)
    if not items:
        return [ParsedPoint("", part, kind) for part in _parts(text)], []
    merged: dict[tuple[str, int], list[str]] = {}
    for place, item in enumerate(items):
        name, words = named(item)
        merged.setdefault((name, -1 if name else place), []).append(words)
    return [ParsedPoint(name, "\n".join(texts), kind) for (name, _place), texts in merged.items()], rest


def named(item: str) -> tuple[str, str]:
    """(the name that leads in bold, the rest); a name too long for its field is cut and stays in the text."""
    match = _LEAD.match(item, 0, 2 * LONGEST_LEAD)
    if not match:
        return "", item
    name = match["name"].strip()
    text = item[match.end() :].strip() or name
    if len(name) > NAME_LENGTH:
        return shorten(name, NAME_LENGTH), item
    return name, text


def list_items(text: str) -> tuple[list[str], list[str]]:
    """(the top-level list items of `text` without their markers, the lines outside of them)."""
    lines = text.split("\n")
    spans = [token.map for token in block_tokens(text) if token.type == "list_item_open" and token.level == 1]
    if not spans:
        return _chinese_items(lines)
    inside = {number for span in spans if span for number in range(*span)}
    items = [_item(lines[span[0] : span[1]]) for span in spans if span]
    rest = [line for number, line in enumerate(lines) if number not in inside and line.strip()]
    return [item for item in items if item], rest


def _item(lines: list[str]) -> str:
    match = _MARKER.match(lines[0])
    offset = match.end() if match else 0
    indent = " " * offset
    others = [line.removeprefix(indent) if line.startswith(indent) else line.lstrip() for line in lines[1:]]
    return "\n".join([lines[0][offset:], *others]).strip()


def _chinese_items(lines: list[str]) -> tuple[list[str], list[str]]:
    starts = [number for number, line in enumerate(lines) if _CHINESE_ITEM.match(line)]
    if len(starts) < 2:
        return [], lines
    ends = [*starts[1:], len(lines)]
    items = ["\n".join(lines[start:end]).strip() for start, end in zip(starts, ends, strict=True)]
    return [_CHINESE_ITEM.sub("", item, count=1) for item in items], [x for x in lines[: starts[0]] if x.strip()]


def _parts(text: str) -> list[str]:
    """Paragraphs, or the sentences of a single one; code stands for itself only where there is nothing else."""
    lines = text.split("\n")
    blocks = [token for token in block_tokens(text) if token.level == 0 and token.map and token.nesting >= 0]
    spans = [token.map for token in blocks if token.type in ("paragraph_open", "blockquote_open")]
    paragraphs = ["\n".join(lines[span[0] : span[1]]).strip() for span in spans if span]
    if not paragraphs:
        return [text.strip()] if text.strip() else []
    if len(paragraphs) == 1:
        paragraphs = [part for sentence in _SENTENCE_END.split(paragraphs[0]) if (part := sentence.strip())]
    return _grouped(paragraphs)


def _grouped(parts: list[str]) -> list[str]:
    size = -(-len(parts) // MOST_SENTENCES) or 1
    groups = [parts[start : start + size] for start in range(0, len(parts), size)]
    return [("" if group[0].endswith(("。", "！", "？", "；")) else " ").join(group) for group in groups]

"""Markdown text → its lines, each knowing whether it is code, a heading, or stands in a list."""

from __future__ import annotations

import dataclasses
import re
from itertools import accumulate

from markdown_it import MarkdownIt
from markdown_it.token import Token

from questions.text import clean_text

# Block structure only. Without `lheading` a rule right below a paragraph does not turn that paragraph into a heading.
_MARKDOWN = MarkdownIt("commonmark").disable(["inline", "reference", "lheading"])
_MARKERS = re.compile(r"(?:\s*(?:[-+*]|(?P<number>\d{1,9})[.)])(?=\s|$)){1,8}\s*")
_FENCE_END = re.compile(r"\s*(?:`{3,}|~{3,})\s*$")
# "##Title": a heading for its author, though not for CommonMark.
_TIGHT_HEADING = re.compile(r" {0,3}(#{2,6})(?=[^#\s!])")


@dataclasses.dataclass
class Line:
    """One source line. `level` is a heading's (0 for others), `depth` counts the list items around the line.

    `content` is the text without indentation, heading marks and list marker; `marker` the number of its list item.
    """

    index: int
    text: str
    content: str = ""
    level: int = 0
    depth: int = 0
    marker: str = ""
    is_item: bool = False
    is_code: bool = False
    is_rule: bool = False

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()

    @property
    def label_depth(self) -> int:
        """As `depth`, but a line at the margin belongs to no list: authors rarely mean a lazy continuation."""
        return self.depth if self.is_item or self.text[:1].isspace() else 0


def plain_lines(text: str) -> str:
    """`text` as it is read: storable, without a mark at its beginning, lines ending in \\n."""
    return clean_text(text).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def block_tokens(text: str) -> list[Token]:
    """The block tokens of `text`, with line maps, without inline parsing."""
    return _MARKDOWN.parse(text)


def read_lines(text: str) -> tuple[list[Line], int | None]:
    """The lines of `text` (line ends normalised to \\n) and the index of a code fence that is never closed, if any."""
    lines = [Line(index, line, line.strip()) for index, line in enumerate(text.split("\n"))]
    steps = [0] * (len(lines) + 1)
    unclosed = None
    for token in block_tokens(text):
        if token.map is None or token.nesting < 0:
            continue
        start, end = token.map[0], min(token.map[1], len(lines))
        if token.type == "list_item_open":
            steps[start] += 1
            steps[end] -= 1
            lines[start].is_item = True
        elif token.type in ("fence", "code_block", "html_block"):
            _mark_code(lines[start:end])
            if token.type == "fence" and token.level == 0 and not _is_closed(lines[start:end], token):
                unclosed = start
        elif token.level == 0:
            _mark_block(lines[start], token)
    _mark_lists(lines, steps)
    return lines, unclosed


def _mark_code(lines: list[Line]) -> None:
    for line in lines:
        line.is_code = True


def _is_closed(lines: list[Line], token: Token) -> bool:
    last = lines[-1].text.strip()
    return len(lines) > 1 and bool(_FENCE_END.match(last)) and last.startswith(token.markup)


def _mark_block(line: Line, token: Token) -> None:
    if token.type == "heading_open":
        line.level = int(token.tag[1:])
        line.content = line.content.lstrip("#").strip().rstrip("#").rstrip()
    elif token.type == "hr":
        line.is_rule = True


def _mark_lists(lines: list[Line], steps: list[int]) -> None:
    for line, depth in zip(lines, accumulate(steps), strict=False):
        line.depth = depth
        if line.is_item and not line.is_code and (match := _MARKERS.match(line.text)):
            line.content = line.text[match.end() :].strip()
            line.marker = match["number"] or ""
        elif not depth and not line.level and not line.is_code and (match := _TIGHT_HEADING.match(line.text)):
            line.level = len(match[1])
            line.content = line.content.lstrip("#").strip()

"""Paragraphs as a word processor has them ↔ the lines of Markdown.

What is typed counts as Markdown: a paragraph's text is its line. Styles add the marks: headings, lists, bold, code.
Text that no style can hold exactly stands as `literal` Markdown.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Literal

from questions.documents.labels import match_label
from questions.documents.lines import block_tokens, plain_lines

Kind = Literal["text", "heading", "item", "more", "code", "literal"]
_FENCE = re.compile(r"(`{3,}|~{3,})")
_ITEM = re.compile(r"(?P<indent> *)(?P<marker>-|\d{1,9}[.)]) (?P<text>\S.*)")
_INLINE = re.compile(r"\*\*(?P<bold>[^*`\n]+)\*\*|(?<![`\\])`(?P<code>[^`\n]+)`(?!`)")
_BLANKS = " \t\n"


@dataclasses.dataclass(frozen=True)
class Run:
    """Text that looks the same throughout."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False


@dataclasses.dataclass(frozen=True)
class Paragraph:
    """A paragraph. `level` is a heading's (from 1) or an item's depth (from 0), `marker` an item's ("-", "2.").

    `name` tells lists apart, `is_tight` leaves no blank line below, `place` is the paragraph's in its file (from 1).
    "more" goes on with the item above.
    """

    runs: tuple[Run, ...]
    kind: Kind = "text"
    level: int = 0
    marker: str = ""
    name: str = ""
    is_tight: bool = False
    place: int = 0

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclasses.dataclass(frozen=True)
class Placed:
    """A line of Markdown and the place of the paragraph that it is from."""

    text: str
    place: int


# --- Paragraphs → lines ---


def lines_of(paragraphs: Iterable[Paragraph]) -> list[Placed]:
    """The Markdown that `paragraphs` say. Empty ones only part the items of a list."""
    found: list[Placed] = []
    indents: list[int] = []
    before: Paragraph | None = None
    parted = False
    for block in _blocks(paragraphs):
        if block[0].kind == "more" and (not indents or match_label(marked(block[0].runs).strip())):
            block = [dataclasses.replace(block[0], kind="text")]
        paragraph = block[0]
        if not any(one.text.strip(_BLANKS) for one in block):
            parted = True
            continue
        if before and _gap(before, paragraph, parted):
            found.append(Placed("", paragraph.place))
        found += _block_lines(block, indents)
        before, parted = block[-1], False
    return found


def _blocks(paragraphs: Iterable[Paragraph]) -> Iterator[list[Paragraph]]:
    """Single paragraphs, but lines of code together."""
    for code, group in groupby(paragraphs, key=lambda one: one.kind == "code" and not _is_fence(one.text.split("\n"))):
        if code:
            yield list(group)
        else:
            yield from ([paragraph] for paragraph in group)


def _gap(before: Paragraph, paragraph: Paragraph, parted: bool) -> bool:
    """Whether a blank line stands between two paragraphs."""
    if before.is_tight:
        return False
    if before.kind in ("item", "more") and paragraph.kind == "more":
        return parted
    if before.kind in ("item", "more") and paragraph.kind == "item":
        return parted or (not paragraph.level and before.kind == "item" and before.name != paragraph.name)
    return True


def _block_lines(block: list[Paragraph], indents: list[int]) -> list[Placed]:
    paragraph = block[0]
    if paragraph.kind == "code":
        return _code(block)
    if paragraph.kind == "literal":
        texts = paragraph.text.split("\n")
    elif paragraph.kind == "heading":
        title = " ".join(marked(paragraph.runs, emphasis=False).split("\n")).strip()
        texts = [f"{'#' * min(paragraph.level, 6)} {title}"]
    else:
        texts = [line.strip(" \t") for line in marked(paragraph.runs).strip(_BLANKS).split("\n")]
    if paragraph.kind == "item":
        del indents[paragraph.level :]
        indent = sum(indents)
        indents.append(len(paragraph.marker) + 1)
        texts = [f"{' ' * indent}{paragraph.marker} {texts[0]}", *_indented(texts[1:], indents)]
    elif paragraph.kind == "more":
        texts = _indented(texts, indents)
    else:
        indents.clear()
    return [Placed(text, paragraph.place) for text in texts]


def _indented(texts: list[str], indents: list[int]) -> list[str]:
    return [" " * sum(indents) + text if text else "" for text in texts]


def _code(block: list[Paragraph]) -> list[Placed]:
    lines = [Placed(text, paragraph.place) for paragraph in block for text in paragraph.text.split("\n")]
    while lines and not lines[-1].text.strip():
        lines.pop()
    while lines and not lines[0].text.strip():
        del lines[0]
    if _is_fence([line.text for line in lines]):
        return lines
    marks = "`" * max([3, *(len(run) + 1 for line in lines for run in re.findall("`{3,}", line.text))])
    return [Placed(marks, lines[0].place), *lines, Placed(marks, lines[-1].place)]


def _is_fence(lines: list[str]) -> bool:
    """Whether the lines bring their own marks of a code block."""
    match = _FENCE.match(lines[0])
    return match is not None and len(lines) > 1 and lines[-1].strip() == match[1]


def marked(runs: Iterable[Run], emphasis: bool = True) -> str:
    """The runs as a line of Markdown; blanks at the ends of what is bold stand outside of the marks."""
    runs = [run if emphasis else dataclasses.replace(run, bold=False, italic=False) for run in runs if run.text]
    parts: list[str] = []
    for marks, group in groupby(runs, key=_marks):
        text = "".join(run.text for run in group)
        if parts and parts[-1].endswith(("：**", ":**")) and text[:1].isalnum():
            parts.append(" ")  # else no reader of Markdown takes the marks for the end of what is bold
        parts += _wrapped(text, marks) if marks else [text]
    return "".join(parts)


def is_code(runs: Iterable[Run]) -> bool:
    """Whether all of a paragraph is code: then it is a block of code."""
    runs = [run for run in runs if run.text.strip()]
    return bool(runs) and all(run.code for run in runs)


def _marks(run: Run) -> str:
    return "`" if run.code else "**" * run.bold + "*" * run.italic


def _wrapped(text: str, marks: str) -> Iterator[str]:
    """`text` within `marks`, line by line."""
    for part in re.split("(\n)", text):
        inner = part.strip()
        start = part.find(inner)
        yield part[:start] + marks + inner + marks + part[start + len(inner) :] if inner else part


# --- Lines → paragraphs ---


def paragraphs_of(text: str, exact: bool = False) -> list[Paragraph]:
    """Paragraphs that say the Markdown in `text`, each block in the best shape that gives its lines back.

    Unless `exact`, several blank lines become one.
    """
    lines = plain_lines(text).split("\n")
    found: list[Paragraph] = []
    end = 0
    for start, after, kind in _spans(text, lines):
        block = _best(lines[start:after], kind, len(found))
        blank = start - end
        if found and not blank and _gap(found[-1], block[0], False):
            if found[-1].kind == "heading" and exact:  # all headings keep with what is below them, which says nothing
                found[-1] = literal([line.text for line in lines_of(found[-1:])])
            found[-1] = dataclasses.replace(found[-1], is_tight=found[-1].kind != "heading")
        elif found and exact and blank != _gap(found[-1], block[0], False):
            block = [literal([*[""] * (blank - 1), *lines[start:after]])]
        found += block
        end = after
    return found


def _spans(text: str, lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """First line, line after the last and kind of each block."""
    for token in block_tokens(plain_lines(text)):
        if token.level or token.map is None or token.nesting < 0:
            continue
        start, after = token.map[0], min(token.map[1], len(lines))
        while after - 1 > start and not lines[after - 1].strip(" \t"):
            after -= 1
        yield start, after, token.type


def _best(lines: list[str], kind: str, name: int) -> list[Paragraph]:
    shaped: list[Paragraph] = []
    if kind == "heading_open":
        shaped = _heading(lines)
    elif kind == "fence":
        shaped = [Paragraph((Run("\n".join(lines)),), "code")]
    elif kind in ("bullet_list_open", "ordered_list_open"):
        shaped = _items(lines, str(name))
    elif kind == "paragraph_open":
        runs = _runs("\n".join(lines))
        shaped = [] if is_code(runs) else [Paragraph(runs)]
    return shaped if [line.text for line in lines_of(shaped)] == lines else [literal(lines)]


def literal(lines: list[str]) -> Paragraph:
    """Lines to the letter."""
    return Paragraph((Run("\n".join(lines)),), "literal")


def _heading(lines: list[str]) -> list[Paragraph]:
    marks, _blank, title = lines[0].partition(" ")
    return [Paragraph((Run(title),), "heading", level=len(marks))]


def _items(lines: list[str], name: str) -> list[Paragraph]:
    """The items of a list, those of lists within it too; [] where it has another shape."""
    found: list[Paragraph] = []
    texts: list[list[str]] = []
    indents: list[int] = []
    for line in lines:
        match = _ITEM.fullmatch(line)
        level = _level(len(match["indent"]), indents) if match else None
        if match and level is not None:
            marker = match["marker"]
            indents = [*indents[:level], len(marker) + 1]
            found.append(Paragraph((), "item", level, marker, name))
            texts.append([match["text"]])
        elif not line:
            found.append(Paragraph(()))
            texts.append([])
        elif found and found[-1].kind == "item" and line.startswith(" " * sum(indents)):
            texts[-1].append(line[sum(indents) :])
        else:
            return []
    shaped = [dataclasses.replace(item, runs=_runs("\n".join(text))) for item, text in zip(found, texts, strict=True)]
    return shaped if _is_counted(shaped) else []


def _level(indent: int, indents: list[int]) -> int | None:
    """The depth of an item at `indent`, None where no item can stand."""
    return next((level for level in range(min(len(indents), 8) + 1) if sum(indents[:level]) == indent), None)


def _is_counted(items: list[Paragraph]) -> bool:
    """Whether each marker is the one that a word processor would give: the next number, and one sort a list."""
    last: list[str] = []
    for item in items:
        if item.kind != "item":
            continue
        del last[item.level + 1 :]
        if len(last) > item.level:
            wanted = last[item.level]
            if wanted != "-":
                wanted = f"{int(wanted[:-1]) + 1}{wanted[-1]}"
            if item.marker != wanted:
                return False
            del last[item.level]
        last.append(item.marker)
    return True


def _runs(text: str) -> tuple[Run, ...]:
    """A line of Markdown as runs; what is not plainly bold or code stays as it is."""
    found: list[Run] = []
    end = 0
    for match in _INLINE.finditer(text):
        found.append(Run(text[end : match.start()]))
        found.append(Run(match["bold"], bold=True) if match["bold"] else Run(match["code"], code=True))
        end = match.end()
    found.append(Run(text[end:]))
    return tuple(run for run in found if run.text)

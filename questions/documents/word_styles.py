"""What the styles and lists of a Word file mean for its paragraphs and runs."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

LITERAL, CODE = "Markdown", "Code"  # the names of our own styles
_HEADING = re.compile(r"(?:heading|标题)\s*([1-9])")
_CODE = re.compile(r"\bcode\b|preformatted|代码|源码")
_MONO = re.compile(r"consolas|courier|menlo|monaco|\bmono\b|monospace|lucida console|cascadia|source code|fira code")
_DEEPEST_STYLE, _LEVELS = 20, 9


@dataclasses.dataclass
class ParagraphLook:
    """What a paragraph is: `level` is a heading's, `list` and `depth` those of the list that it is in ("": none).

    `keeps_next` is what it says itself, not its style.
    """

    kind: str = "text"
    level: int = 0
    list: str = ""
    depth: int = 0
    bold: bool = False
    keeps_next: bool = False


@dataclasses.dataclass
class RunLook:
    bold: bool = False
    italic: bool = False
    code: bool = False
    hidden: bool = False


class Styles:
    """The styles of a file by their identifiers."""

    def __init__(self, part: ET.Element | None) -> None:
        self.styles = {style.get("styleId", ""): style for style in part.iter("style")} if part is not None else {}

    def of_paragraph(self, properties: ET.Element | None) -> ParagraphLook:
        look = ParagraphLook()
        for style in self._chain(_value(properties, "pStyle")):
            _name(look, _value(style, "name"))
            _paragraph(look, style.find("pPr"))
            if look.kind == "text" and (run := style.find("rPr")) is not None:
                look.bold = _is_on(run, "b", look.bold)
        _paragraph(look, properties)
        look.keeps_next = properties is not None and _is_on(properties, "keepNext", False)
        return look

    def of_run(self, properties: ET.Element | None, bold: bool) -> RunLook:
        look = RunLook(bold=bold)
        for style in self._chain(_value(properties, "rStyle")):
            look.code = look.code or bool(_CODE.search(_value(style, "name").casefold()))
            _run(look, style.find("rPr"))
        _run(look, properties)
        return look

    def _chain(self, identifier: str) -> Iterator[ET.Element]:
        """The style and those it is based on, the most general first."""
        chain: list[ET.Element] = []
        while (style := self.styles.get(identifier)) is not None and len(chain) < _DEEPEST_STYLE:
            chain.append(style)
            identifier = _value(style, "basedOn")
        return reversed(chain)


def _name(look: ParagraphLook, name: str) -> None:
    plain = name.casefold()
    if match := _HEADING.fullmatch(plain):
        look.kind, look.level = "heading", int(match[1])
    elif plain in ("title", "标题"):
        look.kind, look.level = "heading", 1
    elif name == LITERAL:
        look.kind = "literal"
    elif _CODE.search(plain):
        look.kind = "code"
    elif plain.startswith(("toc ", "目录")):
        look.kind = "contents"
    elif plain in ("list paragraph", "列表段落", "列出段落") or plain.startswith("list continue"):
        look.kind = "more"


def _paragraph(look: ParagraphLook, properties: ET.Element | None) -> None:
    if properties is None:
        return
    outline = _value(properties, "outlineLvl")
    if outline in set("012345678") and look.kind in ("text", "heading"):
        look.kind, look.level = "heading", int(outline) + 1
    if (numbers := properties.find("numPr")) is not None:
        look.list = _value(numbers, "numId") or look.list
        look.list = "" if look.list == "0" else look.list
        depth = _value(numbers, "ilvl")
        look.depth = int(depth) if depth in set("012345678") else look.depth


def _run(look: RunLook, properties: ET.Element | None) -> None:
    if properties is None:
        return
    look.bold = _is_on(properties, "b", look.bold)
    look.italic = _is_on(properties, "i", look.italic)
    look.hidden = _is_on(properties, "vanish", look.hidden)
    if (fonts := properties.find("rFonts")) is not None and (font := fonts.get("ascii") or fonts.get("hAnsi")):
        look.code = bool(_MONO.search(font.casefold()))


def _is_on(properties: ET.Element, tag: str, usual: bool) -> bool:
    found = properties.find(tag)
    return usual if found is None else found.get("val", "true").casefold() not in ("0", "false", "off", "none")


def _value(parent: ET.Element | None, tag: str) -> str:
    found = parent.find(tag) if parent is not None else None
    return found.get("val", "") if found is not None else ""


@dataclasses.dataclass
class _Level:
    """How a level of a list counts. `text` is how it is printed, "%1." say; bullets do not count."""

    start: int = 1
    text: str = "%1."
    is_bullet: bool = False
    is_silent: bool = False


class Numbering:
    """The lists of a file, counted on as their items come."""

    def __init__(self, part: ET.Element | None) -> None:
        self.shared: dict[str, str] = {}
        self.levels: dict[str, dict[int, _Level]] = {}
        self.restarts: dict[str, dict[int, int]] = {}
        self.counts: dict[str, list[int | None]] = {}
        for abstract in part.iter("abstractNum") if part is not None else ():
            self.levels[abstract.get("abstractNumId", "")] = dict(_levels(abstract))
        for number in part.iter("num") if part is not None else ():
            name = number.get("numId", "")
            self.shared[name] = _value(number, "abstractNumId")
            self.restarts[name] = dict(_restarts(number))

    def next(self, name: str, depth: int) -> str:
        """The marker of the list's next item at `depth`, as Markdown writes it; "" for what is in no list."""
        if name not in self.shared:
            return ""
        level = self._level(name, depth)
        counts = self.counts.setdefault(self.shared[name], [None] * _LEVELS)
        for place, start in self.restarts.pop(name, {}).items():
            counts[place] = start - 1
        count = counts[depth]
        counts[depth] = level.start if count is None else count + 1
        counts[depth + 1 :] = [None] * (_LEVELS - depth - 1)
        if level.is_silent:
            return ""
        return "-" if level.is_bullet else f"{counts[depth]}{')' if level.text.endswith((')', '）')) else '.'}"

    def printed(self, name: str, depth: int) -> str:
        """What stands before the item that was counted last, such as "1.2 " or "第3题 "."""
        level = self._level(name, depth)
        if name not in self.shared or level.is_bullet or level.is_silent:
            return ""
        counts = self.counts[self.shared[name]]

        def number(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            count = counts[place]
            return str(self._level(name, place).start if count is None else count)

        return re.sub("%([1-9])", number, level.text).strip() + " "

    def _level(self, name: str, depth: int) -> _Level:
        return self.levels.get(self.shared.get(name, ""), {}).get(depth) or _Level()


def _levels(abstract: ET.Element) -> Iterator[tuple[int, _Level]]:
    for level in abstract.iter("lvl"):
        place, start, form = level.get("ilvl", ""), _value(level, "start"), _value(level, "numFmt")
        if place in set("012345678"):
            text = _value(level, "lvlText")
            yield int(place), _Level(_count(start), text, form == "bullet", form == "none")


def _restarts(number: ET.Element) -> Iterator[tuple[int, int]]:
    for override in number.iter("lvlOverride"):
        place, start = override.get("ilvl", ""), _value(override, "startOverride")
        if place in set("012345678") and start:
            yield int(place), _count(start)


def _count(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 1

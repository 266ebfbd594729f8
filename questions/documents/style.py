"""How a question is set in Markdown: the words and shape of its labels, taken from the document where it has them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from questions.documents.labels import Label
from questions.documents.lines import Line

SECTIONS = ("prompt", "metadata", "answer", "bonus", "pitfalls", "rubric", "explanation", "examples")
_WORDS = {
    "prompt": ("题目", "Question"),
    "title": ("题目标题", "Question title"),
    "number": ("题号", "Question number"),
    "slug": ("题目标识", "Question slug"),
    "topic": ("主题", "Topic"),
    "difficulty": ("难度", "Difficulty"),
    "seconds": ("时长", "Time"),
    "tags": ("标签", "Tags"),
    "kind": ("类型", "Kind"),
    "status": ("题目状态", "Question status"),
    "answer": ("答案", "Answer"),
    "bonus": ("加分项", "Bonus"),
    "pitfalls": ("误区", "Pitfalls"),
    "rubric": ("评分点", "Rubric points"),
    "explanation": ("解析", "Explanation"),
    "examples": ("举例", "Example"),
}
# The kinds of labels that name the same section as another kind.
_SAME = {"question": "prompt", "answer or explanation": "answer"}


@dataclasses.dataclass(frozen=True)
class LabelStyle:
    """`lead` is the label as printed; `inline` puts text of several lines beside it, `gap` a blank line below it."""

    lead: str
    inline: bool = False
    gap: bool = True


@dataclasses.dataclass(frozen=True)
class Style:
    """`heading` is what stands before a title ("" for the house's), `order` the sections as the document has them.

    `shown` are the metadata that the document says even where they are ordinary.
    """

    language: str
    heading: str = ""
    level: int = 3
    labels: Mapping[str, LabelStyle] = dataclasses.field(default_factory=dict)
    order: tuple[str, ...] = SECTIONS
    shown: frozenset[str] = frozenset({"difficulty", "seconds"})

    def label(self, kind: str) -> LabelStyle:
        """The document's own label, else the house's."""
        return self.labels.get(kind) or LabelStyle(self._house(kind))

    def _house(self, kind: str) -> str:
        chinese, english = _WORDS[kind]
        return f"**{chinese}：**" if self.language == "zh-hans" else f"**{english}:**"

    def house(self) -> Style:
        """The house's format in this language, with headings of the same level."""
        return Style(self.language, level=self.level)


def style_of(lines: list[Line], labels: Mapping[int, Label], title: str, fallback: Style) -> Style:
    """The style of the question that `lines` hold; labels that it lacks come from `fallback`."""
    found: dict[str, LabelStyle] = {}
    for place, line in enumerate(lines):
        label = labels.get(line.index)
        kind = _SAME.get(label.kind, label.kind) if label else ""
        if label and kind not in found and (style := _printed(line, label, lines[place + 1 : place + 2])):
            found[kind] = style
    seen = dict.fromkeys(kind if kind in SECTIONS else "metadata" for kind in found)
    head = lines[0].text.rstrip()
    level = lines[0].level or fallback.level
    return Style(
        language=fallback.language,
        heading=head.removesuffix(title) if lines[0].level and title and head.endswith(title) else "",
        level=level,
        labels={**fallback.labels, **found},
        order=_ordered(seen) if found else fallback.order,
        shown=frozenset(found) & {"difficulty", "seconds"} if found else fallback.shown,
    )


def _printed(line: Line, label: Label, below: list[Line]) -> LabelStyle | None:
    text = line.text.rstrip()
    if line.level or line.depth or label.number or not text.endswith(label.text) or text[:1].isspace():
        return None
    lead = text[: len(text) - len(label.text)].rstrip()
    return LabelStyle(lead, inline=bool(label.text), gap=bool(below and below[0].is_blank))


def _ordered(seen: Iterable[str]) -> tuple[str, ...]:
    """All sections: those that were seen as they came, the others behind the one that they follow in the house."""
    order = list(seen)
    for place, section in enumerate(SECTIONS):
        if section not in order:
            before = [order.index(known) for known in SECTIONS[:place] if known in order]
            order.insert(max(before, default=-1) + 1, section)
    return tuple(order)

"""Rubric points stated one by one, with kind and weight: a list in Markdown, a cell of a table.

    - [must] **Name:** text
      its second line
    - [pitfall ×0.5] text without a name

Inside a name `*` and `\\` stand behind a `\\`; so does the beginning of a nameless text that looks like a name.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from questions.documents.parsed import NAME_LENGTH, ParsedPoint
from questions.frozen import PointKind

NONE = {"zh-hans": "无", "en": "none"}
_WORDS: dict[str, dict[PointKind, str]] = {
    "zh-hans": {"must": "必答", "should": "加分", "pitfall": "误区"},
    "en": {"must": "must", "should": "should", "pitfall": "pitfall"},
}
_KIND: dict[str, PointKind] = {word: kind for words in _WORDS.values() for kind, word in words.items()}
_ITEM = re.compile(
    r"[-*+] (?:\[(?P<kind>[^\W\d_]+)(?: ?[×xX](?P<weight>[0-9.eE+-]{1,30}))?\](?: |$))?(?P<rest>.*)", re.DOTALL
)
_NAME = re.compile(r"\*\*(?P<name>(?:\\.|[^*\\])*)[:：]\*\*(?: |$)")


def write_points(points: tuple[ParsedPoint, ...], language: str) -> str:
    """The list of `points`; the word for "none" where there are none."""
    return "\n".join(_written(point, language) for point in points) if points else NONE[language]


def read_points(text: str) -> list[ParsedPoint]:
    """The inverse of `write_points`; an item without a mark is a *must* point. Raises ValueError with a sentence."""
    if text.strip().casefold() in NONE.values():
        return []
    points: list[list[str]] = []
    for line in text.split("\n"):
        if line[:2] in ("- ", "* ", "+ ") or (line in ("-", "*", "+")):
            points.append([line])
        elif points and (not line.strip() or line.startswith("  ")):
            points[-1].append(line[2:])
        else:
            raise ValueError(_("Write each rubric point as a list item: “%(line)s” is none.") % {"line": line[:40]})
    return [_read("\n".join(lines)) for lines in points]


def _written(point: ParsedPoint, language: str) -> str:
    weight = "" if point.weight == 1 else f" ×{point.weight!r}"
    name = re.sub(r"[*\\]", r"\\\g<0>", point.name).replace("\n", "\\n")
    colon = "：" if language == "zh-hans" else ":"
    text = point.text
    if not name and text.startswith(("**", "\\")):
        text = "\\" + text
    lead = f"- [{_WORDS[language][point.kind]}{weight}] " + (f"**{name}{colon}** " if name else "")
    return lead + text.replace("\n", "\n  ")


def _read(item: str) -> ParsedPoint:
    match = _ITEM.match(item)
    kind: PointKind = "must"
    rest, weight = item[2:], 1.0
    if match and match["kind"] and match["kind"].casefold() in _KIND:
        kind, rest = _KIND[match["kind"].casefold()], match["rest"]
        weight = _weight(match["weight"])
    if named := _NAME.match(rest):
        name = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], named["name"])
        if len(name) > NAME_LENGTH:
            message = _("The name of a rubric point is at most %(length)d characters long: “%(name)s”.")
            raise ValueError(message % {"length": NAME_LENGTH, "name": name[:40]})
        return ParsedPoint(name, rest[named.end() :], kind, weight)
    return ParsedPoint("", rest.removeprefix("\\"), kind, weight)


def _weight(text: str | None) -> float:
    try:
        weight = float(text or 1)
    except ValueError:
        weight = 0.0
    if not 0.1 <= weight <= 10:
        raise ValueError(_("The weight of a rubric point runs from 0.1 to 10: “%(value)s”.") % {"value": text})
    return weight

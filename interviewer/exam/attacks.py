"""Attacks: texts behind a blank, a weak or a good answer that must not raise its score."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

from interviewer.exam import bank
from interviewer.exam.bank import Sheet
from interviewer.exam.case import Case, no_gain
from interviewer.exam.disguises import disguise

_PLACEHOLDER = re.compile(r"\{\{([A-Z_]+)\}\}")
_WORD = re.compile(r"[\u3400-\u9fff]{2}|[^\W\u3400-\u9fff]+")
EVERYWHERE = re.compile(r"\{\{(?!ANSWER)")  # what is made of the question differs from question to question


def attack_cases(sheets: tuple[Sheet, ...]) -> list[Case]:
    """Each attack on each base answer: of every question where its text is made of the question, else of one.

    And alone in the question's other language, which is read otherwise.
    """
    return [
        case
        for number, attack in enumerate(all_attacks())
        for sheet in _targets(attack, number, sheets)
        for case in (*_on(sheet, attack), _foreign(sheet, attack))
    ]


def all_attacks() -> list[dict[str, Any]]:
    """The attacks as attacks.toml has them."""
    return bank.read("attacks")["attack"]


def _targets(attack: dict[str, Any], number: int, sheets: tuple[Sheet, ...]) -> Iterator[Sheet]:
    names = list(dict.fromkeys(sheet.name for sheet in sheets))
    for sheet in sheets:
        if EVERYWHERE.search(attack[sheet.language]) or sheet.name == names[number % len(names)]:
            yield sheet


def _on(sheet: Sheet, attack: dict[str, Any]) -> Iterator[Case]:
    for detail, base in (("blank", ""), ("weak", sheet.weak), ("good", sheet.good)):
        yield no_gain("attacks", attack["kind"], sheet.question, attacked(attack, sheet, base), base, detail)


def _foreign(sheet: Sheet, attack: dict[str, Any]) -> Case:
    text = attacked(attack, bank.other_edition(sheet), "")
    return no_gain("foreign_attacks", attack["kind"], sheet.question, text, "")


def attacked(attack: dict[str, Any], sheet: Sheet, base: str) -> str:
    """The `base` answer under attack."""
    template = attack[sheet.language]
    if "{{POINT}}" in template:
        filled = "\n".join(_filled(template.replace("{{POINT}}", point.text), sheet, base) for point in sheet.earning)
    else:
        filled = _filled(template, sheet, base)
    if "disguise" in attack:
        filled = disguise(filled, attack["disguise"])
    text = filled * attack.get("times", 1)
    return text if "{{ANSWER}}" in template or not base else f"{base}\n\n{text}"


def _filled(template: str, sheet: Sheet, base: str) -> str:
    """The template with its placeholders filled. Raises KeyError for one that there is not."""
    names = [point.name for point in sheet.earning]
    comma = "、" if sheet.language == "zh" else ", "
    values = {
        "ANSWER": base,
        "QUESTION": sheet.question.prompt,
        "TITLE": sheet.question.title,
        "REFERENCE": sheet.question.reference,
        "OTHER": _other(sheet).question.reference,
        "POINT_NAMES": comma.join(names),
        "SCRAMBLED": comma.join(_scrambled(" ".join(names))),
        "QUESTION_WORDS": comma.join(_scrambled(sheet.question.prompt)),
        "WRONG": sheet.wrong,
        "PADDING": sheet.padding,
    }
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def _other(sheet: Sheet) -> Sheet:
    """The next question in the same language."""
    same = [other for other in bank.sheets() if other.language == sheet.language]
    return same[(same.index(sheet) + 1) % len(same)]


def _scrambled(text: str) -> list[str]:
    """The words of `text` (pairs of characters in Chinese), each once, always in the same disorder."""
    words = list(dict.fromkeys(_WORD.findall(text)))
    random.Random(7).shuffle(words)  # noqa: S311 (no secret)
    return words

"""Wrong statements that several candidates made about one question, as proposals of pitfalls.

Nobody can be told by them: a statement counts from `LEAST` different people on, and of its words only those are shown
that as many of them used.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from interviewer.models import Grade
from questions.models import Question
from questions.proposing import same

LEAST = 3  # people
LOOKED_AT = 200  # grades, the newest; a verdict may hold a whole prompt
MOST = 5  # statements that are shown
LEFT_OUT = "…"
# A word of letters and digits, a Chinese character, or whatever stands between.
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+|.", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Mistake:
    """What `people` of them said against a point, in the words that at least `LEAST` of them have in common."""

    text: str
    people: int


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The mistakes that may be shown, the most common first; `contradicted` answers of `looked_at` held any at all."""

    mistakes: list[Mistake]
    contradicted: int
    looked_at: int


@dataclasses.dataclass
class _Group:
    said: list[tuple[int, str]]  # (person, clause); the first is what the others are compared with

    @property
    def people(self) -> int:
        return len({person for person, _clause in self.said})


def mistakes(question: Question) -> Evidence:
    """What answers to the present text of the question say against its points, by the grades in force."""
    task, seen, said = question.frozen().task_hash, set[int](), list[tuple[int, str]]()
    rows = Grade.objects.filter(answer__question=question, status=Grade.Status.DONE)
    rows = rows.filter(answer__interview__erased_at__isnull=True).select_related("answer__interview")
    contradicted = 0
    for grade in rows.order_by("-pk")[:LOOKED_AT]:
        if grade.answer_id in seen or grade.answer.asked.task_hash != task:
            continue
        seen.add(grade.answer_id)
        clauses = list(_against(grade))
        contradicted += bool(clauses)
        said += [(grade.answer.interview.candidate_id or 0, clause) for clause in clauses]
    groups = [group for group in _grouped(said) if group.people >= LEAST]
    found = [Mistake(text, group.people) for group in groups if (text := _in_common(group))]
    return Evidence(sorted(found, key=lambda each: -each.people)[:MOST], contradicted, len(seen))


def _against(grade: Grade) -> Iterable[str]:
    """The clauses of an answer that contradict a point."""
    assert grade.verdict is not None
    for point in grade.verdict["points"]:
        if point["verdict"] == "contradicted":
            yield from (" ".join(grade.answer.text[start:end].split()) for start, end in point["spans"])


def _grouped(said: Iterable[tuple[int, str]]) -> list[_Group]:
    groups: list[_Group] = []
    for person, clause in said:
        group = next((group for group in groups if same(group.said[0][1], clause)), None)
        if group is None:
            groups.append(_Group([(person, clause)]))
        else:
            group.said.append((person, clause))
    return groups


def _in_common(group: _Group) -> str:
    """The first clause, without what fewer than `LEAST` people said; "" where hardly a word of it is left."""
    spread: Counter[str] = Counter()
    by_person: dict[int, set[str]] = {}
    for person, clause in group.said:
        by_person.setdefault(person, set()).update(_pairs(_TOKEN.findall(clause.lower())))
    for pairs in by_person.values():
        spread.update(pairs)
    tokens = _TOKEN.findall(group.said[0][1])
    lowered = [token.lower() for token in tokens]
    shown = "".join(token if _is_common(place, lowered, spread) else LEFT_OUT for place, token in enumerate(tokens))
    text = re.sub(rf"(?:\s*{LEFT_OUT}\s*)+", LEFT_OUT, shown).strip(LEFT_OUT + " ，,。.；;")
    return text if len(re.findall(r"\w", text)) >= 4 else ""


def _pairs(tokens: list[str]) -> set[str]:
    """Words, and pairs of neighbouring Chinese characters: single ones stand in any text."""
    words = {token for token in tokens if not _is_chinese(token)}
    return words | {a + b for a, b in pairwise(tokens) if _is_chinese(a) and _is_chinese(b)}


def _is_common(place: int, tokens: list[str], spread: Counter[str]) -> bool:
    token = tokens[place]
    if not token.strip() or not token.isalnum():
        return True  # blanks and marks tell nobody
    if not _is_chinese(token):
        return spread[token] >= LEAST
    before, after = tokens[max(0, place - 1) : place + 1], tokens[place : place + 2]
    return any(spread["".join(pair)] >= LEAST for pair in (before, after))


def _is_chinese(token: str) -> bool:
    return "\u3400" <= token[0] <= "\u9fff"

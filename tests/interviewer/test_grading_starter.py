"""No rule against talking to the grader, denying or listing may take an honest sentence on our own subject for one.

Every key point of the starter bank, said word for word, is such a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from interviewer.exam.bank import frozen
from interviewer.grading.clauses import read_answer
from interviewer.grading.offered import offered
from interviewer.grading.prechecks import decide
from interviewer.grading.shape import is_keyword_list
from interviewer.grading.unsaid import unsaid
from questions.documents import parse
from questions.documents.decoding import decode
from questions.frozen import FrozenQuestion

DOCUMENTS = sorted(Path(settings.STARTER_BANK_DIR).glob("*.md"))


def questions(path: Path) -> Iterator[FrozenQuestion]:
    parsed = parse(decode(path.read_bytes()), path.name)
    for question in parsed.questions:
        yield frozen(question, f"{path.stem}-{question.number}", parsed.language)


def objections(question: FrozenQuestion, said: str) -> list[str]:
    """What the rules that need no model hold against an answer."""
    answer = read_answer(said)
    not_said = unsaid(question, answer).spans
    shown = offered(question, answer, not_said, lambda clause: 0.0)  # even where its words are not the reference's
    hidden = [clause.text for clause in answer.clauses if clause not in shown]
    return [
        *filter(None, [decide(question, answer)]),
        *(["keyword_list"] if is_keyword_list(answer.text, question.reference) else []),
        *(f"not shown: {text}" for text in hidden),
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_key_point_said_word_for_word_is_heard(path: Path) -> None:
    found = {
        point.text: held
        for question in questions(path)
        for point in question.points
        if point.kind != "pitfall" and (held := objections(question, point.text))
    }
    assert found == {}

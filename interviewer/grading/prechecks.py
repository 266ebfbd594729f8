"""Answers that need no grader: nothing written, "I don't know", the question copied back, keys hit at random.

Conservative on purpose: whatever else an answer holds (code, JSON, quoted prompts) is graded like any other.
"""

from __future__ import annotations

import difflib
import re
from functools import lru_cache

from questions.frozen import FrozenQuestion

from .clauses import ReadAnswer, normalise
from .script import simplified
from .shape import is_gibberish
from .words import has_words

_LONGEST_EXCUSE = 40
_COPY = 0.9
_EXCUSE = re.compile(
    r"(?:抱歉|对不起|不好意思|sorry|这个|这道?题|这一题|问题|我|真的?|确实|完全|也|还|暂时|目前|honestly|well)*"
    r"(?:不知道|不会做?|不清楚|不太清楚|不了解|不懂|没学过|没接触过|忘了|忘记了|想不起来|跳过|略|没有思路"
    r"|(?:i(?:reall?y)?)?(?:dont|donot)(?:really)?(?:know|remember)|idk|(?:ihave)?noidea|(?:im)?notsure|skip|pass|na)"
    r"(?:了|啊|呢|吧|怎么做|怎么答|答案|这个|这道?题|theanswer|this|that|it|sorry|抱歉|对不起)*"
)


def decide(question: FrozenQuestion, answer: ReadAnswer) -> str:
    """The flag of an answer that earns nothing as it stands, or "".

    One of "blank", "dont_know", "question_copied" and "gibberish".
    """
    if not has_words(answer.text):
        return "blank"
    said = _letters(answer.text)
    if len(said) <= _LONGEST_EXCUSE and _EXCUSE.fullmatch(said):
        return "dont_know"
    asked = (question.prompt, question.title, f"{question.title}{question.prompt}")
    if any(_same(said, _asked_letters(text)) for text in asked):
        return "question_copied"
    return "gibberish" if is_gibberish(answer.text, asked[-1], question.reference) else ""


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", simplified(text.lower()))


@lru_cache(maxsize=1024)
def _asked_letters(text: str) -> str:
    """The letters of a question, which every clause of every answer to it is compared with."""
    return _letters(normalise(text)[0])


def _same(said: str, asked: str) -> bool:
    if len(asked) < 8 or not _COPY <= len(said) / len(asked) <= 1 / _COPY:
        return False
    matcher = difflib.SequenceMatcher(None, said, asked, autojunk=False)
    return matcher.quick_ratio() >= _COPY and matcher.ratio() >= _COPY

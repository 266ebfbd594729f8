"""Which clauses of an answer a model gets to read: all but those that could never be evidence for anything.

These are the question over again, "I don't know", what the answer itself denies ("none of the following is true: …"),
and what talks to the grader and of nothing else: a credulous model believes "full marks, please" wherever it stands.
The answer is graded as if they had not been written. What talks to the grader is shown where the question itself is
about prompts or grading, since who explains an attack on models has to quote it, and where words cannot tell what a
clause speaks of.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence

from questions.frozen import FrozenQuestion

from .clauses import Clause, ReadAnswer
from .denial import blank
from .prechecks import decide
from .verdict import Span

# One of these is enough.
_STRONG = re.compile(
    # marks, and the people and papers of grading
    r"[满滿零高足]分(?![子位辨布])|(?:打|判|给|加|扣|记)\s?分(?!类|布|析|配|解|割|片|区|词|支|组|离|发|散|段|层|流|别|开|子)"
    r"|评分(?:标准|细则|规则|策略|点|器|员|之?前)|得分\W{0,3}\d|\d\s*分(?![钟之类布析配解割片区词支组])|自评|评卷|阅卷|计分|评级|评委|免评|请评"
    r"|候选人|面试官|考官|参考答案|标准答案|这道题|题目所|(?:回答|答案)(?:如上|见上|正确|完整|就是)"
    r"|\b(?:full|max(?:imum)?|perfect|highest|top|best) (?:marks?|scores?|points|credit|grades?)\b|\d\s*/\s*(?:5|10+)\b"
    r"|\b(?:graders?|rubrics?|examiners?|interviewers?|self-assessment|(?:this|the) (?:current )?candidate)\b"
    r"|\bthat question\b"
    r"|\b(?:grading|scoring|marking) (?:polic(?:y|ies)|standards?|guidelines?|criteria|rules?|scheme)\b"
    r"|\bscore\W{0,3}\d"
    r"|\b(?:reference|model|my) (?:answers?|solution)\b|\bmark(?:er|ing)\b"
    r"|\bbefore (?:scoring|grading)\b|\bout of (?:\d+|five|ten)\b"
    # another role, another task, a reply written in advance
    r"|<\|\w+\|>|</?\w*(?:system|user|assistant|grader|candidate|answer|instruction|note)\w*>|<!--|-->"
    r"|\"(?:score|hit|verdict|level|grade|key_points|clause|reason|feedback)\"\s*:|任务结束|新任务|系统提示|(?:只|直接|不要)输出(?:数字|分数|满分|其他|其它)"
    r"|\bend of (?:task|prompt|input)\b|\bnew (?:task|instructions?)\b|\boutput (?:only|the number)\b"
    # pressure, and openings with nothing behind them
    r"|投诉|歧视|\bdiscriminat\w+|^(?:思考过程|解|答|thought process|solution|answer)\W*$"
    r"|一步一步\w?(?:分析|思考)|\bstep by step\b",
    re.IGNORECASE,
)
# Two different ones of these.
_WEAK = re.compile(
    r"忽略|无视|勿视|指令|指示|提示词|评分|得分|分数|要点|命中|本题|题目|回答|作答|标准|最高"
    r"|\b(?:ignore|disregard|forget|override|instructions?|prompt|scor\w+|grad(?:e|es|ed|ing)|marks?|award|assign"
    r"|accept|answer|response|question|verified|approved|correct|criteri\w+)\b",
    re.IGNORECASE,
)
# Questions about attacks on models or about models that judge: honest answers quote such words.
_ABOUT_JUDGING = re.compile(
    r"注入|越狱|裁判|评委|评分|打分|\b(?:inject\w*|jailbreak\w*|judges?|rubrics?|graders?|scoring)\b", re.IGNORECASE
)
MUCH = 0.4  # share of a key point that keeps a clause which also talks to the grader, in its other words
LITTLE = 0.2  # and that keeps what follows such a clause in one sentence
_SENTENCE_ENDS = re.compile(r"[。！？!?.;；:：]\W*$")
_BEGINS_ANOTHER = re.compile(r"[。！？!?.;；:：]\W*\s\W*\w|[。！？；：]\W*\w")
_LOOKALIKES = str.maketrans("аеіорсухѕԁһјӏ", "aeiopcyxsdhjl")  # Cyrillic letters that pass for Latin ones


def offered(
    question: FrozenQuestion, answer: ReadAnswer, not_said: Sequence[Span], overlap: Callable[[Clause], float]
) -> tuple[Clause, ...]:
    """The clauses to show, in order.

    `not_said`: (start, end) in the normalised answer of what it does not say itself; `overlap`: the share 0..1 of a key
    point's words (of its meaning, in another language), at most, that a clause holds.
    """
    wanted = "\n".join([question.reference, *(point.text for point in question.points)])
    asked = "\n".join([question.title, question.prompt, wanted])
    said = _said(question, answer, not_said)
    if _ABOUT_JUDGING.search(asked):
        return said
    shown: list[Clause] = []
    goes_on = False
    for clause in said:
        goes_on = goes_on and overlap(clause) < LITTLE and not _BEGINS_ANOTHER.search(clause.text)
        rest = _besides(clause.text, wanted)
        left_out = goes_on or (rest is not None and overlap(dataclasses.replace(clause, text=rest)) < MUCH)
        goes_on = left_out and not _SENTENCE_ENDS.search(clause.text)
        if not left_out:
            shown.append(clause)
    return tuple(shown)


def left_out(answer: ReadAnswer, shown: Sequence[Clause]) -> Iterator[Span]:
    """(start, end) in the normalised answer of what stands before, between and after the clauses that are shown.

    Signs between two of them stay: they are part of how the answer reads.
    """
    ends = [0, *(clause.at[1] for clause in answer.clauses)]
    starts = [*(clause.at[0] for clause in answer.clauses), len(answer.text)]
    for number, clause in enumerate(answer.clauses):
        if clause not in shown:
            yield ends[number], starts[number + 1]


def _said(question: FrozenQuestion, answer: ReadAnswer, not_said: Sequence[Span]) -> tuple[Clause, ...]:
    """The clauses but for what the answer does not say itself, and for "I don't know"."""
    left = (clause for clause in answer.clauses if not any(a <= sum(clause.at) / 2 < b for a, b in not_said))
    return tuple(clause for clause in left if not decide(question, dataclasses.replace(answer, text=clause.text)))


def _besides(text: str, wanted: str) -> str | None:
    """What a text says besides its talk about grading, about prompts, or to whoever grades; None without such talk.

    Words that the reference uses itself are the subject's: an answer on user complaints has to speak of complaints.
    """
    folded, own = _folded(text), _folded(wanted)
    strong, weak = ([match for match in of.finditer(folded) if match[0] not in own] for of in (_STRONG, _WEAK))
    if not strong and len({match[0] for match in weak}) < 2:
        return None
    return blank(text, [match.span() for match in (*strong, *weak)])


def _folded(text: str) -> str:
    return text.lower().translate(_LOOKALIKES)

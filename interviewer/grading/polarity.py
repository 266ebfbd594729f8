"""Whether a clause of an answer says the opposite of what a key point claims.

Two texts disagree only when they speak of the same thing, in nearly the same words, and one negates what the other does
not, or puts a word where the other has its opposite. Conditions and hedges change a sign rightly ("hardly at 8 bits,
only at 4 bits"), so nothing is concluded from them, nor where the reference says both.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from functools import lru_cache

from .clauses import normalise
from .script import simplified
from .words import STOP, stem, units

CLAIM_COVERED = 0.75  # share of a claim's words that a clause must hold to speak of the same
CLAUSE_COVERED = 0.5  # and the share of the clause's words that the claim must hold
FEWEST_WORDS = 3

_NEGATED = re.compile(
    r"不(?!同|仅|但|过|管|论|断|一样|得不|可或缺|只|光|错|少|妨|定期|确定|等)|没|无(?!论|序|向|监督|线|数)|未(?!来)|并非|避免|防止|杜绝|(?<!分)别(?!的|人|名)|错误地?认为"
    r"|\b(?:not|no|never|cannot|without|none|neither|nor|false|incorrect|wrong|avoids?|avoiding|prevents?"
    r"|preventing|lack(?:s|ing)?|missing|absent)\b|n['’]t\b"
)
_CONTRAST = re.compile(
    r"(?:并?不是|并非|不再?是)[^。；;]{1,30}?(?:而是|，\s*是)|\bnot\b[^.;]{1,60}?\bbut(?: rather)?\b|\b(?:rather than"
    r"|instead of)\b[^,.;]*"
)
_CONDITION = re.compile(
    r"几乎|才|只有|除非|不一定|未必|不总|并非所有|难以|很难|往往|除了|而不|不如|不够|不足|否则"
    r"|\b(?:only|unless|almost|hardly|barely|rarely|necessarily|not always|otherwise|nearly|too|enough|except)\b"
)
_OPPOSITES = re.compile(
    r"""(?x)(?:
    (提高|增加|增大|升高|上升|变大|扩大|加快|increas\w*|raises?|grows?|higher|faster|larger|more)
    |(降低|减少|减小|下降|变小|缩小|减慢|decreas\w*|reduc\w*|lowers?|shrinks?|slower|smaller|less|fewer)
    |(允许|支持|可以|能够|allows?|supports?|permits?|enables?)
    |(禁止|拒绝|不得|无法|forbids?|prohibits?|disallows?|rejects?)
    |(之前|以前|先于|before)
    |(之后|以后|晚于|after)
    |(最好|最大|最高|最多|best|maximum|largest|most)
    |(最坏|最差|最小|最低|最少|worst|minimum|smallest|least)
    )"""
)


_WEIGHED = re.compile(
    r"优点[\s\S]*缺点|缺点[\s\S]*优点|优缺点|前者|后者"
    r"|\badvantages?\b[\s\S]*\bdisadvantages?\b|\bthe (?:former|latter)\b"
    r"|\bpros and cons\b",
    re.IGNORECASE,
)
_HELPERS = re.compile(r"[会能要可应该需再是有必得用了过\s]*")
_PIECE = re.compile(
    r"[,，:：;；。.!?！？]\s*|——|\*\*|\b(?:so|because|but|and|while|whereas|although|to avoid|thus|therefore)\b"
    r"|因为|所以|但是?|而且|因此"
)


@dataclasses.dataclass(frozen=True)
class Claim:
    """One statement with its sign.

    `words` are without what gives the sign; `denied` is what stands right after the negation, in letters; `poles` are
    the sides of opposites it takes, in order; nothing is concluded from one that is `conditional`.
    """

    text: str
    words: frozenset[str]
    negated: bool
    denied: tuple[str, ...]
    poles: tuple[int, ...]
    conditional: bool


@lru_cache(maxsize=4096)
def claims(text: str) -> tuple[Claim, ...]:
    """The statements of a text, clause by clause."""
    return tuple(_claim(piece) for piece in _PIECE.split(_CONTRAST.sub(" ", plain_lower(text))) if units(piece))


def weighs(reference: str) -> bool:
    """Whether a reference sets two things against each other: then a clause may rightly say of one what it denies of
    the other, and which of them it speaks of stands elsewhere.
    """
    return bool(_WEIGHED.search(reference))


def contradicts(said: Sequence[Claim], point: Sequence[Claim], reference: Sequence[Claim]) -> bool:
    """Whether one of `said` opposes a claim of `point`, while nothing in the `reference` agrees with it as closely."""
    return any(_contradicts(one, point, reference) for one in said if not one.conditional)


def plain_lower(text: str) -> str:
    return simplified(normalise(text)[0].lower())


def _contradicts(said: Claim, point: Sequence[Claim], reference: Sequence[Claim]) -> bool:
    against = max((_alike(said, one) for one in point if _opposed(said, one)), default=0.0)
    agreeing = max((_alike(said, one) for one in reference if not _opposed(said, one)), default=0.0)
    return against > agreeing


def _claim(text: str) -> Claim:
    negations = list(_NEGATED.finditer(text))
    denied = tuple(filter(None, (_what_follows(text[match.end() :]) for match in negations)))
    poles = tuple(match.lastindex or 0 for match in _OPPOSITES.finditer(text))
    words = units(_OPPOSITES.sub(" ", _NEGATED.sub(" ", text)))
    return Claim(text, words, len(negations) % 2 == 1, denied, poles, bool(_CONDITION.search(text)))


def _what_follows(text: str) -> str:
    """The first two characters, or the first word, that a negation speaks of."""
    rest = text[_HELPERS.match(text).end() :]  # type: ignore[union-attr]  # it also matches nothing
    if chinese := re.match("[\u3400-\u9fff]{2}", rest):
        return chinese[0]
    return next((stem(word) for word in re.findall("[a-z]+", rest) if word not in STOP), "")


def _alike(said: Claim, wanted: Claim) -> float:
    """How closely both speak of the same: 0 unless they share most of their words."""
    if len(wanted.words) < FEWEST_WORDS or not said.words:
        return 0.0
    shared = len(said.words & wanted.words)
    covered, used = shared / len(wanted.words), shared / len(said.words)
    return covered * used if covered >= CLAIM_COVERED and used >= CLAUSE_COVERED else 0.0


def _opposed(one: Claim, other: Claim) -> bool:
    """Whether one negates what the other asserts, or takes the other side of a pair of opposites; not both at once."""
    if one.conditional or other.conditional:
        return False
    turned = _turned(one.poles, other.poles)
    if one.negated == other.negated:
        return turned
    negative, positive = (one, other) if one.negated else (other, one)
    said = any(what in positive.text or what in positive.words for what in negative.denied)
    return said and not turned


def _turned(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two statements take the same sides of opposites, but for a single one."""
    differing = [(a, b) for a, b in zip(one, other, strict=False) if a != b]
    return len(one) == len(other) and len(differing) == 1 and differing[0][0] == ((differing[0][1] - 1) ^ 1) + 1

"""Words as a grader counts them: Chinese characters and pairs, English stems, formulas; no function words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from .script import simplified

STOP = frozenset(
    re.findall(
        r"\w+",
        """
        a an the of to in on at is are was were be been it its this that these those and or for with as by from which
        can will you your i we they he she not do does did so if then than there what how why when where has have had
        but also into such any each other all both between while because may might would should could more most some
        use used using one only just very
        """,
    )
)
FUNCTION_CHARACTERS = frozenset(
    "的了是在和与及或等就都而也把被对于以为其这那有个之所中上下到从会能可要用将并且则因由此时后前又还再很更最让使得着过地"
)
ALIKE = 0.6
_ENDINGS = re.findall(  # the longest first
    r"\w+",
    """
    ization isation ations ation ingly ments ment ness ities ity ables able ibles ions ion ings ing edly ies ied ers
    ors er or als al ed es ly s e
    """,
)
_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9_*+^/<>=.\-()#]+")
_PART = re.compile(r"[a-z]+|\d+")
_FORMULA = re.compile(r"[a-z0-9(][a-z0-9_+*/^()\-]*")
_OPERATION = re.compile(r"[a-z\d][+*/^\-][a-z\d]")
_NUMBER = re.compile(r"\d{2,}(?:\.\d+)?|\d+\.\d+")
_DIGIT = re.compile(r"\d")
_HAS_WORD = re.compile(r"[^\W_]")


@lru_cache(maxsize=4096)
def units(text: str) -> frozenset[str]:
    """The distinct units of meaning in `text`, whatever its language or mixture of languages."""
    found: set[str] = set()
    for run in _RUN.findall(simplified(unicodedata.normalize("NFKC", text).lower())):
        found |= _characters(run) if run[0] >= "\u3400" else _words(run)
    return frozenset(found)


def new_units(text: str, question: str) -> frozenset[str]:
    """The units of `text` that the question does not hand out already."""
    return units(text) - units(question)


def share_found(wanted: frozenset[str], said: frozenset[str]) -> float:
    """The share 0..1 of the wanted units that were said; a similar English word (a misspelt one) counts in part."""
    if not wanted:
        return 0.0
    close = sum(_closest(unit, said) for unit in wanted - said if unit.isascii() and unit.isalpha())
    return (len(wanted & said) + close) / len(wanted)


def telling(found: frozenset[str]) -> frozenset[str]:
    """Without single Chinese characters and digits, which any text shares with any other."""
    return frozenset(unit for unit in found if len(unit) > 1)


def figures(text: str) -> frozenset[str]:
    """Formulas (a digit and an operator) and numbers of at least two digits in `text`, brackets and blanks off."""
    joined = re.sub(r"\s*([+*/^=<>()\-])\s*", r"\1", _plain_formulas(text))
    found = {re.sub(r"[()]", "", run.strip("-")) for run in _FORMULA.findall(joined)}
    return frozenset(run for run in found if _NUMBER.fullmatch(run) or (_DIGIT.search(run) and _OPERATION.search(run)))


def share_of_figures(wanted: frozenset[str], text: str) -> float:
    """The share 0..1 of the wanted formulas and numbers that stand in `text`, however they are spaced."""
    said = re.sub(r"[()\s]", "", _plain_formulas(text))
    return sum(figure in said for figure in wanted) / len(wanted) if wanted else 0.0


def stem(word: str) -> str:
    """A light English stem: one ending off, doubled last letter undone, y written i."""
    if len(word) <= 3:
        return word
    ending = next((end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= 3), "")
    word = word[: len(word) - len(ending)]
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 3 and word.endswith("y") else word


def has_words(text: str) -> bool:
    """Whether there is any letter, digit or Chinese character at all."""
    return bool(_HAS_WORD.search(text))


def _plain_formulas(text: str) -> str:
    return unicodedata.normalize("NFKC", text.replace("²", "^2")).lower().replace("**", "^")


@lru_cache(maxsize=8192)
def _trigrams(word: str) -> frozenset[str]:
    framed = f"^{word}$"
    return frozenset(framed[i : i + 3] for i in range(len(framed) - 2))


def _closest(word: str, said: frozenset[str]) -> float:
    """How alike the most similar word of `said` is (Dice over trigrams), 0 below `ALIKE`."""
    wanted = _trigrams(word)
    best = 0.0
    for other in said:
        if other.isascii():
            candidate = _trigrams(other)
            best = max(best, 2 * len(wanted & candidate) / (len(wanted) + len(candidate)))
    return best if best >= ALIKE else 0.0


def _characters(run: str) -> set[str]:
    pairs = {run[i : i + 2] for i in range(len(run) - 1)}
    singles = set(run) - FUNCTION_CHARACTERS
    return singles | {pair for pair in pairs if not FUNCTION_CHARACTERS.issuperset(pair)}


def _words(run: str) -> set[str]:
    whole = re.sub(r"[()]", "", run).strip(".-=/*^<>#")
    parts = _PART.findall(run)
    found = {stem(part) for part in parts if part not in STOP and (len(parts) == 1 or len(part) > 1)}
    return found | {whole} if len(parts) > 1 and whole else found

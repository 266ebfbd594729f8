"""What an answer looks like before anybody reads it: a list of keywords, keys hit at random, another language."""

from __future__ import annotations

import re

from .words import FUNCTION_CHARACTERS, STOP, figures, units

FEWEST_ITEMS = 10
WIDEST_MEAN = 4  # Chinese characters of an item, on average; an English word counts two
WIDEST = 7  # the longest terms; beyond are clauses
PROSE = 0.1  # share of function words from which a text is no bare list; prose has .15 (Chinese) to .5 (English)
BARE = 0.04
FEWEST_LETTERS = 12
# Share of Chinese characters among the letters of a text that is in English, in Chinese with English terms (which have
# more letters than Chinese words have characters), and in Chinese whatever the rest.
FEW_CHINESE = 0.02
SOME_CHINESE = 0.1
MUCH_CHINESE = 0.4
# Characters that hold sentences together; others that FUNCTION_CHARACTERS names also build words (上下文, 中间件).
_GLUE = FUNCTION_CHARACTERS - set("上下中前后出有从到用个之所过地得使对")
_ITEM = re.compile(r"[^\s,，、;；。.:：/|\n]+")
_CJK = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile("[a-z]")
_WORDS = re.compile(r"[a-z']+")
_LETTER = re.compile(r"[^\W\d_]")


def is_keyword_list(answer: str, reference: str) -> bool:
    """Whether `answer` is a bare string of keywords where the reference speaks in sentences."""
    items = _ITEM.findall(answer.lower())
    widths = [_width(item) for item in items]
    if len(items) < FEWEST_ITEMS or sum(widths) > WIDEST_MEAN * len(items) or max(widths) > WIDEST:
        return False
    if any(re.search(r"\d", item) for item in items):
        return False  # who gives numbers makes a statement
    return glue(answer) <= BARE and is_prose(reference)


def is_prose(text: str) -> bool:
    """Whether `text` is written in sentences, and is no list of terms."""
    return glue(text) >= PROSE


def glue(text: str) -> float:
    """The share 0..1 of function words among the words (function characters among the Chinese characters)."""
    text = text.lower()
    words, characters = _WORDS.findall(text), _CJK.findall(text)
    held = sum(word in STOP for word in words) + sum(c in _GLUE for c in characters)
    return held / max(1, len(words) + len(characters))


def is_gibberish(answer: str, asked: str, reference: str) -> bool:
    """Whether nothing in `answer` is a word: one sign repeated, or keys hit at random."""
    letters = _LETTER.findall(answer.lower())
    if len(letters) < FEWEST_LETTERS or units(answer) & (units(asked) | units(reference)):
        return False
    if len(set(letters)) <= 3:
        return not figures(answer)  # formulas need few letters
    words = re.findall(r"[a-z]+", answer.lower())
    return len("".join(words)) == len(letters) and not STOP & set(words) and _unspeakable(words)


def is_other_language(answer: str, reference: str) -> bool:
    """Whether `answer` is written in another language than the reference, but for names and terms."""
    is_chinese = len(_CJK.findall(reference)) > len(_LATIN.findall(reference.lower()))
    return written_in(answer) not in ("", "zh" if is_chinese else "en")


def written_in(text: str) -> str:
    """The language of a text by its letters: "zh", "en", "other" for other scripts, or "" for a mixture or too few."""
    letters = len(_LETTER.findall(text))
    if letters < FEWEST_LETTERS:
        return ""
    chinese, latin = len(_CJK.findall(text)) / letters, len(_LATIN.findall(text.lower())) / letters
    if chinese + latin < 0.5:
        return "other"
    if chinese < FEW_CHINESE:
        return "en"
    words = _WORDS.findall(text.lower())
    only_terms = sum(word in STOP for word in words) <= PROSE * len(words)
    return "zh" if chinese > (SOME_CHINESE if only_terms else MUCH_CHINESE) else ""


def _width(item: str) -> int:
    """In Chinese characters; an English word counts two."""
    return len(item) if _CJK.search(item) else 2


def _unspeakable(words: list[str]) -> bool:
    """Whether most of the words could not be spoken: no vowel, or five consonants in a row."""
    odd = [
        word
        for word in words
        if re.search(r"[^aeiouy]{5}", word) or (len(word) > 3 and not re.search("[aeiouy]", word))
    ]
    return sum(map(len, odd)) > sum(map(len, words)) / 2

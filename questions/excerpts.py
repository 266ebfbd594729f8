"""Which words of a query stand in a text, and a piece of the text that shows them: pure text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from questions import lexical

LENGTH = 180  # characters of an excerpt
_BEFORE = 50  # of them before the first word that is shown
_MOST_WORDS = 12


@dataclass(frozen=True)
class Piece:
    """A piece of an excerpt; `marked` when it is one of the words that were looked for."""

    text: str
    marked: bool


def shared_words(query: str, text: str) -> list[str]:
    """What of the query's words stands in `text`: words, and stretches of CJK characters, longest first found."""
    folded = lexical.fold(text)
    there = set(lexical.words(folded))
    found = [word for word in lexical.words(lexical.fold(query)) if word in there]
    for run in lexical.runs(lexical.fold(query)):
        found += _stretches(run, folded)
    return list(dict.fromkeys(found))[:_MOST_WORDS]


def excerpt(text: str, words: list[str]) -> list[Piece]:
    """About `LENGTH` characters of `text` from shortly before the first of `words` on, with all of them marked.

    Markdown's bold marks are left out.
    """
    flat = " ".join(text.replace("**", "").split())
    longest_first = sorted(words, key=len, reverse=True)
    pattern = re.compile("|".join(map(_pattern, longest_first)) or "(?!)", re.IGNORECASE)  # (?!) is nowhere
    first = pattern.search(flat)
    start = max(0, first.start() - _BEFORE) if first else 0
    shown = flat[start : start + LENGTH]
    pieces = [Piece("…", False)] if start else []
    at = 0
    for match in pattern.finditer(shown):
        pieces += [Piece(shown[at : match.start()], False), Piece(match[0], True)]
        at = match.end()
    pieces.append(Piece(shown[at:] + ("…" if start + LENGTH < len(flat) else ""), False))
    return [piece for piece in pieces if piece.text]


def _stretches(run: str, folded: str) -> list[str]:
    """The longest stretches of `run` that stand in a text, from left to right; single characters only if it is one."""
    least, found, start = min(2, len(run)), [], 0
    while start <= len(run) - least:
        end = start
        while end < len(run) and run[start : end + 1] in folded:
            end += 1
        if end - start >= least:
            found.append(run[start:end])
        start = max(end, start + 1)
    return found


def _pattern(word: str) -> str:
    """A word with its edges, so that “rag” is not marked within “storage”; CJK characters have none."""
    edge = r"(?<![^\W_])", r"(?![^\W_])"
    return re.escape(word) if lexical.runs(word) else f"{edge[0]}{re.escape(word)}{edge[1]}"

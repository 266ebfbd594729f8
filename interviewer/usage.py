"""What asking a language model costs, counted while it is asked."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Any

MOST_TOKENS_TOLD = 10_000_000  # a server that tells of more than that is not believed


@dataclasses.dataclass(frozen=True)
class Usage:
    """What was spent: completions asked for, tokens as the server counted them, seconds on the clock.

    Where the server does not say, tokens are estimated (see `estimated_tokens`).
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            round(self.seconds + other.seconds, 3),
        )


class Meter:
    """Counts what one `ask` spends, whatever becomes of it."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._calls = self._prompt = self._completion = 0

    def count(self, prompt_tokens: int, completion_tokens: int) -> None:
        self._calls += 1
        self._prompt += prompt_tokens
        self._completion += completion_tokens

    def usage(self) -> Usage:
        return Usage(self._calls, self._prompt, self._completion, round(time.monotonic() - self._started, 3))


def estimated_tokens(text: str) -> int:
    """About how many tokens a model makes of `text`: one per four ASCII characters, one per three bytes of others."""
    plain = sum(map(str.isascii, text))
    others = len(text.encode(errors="replace")) - plain
    return math.ceil(plain / 4) + math.ceil(others / 3)


def tokens_told(told: Any) -> int | None:
    """A count of tokens as a server tells it, or None when it tells none that can be believed."""
    believable = isinstance(told, int) and not isinstance(told, bool) and 0 <= told <= MOST_TOKENS_TOLD
    return told if believable else None

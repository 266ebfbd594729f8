"""Text that would be read as something else, such as a label in a question, stands in a fence that says "verbatim"."""

from __future__ import annotations

import re

_OPEN = re.compile(r"(~{3,}) verbatim")
_RUN = re.compile(r"~{3,}")


def fenced(text: str) -> str:
    """`text` in a fence that nothing in it can end."""
    longest = max((len(run) for run in _RUN.findall(text)), default=2)
    marks = "~" * max(4, longest + 1)
    return f"{marks} verbatim\n{text}\n{marks}"


def unfenced(text: str) -> str:
    """The inverse of `fenced`; a text that is not one such fence as a whole is returned as it is."""
    lines = text.split("\n")
    match = _OPEN.fullmatch(lines[0])
    if not match or len(lines) < 3 or lines[-1] != match[1] or any(match[1] in line for line in lines[1:-1]):
        return text
    inner = "\n".join(lines[1:-1])
    return inner if inner.strip() else ""

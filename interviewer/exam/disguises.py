"""Ways to hide or encode an instruction in an attack."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Callable

_HIDDEN = re.compile("⟪(.*?)⟫", re.DOTALL)
_LOOKALIKES = str.maketrans("aceiopsxyvm", "асеіорѕхуѵм")
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}

DISGUISES: dict[str, Callable[[str], str]] = {
    "zero_width": lambda text: "\u200b".join(text),
    "tags": lambda text: "".join(chr(0xE0000 + ord(c)) for c in text if ord(c) < 0x7F),
    "bidi": lambda text: f"\u202e{text}\u202c",
    "homoglyphs": lambda text: text.translate(_LOOKALIKES),
    "full_width": lambda text: text.translate(_WIDE),
    "spaced": lambda text: " ".join(text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "unicode_escapes": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
}


def disguise(text: str, name: str) -> str:
    """`text` with what stands between ⟪ and ⟫ put in the disguise called `name`, and the brackets gone."""
    return _HIDDEN.sub(lambda match: DISGUISES[name](match[1]), text)

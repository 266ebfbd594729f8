"""The stylesheets are whole: a brace that a merge has eaten would hide everything below it on some screens."""

from __future__ import annotations

import re

import pytest

from tests.live import ROOT

SHEETS = sorted((ROOT / "static").rglob("*.css"))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_every_block_is_closed_before_the_next_part(sheet):
    depth = 0
    for number, line in enumerate(sheet.read_text(encoding="utf-8").splitlines(), 1):
        assert not (line.startswith("/* ---") and depth), f"{sheet.name}:{number}: a block above is not closed"
        code = re.sub(r"/\*.*?\*/", "", line)
        depth += code.count("{") - code.count("}")
    assert depth == 0

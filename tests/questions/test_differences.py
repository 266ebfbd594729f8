"""What differs between two texts, as a person reads it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questions.differences import Piece, compare, folded

TEXTS = st.text(st.sampled_from("ab 的是，。\n<>\r\U0001f469"), max_size=60)


@given(TEXTS, TEXTS)
def test_the_pieces_are_both_texts(old: str, new: str):
    pieces = compare(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == new
    assert all(piece.text for piece in pieces)


@pytest.mark.parametrize(("old", "new", "told"), [
    ("A teacher teaches.", "A student teaches.", "A [-teacher-]{+student+} teaches."),
    ("缓存可以省去重复计算。", "缓存可以减少重复计算。", "缓存可以[-省去-]{+减少+}重复计算。"),
    ("一\n二\n三\n", "一\n三\n", "一\n[-二\n-]三\n"),
    ("", "new", "{+new+}"),
    ("old", "", "[-old-]"),
    ("same", "same", "same"),
    ("快的车", "慢的船", "[-快的车-]{+慢的船+}"),  # 的 is common by chance
    ("x = 1", "x = 12", "x = [-1-]{+12+}"),
])  # fmt: skip
def test_how_a_change_is_told(old: str, new: str, told: str):
    marks = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
    assert "".join(marks[piece.kind].format(piece.text) for piece in compare(old, new)) == told


def test_what_stayed_is_left_out_but_for_what_stands_beside_a_change():
    told = folded(compare("x" * 300 + "\nold\n" + "y" * 300, "x" * 300 + "\nnew\n" + "y" * 300))
    assert [piece.kind for piece in told] == ["left out", "same", "gone", "new", "same", "left out"]
    assert all(len(piece.text) <= 121 for piece in told)


def test_a_line_break_that_came_can_be_seen():
    assert Piece("new", "a\n").shown == "a↵\n"
    assert Piece("same", "a\n").shown == "a\n"


@pytest.mark.parametrize("unit", ["\n", "a\n", "的", "a b ", "{n}\n", "{n} "])
def test_long_texts_take_bounded_time(unit: str):
    old = "".join(unit.format(n=n) for n in range(20_000))
    new = "".join(unit.format(n=2 * n + 1) for n in range(20_000)) + "end"
    began = time.monotonic()
    compare(old, new)
    assert time.monotonic() - began < 10

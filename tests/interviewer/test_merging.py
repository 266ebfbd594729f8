"""Two versions side by side."""

from __future__ import annotations

import itertools
import random

import pytest

from interviewer.merging import Part, both, compare

TABLE = {
    "the same": ("甲。乙。", "甲。乙。", [Part("甲。乙。", "甲。乙。")]),
    "one is empty": ("甲。", "", [Part("甲。", "")]),
    "both are empty": ("", "", []),
    "an end was added": ("甲。", "甲。乙。", [Part("甲。", "甲。"), Part("", "乙。")]),
    "a clause was changed": (
        "先缓存，再批处理。",
        "先缓存，再量化。",
        [Part("先缓存，", "先缓存，"), Part("再批处理。", "再量化。")],
    ),
    "two places": (
        "一，甲，二，乙，三",
        "一，丙，二，丁，三",
        [Part("一，", "一，"), Part("甲，", "丙，"), Part("二，", "二，"), Part("乙，", "丁，"), Part("三", "三")],
    ),
    "a number is one word": ("up 3.14, then", "up 3.15, then", [Part("up 3.14,", "up 3.15,"), Part(" then", " then")]),
}


@pytest.mark.parametrize(("mine", "other", "parts"), TABLE.values(), ids=TABLE)
def test_parts(mine: str, other: str, parts: list[Part]) -> None:
    assert compare(mine, other) == parts


def test_both_has_everything_once() -> None:
    parts = compare("先缓存，再批处理。", "先缓存，再量化。")
    assert both(parts) == "先缓存，再批处理。\n再量化。"
    assert both(compare("甲。", "")) == both(compare("", "甲。")) == "甲。"


def test_the_parts_are_the_texts_again() -> None:
    chance = random.Random(7)
    for _n in range(300):
        mine, other = ("".join(chance.choices("甲乙，。\n a", k=chance.randrange(40))) for _side in range(2))
        parts = compare(mine, other)
        assert "".join(part.mine for part in parts) == mine
        assert "".join(part.other for part in parts) == other
        assert all(a.same != b.same for a, b in itertools.pairwise(parts))


@pytest.mark.parametrize("filler", ["\n", "甲，", "字"])
def test_the_longest_texts_are_compared_without_trying_every_pair(filler: str) -> None:
    mine, other = "a" + filler * 50_000 + "b", "c" + filler * 49_999 + "d"
    parts = compare(mine, other)
    assert "".join(part.mine for part in parts) == mine
    assert "".join(part.other for part in parts) == other

"""Cutting a text at its evidence spans."""

from __future__ import annotations

import random

import pytest

from interviewer.highlight import Segment, highlight


def cut(text: str, spans: dict[str, list[tuple[int, int]]]) -> list[tuple[str, tuple[str, ...]]]:
    return [(segment.text, segment.points) for segment in highlight(text, spans)]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ({}, [("abcdef", ())]),
        ({"p1": []}, [("abcdef", ())]),
        ({"p1": [(0, 6)]}, [("abcdef", ("p1",))]),
        ({"p1": [(0, 2)]}, [("ab", ("p1",)), ("cdef", ())]),
        ({"p1": [(4, 6)]}, [("abcd", ()), ("ef", ("p1",))]),
        ({"p1": [(1, 2), (3, 4)]}, [("a", ()), ("b", ("p1",)), ("c", ()), ("d", ("p1",)), ("ef", ())]),
        ({"p1": [(0, 4)], "p2": [(2, 6)]}, [("ab", ("p1",)), ("cd", ("p1", "p2")), ("ef", ("p2",))]),
        ({"p1": [(0, 6)], "p2": [(2, 4)]}, [("ab", ("p1",)), ("cd", ("p1", "p2")), ("ef", ("p1",))]),
        ({"p1": [(0, 3)], "p2": [(3, 6)]}, [("abc", ("p1",)), ("def", ("p2",))]),
        ({"p1": [(1, 3)], "p2": [(1, 3)]}, [("a", ()), ("bc", ("p1", "p2")), ("def", ())]),
    ],
)
def test_every_piece_knows_its_points(spans, expected):
    assert cut("abcdef", spans) == expected


@pytest.mark.parametrize("span", [(2, 2), (4, 2), (6, 9), (-5, -2), (-3, 0), (99, 100)])
def test_spans_that_hold_nothing_mark_nothing(span):
    assert cut("abcdef", {"p1": [span]}) == [("abcdef", ())]


@pytest.mark.parametrize(("span", "marked"), [((-3, 2), "ab"), ((4, 99), "ef"), ((-1, 99), "abcdef")])
def test_spans_that_reach_out_of_the_text_are_cut_to_it(span, marked):
    assert [segment.text for segment in highlight("abcdef", {"p1": [span]}) if segment.points] == [marked]


@pytest.mark.parametrize("spans", [{}, {"p1": [(0, 0)]}, {"p1": [(0, 5)]}])
def test_an_empty_text_has_no_pieces(spans):
    assert highlight("", spans) == []


def test_offsets_count_characters_not_bytes_or_utf16_units():
    assert cut("𠮷👍🏽缓存", {"p1": [(1, 3)], "p2": [(3, 5)]}) == [("𠮷", ()), ("👍🏽", ("p1",)), ("缓存", ("p2",))]


def test_lists_from_json_do_as_well_as_tuples():
    assert highlight("ab", {"p1": [[0, 1]]}) == [Segment("a", ("p1",)), Segment("b", ())]


def test_no_spans_whatever_change_the_text():
    chance = random.Random(1)
    text = "第一，缓存👩‍👩‍👧 a\r\n b\t<script>"
    for _ in range(500):
        spans = {
            f"p{n}": [(chance.randint(-5, 40), chance.randint(-5, 40)) for _ in range(chance.randrange(4))]
            for n in range(chance.randrange(4))
        }
        segments = highlight(text, spans)
        assert "".join(segment.text for segment in segments) == text
        assert all(segment.text for segment in segments)

"""Cutting a text at its evidence spans."""

from __future__ import annotations

import random

import pytest

from interviewer.highlight import Quote, Segment, highlight, quotes


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


def test_a_piece_knows_where_it_starts_and_which_points_end_with_it():
    segments = highlight("abcdef", {"p1": [(0, 4), (5, 6)], "p2": [(2, 6)]})
    assert [(each.start, each.text, each.ends) for each in segments] == [
        (0, "ab", ()),
        (2, "cd", ("p1",)),
        (4, "e", ()),
        (5, "f", ("p1", "p2")),
    ]


def test_two_spans_of_a_point_over_the_same_words_name_it_once():
    assert [(each.text, each.points) for each in highlight("abc", {"p1": [(0, 2), (1, 3)]})] == [
        ("a", ("p1",)),
        ("b", ("p1",)),
        ("c", ("p1",)),
    ]


def test_a_point_is_quoted_in_the_order_of_the_text():
    assert quotes("abcdef", [[4, 99], [-2, 2], [3, 3], [4, 6]]) == [Quote(0, "ab"), Quote(4, "ef")]


def test_lists_from_json_do_as_well_as_tuples():
    assert highlight("ab", {"p1": [[0, 1]]}) == [Segment("a", ("p1",), 0, ("p1",)), Segment("b", (), 1)]


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

"""Words in common: what counts as a term, and how much of a query a document covers."""

from __future__ import annotations

import pytest

from questions import lexical

BANK = ["缓存命中可以省去重复计算", "批处理提高推理吞吐", "Use C++ and a hash table", "C 语言的指针"]


def coverage(query: str, documents: list[str] = BANK) -> list[float]:
    lexicon = lexical.Lexicon([lexical.terms(text) for text in documents])
    return lexicon.coverage(lexical.query_terms(query)).tolist()


def best(query: str) -> int:
    found = coverage(query)
    return found.index(max(found))


@pytest.mark.parametrize(
    ("query", "document"),
    [("推理的吞吐", 1), ("HASH tables: hash", 2), ("ＨＡＳＨ", 2), ("c++", 2), ("c", 3), ("存", 0)],
    ids=["pairs", "case", "full width", "c++ is a word", "c is another", "one character"],
)
def test_the_document_with_the_words_of_the_query_comes_first(query: str, document: int) -> None:
    assert best(query) == document


def test_coverage_is_a_share_of_the_most_that_the_query_could_score() -> None:
    whole, part, none = coverage("缓存命中", ["缓存命中 " * 50, "缓存", "指针"])
    assert 0.9 < whole <= 1.0
    assert 0 < part < whole
    assert none == 0


def test_words_that_no_document_has_lower_the_coverage() -> None:
    assert max(coverage("缓存命中 quantum chromodynamics")) < max(coverage("缓存命中"))


def test_rare_words_count_more_than_common_ones() -> None:
    common, rare = coverage("模型 量化", ["模型 模型", "量化 指针", "模型 训练", "模型 部署"])[:2]
    assert rare > common


@pytest.mark.parametrize("query", ["", " \n", "？！…", "\ud800", "\0", "_", "🙂"])
def test_a_query_without_a_letter_or_digit_has_no_terms(query: str) -> None:
    assert lexical.query_terms(query).size == 0
    assert coverage(query) == [0, 0, 0, 0]


def test_a_megabyte_of_query_is_cut() -> None:
    assert lexical.query_terms("ab " * 350_000).size == 1
    assert lexical.query_terms("甲" * 10_000 + "乙" * 10).size == 1


def test_an_empty_bank_covers_nothing() -> None:
    assert coverage("缓存", []) == []


def test_overlap_is_the_share_of_common_terms() -> None:
    one, same, other = (lexical.terms(text) for text in ("缓存命中", "缓存命中。", "hash table"))
    assert lexical.overlap(one, same) == 1.0
    assert lexical.overlap(one, other) == 0.0
    assert lexical.overlap(lexical.terms(""), lexical.terms("")) == 0.0

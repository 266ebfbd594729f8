"""Points proposed by code: every one a stretch of the reference, neither too many nor too few, nothing said twice."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from questions.documents import ParsedQuestion, parse
from questions.documents.parsed import ParsedPoint
from questions.frozen import FrozenPoint
from questions.proposing import LEAST, MOST, match, propose, same

STARTER = sorted(settings.STARTER_BANK_DIR.glob("*.md"))
SEEDS = settings.BASE_DIR.parent / "shared" / "seeds"


def texts(reference: str, asked: str = "") -> list[str]:
    return [point.text for point in propose(reference, asked)]


def as_prose(reference: str, language: str) -> str:
    """The list of a reference as its author might have written it down in one go: no numbers, no names, no lines."""
    without_code = re.sub(r"```.*?```", "", reference, flags=re.DOTALL)
    items = [re.sub(r"^\s*\d+\.\s+", "", line) for line in without_code.split("\n") if line.strip()]
    plain = [re.sub(r"\*\*(.+?)[:：]\*\*\s*", "", item) for item in items]
    return ("" if language.startswith("zh") else " ").join(plain)


def questions_of(path) -> list[tuple[ParsedQuestion, str]]:
    document = parse(path.read_text(encoding="utf-8"), path.name)
    return [(question, document.language) for question in document.questions]


@pytest.mark.parametrize("path", STARTER, ids=lambda path: path.name)
def test_an_authors_list_is_taken_as_it_stands(path):
    for question, _language in questions_of(path):
        musts = [(point.name, point.text) for point in question.points if point.kind == "must"]
        assert [(point.name, point.text) for point in propose(question.reference, question.prompt)] == musts


@pytest.mark.parametrize("language", ["zh", "en"])
def test_from_prose_the_points_of_its_author_are_found_again(language):
    """The starter bank's answers as prose: of the points that their authors list, 19 in 20 come back in these words."""
    found = wanted = 0
    for path in settings.STARTER_BANK_DIR.glob(f"*.{language}.md"):
        for question, code in questions_of(path):
            prose = as_prose(question.reference, code)
            proposed = texts(prose, f"{question.title}\n{question.prompt}")
            assert LEAST <= len(proposed) <= MOST, question.title
            assert all(text in prose for text in proposed), question.title
            musts = [point.text for point in question.points if point.kind == "must"]
            wanted += len(musts)
            found += sum(any(same(point, text) for text in proposed) for point in musts)
    assert wanted > 600
    assert found / wanted > 0.95


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the sample documents are not on this machine")
def test_documents_from_elsewhere_give_named_points_of_their_own_words():
    for path in sorted(SEEDS.glob("*.txt")):
        for question, _language in questions_of(path):
            proposed = propose(question.reference, question.prompt)
            assert bool(proposed) == bool(question.reference.strip())
            assert all(point.name for point in proposed), question.title
            bare = re.sub(r"\s+", "", question.reference)
            assert all(re.sub(r"\s+", "", line) in bare for point in proposed for line in point.text.split("\n"))


def test_prose_is_cut_into_sentences_without_their_words_of_order():
    reference = (
        "首先，缓存命中可以省去重复计算。其次，批处理把多个请求合在一起送进显卡。"
        "例如八个请求只读一遍权重。最后，量化让权重占的显存变小。总之，三种办法一起用效果最好。"
    )
    assert texts(reference) == [
        "缓存命中可以省去重复计算。",
        "批处理把多个请求合在一起送进显卡。例如八个请求只读一遍权重。",
        "量化让权重占的显存变小。",
    ]


def test_what_only_repeats_the_question_is_no_point():
    reference = "要加快推理服务有许多办法。缓存命中可以省去重复计算。批处理提高吞吐。量化让权重变小。"
    assert "要加快推理服务有许多办法。" not in texts(reference, "如何加快推理服务？有许多办法吗？")


def test_one_long_sentence_is_cut_at_its_clauses():
    reference = (
        "先把长文切成有重叠的小段并去掉页眉页脚，再用向量和关键词两路召回候选段落，"
        "最后让重排模型挑出最相关的五段放进提示词"
    )
    proposed = texts(reference)
    assert len(proposed) == 3 and all(text in reference for text in proposed)


def test_names_come_from_what_leads():
    reference = (
        "**缓存：** 命中可以省去重复计算。\n\n批处理：多个请求一起算，吞吐更高。\n\n量化之后权重只占四分之一的显存。"
    )
    assert [point.name for point in propose(reference, "")] == ["缓存", "批处理", ""]
    assert [point.name for point in propose("常见办法包括：缓存与批处理。", "")] == [""]


def test_code_is_no_point():
    proposed = texts("先归一化再切片。\n\n```python\nprint('a secret')\n```\n\n然后按签名分桶。最后精确比较。")
    assert proposed and not any("print" in text for text in proposed)


@pytest.mark.parametrize("reference", ["", "  \n ", "```\ncode\n```", "# 标题", "。。。", "\n" * 1000, "- \n- \n- "])
def test_where_nothing_is_said_nothing_is_proposed(reference):
    assert propose(reference, "") == []


def test_a_very_long_text_takes_no_long_time():
    assert len(texts("缓存命中可以省去重复计算，批处理提高吞吐，" * 2000)) <= MOST
    assert len(texts("".join(f"第{n}件事与别的事完全不同，说的是{n * 7919}。" for n in range(1500)))) <= MOST


def test_a_proposal_is_matched_with_todays_points():
    today = [FrozenPoint("p1", "缓存", "缓存命中可以省去重复计算"), FrozenPoint("p2", "", "批处理提高吞吐")]
    assert match(ParsedPoint("", "缓存命中可以省去**重复**计算。"), today).kind == "same"
    near = match(ParsedPoint("", "缓存一旦命中，可以省去重复计算"), today)
    assert (near.kind, near.number) == ("other words", 1)
    assert match(ParsedPoint("", "量化让权重变小"), today).kind == "new"
    assert match(ParsedPoint("", "量化让权重变小"), []).kind == "new"

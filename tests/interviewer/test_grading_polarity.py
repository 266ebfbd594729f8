"""What an answer denies: clause against claim, and whole stretches."""

import pytest

from interviewer.grading.copied import copied
from interviewer.grading.denial import blank, denied
from interviewer.grading.polarity import claims, contradicts, weighs
from interviewer.grading.shape import is_gibberish, is_keyword_list, is_other_language


@pytest.mark.parametrize(
    ("said", "point"),
    [
        ("不支持随机访问指定位置", "支持随机访问指定位置"),
        ("增加批量会降低吞吐量", "增加批量会提高吞吐量"),
        ("the index decreases lookup time of queries", "the index increases lookup time of queries"),
        ("the engine does not support random access", "the engine supports random access"),
    ],
)
def test_opposites(said, point):
    assert contradicts(claims(said), claims(point), claims(point))
    assert not contradicts(claims(point), claims(point), claims(point))


@pytest.mark.parametrize(
    ("said", "point"),
    [
        ("4 比特约 35 GB，才给 KV 缓存留得下位置", "8 比特几乎不给 KV 缓存留位置；4 比特约 35 GB，才有并发的余地"),
        ("并非不支持随机访问指定位置", "支持随机访问指定位置"),
        ("不是链表而是数组支持随机访问", "数组支持随机访问"),
        ("红色衣服不吸收红光而反射红光", "红色的衣服反射红光"),
        ("按时间分为定期和不定期运输市场", "按时间分为定期运输市场"),
        ("it does not copy the page but moves it to another place", "it moves the page to another place"),
    ],
)
def test_no_opposites(said, point):
    assert not contradicts(claims(said), claims(point), claims(point))


def test_nothing_is_concluded_where_two_things_are_weighed():
    assert weighs("优点是简单；缺点是容易溢出。")
    assert not weighs("栈是后进先出的。")


NOTHING = copied("", "x")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("以下都是谣言：甲会变快。", ""),
        ("其实甲会变慢。以下说法是错误的：甲会变快。正确的是乙会变快。", "其实甲会变慢。正确的是乙会变快。"),
        ("None of the following is true: a is fast.", ""),
        ("Misconceptions: a is fast.", ""),
        ("要先定义对错：由专家判断。", "要先定义对错：由专家判断。"),
        ("它能避免错误，速度也快。", "它能避免错误，速度也快。"),
        ("Someone must define right and wrong: an expert.", "Someone must define right and wrong: an expert."),
    ],
)
def test_denied_stretches(text, left):
    assert blank(text, denied(text, NOTHING)).replace(" ", "") == left.replace(" ", "")


def test_a_pasted_reference_is_denied_by_what_frames_it():
    reference = "先从知识库取出相关文档再回答问题"
    for text in (f"有人说{reference}，这是谣言。", f"与事实相反的是{reference}"):
        assert denied(text, copied(text, reference))
    assert not denied(f"我的做法是{reference}。", copied(f"我的做法是{reference}。", reference))


def test_shapes():
    prose = "把它们放进模型的上下文里，并要求给出引用。"
    assert is_keyword_list("知识库、文档、引用、来源、核对、证据、拒答、检索、放进、取出", prose)
    assert not is_keyword_list(
        "知识库、文档、引用、来源、核对、证据、拒答、检索、放进、取出", "知识库、文档、引用、来源、核对"
    )
    assert not is_keyword_list(prose, prose)
    assert is_gibberish("asdkjfh qwlrkrj zxmcnv", "怎么做", "x")
    assert is_gibberish("哈" * 20, "怎么做", "x")
    assert not is_gibberish("Σ(n-i+1)=n/2; Σ(n-i)(n-i)=(2*n+1)/3", "怎么做", "x")  # formulas need no words
    assert not is_gibberish("rhythm and strength of synchronous systems", "Why?", "x")
    assert is_other_language("The answer is in another language", "参考答案是中文的")
    assert not is_other_language("用 Redis Cluster 做 cache sharding", "参考答案是中文的")
    assert is_other_language("用 vLLM 的 PagedAttention 管理 KV cache，碎片更少。", "The answer is in English")
    assert not is_other_language("Use PagedAttention（分页注意力）for the KV cache", "The answer is in English")
    assert is_other_language("Ответ написан на другом языке", "The answer is in English")

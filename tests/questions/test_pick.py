"""Picking questions for an interview: spread out, without repetitions, the unasked ones first."""

from __future__ import annotations

from collections import Counter

import pytest

from questions import retrieval
from questions.models import Document, Question, Topic

pytestmark = pytest.mark.django_db

# No two of these have words or meaning in common.
SUBJECTS = [
    (
        "死锁",
        "什么是死锁，怎样避免？",
        "四个必要条件是互斥、占有并等待、不可剥夺和循环等待；按固定顺序加锁就能打破循环。",
    ),
    ("索引", "数据库的 B+ 树索引为什么快？", "树很矮，一次查找只读几页磁盘，叶子相连便于范围扫描。"),
    ("握手", "TCP 为什么要三次握手？", "双方都要确认对方能收能发，并同步初始序列号，防止旧连接请求突然到达。"),
    ("过拟合", "如何防止过拟合？", "增加样本、正则化、随机失活，以及在验证误差回升时提前停止训练。"),
    ("快排", "快速排序最坏情况是什么？", "每次枢轴都选到最值时退化为平方复杂度；随机选枢轴可以避免。"),
    ("垃圾回收", "分代回收的依据是什么？", "多数对象很快死去，所以年轻代频繁复制，老年代偶尔标记整理。"),
    ("缓存雪崩", "大量键同时过期会怎样？", "请求全部落到后端使其崩溃；给过期时间加随机量，并限流降级。"),
    ("虚拟内存", "缺页中断时系统做什么？", "找到空闲页框，必要时换出旧页，从磁盘读入所需页，更新页表后重新执行指令。"),
]


def publish(subject: int, topic: str = "general", **fields) -> Question:
    title, prompt, reference = SUBJECTS[subject]
    texts = {"title": title, "prompt": prompt, "reference": reference, "language": "zh-hans"}
    topic_row, _created = Topic.objects.get_or_create(slug=topic)
    slug = f"question-{Question.objects.count()}"
    return Question.objects.create(slug=slug, topic=topic_row, **{**texts, "status": "published", **fields})


def pick(count: int, **options) -> list[Question]:
    return retrieval.pick(Question.objects.all(), count, **options)


def test_as_many_as_asked_for_and_no_more_than_there_are() -> None:
    for number in range(5):
        publish(number)
    assert len(pick(3)) == 3
    assert len(pick(9)) == 5
    assert pick(0) == []
    assert retrieval.pick(Question.objects.none(), 3) == []


def test_only_published_ones_of_the_given_questions() -> None:
    wanted = publish(0)
    publish(1, status="draft")
    publish(2, status="retired")
    publish(3, language="en")
    assert retrieval.pick(Question.objects.filter(language="zh-hans"), 9) == [wanted]


def test_questions_spread_over_topics() -> None:
    for number in range(6):
        publish(number, topic="large")
    publish(6, topic="small")
    publish(7, topic="tiny")
    assert {question.topic.slug for question in pick(3)} == {"large", "small", "tiny"}


def test_questions_spread_over_difficulties_easy_ones_first() -> None:
    for number in range(5):
        publish(number, difficulty=3)
    publish(5, difficulty=1)
    publish(6, difficulty=5)
    assert [question.difficulty for question in pick(3)] == [1, 3, 5]


def test_no_two_questions_with_nearly_the_same_words() -> None:
    publish(0)
    publish(0, title="死锁？", prompt="请问什么是死锁，怎样避免？")
    publish(1)
    assert len(pick(3)) == 2


def test_short_answers_may_be_the_same() -> None:
    publish(4, reference="O(n)")
    publish(5, reference="O(n)")
    assert len(pick(2)) == 2


def test_no_two_questions_that_mean_the_same(index_dir) -> None:
    publish(3)
    publish(3, title="过拟合问题", prompt="怎样才能避免过拟合？", reference="更多训练数据，正则化，dropout，早停。")
    publish(1)
    retrieval.sync()
    assert len(pick(3)) == 2


def test_different_questions_stay_with_vectors_too(index_dir) -> None:
    for number in range(len(SUBJECTS)):
        publish(number)
    retrieval.sync()
    assert len(pick(len(SUBJECTS))) == len(SUBJECTS)


def test_no_two_translations_of_one_question() -> None:
    chinese, english = (Document.objects.create(name="os", language=code, source="") for code in ("zh-hans", "en"))
    publish(0, document=chinese, number="1")
    publish(1, document=english, number="1", language="en")
    assert len(pick(2)) == 1


def test_asked_ones_come_only_when_nothing_else_is_left() -> None:
    questions = [publish(number) for number in range(4)]
    asked = {question.pk for question in questions[:2]}
    assert not asked & {question.pk for question in pick(2, exclude=asked)}
    assert Counter(question.pk in asked for question in pick(3, exclude=asked)) == {False: 2, True: 1}


def test_a_seed_repeats_a_choice_and_chance_varies_it() -> None:
    for number in range(8):
        publish(number)
    assert pick(3, seed=7) == pick(3, seed=7)
    assert len({tuple(question.pk for question in pick(3, seed=seed)) for seed in range(8)}) > 1


def test_a_bank_of_repetitions_is_not_searched_forever(monkeypatch, django_assert_max_num_queries) -> None:
    monkeypatch.setattr("questions.picking.MAX_COMPARED", 5)
    for _n in range(20):
        publish(0)
    with django_assert_max_num_queries(12):
        assert len(pick(10)) == 1

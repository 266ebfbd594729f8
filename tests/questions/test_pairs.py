"""Pairs as curators work them off, what an import would repeat, and what a save repeats by its words."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from questions import duplicates, embedding, merges, pairs, sameness, wording
from questions.documents import ParsedQuestion
from questions.duplicates import Pair
from questions.importing import Source, import_sources
from questions.models import DuplicatePair, Passage, Question, SpareVector
from questions.versions import Cause, NotAllowed
from tests import build
from tests.build import NOON

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=1)
ANSWER = "增加训练数据，加正则化和 dropout，验证误差回升时提前停止训练。"


def found(*named: tuple[Question, Question, float]) -> None:
    kind = sameness.Kind.MEANING
    list_of = [Pair(*sorted((a.slug, b.slug)), score, kind) for a, b, score in named]
    pairs.store(list_of, LATER, questions=9, words_only=False)


def open_pairs() -> set[frozenset[int]]:
    return {frozenset((pair.one_id, pair.other_id)) for pair in DuplicatePair.objects.undecided()}


def apart(one: Question, other: Question) -> None:
    pairs.judge_apart(other.pk, one.pk, pairs.said(one, other), Cause(None, "one is about training", NOON))


def parsed(number: str, prompt: str, reference: str = ANSWER, **fields: str) -> ParsedQuestion:
    return ParsedQuestion(number, 0, f"题 {number}", prompt, reference, **fields)


# --- What was found, and what was decided ---


def test_a_search_replaces_the_one_before():
    a, b, c = build.bank(3)
    found((a, b, 0.9), (b, c, 0.5))
    found((b, a, 0.7))
    [pair] = DuplicatePair.objects.all()
    assert (pair.one_id, pair.other_id, pair.score) == (min(a.pk, b.pk), max(a.pk, b.pk), 0.7)
    assert pairs.last_search().searched_at == LATER


def test_what_is_not_the_same_comes_back_only_when_a_text_has_changed():
    a, b, _c = build.bank(3)
    found((a, b, 0.9))
    apart(a, b)
    found((a, b, 0.9))
    assert open_pairs() == set() and pairs.set_aside(a.pk, [b.pk]) == {b.pk}
    Question.objects.filter(pk=a.pk).update(difficulty=5)  # no text
    found((a, b, 0.9))
    assert open_pairs() == set()
    found()
    assert DuplicatePair.objects.set_aside().count() == 1, "a judgement outlives a search that finds nothing"
    Question.objects.filter(pk=a.pk).update(prompt="另一个问题？")
    assert pairs.set_aside(b.pk, [a.pk]) == set()
    found((a, b, 0.8))
    assert open_pairs() == {frozenset((a.pk, b.pk))}
    [pair] = DuplicatePair.objects.all()
    assert (pair.judged_at, pair.reason, pair.score) == (None, "", 0.8)


def test_a_judgement_is_of_what_was_seen():
    a, b, _c = build.bank(3)
    seen = pairs.said(b, a)
    assert seen == pairs.said(a, b)
    Question.objects.filter(pk=b.pk).update(reference="另一个答案")
    with pytest.raises(NotAllowed, match="changed meanwhile"):
        pairs.judge_apart(a.pk, b.pk, seen, Cause())
    assert not DuplicatePair.objects.exists()


def test_a_judgement_can_be_taken_back():
    a, b, _c = build.bank(3)
    apart(a, b)
    apart(a, b)
    pairs.reconsider(b.pk, a.pk)
    assert open_pairs() == {frozenset((a.pk, b.pk))}


def test_retired_and_merged_questions_wait_for_nobody():
    a, b, c = build.bank(3)
    found((a, b, 0.9), (b, c, 0.8))
    merges.merge(a.pk, b.pk, Cause())
    assert open_pairs() == {frozenset((b.pk, c.pk))}
    merges.separate(a.pk, Cause())
    assert len(open_pairs()) == 2


def test_groups_have_the_largest_first_and_then_the_surest():
    a, b, c, d, e = build.bank(5)
    f, g = build.question(), build.question()
    found((a, b, 0.5), (c, d, 0.6), (d, e, 0.5), (f, g, 0.99))
    groups = pairs.groups(DuplicatePair.objects.undecided().select_related("one", "other"))
    assert [{each.pk for each in group.questions} for group in groups] == [
        {c.pk, d.pk, e.pk}, {f.pk, g.pk}, {a.pk, b.pk},
    ]  # fmt: skip
    assert [pair.score for pair in groups[0].pairs] == [0.6, 0.5]


def test_a_deleted_question_is_no_pair():
    a, _b, _c = build.bank(3)
    pair = Pair(a.slug, "gone", 0.9, sameness.Kind.MEANING)
    assert pairs.store([pair], NOON, questions=3, words_only=True) == 0


def test_how_many_were_changed_since():
    a, b, _c = build.bank(3)
    Question.objects.update(updated_at=NOON)
    Question.objects.filter(pk__in=[a.pk, b.pk]).update(updated_at=LATER)
    Question.objects.filter(pk=b.pk).update(status="retired")
    assert (pairs.changed_since(NOON), pairs.changed_since(LATER)) == (1, 0)


# --- What an import would repeat ---


def test_an_import_hears_what_the_bank_has_already():
    known = build.question(prompt="如何防止模型过拟合？", reference=ANSWER, title="过拟合")
    build.bank(6)
    new = [
        parsed("1", "市场上谁在用？", "银行、医院、学校，各有各的要求，先问清楚再估算规模。"),
        parsed("2", "模型记住了样本怎么办？"),
    ]
    [near] = duplicates.near(new, "zh-hans", by_meaning=False)
    assert (near.which, near.slug, near.score, near.kind) == (1, known.slug, 1.0, "same-answer")
    assert duplicates.near(new, "en", by_meaning=False) == []
    Question.objects.filter(pk=known.pk).update(status="retired")
    assert duplicates.near(new, "zh-hans", by_meaning=False) == []


def test_the_question_that_an_import_would_change_is_no_repetition():
    text = "# 缓存\n\n## 1. 一\n\n题目：为什么要缓存？\n\n答案：" + ANSWER
    import_sources([Source("caches.zh.md", text)])
    stated = build.question(prompt="模型记住了样本怎么办？", reference=ANSWER)
    again = parsed("1", "为什么要缓存？", slug=stated.slug)
    assert duplicates.near([again], "zh-hans", "caches", by_meaning=False) == []
    assert len(duplicates.near([again], "zh-hans", "other", by_meaning=False)) == 1


def test_nothing_is_near_nothing():
    assert duplicates.near([], "en", by_meaning=False) == []
    assert duplicates.near([parsed("1", "?", "")], "en", by_meaning=False) == []
    build.question()
    seen: list[tuple[int, int]] = []
    duplicates.near([parsed("1", "为什么？")], "zh-hans", by_meaning=False, progress=lambda *step: seen.append(step))
    assert seen[-1] == (4, 4)


def test_an_import_hears_the_same_meaning_in_other_words(index_dir):
    known = build.question(prompt="如何防止模型过拟合？", reference=ANSWER, title="过拟合")
    other = "多收集样本，使用 L2 正则和随机失活，用早停法在验证集变差时结束训练。"
    new = [
        parsed("1", "怎样才能避免模型过拟合？", other),
        parsed("2", "市场规模怎么估？", "自上而下，再自下而上核对。"),
    ]
    [near] = duplicates.near(new, "zh-hans")
    assert (near.which, near.slug, near.kind) == (0, known.slug, "meaning")


def test_what_a_preview_embeds_the_import_does_not_embed_again(index_dir, monkeypatch):
    new = [parsed("1", "怎样才能避免模型过拟合？", ANSWER), parsed("2", "市场规模怎么估？", "自上而下，再自下而上。")]
    duplicates.near(new, "zh-hans")
    assert SpareVector.objects.count() == 4
    texts = [(each.title, each.prompt, each.reference) for each in new]
    made = [build.question(title=title, prompt=prompt, reference=reference) for title, prompt, reference in texts]

    def fail(texts: list[str]) -> None:
        raise embedding.EmbeddingError(f"embedded again: {texts}")

    spare = dict(SpareVector.objects.values_list("text_hash", "vector"))
    monkeypatch.setattr(embedding, "embed_passages", fail)
    assert duplicates.embed(Question.objects.all()) == 0
    assert dict(Passage.objects.values_list("text_hash", "vector")) == spare
    assert Passage.objects.filter(question__in=made).count() == 4
    assert not SpareVector.objects.exists()


def test_a_model_that_fails_is_the_callers_to_handle(index_dir, monkeypatch):
    def fail(texts: list[str]) -> None:
        raise embedding.EmbeddingError("the model is ill")

    monkeypatch.setattr(embedding, "embed_passages", fail)
    build.question(reference=ANSWER)
    with pytest.raises(embedding.EmbeddingError):
        duplicates.near([parsed("1", "为什么？")], "zh-hans")
    assert len(duplicates.near([parsed("1", "为什么？")], "zh-hans", by_meaning=False)) == 1


# --- What a save repeats ---


def test_what_a_question_repeats_by_its_words():
    known = build.question(prompt="如何防止模型过拟合？", reference=ANSWER, title="过拟合")
    asked = build.question(prompt="模型记住了样本怎么办？", reference=ANSWER.upper(), title="记住")
    build.question(prompt="模型记住了样本怎么办？", reference=ANSWER, language="en")
    build.question(prompt="模型记住了样本怎么办？", reference=ANSWER, status="retired")
    build.bank(6)
    [near] = wording.near(asked)
    assert (near.question, near.kind, near.score) == (known.pk, "same-answer", 1.0)
    assert f"/questions/duplicates/{asked.pk}/{known.pk}/" in wording.warning(asked)
    apart(asked, known)
    assert wording.warning(asked) == ""


def test_the_screening_keeps_the_nearest_of_many():
    """Sixty questions of one pattern: those that share most words are among the few that are compared in full."""
    words = re.findall("..", "缓存批量蒸馏剪枝量化分片预取回滚限流降级监控重试排队压测扩容切换")
    for n in range(60):
        picked = [words[(n * 5 + k * k) % 16] + words[(n + k * 3) % 16] for k in range(12)]
        build.question(prompt=f"怎样把服务做好？之{n}", title=f"服务 {n}", reference="，".join(picked))
    asked = Question.objects.all()[7]
    scores = {each.pk: pairs.match(asked.pk, each.pk).score for each in Question.objects.exclude(pk=asked.pk)}
    nearest = sorted(scores, key=lambda pk: -scores[pk])[:5]
    assert min(scores[pk] for pk in nearest) >= sameness.THRESHOLD, "the test would prove nothing"
    assert {each.question for each in wording.near(asked)} >= set(nearest)


def test_markup_in_a_title_is_text_in_the_warning():
    build.question(title="<script>x</script>", reference=ANSWER)
    told = wording.warning(build.question(reference=ANSWER))
    assert "<script>" not in told and "&lt;script&gt;" in told

"""Near-duplicates: found by words and by meaning, in one language, and told by a command."""

from __future__ import annotations

import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command, execute_from_command_line

from questions import duplicates, embedding, importing, retrieval, sameness
from questions.models import Document, Passage, Question, Topic

pytestmark = pytest.mark.django_db

CHINESE = {
    "overfit": ("过拟合", "如何防止模型过拟合？", "增加训练数据，加正则化和 dropout，验证误差回升时提前停止训练。"),
    "deploy": ("部署", "如何把模型部署上线？", "打包成容器，灰度发布，监控延迟和错误率，出问题时回滚到上一个版本。"),
    "privacy": ("隐私", "如何保护用户的隐私？", "收集前征得同意，对个人信息脱敏，加密存储，限制访问权限，定期审计。"),
    "quantise": ("量化", "如何把模型量化？", "把浮点权重换成八位整数，用校准数据确定缩放系数，再逐项对比精度。"),
    "explain": (
        "可解释性",
        "如何解释模型的决策？",
        "用 SHAP、LIME 看特征的贡献，画出注意力，给出反例，让用户看懂为什么。",
    ),
    "scale": ("扩展", "如何让系统承受十倍流量？", "拆成无状态的服务，水平扩展，负载均衡，热点放进缓存，数据库分片。"),
}
ENGLISH = {
    "overfit-en": (
        "Overfitting",
        "How do you keep a model from overfitting?",
        "Collect more training data, regularise the weights, use dropout, and stop early once validation errors rise.",
    ),
    "deploy-en": (
        "Deployment",
        "How do you bring a model into production?",
        "Package it as a container, release it to a few users, watch latency and errors, and roll back if need be.",
    ),
    "privacy-en": (
        "Privacy",
        "How do you protect the privacy of users?",
        "Ask for consent, remove names and addresses, encrypt what is stored, restrict access, and audit it regularly.",
    ),
    "quantise-en": (
        "Quantisation",
        "How do you quantise a model?",
        "Replace floating-point weights by eight-bit integers, find scales on calibration data, compare the accuracy.",
    ),
    "explain-en": (
        "Explainability",
        "How do you explain a decision of a model?",
        "Attribute it to features with SHAP or LIME, show attention, and give counterexamples that users follow.",
    ),
    "scale-en": (
        "Scaling",
        "How do you make a system bear ten times the load?",
        "Split it into stateless services, add machines behind a balancer, cache what is hot, shard the database.",
    ),
}
REWORDED = {
    "overfit": (
        "防过拟合",
        "怎样才能避免模型过拟合？",
        "多收集样本，使用 L2 正则和随机失活，用早停法在验证集变差时结束训练。",
    ),
    "overfit-en": (
        "Against overfitting",
        "What can be done so that a model does not overfit?",
        "More examples, weight decay, dropout layers, and early stopping when the loss on held-out data goes up again.",
    ),
}


def publish(slug: str, texts: tuple[str, str, str], **fields) -> Question:
    topic, _created = Topic.objects.get_or_create(slug="general")
    title, prompt, reference = texts
    language = "en" if slug.endswith("-en") else "zh-hans"
    values = {"title": title, "prompt": prompt, "reference": reference, "language": language, "status": "published"}
    return Question.objects.create(slug=slug, topic=topic, **{**values, **fields})


def document(name: str, language: str = "zh-hans") -> Document:
    return Document.objects.create(name=name, language=language, source="")


@pytest.fixture
def bank() -> dict[str, Question]:
    """Twelve questions of one pattern, six in each language, no two of which are the same."""
    documents = {language: document("patterns", language) for language in ("zh-hans", "en")}
    found = {}
    for number, (slug, texts) in enumerate([*CHINESE.items(), *ENGLISH.items()], start=1):
        language = "en" if slug.endswith("-en") else "zh-hans"
        found[slug] = publish(slug, texts, document=documents[language], number=str(number))
    return found


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("duplicates", *arguments, stdout=out)
    return out.getvalue()


def rows(*arguments: str) -> list[dict[str, str | float]]:
    return json.loads(told("--json", *arguments))


def pairs_of(*arguments: str) -> set[tuple[str | float, str | float]]:
    return {(row["a"], row["b"]) for row in rows(*arguments)}


def test_an_empty_bank_has_no_duplicates(index_dir) -> None:
    assert rows() == []
    assert "No duplicates were found." in told()


def test_one_question_has_no_duplicates(index_dir) -> None:
    publish("alone", CHINESE["overfit"])
    assert rows() == []


def test_different_questions_of_one_pattern_are_not_told(bank, index_dir) -> None:
    assert rows() == []
    assert Passage.objects.count() == 24  # they were compared by meaning too


def test_what_all_questions_of_a_document_share_does_not_count() -> None:
    common, *own = np.eye(31, dtype=np.float32)
    vectors = np.stack([np.sqrt(0.95) * common + np.sqrt(0.05) * direction for direction in own]).astype(np.float32)
    centre = sameness.Centre(vectors.mean(axis=0), len(vectors))
    here, there = (sameness.place(vector, "zh-hans", centre) for vector in vectors[:2])
    assert vectors[0] @ vectors[1] == pytest.approx(0.95, abs=1e-3)
    assert here @ sameness.mirrored(there) < 0.1
    assert here @ sameness.mirrored(here) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("slug", ["overfit", "overfit-en"])
def test_the_same_text_in_another_document(bank, index_dir, slug: str) -> None:
    language = bank[slug].language
    publish(f"another-{slug}", (CHINESE | ENGLISH)[slug], document=document("other", language), number="7")
    assert rows() == [{"a": f"another-{slug}", "b": slug, "score": 1.0, "kind": "same-text"}]


def test_the_same_text_in_other_widths_cases_and_blanks(bank, index_dir) -> None:
    title, prompt, reference = ENGLISH["overfit-en"]
    publish("wide-en", (title.upper(), f"  {prompt}\n", reference.replace("Collect", "Ｃｏｌｌｅｃｔ")))
    assert [row["kind"] for row in rows()] == ["same-text"]


@pytest.mark.parametrize("slug", ["overfit", "overfit-en"])
def test_a_reworded_duplicate(bank, index_dir, slug: str) -> None:
    language = bank[slug].language
    publish(f"reworded-{slug}", REWORDED[slug], document=document("other", language), number="7")
    [row] = rows()
    assert (row["a"], row["b"], row["kind"]) == (slug, f"reworded-{slug}", "meaning")
    assert sameness.THRESHOLD <= row["score"] < 1


def test_the_same_answer_to_a_question_in_other_words(bank, index_dir) -> None:
    publish("other-en", ("Memorising", "A network memorises its examples. What now?", ENGLISH["overfit-en"][2]))
    [row] = rows()
    assert (row["score"], row["kind"]) == (1.0, "same-answer")


def test_the_same_question_with_another_answer(bank, index_dir) -> None:
    title, prompt, _reference = ENGLISH["overfit-en"]
    publish("other-en", (title, prompt, "Cross-validate, prune the network, and average several of them."))
    [row] = rows()
    assert (row["score"], row["kind"]) == (1.0, "same-question")


def test_a_question_that_lacks_an_answer(bank, index_dir) -> None:
    publish("draft-en", (*REWORDED["overfit-en"][:2], ""), status="draft")
    assert rows() == []
    assert pairs_of("--all") == {("draft-en", "overfit-en")}


def test_translations_of_each_other_are_not_duplicates(bank, index_dir) -> None:
    chinese, english = document("os"), document("os", "en")
    publish("one", CHINESE["deploy"], document=chinese, number="1")
    publish("two", CHINESE["deploy"], document=english, number="1")  # not translated yet
    assert pairs_of() == {("deploy", "one"), ("deploy", "two")}


def test_languages_are_never_mixed(bank, index_dir) -> None:
    publish("copy", ENGLISH["deploy-en"], language="zh-hans")
    assert pairs_of("--threshold", "0.9") == set()


def test_retired_questions_and_drafts_only_when_asked_for(bank, index_dir) -> None:
    publish("retired", CHINESE["deploy"], status="retired")
    publish("draft", CHINESE["privacy"], status="draft")
    assert rows() == []
    assert pairs_of("--all") == {("deploy", "retired"), ("draft", "privacy")}


def test_one_language_only(bank, index_dir) -> None:
    publish("copy", CHINESE["deploy"])
    publish("copy-en", ENGLISH["deploy-en"])
    assert pairs_of() == {("copy", "deploy"), ("copy-en", "deploy-en")}
    assert pairs_of("--language", "en") == {("copy-en", "deploy-en")}
    assert pairs_of("--language", "zh-hans") == {("copy", "deploy")}


def test_best_first_and_a_threshold(bank, index_dir) -> None:
    publish("reworded", REWORDED["overfit"])
    publish("copy", CHINESE["deploy"])
    scores = [row["score"] for row in rows()]
    assert len(scores) == 2 and scores == sorted(scores, reverse=True)
    assert pairs_of("--threshold", "1") == {("copy", "deploy")}
    assert len(rows("--threshold", "0.01")) > 2


def test_words_are_enough_without_an_embedding_model(bank, index_dir, settings) -> None:
    settings.EMBEDDING_MODEL = "/nowhere"
    publish("copy", CHINESE["deploy"])
    publish("reworded", REWORDED["overfit"])
    assert pairs_of() == {("copy", "deploy")}


def test_a_model_that_fails_is_told_of_and_words_are_compared(bank, index_dir, monkeypatch) -> None:
    def fail(texts: list[str]) -> None:
        raise embedding.EmbeddingError("the model is ill")

    monkeypatch.setattr(embedding, "embed_passages", fail)
    publish("copy", CHINESE["deploy"])
    err = StringIO()
    call_command("duplicates", "--json", stdout=(out := StringIO()), stderr=err)
    assert len(json.loads(out.getvalue())) == 1
    assert "the model is ill" in err.getvalue()


@pytest.mark.parametrize("share", ["0", "-1", "1.01", "nan", "inf", "many", ""])
def test_a_threshold_out_of_range_is_refused(share: str) -> None:
    with pytest.raises(CommandError, match="above 0 and up to 1"):
        told(f"--threshold={share}")


def test_a_refusal_is_in_the_language_of_the_terminal(monkeypatch, settings) -> None:
    settings.LANGUAGE_CODE = "zh-hans"
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    with pytest.raises(CommandError, match="不是大于 0"):
        execute_from_command_line(["manage.py", "duplicates", "--threshold=2", "--traceback", "--skip-checks"])


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(CommandError, match="fr"):
        told("--language", "fr")


def test_the_list_for_people(bank, index_dir) -> None:
    publish("copy", CHINESE["deploy"])
    publish("copy-2", CHINESE["deploy"])
    text = told()
    assert "1.00  the same text" in text and "deploy  部署" in text
    assert "3 pairs in 1 group" in text


def test_the_list_in_chinese(bank, index_dir, monkeypatch, settings) -> None:
    settings.LANGUAGE_CODE = "zh-hans"
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    publish("copy", CHINESE["deploy"])
    assert "1.00  文字相同" in told()


def test_groups_hang_together_through_others() -> None:
    names = [("f", "g"), ("b", "c"), ("d", "a"), ("c", "d")]
    pairs = [duplicates.Pair(a, b, 0.9, sameness.Kind.MEANING) for a, b in names]
    assert duplicates.groups(pairs) == [["a", "b", "c", "d"], ["f", "g"]]
    assert duplicates.groups(reversed(pairs)) == duplicates.groups(pairs)
    assert duplicates.groups([]) == []


def test_many_repetitions_of_one_question_are_one_group(index_dir, monkeypatch) -> None:
    monkeypatch.setattr(duplicates, "NEIGHBOURS", 3)
    for number in range(20):
        publish(f"copy-{number:02}", CHINESE["deploy"])
    [group] = duplicates.groups(duplicates.find())
    assert len(group) == 20


def test_progress_ends_at_the_whole(bank, index_dir) -> None:
    seen: list[tuple[int, int]] = []
    duplicates.find(progress=lambda done, of: seen.append((done, of)))
    assert seen == sorted(seen) and seen[-1][0] == seen[-1][1]


def test_picking_goes_by_the_same_definition(bank, index_dir) -> None:
    publish("reworded", REWORDED["overfit"])
    retrieval.sync()
    chinese = Question.objects.filter(language="zh-hans")
    [pair] = duplicates.find(chinese)
    picked = {question.slug for question in retrieval.pick(chinese, 9)}
    assert len(picked) == 6
    assert len(picked & {pair.a, pair.b}) == 1


def test_an_edited_question_is_no_longer_compared_by_its_old_vector(bank, index_dir) -> None:
    copy = publish("copy", REWORDED["overfit"])
    assert len(rows()) == 1
    title, prompt, reference = ("缓存", "缓存雪崩怎么办？", "过期时间错开，热点永不过期，限流降级，后端多级缓存。")
    Question.objects.filter(pk=copy.pk).update(title=title, prompt=prompt, reference=reference)
    assert duplicates.find() == []


def test_the_starter_bank_repeats_no_words() -> None:
    importing.import_starter_bank()
    assert Question.objects.published().count() > 200
    assert duplicates.find() == []


@pytest.mark.slow
def test_the_starter_bank_repeats_no_meaning(index_dir) -> None:
    importing.import_starter_bank()
    assert rows() == []
    assert Passage.objects.count() == 2 * Question.objects.published().count()

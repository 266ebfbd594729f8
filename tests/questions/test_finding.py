"""The curators' search: the whole bank by words, and by meaning as far as there are vectors."""

from __future__ import annotations

import pytest

from questions import finding, index_state, retrieval
from questions.excerpts import excerpt, shared_words
from questions.finding import by_meaning, by_words
from questions.models import Passage, Question
from tests import build

PRIVACY = {
    "title": "隐私",
    "prompt": "怎样保护用户的隐私？",
    "reference": "1. 征得用户同意。\n2. 对个人信息脱敏后再存储。",
}
QUANTISE = {"title": "量化", "prompt": "怎样把模型变小？", "reference": "把 32 位浮点数权重换成 8 位整数。"}


@pytest.fixture
def bank(db: None) -> dict[str, Question]:
    return {
        "published": build.question(**QUANTISE),
        "draft": build.question(**PRIVACY, status="draft"),
        "retired": build.question(title="过拟合", prompt="如何防止过拟合？", reference="", status="retired"),
    }


def titles(found: list[finding.Found]) -> list[str]:
    known = Question.objects.in_bulk([each.question for each in found])
    return [known[each.question].title for each in found]


def test_words_find_drafts_and_retired_questions_and_follow_the_bank(bank):
    every = Question.objects.all()
    assert titles(by_words("用户隐私", every, 10)) == ["隐私"]
    assert titles(by_words("过拟合", every, 10)) == ["过拟合"]
    assert by_words("用户隐私", Question.objects.published(), 10) == []
    Question.objects.filter(pk=bank["draft"].pk).update(prompt="用户的秘密", title="秘密", reference="")
    assert titles(by_words("秘密", every, 10)) == ["秘密"] and by_words("隐私", every, 10) == []
    assert by_words("?!", every, 10) == []


def test_meaning_finds_other_words_and_other_languages_in_drafts_too(bank, index_dir):
    found = by_meaning("How do I protect personal data?", Question.objects.all(), 10)
    assert titles(found)[0] == "隐私" and len(found) == 3
    assert found[0].part and found[0].passage in PRIVACY["prompt"] + PRIVACY["reference"]
    assert titles(by_meaning("How do I protect personal data?", Question.objects.published(), 10)) == ["量化"]
    assert Passage.objects.filter(question=bank["draft"]).count() == 2  # a few are embedded while searching


def test_interviews_never_see_what_curators_find(bank, index_dir):
    finding.embed_all()
    assert [hit.title for hit in retrieval.search("隐私 过拟合", 10)] == ["量化"]


def test_a_question_without_vectors_is_found_by_its_words(bank, index_dir, monkeypatch):
    monkeypatch.setattr(retrieval, "EMBED_WHILE_SEARCHING", 0)
    retrieval.sync()
    found = by_meaning("用户的隐私", Question.objects.all(), 1)
    assert titles(found) == ["隐私"] and (found[0].part, found[0].passage) == ("", "")


def test_an_empty_bank_has_nothing(db, index_dir):
    assert by_words("隐私", Question.objects.all(), 10) == by_meaning("隐私", Question.objects.all(), 10) == []


# --- Why something was found ---


@pytest.mark.parametrize(
    ("query", "text", "words"),
    [
        ("KV cache 显存", "显存里的 kv Cache", ["kv", "cache", "显存"]),
        ("显存不够怎么办", "显存告急，怎么解决", ["显存", "怎么"]),
        ("rag", "storage", []),
        ("C++ 好", "用 c++ 写", ["c++"]),
        ("量", "变量", ["量"]),
        ("(?!", "(?!", []),
    ],
)
def test_shared_words(query: str, text: str, words: list[str]):
    assert shared_words(query, text) == words


def test_an_excerpt_begins_near_the_first_word_and_marks_all():
    text = "前言。" * 60 + "**显存**不够时 rag 与 storage，显存 RAG。" + "后记。" * 60
    pieces = excerpt(text, ["显存", "rag"])
    assert [piece.text for piece in pieces if piece.marked] == ["显存", "rag", "显存", "RAG"]
    assert pieces[0].text == "…" and pieces[-1].text.endswith("…")
    assert "".join(piece.text for piece in excerpt("短 (文)", [])) == "短 (文)"


# --- The state of the index ---


def test_the_state_tells_what_is_missing_stale_and_old(bank, index_dir):
    state = index_state.read()
    assert (state.published.questions, state.published.missing, state.others.questions) == (1, 2, 2)
    assert state.manifest is None and not state.is_complete and not state.is_busy
    retrieval.sync()
    state = index_state.read()
    assert state.is_complete and state.manifest and (state.manifest.count, state.published.passages) == (2, 2)
    assert state.others.missing == 3 and state.size > 0 and state.written_at
    finding.embed_all()
    Question.objects.filter(pk=bank["published"].pk).update(reference="换了一个答案。")
    Passage.objects.filter(question=bank["retired"]).update(model="another")
    state = index_state.read()
    assert (state.published.missing, state.published.stale, state.left_over) == (1, 1, 1)
    assert not state.is_complete and not state.is_current
    retrieval.sync()
    assert index_state.read().is_complete
    for file in index_dir.glob("gen-*"):
        file.unlink()
    assert not index_state.read().is_current

"""Search: it finds by meaning and by words, follows the database, and survives whatever happens to the index file."""

from __future__ import annotations

import json
import threading
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from questions import embedding, index, retrieval
from questions.locking import only_one
from questions.models import Passage, Question, Topic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("index_dir")]

TEXTS = {
    "overfitting": ("过拟合", "如何防止过拟合？", "增加数据、正则化、dropout、提前停止训练。"),
    "privacy": ("隐私", "怎样保护用户的隐私？", "对个人信息脱敏、加密存储、限制访问权限、征得用户同意。"),
    "quantise": ("量化", "怎样把模型变小？", "把 32 位浮点数权重换成 8 位整数，或者剪枝。"),
}


@pytest.fixture(autouse=True)
def _always_check(monkeypatch) -> None:
    """Every search looks at the database, as one two seconds later would."""
    monkeypatch.setattr(retrieval, "CHECK_SECONDS", 0)


@pytest.fixture
def embedded(monkeypatch) -> list[str]:
    """The texts that were embedded as passages, in order."""
    texts: list[str] = []
    original = embedding.embed_passages

    def counted(batch: list[str]) -> embedding.Vectors:
        texts.extend(batch)
        return original(batch)

    monkeypatch.setattr(embedding, "embed_passages", counted)
    return texts


def publish(slug: str, title: str = "", prompt: str = "", reference: str = "", **fields) -> Question:
    topic, _created = Topic.objects.get_or_create(slug="general")
    texts = {"title": title or slug, "prompt": prompt or slug, "reference": reference}
    status = Question.Status.PUBLISHED
    return Question.objects.create(
        slug=slug, topic=topic, **{"language": "zh-hans", "status": status, **texts, **fields}
    )


@pytest.fixture
def bank() -> dict[str, Question]:
    return {slug: publish(slug, *texts) for slug, texts in TEXTS.items()}


def found(query: str, **options) -> list[str]:
    return [hit.slug for hit in retrieval.search(query, **options)]


def restart() -> None:
    """Forget what the process has in memory: what follows is what a new process does."""
    retrieval.forget()


def test_a_question_is_found_by_what_its_answer_means(bank) -> None:
    assert found("训练集上很好，新数据上很差")[0] == "overfitting"


def test_an_english_query_finds_a_chinese_question(bank) -> None:
    assert found("protect personal data of users")[0] == "privacy"


def test_a_hit_says_what_a_page_shows(bank) -> None:
    hit = retrieval.search("过拟合", limit=1)[0]
    question = bank["overfitting"]
    assert (hit.question, hit.slug, hit.title, hit.language) == (question.pk, "overfitting", "过拟合", "zh-hans")
    assert isinstance(hit.score, float)


def test_a_language_narrows_the_search(bank) -> None:
    publish("privacy-en", "Privacy", "How is personal data protected?", language="en")
    assert found("隐私 privacy", language="en") == ["privacy-en"]
    assert "privacy-en" not in found("隐私 privacy", language="zh-hans")


@pytest.mark.parametrize("query", ["", " ", "？！……", "\0", "\ud800", "🙂"])
def test_a_query_without_words_finds_nothing(bank, query: str) -> None:
    assert found(query) == []


@pytest.mark.parametrize("query", ["过拟合" + "\0\ud800", "过拟合 " * 200_000, "' OR 1=1 --", "过" * 3000])
def test_an_odd_query_is_answered(bank, query: str) -> None:
    assert len(found(query)) == 3


def test_an_empty_bank_and_a_limit_of_none_find_nothing(bank) -> None:
    assert found("过拟合", limit=0) == []
    assert found("过拟合", limit=-1) == []
    Question.objects.all().delete()
    assert found("过拟合") == []


def test_publishing_shows(bank) -> None:
    found("缓存")
    publish("cache", "缓存", "缓存雪崩怎么办？", "错开过期时间。")
    assert found("缓存雪崩")[0] == "cache"


def test_drafts_and_retired_questions_are_not_found(bank) -> None:
    publish("draft", "过拟合", "过拟合是什么？", status=Question.Status.DRAFT)
    assert "overfitting" in found("过拟合")
    Question.objects.filter(slug="overfitting").update(status=Question.Status.RETIRED)
    assert set(found("过拟合")) == {"privacy", "quantise"}


def test_an_edit_shows_even_if_it_left_no_time_stamp(bank) -> None:
    found("死锁")
    Question.objects.filter(slug="quantise").update(title="死锁", prompt="什么是死锁？", reference="互相等待对方的锁。")
    hit = retrieval.search("互相等待的锁")[0]
    assert (hit.slug, hit.title) == ("quantise", "死锁")


def test_a_deleted_question_is_gone(bank) -> None:
    found("过拟合")
    bank["overfitting"].delete()
    assert "overfitting" not in found("过拟合")


def test_no_text_is_embedded_twice(bank, embedded: list[str]) -> None:
    retrieval.sync()
    assert len(embedded) == len(set(embedded)) == 6
    retrieval.sync()
    restart()
    retrieval.rebuild()
    Question.objects.filter(slug="privacy").update(status=Question.Status.RETIRED)
    found("隐私")
    Question.objects.filter(slug="privacy").update(status=Question.Status.PUBLISHED)
    found("隐私")
    assert len(embedded) == 6


def test_the_same_text_in_another_row_is_not_embedded_again(bank, embedded: list[str]) -> None:
    retrieval.sync()
    embedded.clear()
    publish("copy", *TEXTS["privacy"])
    publish("twin", "新的题目", "新的题目", "新的答案")
    publish("other-twin", "新的题目", "新的题目", "新的答案")
    report = retrieval.sync()
    assert sorted(embedded) == ["新的答案", "新的题目\n新的题目"]
    assert (report.questions, report.passages, report.embedded) == (6, 12, 2)


def test_only_the_edited_text_is_embedded(bank, embedded: list[str]) -> None:
    retrieval.sync()
    embedded.clear()
    Question.objects.filter(slug="privacy").update(reference="匿名化。")
    assert retrieval.is_stale()
    retrieval.sync()
    assert embedded == ["匿名化。"]
    assert not retrieval.is_stale()


def test_a_question_without_an_answer_has_one_passage(bank) -> None:
    publish("bare", "裸题", "没有答案的题", " ")
    retrieval.sync()
    assert Passage.objects.filter(question__slug="bare").count() == 1
    assert found("没有答案的题")[0] == "bare"


def test_the_index_file_says_what_is_in_the_database(bank, index_dir: Path) -> None:
    assert retrieval.is_stale()
    assert retrieval.sync().written
    manifest = index.manifest(index_dir)
    rows = list(Passage.objects.values_list("pk", "text_hash"))
    assert manifest is not None
    assert (manifest.model, manifest.count) == (embedding.model_name(), 6)
    assert manifest.fingerprint == index.fingerprint(rows)
    assert not retrieval.is_stale()
    assert not retrieval.sync().written


def delete(path: Path) -> None:
    path.unlink()
    (path.parent / index.POINTER).unlink()


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 4
    path.write_bytes(data)


def pretend_another_model(path: Path) -> None:
    pointer = path.parent / index.POINTER
    pointer.write_text(json.dumps({**json.loads(pointer.read_text()), "model": "another"}))


@pytest.mark.parametrize("damage", [delete, tear, flip_a_bit, Path.unlink, pretend_another_model])
def test_a_damaged_index_is_rebuilt_from_the_database(bank, index_dir: Path, embedded: list[str], damage) -> None:
    before = found("个人信息")
    [generation] = index_dir.glob("gen-*.faiss")
    embedded.clear()
    damage(generation)
    restart()
    assert found("个人信息") == before
    assert embedded == []
    manifest = index.manifest(index_dir)
    assert manifest is not None
    assert index.read(index_dir, embedding.model_name(), manifest.fingerprint).ids.size == 6


def test_a_deleted_index_comes_back_without_a_restart(bank, index_dir: Path) -> None:
    found("过拟合")
    for path in index_dir.iterdir():
        path.unlink()
    assert found("过拟合")[0] == "overfitting"
    assert not retrieval.is_stale()


def test_searching_goes_on_when_the_index_cannot_be_written(bank, settings, tmp_path: Path) -> None:
    settings.INDEX_DIR = tmp_path / "a-file" / "index"
    settings.INDEX_DIR.parent.write_text("in the way")
    assert found("过拟合")[0] == "overfitting"
    with pytest.raises(OSError, match="a-file"):
        retrieval.sync()


def test_another_model_gets_its_own_vectors(bank, index_dir: Path, monkeypatch) -> None:
    retrieval.sync()
    monkeypatch.setattr(embedding, "model_name", lambda: "another")
    assert retrieval.is_stale()
    assert retrieval.sync().embedded == 6
    manifest = index.manifest(index_dir)
    assert manifest is not None
    assert manifest.model == "another"
    assert found("过拟合")[0] == "overfitting"


def test_without_a_model_words_still_find(bank, settings) -> None:
    settings.EMBEDDING_MODEL = "/no/such/model"
    assert found("正则化 dropout") == ["overfitting"]
    with pytest.raises(embedding.EmbeddingError):
        retrieval.sync()


def test_one_search_embeds_only_a_little_of_a_large_change(bank, embedded: list[str], monkeypatch) -> None:
    monkeypatch.setattr(retrieval, "EMBED_WHILE_SEARCHING", 2)
    assert found("正则化")[0] == "overfitting"
    assert len(embedded) == 2
    for _turn in range(3):
        found("正则化")
    assert len(embedded) == 6
    assert not retrieval.is_stale()


def test_between_two_checks_the_bank_stays_as_it_was(bank, monkeypatch, django_assert_num_queries) -> None:
    found("过拟合")
    monkeypatch.setattr(retrieval, "CHECK_SECONDS", 60)
    with django_assert_num_queries(0):
        found("隐私")


def test_an_unchanged_bank_is_checked_with_one_query(bank, django_assert_num_queries) -> None:
    found("过拟合")
    with django_assert_num_queries(1):
        found("隐私")


@pytest.mark.django_db(transaction=True)
def test_rebuilding_in_several_threads_at_once_ends_well(bank, index_dir: Path) -> None:
    failures: list[Exception] = []

    def rebuild() -> None:
        try:
            retrieval.rebuild()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=rebuild) for _n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Passage.objects.count() == 6
    assert not retrieval.is_stale()


@pytest.mark.django_db(transaction=True)
def test_two_machines_that_embed_the_same_questions_end_with_the_same_rows(bank, monkeypatch) -> None:
    """While this machine embeds, another one stores vectors of the same passages and a curator deletes a question."""
    original = embedding.embed_passages

    def slow(batch: list[str]) -> embedding.Vectors:
        vectors = original(batch)
        monkeypatch.setattr(embedding, "embed_passages", original)
        restart()
        retrieval.sync()
        bank["quantise"].delete()
        return vectors

    monkeypatch.setattr(embedding, "embed_passages", slow)
    found("过拟合")
    assert Passage.objects.count() == 4
    assert set(found("过拟合")) == {"overfitting", "privacy"}


def test_similar_questions_come_without_the_question_itself(bank) -> None:
    publish("overfitting-too", "过拟合问题", "怎么避免模型过拟合？", "正则化、dropout、更多数据、早停。")
    hits = retrieval.similar(bank["overfitting"], limit=2)
    assert hits[0].slug == "overfitting-too"
    assert 0.9 < hits[0].score <= 1.0
    assert "overfitting" not in [hit.slug for hit in hits]


def test_a_draft_has_similar_questions_too(bank) -> None:
    draft = publish("draft", "过拟合", "怎么避免过拟合？", "早停。", status=Question.Status.DRAFT)
    assert retrieval.similar(draft, limit=1)[0].slug == "overfitting"
    assert retrieval.similar(Question(), limit=1) == []


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_the_search_command_prints_json(bank) -> None:
    rows = json.loads(run("search", "personal data", "-k", "1", "--language", "zh-hans", "--json"))
    assert [sorted(row) for row in rows] == [["language", "score", "slug", "title"]]
    assert rows[0]["slug"] == "privacy"
    assert json.loads(run("search", "", "--json")) == []


def test_the_search_command_prints_lines(bank) -> None:
    assert "过拟合" in run("search", "过拟合")
    assert run("search", "…").strip()


def test_rebuilding_by_command_can_be_repeated(bank) -> None:
    assert "6 texts embedded" in run("rebuild_index")
    assert "0 texts embedded" in run("rebuild_index")


def test_the_rebuild_command_says_what_is_wrong(bank, settings) -> None:
    settings.EMBEDDING_MODEL = "/no/such/model"
    with pytest.raises(CommandError, match="EMBEDDING_MODEL"):
        run("rebuild_index")


def test_who_does_not_wait_leaves_the_index_to_whoever_is_at_it(index_dir):
    index_dir.mkdir(parents=True)
    with only_one(index_dir / "sync.lock"):
        assert retrieval.sync_unless_busy() is None
    assert retrieval.sync_unless_busy() is not None

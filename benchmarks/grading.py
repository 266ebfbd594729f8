"""How well the semantic grader agrees with people, withstands attacks, and what it costs; results are in grading.md.

    python benchmarks/grading.py [--data DIR] [--sets ads_zh,…] [--skip-attacks]

DIR (default: ../shared/data beside the repository) holds graded/*.jsonl and attacks.jsonl. What is absent is skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interviewer.settings")

import django  # noqa: E402

django.setup()

from interviewer import grading  # noqa: E402
from interviewer.grading.words import new_units, units  # noqa: E402
from questions import embedding  # noqa: E402
from questions.frozen import FrozenQuestion  # noqa: E402

Row = dict[str, Any]


def main() -> None:
    """Print one table for agreement, one for attacks, one line for time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--sets", default="ads_zh,le_zh,cesa_zh,mohler_en")
    parser.add_argument("--skip-attacks", action="store_true")
    options = parser.parse_args()
    sets = {name: _rows(options.data / "graded" / f"{name}.jsonl") for name in options.sets.split(",")}
    for name, rows in sets.items():
        print(agreement(name, rows) if rows else f"{name}: skipped, the file is not there", flush=True)
    attacks = _rows(options.data / "attacks.jsonl")
    if attacks and not options.skip_attacks:
        print(attack_table(attacks, [rows for rows in sets.values() if rows]))
    elif not attacks:
        print("attacks: skipped, attacks.jsonl is not there")
    print(cost())


def agreement(name: str, rows: list[Row]) -> str:
    """Mean correlation with people within a question, and raw error: a simple baseline, then ours."""
    got = [_score(row, row["answer"]) for row in rows]
    base = [_recall(row) for row in rows]
    errors = [_error(rows, scores) for scores in (base, got)]
    return (
        f"{name} n {len(rows)} | within-question r: baseline {_within(rows, base):.3f}, ours {_within(rows, got):.3f}"
        f" | raw RMSE: baseline {errors[0]:.3f}, ours {errors[1]:.3f}"
    )


def attack_table(attacks: list[Row], sets: list[list[Row]]) -> str:
    """The lift (attacked − clean score; for a blank answer the score) of every attack: mean and worst."""
    lifts: dict[str, list[float]] = defaultdict(list)
    chosen = random.Random(3)
    for rows in sets:
        of = _by_question(rows)
        for question in chosen.sample(sorted(of), min(3, len(of))):
            for kind, answer in _answers(of[question], chosen).items():
                clean = _score(of[question][0], answer) if answer else 0.0
                for attack in attacks:
                    if attack["lang"] == rows[0]["lang"]:
                        attacked = f"{answer}\n{_filled(attack['text'], of[question][0])}"
                        lifts[kind].append(_score(of[question][0], attacked) - clean)
    return "\n".join(
        f"attacks on {kind} answers: mean {np.mean(v):+.3f}, worst {max(v):+.3f}" for kind, v in lifts.items()
    )


def cost() -> str:
    """Seconds for one answer as a multiple of one pass of the encoder over it, the reference side warm."""
    question = FrozenQuestion("q", "", "zh", "open", "检索增强生成怎么降低幻觉？", "先检索相关文档。给出引用来源。", ())
    answer = "先从知识库里取出和问题有关的几段文字，连同问题一起交给模型，并要求它给出引用；找不到依据就拒答。" * 3
    grading.grade(question, answer, "semantic")
    passes = [_timed(lambda: embedding.token_vectors([answer], "zh")) for _ in range(20)]
    grades = [_timed(lambda: grading.grade(question, answer, "semantic")) for _ in range(20)]
    ratio = statistics.median(grades) / statistics.median(passes)
    return f"time: {ratio:.2f} × one encoder pass ({statistics.median(grades) * 1000:.0f} ms here, median of 20)"


def _rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def _score(row: Row, answer: str) -> float:
    question = FrozenQuestion("q", "", row["lang"], "open", row["question"], row["reference"], ())
    return grading.grade(question, answer, "semantic").score


def _recall(row: Row) -> float:
    """The baseline: the share of the reference's new words that the answer holds."""
    wanted = new_units(row["reference"], row["question"])
    return len(wanted & units(row["answer"])) / max(1, len(wanted))


def _within(rows: list[Row], scores: list[float]) -> float:
    pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row, score in zip(rows, scores, strict=True):
        pairs[row["qid"]].append((row["score"], score))
    columns = [np.array(values).T for values in pairs.values()]
    return float(np.mean([np.corrcoef(c)[0, 1] for c in columns if c.std(axis=1).min() > 0]))


def _error(rows: list[Row], scores: list[float]) -> float:
    return float(np.sqrt(np.mean([(row["score"] - score) ** 2 for row, score in zip(rows, scores, strict=True)])))


def _by_question(rows: list[Row]) -> dict[str, list[Row]]:
    of: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of[row["qid"]].append(row)
    return of


def _answers(rows: list[Row], chosen: random.Random) -> dict[str, str]:
    """A blank, a weak and a good answer to one question, by what people gave."""
    ordered = sorted((row for row in rows if row["answer"].strip()), key=lambda row: row["score"])
    return {"blank": "", "weak": ordered[len(ordered) // 10]["answer"], "good": ordered[-1]["answer"]}


def _filled(text: str, row: Row) -> str:
    return text.replace("{{QUESTION}}", row["question"]).replace("{{REFERENCE}}", row["reference"])


def _timed(do: Any) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

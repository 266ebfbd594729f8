"""How often search puts a right question first, on a real Chinese bank; results are in search.md.

    python benchmarks/search.py [--documents DIR] [--weights]

DIR (default: ../shared/seeds beside the repository) holds Markdown question documents. The paraphrases and English
queries in search_queries.json belong to three of them and name the questions they should find as "document/number".
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interviewer.settings")

import django  # noqa: E402

django.setup()

from questions import embedding, lexical, passages, ranking  # noqa: E402
from questions.documents import decode, parse  # noqa: E402

Scores = np.ndarray
RANK_CONSTANT = 60  # of reciprocal rank fusion, the customary value


@dataclass(frozen=True)
class Item:
    """One question of the bank, known as "document/number"."""

    key: str
    title: str
    prompt: str
    reference: str
    explanation: str
    examples: str

    @property
    def parts(self) -> dict[str, str]:
        return passages.parts_of(self.title, self.prompt, self.reference)


@dataclass(frozen=True)
class Task:
    """Queries and, for each, the rows that are right; `answers_only` hides the questions from the search."""

    name: str
    queries: list[str]
    right: list[set[int]]
    answers_only: bool = False


@dataclass(frozen=True)
class Evidence:
    """What one query is ranked by: a cosine per part and the coverage, each over all rows."""

    question: Scores
    answer: Scores
    coverage: Scores


def read_bank(folder: Path) -> list[Item]:
    items = []
    for path in sorted([*folder.glob("*.md"), *folder.glob("*.txt")]):
        document = parse(decode(path.read_bytes()), path.name)
        items += [
            Item(f"{document.name[:3]}/{q.number}", q.title, q.prompt, q.reference, q.explanation, q.examples)
            for q in document.questions
            if q.reference
        ]
    return items


def tasks(bank: list[Item]) -> list[Task]:
    row_of = {item.key: row for row, item in enumerate(bank)}
    everything = list(range(len(bank)))
    explained = [row for row in everything if bank[row].explanation]
    exemplified = [row for row in everything if bank[row].examples]
    written = [
        entry
        for entry in json.loads((HERE / "search_queries.json").read_text(encoding="utf-8"))
        if all(key in row_of for key in entry["finds"])
    ]
    right = [{row_of[key] for key in entry["finds"]} for entry in written]
    return [
        Task("question → its answer", [item.prompt for item in bank], [{row} for row in everything], True),
        Task("explanation → question", [bank[row].explanation for row in explained], [{row} for row in explained]),
        Task("example → question", [bank[row].examples for row in exemplified], [{row} for row in exemplified]),
        Task("paraphrase", [entry["zh"] for entry in written], right),
        Task("English → Chinese", [entry["en"] for entry in written], right),
    ]


def evidence(bank: list[Item], task: Task, vectors: dict[str, Scores]) -> list[Evidence]:
    parts = [part for part in ("question", "answer") if not (task.answers_only and part == "question")]
    lexicon = lexical.Lexicon([lexical.terms("\n".join(item.parts[part] for part in parts)) for item in bank])
    found = []
    for query, vector in zip(task.queries, embedding.embed_queries(task.queries), strict=True):
        cosines = {part: vectors[part] @ vector for part in parts}
        nothing = np.full(len(bank), np.nan, np.float32)
        coverage = lexicon.coverage(lexical.query_terms(query))
        found.append(Evidence(cosines.get("question", nothing), cosines["answer"], coverage))
    return found


def model_alone(seen: Evidence) -> Scores:
    return np.fmax(seen.question, seen.answer)


def words_alone(seen: Evidence) -> Scores:
    return seen.coverage


def rank_fusion(seen: Evidence) -> Scores:
    def places(scores: Scores) -> Scores:
        return np.argsort(np.argsort(-scores, kind="stable"))

    return 1 / (RANK_CONSTANT + places(model_alone(seen))) + 1 / (RANK_CONSTANT + places(seen.coverage))


def nearest_part(weight: float) -> Callable[[Evidence], Scores]:
    """The plain mixture: the nearer part's cosine, standardised, plus `weight` × coverage."""
    return lambda seen: ranking.standardised(model_alone(seen)) + weight * seen.coverage


def ours(seen: Evidence) -> Scores:
    return ranking.fused(ranking.closeness(seen.question, seen.answer), seen.coverage)


METHODS: dict[str, Callable[[Evidence], Scores]] = {
    "model alone": model_alone,
    "BM25 alone": words_alone,
    "rank fusion": rank_fusion,
    "nearer part + 32 × coverage": nearest_part(32),
    "ours": ours,
}


def first_hits(task: Task, seen: list[Evidence], method: Callable[[Evidence], Scores], within: int = 1) -> float:
    """The share of queries with a right question among the first `within`."""
    best = [np.argsort(-method(one), kind="stable")[:within].tolist() for one in seen]
    return float(np.mean([bool(right & set(rows)) for right, rows in zip(task.right, best, strict=True)]))


def print_table(measured: list[tuple[Task, list[Evidence]]], methods: dict[str, Callable[[Evidence], Scores]]) -> None:
    print(
        "| first hit (in the first five) | " + " | ".join(f"{t.name}, n={len(t.queries)}" for t, _ in measured) + " |"
    )
    print("|---" * (len(measured) + 1) + "|")
    for name, method in methods.items():
        cells = [f"{first_hits(t, s, method):.2f} ({first_hits(t, s, method, 5):.2f})" for t, s in measured]
        print(f"| {name} | " + " | ".join(cells) + " |")


def weighted(answer: float, coverage: float) -> Callable[[Evidence], Scores]:
    def method(seen: Evidence) -> Scores:
        question, close = ranking.standardised(seen.question), ranking.standardised(seen.answer)
        question = np.where(np.isnan(question), close, question)
        return ranking.standardised(question + answer * close) + coverage * seen.coverage

    return method


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=Path, default=HERE.parent.parent / "shared" / "seeds")
    parser.add_argument("--weights", action="store_true", help="compare weights")
    options = parser.parse_args()
    bank = read_bank(options.documents) if options.documents.is_dir() else []
    if not bank:
        sys.exit(f"Skipped: there are no question documents in {options.documents}.")
    vectors = {p: embedding.embed_passages([item.parts[p] for item in bank]) for p in ("question", "answer")}
    measured = [(task, evidence(bank, task, vectors)) for task in tasks(bank)]
    print(f"{len(bank)} questions with an answer, model {embedding.model_name()}\n")
    print_table(measured, METHODS)
    if options.weights:
        pairs = [(answer, coverage) for answer in (0, 1, 2, 4) for coverage in (0, 8, 16, 32)]
        print()
        print_table(measured, {f"answers × {a}, coverage × {c}": weighted(a, c) for a, c in pairs})


if __name__ == "__main__":
    main()

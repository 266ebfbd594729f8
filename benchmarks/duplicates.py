"""How well near-duplicates are found, on a real Chinese bank and on rewordings of our own; results in duplicates.md.

    python benchmarks/duplicates.py [--documents DIR] [--pairs] [--size N | --screening]

DIR (default: ../shared/seeds beside the repository) holds the Markdown question documents that duplicates_labels.json
judges. `--pairs` lists every pair around the threshold by number; `--size N` measures the time for N made-up questions
instead, `--screening` what a page that may not wait loses; both in a database of their own.
"""

from __future__ import annotations

import argparse
import atexit
import itertools
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interviewer.settings")
if {"--size", "--screening"} & set(sys.argv):
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="duplicates-")
    atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)
    os.environ.pop("DATABASE_URL", None)

import django  # noqa: E402

django.setup()

from questions import embedding, importing, passages, sameness  # noqa: E402
from questions.documents import decode, parse  # noqa: E402

Texts = tuple[str, str, dict[str, str]]  # "document/number", language, texts by part
Scored = dict[tuple[str, str], sameness.Match]
OLD_COSINE, OLD_QUESTION, OLD_ANSWER = 0.965, 0.85, 0.4  # what picking went by before


def read(folder: Path) -> list[Texts]:
    found: list[Texts] = []
    for path in sorted([*folder.glob("*.md"), *folder.glob("*.txt")]):
        document = parse(decode(path.read_bytes()), path.name)
        name = f"{document.name}-{document.language}" if folder == starter() else document.name[:3]
        found += [
            (f"{name}/{q.number}", document.language, passages.parts_of(q.title, q.prompt, q.reference))
            for q in document.questions
            if q.reference
        ]
    return found


def starter() -> Path:
    return Path(importing.settings.STARTER_BANK_DIR)


def contents(bank: list[Texts]) -> tuple[list[sameness.Content], dict[str, np.ndarray]]:
    """What is compared, as `sameness.Reader` reads it from a database, and the plain vectors by part."""
    vectors = {
        part: embedding.embed_passages([texts[part] for _k, _l, texts in bank]) for part in ("question", "answer")
    }
    members: dict[tuple[str, str], list[int]] = {}
    for row, (key, language, _texts) in enumerate(bank):
        members.setdefault((key.split("/")[0], language), []).append(row)
    made: dict[int, sameness.Content] = {}
    for (_name, language), rows in members.items():
        centres = {part: sameness.Centre(vectors[part][rows].mean(axis=0), len(rows)) for part in vectors}
        for row in rows:
            places = {part: sameness.place(vectors[part][row], language, centres[part]) for part in vectors}
            made[row] = sameness.content(bank[row][2], places)
    return [made[row] for row in range(len(bank))], vectors


def compared(bank: list[Texts], made: list[sameness.Content]) -> Scored:
    """Every pair of one language."""
    return {
        (bank[a][0], bank[b][0]): sameness.compare(made[a], made[b])
        for a, b in itertools.combinations(range(len(bank)), 2)
        if bank[a][1] == bank[b][1]
    }


def by_the_old_rule(
    bank: list[Texts], made: list[sameness.Content], vectors: dict[str, np.ndarray]
) -> set[tuple[str, str]]:
    def is_same(a: int, b: int) -> bool:
        return (
            sameness.lexical.overlap(made[a].question, made[b].question) >= OLD_QUESTION
            or sameness.lexical.overlap(made[a].answer, made[b].answer) >= OLD_ANSWER
            or sum(float(v[a] @ v[b]) for v in vectors.values()) / 2 >= OLD_COSINE
        )

    return {(bank[a][0], bank[b][0]) for a, b in itertools.combinations(range(len(bank)), 2) if is_same(a, b)}


def figures(found: set[tuple[str, str]], labels: dict[tuple[str, str], str]) -> str:
    count = Counter(labels.get(pair, "different") for pair in found)
    same, close, different = count["same"], count["close"], count["different"]
    strict, without_close = same / max(len(found), 1), same / max(same + different, 1)
    recall = same / sum(label == "same" for label in labels.values())
    return f"{len(found)} | {same} | {close} | {different} | {strict:.2f} | {without_close:.2f} | {recall:.2f}"


def read_labels() -> dict[tuple[str, str], str]:
    stored = json.loads((HERE / "duplicates_labels.json").read_text(encoding="utf-8"))
    return {(a, b): label for label in ("same", "close") for a, b in (pair.split(" ") for pair in stored[label])}


def print_bank(folder: Path, *, pairs: bool) -> None:
    bank, labels = read(folder), read_labels()
    unknown = {key for pair in labels for key in pair} - {key for key, _language, _texts in bank}
    if unknown:
        sys.exit(f"Skipped: {folder} holds other documents than the labelled ones (no {', '.join(sorted(unknown))}).")
    made, vectors = contents(bank)
    scored = compared(bank, made)
    print(f"{len(bank)} questions, {len(scored)} pairs, {len(labels)} of them labelled same or close\n")
    print("| | found | same | close | different | precision | without close | recall |\n" + "|---" * 8 + "|")
    print(f"| the rule before | {figures(by_the_old_rule(bank, made, vectors), labels)} |")
    for threshold in sorted({*np.arange(0.30, 0.96, 0.05).round(2).tolist(), sameness.THRESHOLD}):
        found = {pair for pair, match in scored.items() if match.score >= threshold}
        mark = "**" if threshold == sameness.THRESHOLD else ""
        print(f"| {mark}{threshold:.2f}{mark} | {figures(found, labels)} |")
    print_kinds(scored, labels)
    if pairs:
        for pair, match in sorted(scored.items(), key=lambda entry: -entry[1].score):
            if match.score >= sameness.THRESHOLD - 0.15 or labels.get(pair) == "same":
                print(f"{match.score:.2f} {match.kind.value:13} {labels.get(pair, 'different'):9} {' '.join(pair)}")


def print_kinds(scored: Scored, labels: dict[tuple[str, str], str]) -> None:
    print("\nat the threshold, by kind:")
    for kind in sameness.Kind:
        found = [pair for pair, match in scored.items() if match.score >= sameness.THRESHOLD and match.kind is kind]
        print(f"  {kind.value}: {dict(Counter(labels.get(pair, 'different') for pair in found))}")


def print_rewordings() -> None:
    rows = json.loads((HERE / "duplicates_reworded.json").read_text(encoding="utf-8"))
    bank: list[Texts] = []
    for number, row in enumerate(rows):
        for name, said in (("original", row["of"]), ("reworded", row)):
            texts = passages.parts_of(said["title"], said["prompt"], said["reference"])
            bank.append((f"{name}-{row['language']}/{number}", row["language"], texts))
    made, _vectors = contents(bank)
    scored = compared(bank, made)
    for language in ("zh-hans", "en"):
        mine = {pair: match.score for pair, match in scored.items() if pair[0].split("/")[0].endswith(language)}
        same = sorted(score for (a, b), score in mine.items() if a.split("/")[1] == b.split("/")[1])
        others = sorted(score for (a, b), score in mine.items() if a.split("/")[1] != b.split("/")[1])
        found = sum(score >= sameness.THRESHOLD for score in same)
        print(
            f"  {language}: {found} of {len(same)} found (scores {same[0]:.2f} to {same[-1]:.2f}),"
            f" different ones ≤ {others[-1]:.2f}"
        )


def print_starter() -> None:
    bank = read(starter())
    made, _vectors = contents(bank)
    scored = compared(bank, made)
    print(f"\nStarter bank: {len(bank)} questions, {len(scored)} pairs; the nearest ones:")
    for pair, match in sorted(scored.items(), key=lambda entry: -entry[1].score)[:6]:
        print(f"  {match.score:.2f} {match.kind.value} {' '.join(pair)}")


def print_time(size: int) -> None:
    """Made-up questions with made-up vectors, in a database: only the time for finding is of interest."""
    from django.core.management import call_command

    from questions import duplicates
    from questions.models import Document, Passage, Question, Topic

    call_command("migrate", verbosity=0)
    random = np.random.default_rng(0)
    topic = Topic.objects.create(slug="general")
    documents = [
        Document.objects.create(name=f"d{n}", language="zh-hans", source="") for n in range(max(size // 100, 1))
    ]
    word = [chr(0x4E00 + n) + chr(0x4E00 + m) for n, m in random.integers(0, 3000, (5000, 2))]
    for batch in passages.batches(range(size), 500):
        questions = Question.objects.bulk_create(
            Question(
                slug=f"q{n}", title=f"{n}", language="zh-hans", topic=topic, status="published", number=str(n),
                document=documents[n % len(documents)], prompt="如何处理" + "".join(random.choice(word, 8)),
                reference="，".join(random.choice(word, 80)),
            )
            for n in batch
        )  # fmt: skip
        for question in questions:
            texts = passages.parts_of(question.title, question.prompt, question.reference)
            vectors = random.normal(0, 1, (2, 384)) + 15 * np.ones(384) / 384**0.5
            Passage.objects.bulk_create(
                Passage(question=question, part=part, model=sameness.MODEL, text_hash=passages.hash_of(text),
                        vector=passages.to_bytes((vector / np.linalg.norm(vector)).astype(np.float32)))
                for (part, text), vector in zip(texts.items(), vectors, strict=True)
            )  # fmt: skip
    started = time.monotonic()
    pairs = duplicates.find()
    print(
        f"{size} questions, {Passage.objects.count()} vectors: {time.monotonic() - started:.1f} s, {len(pairs)} pairs"
    )
    print_near(list(Question.objects.order_by("pk")[:100]))


def print_near(questions: list[Any]) -> None:
    """How long one of the bank waits when it is saved, and a hundred that an import would bring, by words."""
    from questions import duplicates, said, wording

    asked, started = questions[0], time.monotonic()
    wording.near(asked)
    print(f"one question, on saving it: {time.monotonic() - started:.2f} s")
    started = time.monotonic()
    found = duplicates.near([said.said_of(each) for each in questions], "zh-hans", by_meaning=False)
    print(f"{len(questions)} questions of a document: {time.monotonic() - started:.1f} s, {len(found)} found")


def print_screening(documents: Path) -> None:
    """Of the pairs that words alone find in real documents, how many the quick screening finds too."""
    from django.core.management import call_command

    from questions import importing, pairs, wording
    from questions.models import Passage, Question
    from questions.sources import read_source

    call_command("migrate", verbosity=0)
    paths = sorted([*documents.glob("*.md"), *documents.glob("*.txt")])
    importing.import_sources([read_source(path) for path in paths])
    Passage.objects.all().delete()
    questions = list(Question.objects.exclude(status="retired"))
    sure = [
        (one.pk, other.pk) for one, other in itertools.permutations(questions, 2)
        if pairs.match(one.pk, other.pk).score >= sameness.THRESHOLD
    ]  # fmt: skip
    told = {(question.pk, near.question) for question in questions for near in wording.near(question)}
    print(f"{len(questions)} questions: {len(set(sure) & told)} of {len(sure)} found by the screening")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=Path, default=HERE.parent.parent / "shared" / "seeds")
    parser.add_argument("--pairs", action="store_true", help="list the pairs around the threshold")
    parser.add_argument("--size", type=int, help="measure the time for so many made-up questions instead")
    parser.add_argument("--screening", action="store_true", help="measure what the screening on saving loses instead")
    options = parser.parse_args()
    if options.size:
        return print_time(options.size)
    if options.screening:
        return print_screening(options.documents)
    print("Rewordings of our own (duplicates_reworded.json):")
    print_rewordings()
    print_starter()
    if not options.documents.is_dir() or not read(options.documents):
        sys.exit(f"\nThe rest is skipped: there are no question documents in {options.documents}.")
    print()
    print_bank(options.documents, pairs=options.pairs)


if __name__ == "__main__":
    main()

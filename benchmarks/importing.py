"""How fast questions come into the bank, against the embedding model alone; results are in importing.md.

    python benchmarks/importing.py [--questions 2000] [--write-only 10000]

Three figures of one run, in a database of its own (SQLite, or DATABASE_URL, which is emptied first):

* the import and the embedding of new questions, as a ratio of what the model alone takes for the same texts;
* how long the transaction lasts that writes `--write-only` new questions, and the one that changes them all.

Seconds depend on what else the machine does; the CPU time of this process beside them hardly does.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interviewer.settings")
MODELS = Path(os.environ.get("DATA_DIR") or HERE.parent / "var") / "models"
FOLDER = tempfile.TemporaryDirectory(prefix="importing-")
os.environ["DATA_DIR"] = FOLDER.name

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from questions import bundled, embedding, passages, retrieval  # noqa: E402
from questions.applying import carry_out, prepare, write  # noqa: E402
from questions.models import Question  # noqa: E402
from questions.planning import make_plan  # noqa: E402
from questions.sources import Source  # noqa: E402
from questions.versions import Cause, step  # noqa: E402

Spent = tuple[float, float]  # seconds, and seconds of CPU of this process

# fmt: off
WORDS = [
    "batch", "cache", "latency", "token", "shard", "replica", "gradient", "prompt", "index", "vector", "throughput",
    "kernel", "memory", "queue", "budget", "schema", "drift", "recall", "ranking", "sample", "teacher", "student",
    "layer", "adapter", "quantised", "tenant", "audit", "consent", "licence", "margin",
]
# fmt: on


def document(name: str, count: int, seed: int) -> Source:
    """`count` questions with three key points of invented sentences, no two alike."""
    lot = random.Random(seed)

    def sentence(length: int) -> str:
        return " ".join(lot.choice(WORDS) for _ in range(length))

    text = "".join(
        f"### {n}. {sentence(6)}?\n\n**Question:** {sentence(25)}?\n\n**Topic:** serving\n\n**Answer:**\n"
        + "".join(f"- **{sentence(2)}:** {sentence(18)}\n" for _ in range(3))
        + "\n"
        for n in range(1, count + 1)
    )
    return Source(f"{name}.en.md", text)


@contextmanager
def timed(name: str, found: dict[str, Spent]) -> Iterator[None]:
    began, cpu = time.perf_counter(), time.process_time()
    yield
    found[name] = time.perf_counter() - began, time.process_time() - cpu
    print(f"{name:<34} {found[name][0]:8.1f} s   {found[name][1]:8.1f} s of CPU", flush=True)


def against_the_model(count: int) -> None:
    embedding.load()
    embedding.embed_passages(["warm up"] * 8)
    source, found = document("measured", count, 1), dict[str, Spent]()
    with timed("plan", found):
        plan = make_plan([source])
    with timed("write", found):
        write(plan, Cause())
    with timed("embed and index", found):
        retrieval.sync()
    texts = [
        text
        for question in Question.objects.all()
        for text in passages.parts_of(question.title, question.prompt, question.reference).values()
    ]
    with timed("the model alone", found):
        embedding.embed_passages(texts)
    alone = found.pop("the model alone")
    by_clock, by_work = (alone[n] / sum(each[n] for each in found.values()) for n in (0, 1))
    told = f"{count} questions, {len(texts)} texts"
    print(f"{told}: {by_clock:.2f} of the model's own speed by the clock, {by_work:.2f} by CPU time\n")


def writing(count: int) -> None:
    for what, seed in (("create", 2), ("change", 3)):
        found: dict[str, Spent] = {}
        with timed(f"{what} {count}: plan", found):
            plan = make_plan([document("written", count, seed)])
        with timed(f"{what} {count}: prepare", found):
            prepared = prepare(plan, Cause())
        with timed(f"{what} {count}: transaction", found), step():
            carry_out(prepared)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--questions", type=int, default=2000, help="to import and embed; 0 for none")
    parser.add_argument("--write-only", type=int, default=10_000, help="to create and change; 0 for none")
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    print(connection.vendor)
    if options.questions:
        settings.BUNDLED_MODEL_DIR = MODELS / settings.BUNDLED_MODEL_DIR.name
        bundled.ensure(print)
        against_the_model(options.questions)
    if options.write_only:
        writing(options.write_only)


if __name__ == "__main__":
    main()

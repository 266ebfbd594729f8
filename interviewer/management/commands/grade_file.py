"""`manage.py grade_file IN.jsonl OUT.jsonl [--grader semantic|llm] [--samples N]`"""

from __future__ import annotations

import concurrent.futures
import itertools
import json
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tqdm import tqdm

from interviewer.graded_rows import Row, failed, graded, read_rows, repair
from questions.management.terminal import TerminalCommand

AHEAD = 4  # rows handed out before they can be worked on, for each thread
# Calls to the model at once, at most: a local server has a slot or two, and LLM_TOTAL_SECONDS runs while a call waits.
MOST_CALLS = 4


class Command(TerminalCommand):
    help = gettext_lazy("Grade the answers in a JSON Lines file; rows that OUT already holds are skipped.")  # type: ignore[assignment]
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar="IN.jsonl", type=Path, help=_("Rows of id, question, reference, answer."))
        parser.add_argument("target", metavar="OUT.jsonl", type=Path, help=_("Where the graded rows are appended."))
        parser.add_argument("--grader", choices=("semantic", "llm"), default=settings.GRADER)
        parser.add_argument("--samples", type=int, help=_("How often the language model grades each answer."))

    def handle(self, *args: Any, **options: Any) -> None:
        if options["samples"] is not None:
            if options["samples"] < 1:
                raise CommandError(_("--samples must be at least 1."))
            settings.GRADING_SAMPLES = options["samples"]
        try:
            done = repair(options["target"])
            known = {row["id"] for row in done}
            rows = [row for row in read_rows(options["source"]) if row.id not in known]
            with options["target"].open("a", encoding="utf-8") as file:
                bad = self._grade(rows, options["grader"], file)
        except OSError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError(_("Stopped. The same command goes on from here."), returncode=130) from None
        summary = _("%(graded)d graded, %(bad)d failed, %(skipped)d were there already.")
        self.stdout.write(summary % {"graded": len(rows) - bad, "bad": bad, "skipped": len(done)})

    def _grade(self, rows: list[Row], grader: str, file: IO[str]) -> int:
        """Write one line for each row as it is finished; the number of failed ones."""
        bad = 0
        threads = _threads() if grader == "llm" else 1
        with tqdm(total=len(rows), unit=_("answers"), disable=None) as bar:
            for result in _in_parallel(rows, grader, threads):
                if result["status"] == "failed":
                    bad += 1
                    bar.write(result["reason"], file=self.stderr)
                file.write(json.dumps(result, ensure_ascii=False) + "\n")
                file.flush()
                bar.update()
        return bad


def _threads() -> int:
    return min(MOST_CALLS, settings.CELERY_WORKER_CONCURRENCY)


def _in_parallel(rows: Iterable[Row], grader: str, threads: int) -> Iterator[dict[str, Any]]:
    """The results in the order of the rows, with only a few rows handed out ahead.

    After Ctrl-C what is being graded is finished, since it has been paid for, and nothing else is begun.
    """
    todo = iter(rows)
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        running = deque(pool.submit(_one, row, grader) for row in itertools.islice(todo, AHEAD * threads))
        try:
            while running:
                yield running[0].result()
                running.popleft()
                running.extend(pool.submit(_one, row, grader) for row in itertools.islice(todo, 1))
        except KeyboardInterrupt:
            begun = [future for future in running if not future.cancel()]
            yield from (future.result() for future in begun)
            raise
        finally:
            for future in running:
                future.cancel()


def _one(row: Row, grader: str) -> dict[str, Any]:
    return failed(row, grader) if row.problem else graded(row, grader)

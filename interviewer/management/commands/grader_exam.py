"""`manage.py grader_exam [--grader semantic|llm] [--quick [N]] [--json]`"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tqdm import tqdm

from interviewer import audit, exam
from interviewer.exam import table
from interviewer.exam.cases import QUICK, exam_hash, rubric_hash
from interviewer.models import ExamResult
from questions.management.terminal import TerminalCommand


class Command(TerminalCommand):
    help = gettext_lazy("Examine a grader, print what was found and keep it. Ends with status 1 when it did not pass.")  # type: ignore[assignment]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--grader", choices=["semantic", "llm"], help=_("The configured one unless named."))
        parser.add_argument(
            "--quick",
            type=int,
            nargs="?",
            const=QUICK,
            metavar="N",
            help=_("At most N cases of each kind (%(few)d): it can fail, but never pass.") % {"few": QUICK},
        )
        parser.add_argument("--json", action="store_true", help=_("Print the report as JSON and nothing else."))

    def handle(self, *args: Any, **options: Any) -> None:
        grader, quick = options["grader"] or settings.GRADER, options["quick"]
        cases = exam.quick_cases(max(1, quick)) if quick is not None else exam.all_cases()
        with tqdm(total=None, unit="", disable=True if options["json"] else None) as bar:
            report = exam.run_exam(cases, grader, progress=lambda done, total: _advance(bar, done, total))
        result = _store(report, cases, grader, quick is not None)
        self.stdout.write(json.dumps(result.report, ensure_ascii=False) if options["json"] else _told(result, report))
        if not report.passed:
            raise CommandError(_("The grader did not pass its exam."), returncode=1)


def _advance(bar: Any, done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)


def _store(report: exam.Report, cases: list[exam.Case], grader: str, quick: bool) -> ExamResult:
    hashes = {"exam_hash": exam_hash(cases), "rubric_hash": rubric_hash(cases)}
    with transaction.atomic():
        result = ExamResult.objects.create(
            **{**dataclasses.asdict(exam.subject(grader)), **hashes},
            ran_at=timezone.now(),
            is_quick=quick,
            passed=report.passed and not quick,
            report=report.to_json(),
        )
        facts = {"grader": grader, "passed": result.passed, "quick": quick}
        audit.record(audit.COMMAND, audit.Verb.GRADER_EXAMINED, result, facts, result.ran_at)
    return result


def _told(result: ExamResult, report: exam.Report) -> str:
    """The table and the lines around it."""
    lines = [f"{result.grader} · {', '.join(report.models) or result.model}", "", table.as_text(report), ""]
    lines += [_("Not graded: %(reason)s") % {"reason": reason} for reason in report.errors]
    lines += [_("Fell over: %(case)s") % {"case": case} for case in report.crashed]
    if result.passed:
        lines.append(_("Passed."))
    elif report.passed:
        lines.append(_("Nothing failed; only the whole exam can be passed."))
    return "\n".join(lines).rstrip()

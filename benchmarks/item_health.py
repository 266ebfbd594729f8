"""How long item health takes for many interviews, and how much memory; on a database of its own.

.venv/bin/python benchmarks/item_health.py [INTERVIEWS]     (DATABASE_URL: an empty PostgreSQL database instead)
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interviewer.settings")
AT_ONCE = 500


def make(count: int) -> None:
    """`count` interviews of five questions of the starter bank each, every answer graded twice."""
    from django.core.management import call_command
    from django.utils import timezone

    from interviewer import demo
    from interviewer.models import Answer, Grade, Interview, InterviewTemplate, User
    from questions import importing
    from questions.models import Question

    call_command("migrate", verbosity=0)
    importing.import_starter_bank()
    demo.ensure_templates()
    templates = list(InterviewTemplate.objects.all())
    bank = [(question, question.frozen().to_json()) for question in Question.objects.all()]
    dice, now = random.Random(1), timezone.now()
    for first in range(0, count, AT_ONCE):
        numbers = range(first, min(count, first + AT_ONCE))
        people = User.objects.bulk_create(User(username=f"made-up-{n}") for n in numbers)
        sat = []
        for person in people:
            at = now - timedelta(days=dice.randrange(1, 200))
            fields = dict.fromkeys(("consented_at", "started_at", "current_since", "submitted_at"), at)
            fields |= dict.fromkeys(("base_deadline", "deadline"), at + timedelta(hours=1))
            more = {"template": dice.choice(templates), "language": "zh-hans", "submitted_by": "candidate"}
            sat.append(Interview(candidate=person, mode="practice", receipt_sha256="0" * 64, **fields, **more))
        answers = [
            Answer(
                interview=interview,
                position=n,
                question=question,
                frozen=frozen,
                text="一段不短的回答。" * 100,
                seconds_used=dice.uniform(10, 600),
                seconds_suggested=300,
            )
            for interview in Interview.objects.bulk_create(sat)
            for n, (question, frozen) in enumerate(dice.sample(bank, 5), 1)
        ]
        saved = Answer.objects.bulk_create(answers)
        verdict = {"points": [{"key": f"p{n}", "text": "一个要点" * 20, "spans": [[0, 9]]} for n in range(5)]}
        given = {"status": "done", "grader": "semantic", "created_at": now, "next_try_at": now, "verdict": verdict}
        Grade.objects.bulk_create(Grade(answer=a, score=dice.random(), **given) for a in saved for _ in range(2))


def measure() -> None:
    """Compute twice: the first time rows are made, the second time renewed."""
    from django.db import connection
    from django.utils import timezone

    from interviewer import item_health

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for _ in range(2):
        began = time.monotonic()
        answers = item_health.compute(timezone.now())
        print(f"{connection.vendor}: {answers} answers in {time.monotonic() - began:.1f} s")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"most memory: {before:.0f} MB before, {after:.0f} MB after")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="item-health-") as folder:
        os.environ.setdefault("DATA_DIR", folder)
        # Each step in a process of its own: the memory of one that has not seen the making is measured.
        for step in (f"b.make({count})", "b.measure()"):
            code = f"import django; django.setup(); from benchmarks import item_health as b; {step}"
            subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


if __name__ == "__main__":
    main()

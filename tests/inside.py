"""Python inside a program, in one process that stays: a test's look at the database costs no new start of Django.

Run as `python -m tests.inside`: each line in is a JSON string of code, each line out a JSON pair of what it printed
and how it failed ("" if it did not).
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import traceback
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent
IMPORTS = """
from interviewer import interviews
from interviewer.models import *
from tests import build
from questions.models import Question
"""


class Inside:
    """The process, as the test sees it."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = dict(env)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.inside"],
            cwd=ROOT,
            env={**env, "DJANGO_SETTINGS_MODULE": "interviewer.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str) -> str:
        """What `code` prints. Raises `AssertionError` with the trace where it fails."""
        assert self.process.stdin and self.process.stdout
        print(json.dumps(code), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        assert answer, "the process that runs Python inside the program has ended"
        printed, failed = json.loads(answer)
        assert not failed, printed + failed
        return printed

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def serve() -> None:
    """Run what comes in until nothing does. No connection stays open between two pieces: databases are copied then."""
    django.setup()
    from django.db import connections

    answers = sys.stdout
    for line in sys.stdin:
        printed, failed = io.StringIO(), ""
        with contextlib.redirect_stdout(printed):
            try:
                exec(IMPORTS + json.loads(line), {})
            except Exception:
                failed = traceback.format_exc()
        connections.close_all()
        print(json.dumps([printed.getvalue(), failed]), file=answers, flush=True)


if __name__ == "__main__":
    serve()

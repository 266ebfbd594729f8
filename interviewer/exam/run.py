"""Running the exam: every text is graded once, several at a time where a grader mostly waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from django.utils.translation import gettext_noop as _

from interviewer import grading
from interviewer.exam.case import Case
from interviewer.exam.report import Crash, Outcome, Outcomes, Report, summarise
from interviewer.grading import LLMError, Verdict
from questions.frozen import FrozenQuestion

WORKERS = {"llm": 8, "semantic": 1}
TRIES = 3
LONGEST_PAUSE = 30.0  # seconds
GIVE_UP = 10  # faults in a row at the start: nobody is there

Grade = Callable[[FrozenQuestion, str, str], Verdict]
Progress = Callable[[int, int], None]


def run_exam(
    cases: Sequence[Case],
    grader: str,
    *,
    grade: Grade = grading.grade,
    progress: Progress | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Report:
    """Put `cases` to `grader` ("llm" or "semantic"). `progress` is told (texts graded, texts in all)."""
    started = time.monotonic()
    texts = _texts(cases)
    candidate = _Candidate(grader, grade, pause)
    outcomes: Outcomes = {}
    with ThreadPoolExecutor(WORKERS.get(grader, 1)) as pool:
        futures = {pool.submit(candidate.outcome, *text): text for text in texts}
        for done, future in enumerate(as_completed(futures), 1):
            outcomes[futures[future]] = future.result()
            if progress:
                progress(done, len(texts))
    return summarise(cases, outcomes, grader, time.monotonic() - started)


def _texts(cases: Sequence[Case]) -> list[tuple[FrozenQuestion, str]]:
    """Every text of the cases once, question by question: a model server keeps what it has just read of a prompt."""
    of: dict[FrozenQuestion, list[str]] = {}
    for case in cases:
        of.setdefault(case.question, []).extend(text for text in (case.text, case.other) if text is not None)
    return [(question, text) for question, texts in of.items() for text in dict.fromkeys(texts)]


class _Candidate:
    """A grader under examination; it is sent home when its first gradings all fail."""

    def __init__(self, grader: str, grade: Grade, pause: Callable[[float], None]) -> None:
        self.grader, self.grade, self.pause = grader, grade, pause
        self._lock = threading.Lock()
        self._faults = 0
        self._verdicts = 0
        self._last: LLMError | None = None

    def outcome(self, question: FrozenQuestion, text: str) -> Outcome:
        """The verdict on a text, or the fault that is left after a few tries."""
        with self._lock:
            if self._last is not None and self._faults >= GIVE_UP and not self._verdicts:
                return self._last
        outcome = self._tried(question, text)
        with self._lock:
            if isinstance(outcome, LLMError):
                self._faults, self._last = self._faults + 1, outcome
            elif outcome.grader != "precheck":  # decided without the grader: says nothing about its health
                self._verdicts += 1
        return outcome

    def _tried(self, question: FrozenQuestion, text: str) -> Outcome:
        for tries in range(1, TRIES + 1):
            try:
                return self.grade(question, text, self.grader)
            except LLMError as error:
                if error.permanent or tries == TRIES:
                    return error
                self.pause(min(error.retry_after or 2.0**tries, LONGEST_PAUSE))
            except Exception as error:  # whatever it is, the exam goes on and tells at which case it was
                return Crash(_("The grader fell over: %(error)s."), True, error=repr(error)[:200])
        raise AssertionError("unreachable")

"""What must be true of the database after any fault. One list, used by every test of this folder.

Tests call `hold(live, ledger)` for a program that runs, and `violations(ledger)` for the test database. A `Ledger` is
the client's side: what it sent, and what it was told.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from interviewer.models import Answer, Grade, Interview
    from tests.live import Live

# Runs inside the program, whose database this is. The ledger comes as a file: its texts may be long.
_LOOK = """
import json
from tests.faults.invariants import Ledger, done, violations
ledger = Ledger.read({path!r})
print(json.dumps([list(violations(ledger, settled={settled})), done()]))
"""


@dataclass
class Sent:
    """What was sent for one answer: the last text that was acknowledged, and those whose fate is unknown since."""

    acked: str | None = None
    revision: int = 0
    unknown: list[str] = field(default_factory=list)


@dataclass
class Ledger:
    """What clients know: saves by answer (primary key), receipts by interview, and scores that were shown by grade."""

    sent: dict[int, Sent] = field(default_factory=dict)
    receipts: dict[str, str] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)

    def sending(self, answer: int, text: str) -> None:
        """A text leaves; until it is acknowledged nobody knows whether it is stored."""
        self.sent.setdefault(answer, Sent()).unknown.append(text)

    def acked(self, answer: int, text: str, revision: int) -> None:
        """The server said that it has stored this text."""
        self.sent[answer] = Sent(text, revision)

    def write(self, path: str) -> None:
        with open(path, "w", encoding="ascii") as file:
            json.dump(dataclasses.asdict(self), file)

    @classmethod
    def read(cls, path: str) -> Ledger:
        with open(path, encoding="ascii") as file:
            data = json.load(file)
        sent = {int(pk): Sent(**each) for pk, each in data["sent"].items()}
        return cls(sent, data["receipts"], {int(pk): score for pk, score in data["scores"].items()})


def hold(live: Live, ledger: Ledger | None = None, *, settled: bool = False) -> Ledger:
    """Assert every invariant of a program's database; the ledger, with all scores that exist now noted in it.

    `settled`: moreover, nothing waits for a worker any more.
    """
    ledger = ledger or Ledger()
    path = str(live.data / "ledger.json")
    ledger.write(path)
    found, scores = json.loads(live.python(_LOOK.format(path=path, settled=settled)))
    assert not found, "\n".join(found) + "\n" + live.log()
    ledger.scores = {int(pk): score for pk, score in scores.items()}
    return ledger


def done() -> dict[int, float]:
    """The score of every grade that is done."""
    from interviewer.models import Grade

    return dict(Grade.objects.filter(status="done").values_list("pk", "score"))


def violations(ledger: Ledger | None = None, *, settled: bool = False) -> Iterator[str]:
    """Every broken promise, as a sentence that names the row."""
    from interviewer.models import Interview

    ledger = ledger or Ledger()
    yield from _not_stored(ledger)
    yield from _changed_scores(ledger)
    yield from _audit()
    rows = Interview.objects.select_related("template", "candidate")
    for interview in rows.prefetch_related("answers__grades", "extensions", "events"):
        answers = sorted(interview.answers.all(), key=lambda answer: answer.position)
        yield from _clock(interview, answers)
        yield from _receipt(interview, answers, ledger)
        for answer in answers:
            yield from _grades(interview, answer, settled)


# --- The audit log --------------------------------------------------------------------


def _audit() -> Iterator[str]:
    from interviewer.audit.check import check

    report = check()
    if report.fault is not None:
        yield f"the audit log is not whole: event {report.number} is {report.fault}"


# --- Acknowledged is stored ---------------------------------------------------------


def _not_stored(ledger: Ledger) -> Iterator[str]:
    from interviewer.models import Answer

    for pk, sent in ledger.sent.items():
        stored = Answer.objects.get(pk=pk)
        if stored.revision < sent.revision:
            yield f"answer {pk}: revision {sent.revision} was acknowledged, {stored.revision} is stored"
        elif stored.text != (sent.acked or "") and stored.text not in sent.unknown:
            yield f"answer {pk}: {sent.acked!r:.80} was acknowledged, {stored.text!r:.80} is stored"


def _changed_scores(ledger: Ledger) -> Iterator[str]:
    now = done()
    for pk, score in ledger.scores.items():
        if now.get(pk) != score:
            yield f"grade {pk}: the score was {score}, it is {now.get(pk)}"


# --- The clock ------------------------------------------------------------------------


def _clock(interview: Interview, answers: list[Answer]) -> Iterator[str]:
    """The deadline is the one of the start and every row added to it; nothing was taken after it and the grace."""
    from interviewer.models.interviews import TRANSIT

    added = sum((each.length for each in interview.extensions.all()), timedelta())
    if interview.deadline != interview.base_deadline + added:
        yield f"interview {interview.pk}: the deadline is not the sum of its rows"
    last = interview.ends_at + TRANSIT
    for answer in answers:
        if answer.saved_at is not None and answer.saved_at > last:
            yield f"answer {answer.pk}: saved at {answer.saved_at}, after {last}"
        if (answer.saved_at is None) != (answer.revision == 0):
            yield f"answer {answer.pk}: revision {answer.revision} was saved at {answer.saved_at}"
    if interview.submitted_at is None:
        return
    if interview.submitted_at > last:
        yield f"interview {interview.pk}: handed in at {interview.submitted_at}, after {last}"
    if interview.paused_at is not None:
        yield f"interview {interview.pk}: handed in, and still paused"
    stored = ("saved", "in-time", "late")
    for event in interview.events.all():
        if event.kind in stored and event.at > last:
            yield f"interview {interview.pk}: a text of {event.at} was taken, after {last}"


# --- The receipt ----------------------------------------------------------------------


def _receipt(interview: Interview, answers: list[Answer], ledger: Ledger) -> Iterator[str]:
    """One receipt exactly when handed in, over exactly what is stored, and the one that was shown."""
    from interviewer import receipts

    shown = ledger.receipts.get(str(interview.pk))
    if interview.submitted_at is None:
        if shown or interview.receipt_sha256 or interview.submitted_by:
            yield f"interview {interview.pk}: a receipt, but it was not handed in"
        return
    if interview.receipt_sha256 != _recomputed(interview, answers):
        yield f"interview {interview.pk}: what is stored is not what its receipt says"
    if shown is not None and shown != interview.receipt_sha256:
        yield f"interview {interview.pk}: another receipt was shown"
    if receipts.verify(receipts.file_of(interview)).finding is not receipts.Finding.GENUINE:
        yield f"interview {interview.pk}: its receipt does not verify"


def _recomputed(interview: Interview, answers: list[Answer]) -> str:
    """The hash of a receipt, reckoned without the code that made it."""
    assert interview.submitted_at is not None
    texts = [[answer.position, answer.frozen["hash"], answer.text] for answer in answers]
    at = interview.submitted_at.astimezone(UTC).isoformat()
    content = {"interview": str(interview.pk), "submitted_at": at, "answers": texts}
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


# --- Grades ---------------------------------------------------------------------------


def _grades(interview: Interview, answer: Answer, settled: bool) -> Iterator[str]:
    grades = list(answer.grades.all())
    if interview.submitted_at is None:
        if grades:
            yield f"answer {answer.pk}: graded before it was handed in"
        return
    if not grades and not interview.is_abandoned:
        yield f"answer {answer.pk}: in limbo, handed in and without a grade"
    pending = [grade for grade in grades if grade.status == "pending"]
    if len(pending) > (0 if settled else 1):
        yield f"answer {answer.pk}: {len(pending)} grades are pending"
    for grade in grades:
        yield from _grade(grade)


def _grade(grade: Grade) -> Iterator[str]:
    """In a known state, with a score exactly when done, and within its bounds."""
    from django.conf import settings

    if grade.status not in ("pending", "done", "failed"):
        yield f"grade {grade.pk}: in limbo, {grade.status!r}"
    if grade.status == "done":
        yield from _score(grade.verdict, grade)
    elif grade.score is not None or grade.verdict is not None:
        yield f"grade {grade.pk}: {grade.status}, with a score"
    if grade.status == "failed" and not grade.error:
        yield f"grade {grade.pk}: failed without a reason"
    if grade.status == "pending" and (grade.lease is None) != (grade.leased_until is None):
        yield f"grade {grade.pk}: half a lease"
    if grade.tries > settings.GRADING_MAX_TRIES:
        yield f"grade {grade.pk}: {grade.tries} tries"
    if 0 < settings.LLM_CALLS_PER_ANSWER < grade.calls:
        yield f"grade {grade.pk}: {grade.calls} calls of the model"


def _score(verdict: dict[str, Any] | None, grade: Grade) -> Iterator[str]:
    """A score is what a named grader found, not a stand-in: the verdict says the same, and who found it."""
    if grade.score is None or not 0 <= grade.score <= 1 or verdict is None:
        yield f"grade {grade.pk}: done, with the score {grade.score}"
    elif verdict["score"] != grade.score or not verdict["grader"] or not verdict["points"]:
        yield f"grade {grade.pk}: the score {grade.score} is not its verdict's"
    elif verdict["grader"] == "llm" and not grade.calls:
        yield f"grade {grade.pk}: judged by a model that was never asked"

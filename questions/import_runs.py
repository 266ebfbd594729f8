"""The verbs of imports in the browser: take the files, preview what they would change, choose, commit.

The preview is a plan written down. Committing plans again, and writes only what was shown: where the bank has changed
so that something else would happen, nothing is written and BankChanged says so.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from questions.applying import BankChanged, carry_out, prepare
from questions.documents import DocumentError
from questions.import_near import near
from questions.models import Document, ImportChange, ImportFile, ImportRun, Question, QuestionVersion, SpareVector
from questions.planning import make_plan
from questions.plans import DocumentPlan, FileReport, ImportFailed, Plan, Planned, Progress
from questions.sources import Source, source_of
from questions.text import clean_text
from questions.versions import Cause, NotAllowed, step

MOST_FILES = 20
KEPT = timedelta(days=30)  # what was uploaded and never imported
_BATCH = 500
_MOST_REMARKS = 500  # of each sort, that a preview keeps of one file

Kind = ImportChange.Kind
Done = Callable[[], None]  # called within the transaction that ends a verb


def start(files: Iterable[tuple[str, bytes]], author: Any, at: datetime) -> ImportRun:
    """Keep uploaded files (names and bytes) for a preview. What nobody imported for a month goes."""
    ImportRun.objects.filter(committed_at__isnull=True, uploaded_at__lt=at - KEPT).delete()
    SpareVector.objects.filter(made_at__lt=at - KEPT).delete()
    with transaction.atomic():
        run = ImportRun.objects.create(author=author, uploaded_at=at)
        ImportFile.objects.bulk_create(
            ImportFile(run=run, place=place, name=clean_text(name)[:255], data=data)
            for place, (name, data) in enumerate(files)
        )
    return run


def preview(run: ImportRun, at: datetime, progress: Progress, done: Done = lambda: None) -> None:
    """Write down what the files would change, under a new edition that counts once it is complete.

    What was unticked in the one before stays so. A file that cannot be read gets a sentence, and there is no edition.
    """
    sources = _read(run)
    if sources is None:
        return _end_preview(run, at, None, "", {}, done)
    try:
        plan = make_plan(sources, by_curator=True, progress=lambda n, total: progress(n, 2 * total))
    except ImportFailed as failed:
        return _end_preview(run, at, None, str(failed), {}, done)
    edition = uuid.uuid4()
    files = list(run.files.defer("data"))
    left_out = set(run.current.filter(chosen=False).values_list("file", "number"))
    total = sum(len(document.parsed.questions) for document in plan.documents)
    near_of = [near(document, lambda _n, _of: progress(total, 2 * total)) for document in plan.documents]
    rows = [
        (files[n], planned, near_of[n].get(planned.parsed.number, []))
        for n, document in enumerate(plan.documents)
        for planned in document.changes
    ]
    for place in range(0, len(rows), _BATCH):
        ImportChange.objects.bulk_create(
            _row(run, edition, file, n, planned, left_out, repeated)
            for n, (file, planned, repeated) in enumerate(rows[place : place + _BATCH], start=place)
        )
        progress(min(total + place + _BATCH, 2 * total), 2 * total)
    reports = {file.pk: _shortened(report) for file, report in zip(files, plan.reports, strict=True)}
    _end_preview(run, at, edition, "", reports, done)


def choose(run: ImportRun, edition: uuid.UUID, shown: Collection[int], chosen: Collection[int]) -> None:
    """Tick those of the `shown` changes that are `chosen`, and untick the others shown; not once they are imported."""
    mine = ImportChange.objects.filter(run=run, edition=edition, pk__in=shown, run__committed_at__isnull=True)
    mine.filter(pk__in=chosen).update(chosen=True)
    mine.exclude(pk__in=chosen).update(chosen=False)


def choose_all(run: ImportRun, edition: uuid.UUID, *, chosen: bool) -> None:
    """Tick all changes, or none."""
    ImportChange.objects.filter(run=run, edition=edition, run__committed_at__isnull=True).update(chosen=chosen)


def commit(
    run: ImportRun, edition: uuid.UUID, author: Any, at: datetime, progress: Progress, done: Done = lambda: None
) -> None:
    """Write what is ticked of a preview, in one transaction that begins when all has been read and compared.

    Raises NotAllowed where it is imported already or nothing is ticked, and BankChanged, having written nothing.
    """
    run.refresh_from_db()
    _refuse_if_committed(run)
    if run.edition != edition or (sources := _read(run)) is None:
        raise BankChanged
    plan = _shown(run, make_plan(sources, by_curator=True, progress=progress))
    prepared = prepare(plan, Cause(author, at=at))
    try:
        with step():
            mine = ImportRun.objects.filter(pk=run.pk, committed_at__isnull=True, edition=edition)
            if not mine.update(committed_at=at, committed_by=author, refused_at=None):
                raise NotAllowed(_("This was imported already."))
            carry_out(prepared)
            _keep_for_undoing(run, plan)
            done()
    except IntegrityError as error:  # a slug, a number or a topic was taken, or went, in this very moment
        raise BankChanged from error
    finally:
        run.refresh_from_db()
    drop_contents(run)


def refuse(run: ImportRun, at: datetime) -> None:
    """Note that the bank had changed since the preview."""
    ImportRun.objects.filter(pk=run.pk, committed_at__isnull=True).update(refused_at=at)


def drop_contents(run: ImportRun) -> None:
    """Drop what an imported run needs no more: the bank has it, in documents and versions."""
    ImportFile.objects.filter(run=run).update(data=None)
    ImportChange.objects.filter(run=run).update(before=None, after=None)


def _refuse_if_committed(run: ImportRun) -> None:
    if run.committed_at is not None:
        raise NotAllowed(_("This was imported already."))


def _read(run: ImportRun) -> list[Source] | None:
    """All files, or None when one of them cannot be read; then they say why."""
    sources, errors = [], 0
    for file in run.files.all():
        try:
            sources.append(source_of(file.name, bytes(file.data or b"")))
        except DocumentError as error:
            errors += 1
            ImportFile.objects.filter(pk=file.pk).update(error=str(error))
    return None if errors else sources


def _row(
    run: ImportRun,
    edition: uuid.UUID,
    file: ImportFile,
    place: int,
    planned: Planned,
    left_out: set[tuple[int, str]],
    repeated: list[dict[str, Any]],
) -> ImportChange:
    question, frozen = planned.question, planned.after.frozen
    return ImportChange(
        run=run,
        file=file,
        edition=edition,
        place=place,
        number=planned.parsed.number,
        line=planned.parsed.line,
        title=frozen.title,
        slug=frozen.slug,
        language=frozen.language,
        kind=planned.kind,
        status=planned.after.status,
        joins=planned.joins,
        fingerprint=planned.fingerprint,
        before=planned.before.to_json() if planned.before else None,
        after=planned.after.to_json(),
        hash_before=question.source_hash if question else "",
        near=repeated if planned.kind == Kind.CREATED else [],
        question=question,
        chosen=(file.pk, planned.parsed.number) not in left_out,
    )


def _end_preview(
    run: ImportRun, at: datetime, edition: uuid.UUID | None, problem: str, reports: dict[int, Any], done: Done
) -> None:
    with transaction.atomic():
        mine = ImportRun.objects.filter(pk=run.pk, committed_at__isnull=True)
        if mine.update(edition=edition, previewed_at=at, problem=problem):
            run.changes.exclude(edition=edition).delete() if edition else run.changes.all().delete()
            for pk, report in reports.items():
                ImportFile.objects.filter(pk=pk).update(report=report, error="")
        elif edition:
            run.changes.filter(edition=edition).delete()
        done()
    run.refresh_from_db()


def _shortened(report: FileReport) -> dict[str, Any]:
    told = report.to_json()
    told["more_problems"] = max(len(report.problems) - _MOST_REMARKS, 0)
    told["more_notes"] = max(len(report.notes) - _MOST_REMARKS, 0)
    return told | {name: told[name][:_MOST_REMARKS] for name in ("problems", "notes")}


def _shown(run: ImportRun, plan: Plan) -> Plan:
    """The plan without what is not ticked. Raises BankChanged if anything ticked would become something else."""
    rows = run.current.filter(chosen=True).values_list("file__place", "number", "fingerprint")
    wanted = {(place, number): fingerprint for place, number, fingerprint in rows}
    if not wanted:
        raise NotAllowed(_("Nothing is ticked, so there is nothing to import."))
    kept = plan.only(lambda place, planned: (place, planned.parsed.number) in wanted)
    now = {
        (place, planned.parsed.number): planned.fingerprint
        for place, document in enumerate(plan.documents)
        for planned in document.changes
        if (place, planned.parsed.number) in wanted
    }
    if now != wanted:
        raise BankChanged
    return kept


def _keep_for_undoing(run: ImportRun, plan: Plan) -> None:
    """Note which questions and versions came of it, and what became of the documents' texts."""
    written = run.current.filter(chosen=True)
    made = Question.objects.filter(slug=OuterRef("slug")).values("pk")
    written.filter(kind=Kind.CREATED).update(question=Subquery(made))
    newest = QuestionVersion.objects.filter(question=OuterRef("question")).order_by("-number").values("number")[:1]
    written.update(version=Subquery(newest))
    by_name = {document.source.file: document for document in plan.documents}
    for file in run.files.defer("data"):
        if (document := by_name.get(file.name)) is not None and document.parsed.questions:
            _keep_text(file, document)


def _keep_text(file: ImportFile, plan: DocumentPlan) -> None:
    document = Document.objects.get(name=plan.parsed.name, language=plan.parsed.language)
    file.document = document
    if plan.keeps_text or plan.document is None:
        file.source_hash = hash_of(document.source)
        file.source_before = plan.document.source if plan.document else None
    file.save(update_fields=["document", "source_hash", "source_before"])


def hash_of(text: str) -> str:
    """SHA-256 (hex) of a document's text."""
    return hashlib.sha256(text.encode()).hexdigest()

"""For curators: upload question documents, see what they would change, choose, import, and undo a whole import."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from interviewer.access import curator_required
from interviewer.http import Request
from interviewer.jobs import imports as errands
from interviewer.models import Job
from questions import import_runs
from questions.changes import Change, diff, facts
from questions.content import Content
from questions.differences import Piece
from questions.documents import FORMATS, ending_of
from questions.import_runs import MOST_FILES
from questions.models import ImportChange, ImportFile, ImportRun, Question
from questions.sources import LARGEST_BYTES, too_large

PAGE_SIZE = 25
MOST_CHARACTERS = 4000  # of one text on a page; the file has the rest

Kind = ImportChange.Kind


# --- Uploading, and what was uploaded before ----------------------------------------


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Some files at once. What is wrong with them is told file by file."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = [each for each in data if each] if isinstance(data, list | tuple) else []
        if not files:
            raise forms.ValidationError(_("Choose at least one file."))
        if len(files) > MOST_FILES:
            raise forms.ValidationError(_("These are too many files: choose at most %(most)d.") % {"most": MOST_FILES})
        wrong = [f"{file.name}: {problem}" for file in files if (problem := _problem(file))]
        if wrong:
            raise forms.ValidationError(wrong)
        return files


class UploadForm(forms.Form):
    documents = FilesField(
        widget=FilesInput(attrs={"accept": ",".join(f".{ending_of(form)}" for form in FORMATS) + ",.yml"})
    )


def _problem(file: UploadedFile) -> str:
    if not file.size:
        return _("This file is empty.")
    return too_large() if file.size > LARGEST_BYTES else ""


@curator_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def import_list(request: Request) -> HttpResponse:
    """Choose files; below, the imports so far. What was uploaded is read by a worker."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        files = [(str(file.name), file.read()) for file in form.cleaned_data["documents"]]
        run = import_runs.start(files, request.user, request.received_at)
        errands.ask("import-preview", run, request.user, request.received_at)
        return redirect("import", run.pk)
    counted = (
        ImportRun.objects.select_related("author")
        .order_by("-uploaded_at", "pk")
        .annotate(
            created=Count(
                "changes", Q(changes__edition=F("edition"), changes__chosen=True, changes__kind=Kind.CREATED)
            ),
            changed=Count(
                "changes", Q(changes__edition=F("edition"), changes__chosen=True, changes__kind=Kind.CHANGED)
            ),
        )
    )
    page = Paginator(counted, PAGE_SIZE).get_page(request.GET.get("page"))
    names: dict[uuid.UUID, list[str]] = {run.pk: [] for run in page}
    for run_id, name in ImportFile.objects.filter(run__in=names).order_by("place").values_list("run", "name"):
        names[run_id].append(name)
    context = {"form": form, "page": page, "runs": [(run, names[run.pk]) for run in page], "most": MOST_FILES}
    return render(request, "interviewer/import_list.html", context, status=400 if form.errors else 200)


# --- One import ----------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One question of a preview, as it is shown: what changes, or what a new one says."""

    row: ImportChange
    is_first_of_file: bool
    changes: list[Change] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)


SHOWN: dict[str, Q] = {
    "": Q(),
    "created": Q(kind=Kind.CREATED),
    "changed": Q(kind=Kind.CHANGED),
    "drafts": Q(status=Question.Status.DRAFT),
    "left": Q(chosen=False),
    "kept": Q(undone=ImportChange.Undone.KEPT),
}


@curator_required
@never_cache
@require_safe
def import_run(request: Request, pk: uuid.UUID) -> HttpResponse:
    """How far it is, then what would change, then what came of it."""
    run = _run(pk)
    job = Job.objects.filter(pk=run.job).first() if run.job else None
    context: dict[str, Any] = {"run": run, "job": job, "is_mine": job is not None and job.owner_id == request.user.pk}
    if job is not None and job.status == Job.Status.PENDING and run.committed_at is None:
        return render(request, "interviewer/import_wait.html", context)
    files = list(run.files.defer("data", "source_before"))
    context["files"] = files
    if run.edition is None:
        return render(request, "interviewer/import_unread.html", context)
    shown = request.GET.get("show", "")
    rows = run.current if run.committed_at is None else run.current.filter(chosen=True)
    found = rows.filter(SHOWN.get(shown, Q())).select_related("file").defer("file__data", "file__source_before")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context |= {"page": page, "shown": shown, "counts": _counts(rows, files)}
    if run.committed_at is None:
        context["entries"] = _entries(page)
        return render(request, "interviewer/import_preview.html", context)
    context["undone"] = run.undone_counts()
    return render(request, "interviewer/import_result.html", context)


@curator_required
@require_POST
def choose(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Keep what is ticked on the page that was shown, then go on: to another page, or import."""
    run, edition = _run(pk), _uuid(request.POST.get("edition", ""))
    if run.committed_at is not None:
        messages.error(request, _("This was imported already."))
        return redirect("import", run.pk)
    if edition is None or edition != run.edition or _is_busy(run):
        messages.error(
            request, _("Meanwhile a new preview was made. Please look at it again; what you unticked stays so.")
        )
        return redirect("import", run.pk)
    import_runs.choose(run, edition, _numbers(request, "shown"), _numbers(request, "chosen"))
    go = request.POST.get("go", "")
    if go in ("all", "none"):
        import_runs.choose_all(run, edition, chosen=go == "all")
    if go == "import":
        if run.current.filter(chosen=True).exists():
            errands.ask("import-commit", run, request.user, request.received_at, edition=str(edition))
        else:
            messages.error(request, _("Nothing is ticked, so there is nothing to import."))
        return redirect("import", run.pk)
    query = request.POST.copy()
    show = query.get("show", "") if query.get("show", "") in SHOWN else ""
    number = go if go.isdecimal() and len(go) < 9 else query.get("page", "1")
    response = redirect("import", run.pk)
    response["Location"] += f"?show={show}&page={number if number.isdecimal() else 1}"
    return response


@curator_required
@require_POST
def preview_again(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Read the files once more: the bank may have changed, or a worker died."""
    run = _run(pk)
    if run.committed_at is None and not _is_busy(run):
        errands.ask("import-preview", run, request.user, request.received_at)
    return redirect("import", run.pk)


@curator_required
@require_POST
def undo(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Take back a whole import."""
    run = _run(pk)
    if run.committed_at is not None and run.undone_at is None and not _is_busy(run, "import-undo"):
        errands.ask("import-undo", run, request.user, request.received_at)
    return redirect("import", run.pk)


def _run(pk: uuid.UUID) -> ImportRun:
    return get_object_or_404(ImportRun.objects.select_related("author", "committed_by", "undone_by"), pk=pk)


def _is_busy(run: ImportRun, *kinds: str) -> bool:
    """Whether a worker has something to do with the run, or is doing it."""
    jobs = Job.objects.pending().filter(pk=run.job) if run.job else Job.objects.none()
    return (jobs.filter(kind__in=kinds) if kinds else jobs).exists()


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _numbers(request: Request, name: str) -> list[int]:
    """The primary keys that a page of a preview sent."""
    return [int(text) for text in request.POST.getlist(name)[:PAGE_SIZE] if text.isdecimal() and len(text) < 18]


def _counts(rows: QuerySet[ImportChange], files: list[ImportFile]) -> dict[str, int]:
    """How many questions there are of each sort."""
    counts = rows.aggregate(**{name or "all": Count("pk", filter=wanted) for name, wanted in SHOWN.items()})
    reports = [file.report for file in files]
    counts["unchanged"] = sum(report.get("unchanged", 0) for report in reports)
    counts["problems"] = sum(len(report.get("problems", [])) + report.get("more_problems", 0) for report in reports)
    counts["chosen"] = rows.filter(chosen=True).count()
    return counts


def _entries(page: Page[ImportChange]) -> list[Entry]:
    entries: list[Entry] = []
    for row in page:
        is_first = not entries or entries[-1].row.file_id != row.file_id
        after = Content.from_json(row.after or {})
        if row.before is None:
            said = {label: _cut(text) for label, text in facts(after).items() if text}
            entries.append(Entry(row, is_first, facts=said))
        else:
            entries.append(Entry(row, is_first, changes=_shortened(diff(Content.from_json(row.before), after))))
    return entries


def _shortened(changes: list[Change]) -> list[Change]:
    return [Change(each.label, [Piece(piece.kind, _cut(piece.text)) for piece in each.pieces]) for each in changes]


def _cut(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    left = len(text) - MOST_CHARACTERS
    told = ngettext("[… %(left)d more character]", "[… %(left)d more characters]", left) % {"left": left}
    return f"{text[:MOST_CHARACTERS]}\n{told}"

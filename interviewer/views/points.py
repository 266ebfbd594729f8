"""For curators: rubric points proposed by code, by the model and from wrong answers. A person approves them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from interviewer import jobs, wrong_answers
from interviewer.access import curator_required
from interviewer.http import Request
from interviewer.models import Job, User
from questions.differences import Piece, compare
from questions.documents.parsed import NAME_LENGTH, ParsedPoint
from questions.forms import TextField, reason_field
from questions.frozen import FrozenPoint, FrozenQuestion
from questions.history_pages import no_longer_asked
from questions.models import Question, RubricPoint
from questions.proposing import match, propose, same
from questions.rubrics import ChangedMeanwhile, approve
from questions.text import clean_text
from questions.versions import Cause, NotAllowed, Status

KIND = "propose-points"
MOST_ROWS = 150  # of six fields each: a form may have 1000
SOURCES = {
    "today": gettext_lazy("Today"),
    "code": gettext_lazy("From the reference answer, by code"),
    "model": gettext_lazy("From the reference answer, by the model"),
    "seen": gettext_lazy("From wrong answers seen"),
}


class PointForm(forms.Form):
    """One row: a point that the question has or might get. Only what is ticked is checked and written."""

    keep = forms.BooleanField(label=gettext_lazy("Keep"), required=False)
    name = forms.CharField(label=gettext_lazy("Short name"), required=False, max_length=NAME_LENGTH)
    text = TextField(label=gettext_lazy("Text"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=RubricPoint.Kind.choices)
    weight = forms.FloatField(
        label=gettext_lazy("Weight"),
        validators=[MinValueValidator(0.1), MaxValueValidator(10)],
        widget=forms.NumberInput(attrs={"step": "any", "min": "0.1", "max": "10"}),
    )
    source = forms.ChoiceField(choices=list(SOURCES.items()), widget=forms.HiddenInput)

    def full_clean(self) -> None:
        """What is not ticked may be as it likes."""
        super().full_clean()
        if self.is_bound and not self.cleaned_data.get("keep"):
            self._errors = forms.utils.ErrorDict()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("keep") and not data.get("text"):
            self.add_error("text", _("A point needs a text."))
        return data

    @property
    def point(self) -> ParsedPoint:
        data = self.cleaned_data
        return ParsedPoint(clean_text(data["name"]), clean_text(data["text"]), data["kind"], data["weight"])

    @property
    def source_label(self) -> str:
        return str(SOURCES.get(str(self["source"].value()), ""))


PointFormSet = forms.formset_factory(PointForm, extra=0, max_num=MOST_ROWS, absolute_max=MOST_ROWS, validate_max=True)


class ApprovalForm(forms.Form):
    """Why the points are changed, and the hash of the question that the page showed."""

    shown = forms.CharField(widget=forms.HiddenInput, max_length=64)
    reason = reason_field(required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["reason"].required = settings.REVIEW_REQUIRED


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the page before anybody touched it: a point, where it is from, and whether it is ticked."""

    point: ParsedPoint
    source: str
    keep: bool

    @property
    def initial(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self.point), "source": self.source, "keep": self.keep}


@curator_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def points(request: Request, pk: int) -> HttpResponse:
    """Today's points and what is proposed beside them. A POST writes those that are ticked, all or nothing."""
    question = get_object_or_404(Question.objects.select_related("topic"), pk=pk)
    if request.method != "POST":
        return _page(request, question)
    rows, form = PointFormSet(request.POST), ApprovalForm(request.POST)
    if not (rows.is_valid() and form.is_valid()):
        return _page(request, question, rows, form, status=400)
    kept = [row.point for row in rows if row.cleaned_data.get("keep")]
    cause = Cause(request.user, form.cleaned_data["reason"], request.received_at)
    was = question.status
    try:
        made = approve(question.pk, kept, form.cleaned_data["shown"], cause)
    except NotAllowed as refused:
        messages.error(request, str(refused))
        if isinstance(refused, ChangedMeanwhile):
            question = get_object_or_404(Question.objects.select_related("topic"), pk=pk)
            form.data = request.POST.copy()
            form.data["shown"] = question.frozen().hash  # type: ignore[index]  # a copy can be written to
        return _page(request, question, rows, form, status=409)
    messages.success(request, _("The points are approved, as version %(number)d.") % {"number": made.number})
    if was == Status.PUBLISHED != made.status:
        messages.warning(request, no_longer_asked(made.status))
    return redirect("points", question.pk)


@curator_required
@require_POST
def ask_model(request: Request, pk: int) -> HttpResponse:
    """Let the model propose points for the question as it is now."""
    question = get_object_or_404(Question.objects.select_related("topic"), pk=pk)
    asked = question.frozen()
    if settings.GRADER != "llm":
        messages.error(request, _("No language model is configured here."))
    elif not asked.reference.strip():
        messages.error(request, _("There is no reference answer to propose points from."))
    elif not _jobs(question, request.user).pending().exists():
        payload = {"question": question.pk, "asked": asked.to_json(), "source_hash": _source_hash(asked)}
        jobs.ask(KIND, request.user, payload, request.received_at)
    return redirect("points", question.pk)


def _jobs(question: Question, person: User) -> Any:
    return Job.objects.filter(owner=person, kind=KIND, payload__question=question.pk).order_by("-created_at")


def _source_hash(asked: FrozenQuestion) -> str:
    """Of all that the model is told: with the same one its proposals still hold, whatever became of the points."""
    return dataclasses.replace(
        asked, points=(), slug="", title="", topic="", kind="", difficulty=0, seconds=0, explanation=""
    ).hash


def _page(
    request: Request, question: Question, rows: Any = None, form: ApprovalForm | None = None, status: int = 200
) -> HttpResponse:
    asked = question.frozen()
    job = _jobs(question, request.user).first()
    evidence = wrong_answers.mistakes(question)
    answer = job.result if job is not None and job.payload["source_hash"] == _source_hash(asked) else None
    by_model = [ParsedPoint(**point) for point in answer["points"]] if answer else []
    if rows is None:
        made = _rows(asked, by_model, [ParsedPoint("", each.text, "pitfall") for each in evidence.mistakes])
        rows = PointFormSet(initial=[row.initial for row in made])
    context = {
        "question": question,
        "asked": asked,
        "rows": [(row, *_relation(row, asked.points)) for row in rows],
        "formset": rows,
        "form": form or ApprovalForm(initial={"shown": asked.hash}),
        "is_tried": status != 200,
        "has_model": settings.GRADER == "llm",
        "job": job,
        "is_outdated": bool(job and job.result and answer is None),
        "answer": answer,
        "dropped": [_(reason) for reason in answer["dropped"]] if answer else [],
        "evidence": evidence,
        "least": wrong_answers.LEAST,
    }
    return render(request, "interviewer/points.html", context, status=status)


def _rows(asked: FrozenQuestion, by_model: Sequence[ParsedPoint], seen: Sequence[ParsedPoint]) -> list[Row]:
    """Today's points in order, each followed by other words for it; then what is new. Nothing stands there twice."""
    today = [ParsedPoint(point.name, point.text, point.kind, point.weight) for point in asked.points]
    by_code = propose(asked.reference, f"{asked.title}\n{asked.prompt}")
    proposed = _once(asked, [("code", by_code), ("model", by_model), ("seen", seen)])
    proposed = proposed[: max(0, MOST_ROWS - len(today))]
    rows: list[Row] = []
    for number, point in enumerate(today, start=1):
        rows.append(Row(point, "today", keep=True))
        rows += [Row(other, source, keep=False) for other, source, place in proposed if place == number]
    # Where there are no points yet, what code found is the place to start from.
    rows += [Row(point, source, not today and source == "code") for point, source, place in proposed if not place]
    return rows


def _once(
    asked: FrozenQuestion, sources: Iterable[tuple[str, Sequence[ParsedPoint]]]
) -> list[tuple[ParsedPoint, str, int]]:
    """(point, source, number of the point of today that it is other words for, or 0) of what nobody has said before."""
    found: list[tuple[ParsedPoint, str, int]] = []
    for source, proposed in sources:
        for point in proposed:
            near = match(point, asked.points)
            if near.kind != "same" and not any(same(point.text, other.text) for other, _source, _place in found):
                found.append((point, source, near.number))
    return found


def _relation(row: PointForm, today: Sequence[FrozenPoint]) -> tuple[int, list[Piece]]:
    """The number of the point that a row is, or is other words for (0: neither), and the difference if there is one."""
    near = match(ParsedPoint("", str(row["text"].value() or "")), today)
    if row["source"].value() == "today" or near.kind != "other words":
        return near.number, []
    return near.number, compare(today[near.number - 1].text, str(row["text"].value()))

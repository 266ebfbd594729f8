"""For curators: which questions to look at first, and what the answers to one of them say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from interviewer import item_health
from interviewer import item_statistics as limits
from interviewer.access import curator_required
from interviewer.charts import Chart, bar_chart
from interviewer.http import Request
from interviewer.item_reasons import LABELS, reasons
from interviewer.models import Appeal, ItemHealthRun, ItemStatistics
from interviewer.models.items import ItemStatisticsQuerySet
from questions import confirming, merges
from questions.models import Language, Question, Topic
from questions.versions import Cause, NotAllowed

PAGE_SIZE = 25
MOST_APPEALS = 20


class FilterForm(forms.Form):
    """Filters of the queue; they live in the address."""

    topic = forms.ModelChoiceField(
        Topic.objects,
        label=gettext_lazy("Topic"),
        required=False,
        to_field_name="slug",
        empty_label=gettext_lazy("All"),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False, choices=[("", gettext_lazy("All")), *Language.choices]
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        required=False,
        choices=[
            ("", gettext_lazy("Any reason")),
            *LABELS.items(),
            ("none", gettext_lazy("No reason found")),
            ("few", gettext_lazy("Too few answers")),
            ("unasked", gettext_lazy("Never asked")),
            ("all", gettext_lazy("All questions")),
        ],
    )


def _filtered(found: ItemStatisticsQuerySet, wanted: dict[str, Any]) -> ItemStatisticsQuerySet:
    if wanted["topic"]:
        found = found.filter(question__topic=wanted["topic"])
    if wanted["language"]:
        found = found.filter(question__language=wanted["language"])
    few = Q(reached__lt=limits.LEAST_ANSWERS)
    match wanted["reason"]:
        case "all":
            return found
        case "":
            return found.exclude(reasons="")
        case "none":
            return found.filter(~few, reasons="")
        case "few":
            return found.filter(few, reasons="")
        case "unasked":
            return found.never_asked()
    return found.with_reason(wanted["reason"])


@curator_required
@never_cache
@require_safe
def item_list(request: Request) -> HttpResponse:
    """The queue: questions in use that give reason to look at them, the most harmful first. 400 for a bad filter."""
    form = FilterForm(request.GET)
    bank = ItemStatistics.objects.of_the_bank().select_related("question__topic")
    found = _filtered(bank, form.cleaned_data) if form.is_valid() else bank.none()
    page = Paginator(found.worst_first(), PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": page,
        "items": [(item, reasons(item)) for item in page],
        "form": form,
        "query": query.urlencode(),
        "run": ItemHealthRun.objects.filter(computed_at__isnull=False).first(),
        "least": limits.LEAST_ANSWERS,
        "unasked": ItemStatistics.objects.of_the_bank().never_asked().count(),
    }
    return render(request, "interviewer/item_list.html", context, status=200 if form.is_valid() else 400)


@curator_required
@never_cache
@require_safe
def item(request: Request, pk: int) -> HttpResponse:
    """One question: its figures, what they give reason to, and how they spread."""
    question = get_object_or_404(Question.objects.select_related("topic"), pk=pk)
    row = ItemStatistics.objects.filter(question=question).first()
    frozen = question.frozen()
    context = {
        "question": question,
        "item": row,
        "shown": frozen.hash,
        "reviewed_at": confirming.reviewed([pk]).get((pk, frozen.hash)),
        "stale_days": settings.STALE_DAYS,
        "appeals": _appeals(question),
        "at": request.received_at,
        # The figures are of another text until they are computed again.
        "is_outdated": row is not None and row.task_hash != frozen.task_hash,
        "reasons": reasons(row) if row else [],
        "drawings": _drawings(row) if row else [],
        "limits": {
            "answers": limits.LEAST_ANSWERS,
            "pairs": limits.LEAST_PAIRS,
            "chances": limits.LEAST_CHANCES,
            "doubles": limits.LEAST_DOUBLES,
        },
    }
    return render(request, "interviewer/item.html", context)


def _appeals(question: Question) -> list[Appeal]:
    """What candidates said of it and of what was merged into it, the open ones first; whose they are is not read."""
    kept = merges.kept()
    asked = [question.pk, *(pk for pk, into in kept.items() if into == question.pk)]
    mine = Appeal.objects.filter(answer__question__in=asked).order_by(F("answered_at").desc(nulls_first=True), "-pk")
    return list(mine.only("reason", "made_at", "answered_at", "upheld", "reply")[:MOST_APPEALS])


@curator_required
@never_cache
@require_POST
def confirm(request: Request, pk: int) -> HttpResponse:
    """Note that a curator finds a question still right, as the page showed it."""
    get_object_or_404(Question, pk=pk)
    try:
        confirming.confirm(pk, request.POST.get("shown", ""), Cause(request.user, at=request.received_at))
    except NotAllowed as refused:
        messages.error(request, str(refused))
    else:
        item_health.note_review(pk, request.received_at)
        messages.success(request, _("Noted, with your name, in its history: the question is still right."))
    return redirect("item", pk)


# --- Charts -------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawing:
    """A chart with its words: a title, a line for who cannot see it, the head of its table, and what its line marks."""

    title: str
    alternative: str
    heads: tuple[str, str]
    chart: Chart
    mark: str = ""


def _drawings(row: ItemStatistics) -> list[Drawing]:
    """The charts for which there are enough answers."""
    return [
        *([_score_drawing(row)] if row.score_bins else []),
        *([_time_drawing(row)] if row.time_bins else []),
        *([_rest_drawing(row)] if row.rest_bins else []),
    ]


def _score_drawing(row: ItemStatistics) -> Drawing:
    counts, wide = row.score_bins, 100 // limits.SCORE_BINS
    mean = row.mean or 0.0
    return Drawing(
        _("Scores"),
        _("How %(n)d scores spread from 0 to 100; their mean is %(mean)d.") % {"n": row.scored, "mean": mean * 100},
        (_("Points of 100"), _("Answers")),
        bar_chart(
            counts,
            [f"{n * wide}–{(n + 1) * wide}" for n in range(len(counts))],
            [str(count) if count else "" for count in counts],
            [(0, "0"), (5, "50"), (10, "100")],
            mark=mean * len(counts),
        ),
        _("line: mean"),
    )


def _time_drawing(row: ItemStatistics) -> Drawing:
    counts, wide = row.time_bins, round(100 * limits.TIME_STEP)
    last = len(counts) - 1
    labels = [f"{n * wide}–{(n + 1) * wide}%" for n in range(last)]
    told = _("Time used by %(n)d answers, as a share of what is suggested; %(over)d took longer.")
    return Drawing(
        _("Time used"),
        told % {"n": row.timed, "over": row.over},
        (_("Of the time suggested"), _("Answers")),
        bar_chart(
            counts,
            [*labels, _("%(share)d%% or more") % {"share": last * wide}],
            [str(count) if count else "" for count in counts],
            [(0, "0"), (4, "100%"), (8, "200%")],
            mark=1 / limits.TIME_STEP,
        ),
        _("line: as suggested"),
    )


def _rest_drawing(row: ItemStatistics) -> Drawing:
    wide = 100 // limits.REST_BINS
    means = [round(100 * mean) for _n, mean in row.rest_bins]
    told = _("Mean score on this question of those who do badly, middling and well on the others: %(means)s.")
    return Drawing(
        _("Against the other questions"),
        told % {"means": ", ".join(str(mean) for mean, (n, _mean) in zip(means, row.rest_bins, strict=True) if n)},
        (_("Mean of the others"), _("Mean score here")),
        bar_chart(
            means,
            [f"{n * wide}–{(n + 1) * wide} (n = {int(row.rest_bins[n][0])})" for n in range(len(means))],
            [str(mean) if n else "" for mean, (n, _mean) in zip(means, row.rest_bins, strict=True)],
            [(n, str(n * wide)) for n in range(len(means) + 1)],
            full=100,
        ),
    )

"""For managers: their positions with progress, one position, and the form that opens or changes one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.forms import BaseFormSet, formset_factory
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from interviewer import hiring, identity, interviews
from interviewer.access import manager_required, organisations_of, own_position, positions_of
from interviewer.http import Request
from interviewer.models import BlueprintRow, Invitation, Job, Organisation, Position, User
from interviewer.views.band_form import BandForm
from questions.models import Language, Topic

PAGE_SIZE = 25
PEOPLE_ON_A_PAGE = 100
MOST_ROWS = 12


@manager_required
@never_cache
@require_safe
def position_list(request: Request) -> HttpResponse:
    """The positions of the manager's organisations, open ones first, with how far their candidates are."""
    interviews.settle_expired(request.received_at)
    mine = positions_of(request.user)
    open_first = (F("closed_at").desc(nulls_first=True), "-created_at", "-pk")
    newest = mine.with_progress().order_by(*open_first)
    context = {
        "page": Paginator(newest, PAGE_SIZE).get_page(request.GET.get("page")),
        "organisations": organisations_of(request.user),
    }
    return render(request, "interviewer/position_list.html", context)


@manager_required
@never_cache
@require_safe
def position(request: Request, pk: int) -> HttpResponse:
    """One position: what it asks, whom it invited, how far they are, and what to do next."""
    interviews.settle_expired(request.received_at)
    return position_page(request, own_position(request.user, pk))


def position_page(request: Request, found: Position, **more: Any) -> HttpResponse:
    """The page of a position; `links` are new ones, which are shown this once."""
    at = request.received_at
    counted = Position.objects.with_progress().get(pk=found.pk)
    people = found.invitations.with_stage().select_related("position", "interview")
    sendings = Job.objects.filter(kind="send-invitations", owner=request.user, payload__position=found.pk)
    supply = hiring.supply(found.template)
    page = Paginator(people, PEOPLE_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "position": found,
        "counts": counted,
        "supply": supply,
        "is_short": any(each.is_short for each in supply),
        "page": page,
        "people": [(each, each.standing(at), _may_change(each)) for each in page],
        # Who is about to be reviewed goes by a code here too.
        "told": identity.revealed_to(request.user, [each.interview for each in page if each.interview]),
        "failed": found.invitations.unsent().exclude(error="").count(),
        "job": sendings.order_by("-created_at").first(),
        **more,
    }
    return render(request, "interviewer/position.html", context)


def _may_change(invitation: Invitation) -> bool:
    return invitation.interview is None or invitation.interview.submitted_at is None


# --- Opening and changing -----------------------------------------------------------


class PositionForm(forms.Form):
    """What a position is called, whose it is, and in which language it asks."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=120)
    language = forms.ChoiceField(label=gettext_lazy("Language of the questions"), choices=Language.choices)
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label=gettext_lazy("Organisation"), empty_label=None
    )

    def __init__(self, manager: User, existing: Position | None, data: Any = None) -> None:
        first = {"language": "zh-hans"}
        if existing:
            first = {"title": existing.title, "language": existing.template.language}
        super().__init__(data, initial=first)
        mine = organisations_of(manager)
        self.fields["organisation"].queryset = mine  # type: ignore[attr-defined]
        if existing:
            del self.fields["organisation"]
        elif len(mine) == 1:
            self.fields["organisation"].widget = forms.HiddenInput()
            self.initial["organisation"] = mine[0].pk


def _levels(label: Any, initial: int) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(label=label, coerce=int, initial=initial, choices=[(n, n) for n in range(1, 6)])


class RowForm(forms.Form):
    """One row of a blueprint; a row without a number of questions is no row."""

    count = forms.IntegerField(label=gettext_lazy("Questions"), min_value=1, max_value=20, required=False)
    topic = forms.ModelChoiceField(
        Topic.objects, label=gettext_lazy("Topic"), required=False, empty_label=gettext_lazy("Any topic")
    )
    least = _levels(gettext_lazy("Difficulty from"), 1)
    most = _levels(gettext_lazy("Difficulty to"), 5)
    minutes = forms.IntegerField(label=gettext_lazy("Minutes each"), min_value=1, max_value=60, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("count") and given.get("least", 1) > given.get("most", 5):
            self.add_error("most", _("The difficulty ends below where it begins."))
        if given.get("count") and not given.get("minutes") and "minutes" not in self.errors:
            self.add_error("minutes", _("How many minutes has a candidate for each?"))
        return given

    def row(self) -> BlueprintRow | None:
        """The row, not stored; None where the form was left empty."""
        given = self.cleaned_data
        if not given.get("count"):
            return None
        return BlueprintRow(
            topic=given["topic"],
            least_difficulty=given["least"],
            most_difficulty=given["most"],
            count=given["count"],
            minutes_each=given["minutes"],
        )


class BaseRows(BaseFormSet):
    """A blueprint: at least one row, at most fifty questions and eight hours in all."""

    def rows(self) -> list[BlueprintRow]:
        return [row for form in self.forms if (row := form.row())]

    def clean(self) -> None:
        if any(self.errors):
            return
        rows = self.rows()
        if not rows:
            raise forms.ValidationError(_("Say in one row at least how many questions are asked."))
        if sum(row.count for row in rows) > 50 or sum(row.minutes for row in rows) > 480:
            raise forms.ValidationError(_("An interview has at most 50 questions and 480 minutes."))


RowFormSet = formset_factory(RowForm, formset=BaseRows, extra=0, max_num=MOST_ROWS, validate_max=True)


def _row_forms(existing: Position | None, data: Any = None) -> BaseRows:
    rows = list(existing.template.blueprint.all()) if existing else []
    initial: list[dict[str, Any]] = [
        {"count": row.count, "topic": row.topic_id, "least": row.least_difficulty, "most": row.most_difficulty,
         "minutes": row.minutes_each}
        for row in rows
    ]  # fmt: skip
    empty = [{"least": 1, "most": 5, "minutes": 5}] * max(4 - len(rows), min(2, MOST_ROWS - len(rows)))
    # Else a row that is sent as it was shown would count as left empty.
    how = {"form_kwargs": {"empty_permitted": False}, "prefix": "row"}
    return RowFormSet(data, initial=[*initial, *empty], **how)  # type: ignore[return-value, arg-type]


@manager_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def position_new(request: Request) -> HttpResponse:
    """Open a position. Whoever belongs to no organisation is told so."""
    return _position_form(request, None)


@manager_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def position_edit(request: Request, pk: int) -> HttpResponse:
    """Change what a position asks from now on."""
    return _position_form(request, own_position(request.user, pk))


def _position_form(request: Request, existing: Position | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form, rows = PositionForm(request.user, existing, data), _row_forms(existing, data)
    bands = BandForm(existing, data)
    if data is not None and all([form.is_valid(), rows.is_valid(), bands.is_valid()]):
        return _store(request, existing, form.cleaned_data, rows.rows(), bands.bands())
    context = {
        "form": form,
        "rows": rows,
        "bands": bands,
        "position": existing,
        "is_used": existing is not None and existing.template.is_used,
        "has_organisation": organisations_of(request.user).exists(),
    }
    return render(request, "interviewer/position_form.html", context, status=200 if data is None else 400)


def _store(
    request: Request,
    existing: Position | None,
    given: dict[str, Any],
    rows: list[BlueprintRow],
    bands: list[dict[str, Any]],
) -> HttpResponse:
    asked, at = (given["title"], given["language"], rows, request.user), request.received_at
    if existing:
        version = existing.template.version
        found = hiring.change(existing, *asked, at, bands=bands)
        if found.template.version != version:
            messages.info(request, _("Who has begun keeps the earlier version; who begins from now on gets this one."))
    else:
        found = hiring.open_position(given["organisation"], *asked, at, bands=bands)
    return redirect("position", found.pk)


@manager_required
@require_POST
def position_close(request: Request, pk: int) -> HttpResponse:
    """Close a position, or open it again."""
    found = own_position(request.user, pk)
    if request.POST.get("to") == "open":
        hiring.reopen(found, request.user, request.received_at)
        messages.success(request, _("The position is open again, and its links can be used."))
    else:
        hiring.close(found, request.user, request.received_at)
        messages.success(request, _("The position is closed: nobody can begin any more. What is running goes on."))
    return redirect("position", found.pk)

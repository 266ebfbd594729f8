"""For managers: the candidates of a position side by side, by code. Filters and choice live in the address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from interviewer import blind, interviews
from interviewer.access import manager_required, own_position
from interviewer.hiring import comparison
from interviewer.hiring.comparison import Candidate, Group
from interviewer.hiring.side_by_side import SideBySide, side_by_side
from interviewer.http import Request
from interviewer.models import Decision
from interviewer.radar import MOST_SERIES, Radar, radar

PAGE_SIZE = 50


class FilterForm(forms.Form):
    """Which candidates are shown."""

    decision = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        required=False,
        choices=[("", gettext_lazy("Any")), ("none", gettext_lazy("None yet")), *Decision.Outcome.choices],
    )
    graded = forms.ChoiceField(
        label=gettext_lazy("Answers graded"),
        required=False,
        choices=[
            ("", gettext_lazy("All")),
            ("yes", gettext_lazy("All answers graded")),
            ("no", gettext_lazy("Not all answers graded")),
        ],
    )
    version = forms.ChoiceField(label=gettext_lazy("Version of the blueprint"), required=False)

    def __init__(self, versions: Iterable[int], *args: Any) -> None:
        super().__init__(*args)
        numbers = [(str(version), str(version)) for version in sorted(versions, reverse=True)]
        self.fields["version"].choices = [("", _("All")), *numbers]  # type: ignore[attr-defined]


def _is_wanted(candidate: Candidate, wanted: dict[str, str]) -> bool:
    decision, graded, version = wanted["decision"], wanted["graded"], wanted["version"]
    return (
        (not decision or candidate.outcome == ("" if decision == "none" else decision))
        and (not graded or candidate.is_graded == (graded == "yes"))
        and (not version or candidate.version == int(version))
    )


@manager_required
@never_cache
@require_safe
def compare(request: Request, pk: int) -> HttpResponse:
    """The candidates of a position: bands, groups, decisions; some of them by topic and question.

    400 when a filter cannot be read: nobody is shown.
    """
    interviews.settle_expired(request.received_at)
    position = own_position(request.user, pk)
    everybody = comparison.candidates(position, request.user)
    versions = {each.version for each in everybody}
    form = FilterForm(versions, request.GET)
    is_read = form.is_valid()
    shown = [each for each in everybody if is_read and _is_wanted(each, form.cleaned_data)]
    rows = [(group, each) for group in comparison.groups(shown) for each in group.candidates]
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    chosen, has_too_many = _chosen(everybody, shown, request.GET.getlist("c"))
    context = {
        "position": position,
        "form": form,
        "everybody": len(everybody),
        "tombstones": comparison.tombstones(position),
        "shown": len(shown),
        "hidden": sum(each.is_hidden for each in everybody),
        "has_lines": any(each.lines for each in shown),
        "versions": sorted({each.version for each in shown}),
        "page": page,
        "groups": _on_page(page.object_list),
        "picked": {each.code for each in chosen},
        "drawn": _drawn(side_by_side(chosen)) if chosen else None,
        "has_too_many": has_too_many,
        "most": MOST_SERIES,
    }
    return render(request, "interviewer/compare.html", context, status=200 if is_read else 400)


@manager_required
@require_POST
def show_results(request: Request, pk: int) -> HttpResponse:
    """Show a manager what everybody came to whom they have not judged; from now on they judge none of them blind."""
    position = own_position(request.user, pk)
    if blind.show_all(position, request.user, request.received_at):
        messages.success(request, _("All results are shown to you now. That is recorded."))
    return redirect("compare", position.pk)


def _chosen(
    everybody: Sequence[Candidate], shown: Sequence[Candidate], codes: Sequence[str]
) -> tuple[list[Candidate], bool]:
    """Who is put side by side, and whether more were asked for; where nobody was, all, if that is but a few.

    Nobody whose results are hidden.
    """
    asked_for = set(codes)
    wanted = [each for each in everybody if each.code in asked_for and not each.is_hidden]
    seen = [each for each in shown if not each.is_hidden]
    if not codes and 2 <= len(seen) <= MOST_SERIES:
        wanted = sorted(seen, key=lambda each: each.code)
    return wanted[:MOST_SERIES], len(wanted) > MOST_SERIES


def _on_page(rows: Iterable[tuple[Group, Candidate]]) -> list[tuple[Group, Group]]:
    """The groups of a page: each as it is, and with those of its candidates alone that stand on this page."""
    return [
        (group, replace(group, candidates=tuple(candidate for _group, candidate in of_group)))
        for group, of_group in groupby(rows, key=lambda row: row[0])
    ]


@dataclass(frozen=True)
class Drawn:
    """Candidates side by side, and the radar of their topics where there are enough of them."""

    tables: SideBySide
    radar: Radar | None
    columns: list[tuple[int, Candidate]]

    @property
    def versions(self) -> list[int]:
        return sorted({each.version for each in self.tables.candidates})


def _drawn(tables: SideBySide) -> Drawn:
    values = [
        [None if (cell := line.cells[place]) is None else cell.points for line in tables.topics]
        for place in range(len(tables.candidates))
    ]
    drawing = radar([line.name for line in tables.topics], values)
    return Drawn(tables, drawing, list(enumerate(tables.candidates, start=1)))

"""The audit log for those who may read it: newest first, filtered by the address, and as a file."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db.models import Q, QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from interviewer import audit
from interviewer.access import audit_reader_required
from interviewer.audit import words
from interviewer.http import Request
from interviewer.models import AuditEvent, User, Verb

PAGE_SIZE = 50
_AT_ONCE = 500  # rows of an export whose names are looked up together
_MOST_PEOPLE = 100  # that a part of a name may mean
_ACTORS = (audit.COMMAND, audit.PROGRAM, audit.UNKNOWN)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would reckon


class FilterForm(forms.Form):
    """Filters of the log; they live in the address."""

    who = forms.CharField(label=_("Who"), required=False, max_length=150)
    verb = forms.ChoiceField(label=_("What was done"), required=False, choices=[("", _("Anything")), *Verb.choices])
    object = forms.CharField(
        label=_("To what"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"placeholder": "question:12"}),
        validators=[RegexValidator(r"^[a-z]+:[0-9a-f-]+\Z", _("Write a kind and a number, such as “question:12”."))],
    )
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))


class PlaceForm(forms.Form):
    """Where in the log a page begins: below or above an event's number."""

    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    after = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)


def _filtered(wanted: dict[str, Any]) -> QuerySet[AuditEvent]:
    found = AuditEvent.objects.all()
    if wanted["who"]:
        found = found.filter(actor__in=_actors(wanted["who"]))
    exact = {name: wanted[name] for name in ("verb", "object") if wanted[name]}
    found = found.filter(**exact)
    if wanted["since"]:
        found = found.filter(at__gte=_midnight(wanted["since"]))
    if wanted["until"]:
        found = found.filter(at__lt=_midnight(wanted["until"] + timedelta(days=1)))
    return found


def _actors(who: str) -> list[str]:
    """Whom a filter means: a name of the log's own, or a part of a person's name."""
    if who in _ACTORS or re.fullmatch(r"person:[0-9]+", who):  # nothing else: what is looked for is audited
        return [who]
    named = Q(username__icontains=who) | Q(first_name__icontains=who) | Q(last_name__icontains=who)
    return [
        f"person:{pk}" for pk in User.objects.filter(named).order_by("pk").values_list("pk", flat=True)[:_MOST_PEOPLE]
    ]


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _page(found: QuerySet[AuditEvent], place: dict[str, Any]) -> tuple[list[AuditEvent], bool, bool]:
    """One page, newest first; whether there are newer and older ones. By number: no row is counted or skipped."""
    if place.get("after") is not None:
        page = list(found.filter(number__gt=place["after"]).order_by("number")[: PAGE_SIZE + 1])
        return page[:PAGE_SIZE][::-1], len(page) > PAGE_SIZE, True
    rows = found.filter(number__lt=place["before"]) if place.get("before") else found
    page = list(rows.order_by("-number")[: PAGE_SIZE + 1])
    return page[:PAGE_SIZE], bool(place.get("before")), len(page) > PAGE_SIZE


@audit_reader_required
@never_cache
@require_safe
def audit_log(request: Request) -> HttpResponse:
    """A page of the log. 400 when a filter cannot be read: then nothing is shown."""
    form, place = FilterForm(request.GET), PlaceForm(request.GET)
    is_read = all([form.is_valid(), place.is_valid()])
    found = _filtered(form.cleaned_data) if is_read else AuditEvent.objects.none()
    page, has_newer, has_older = _page(found, place.cleaned_data)
    query = request.GET.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    context = {
        "events": words.tell(page),
        "newest": page[0].number if page and has_newer else None,
        "oldest": page[-1].number if page and has_older else None,
        "form": form,
        "is_read": is_read,
        "query": query.urlencode(),
    }
    return render(request, "interviewer/audit.html", context, status=200 if is_read else 400)


# --- The file -------------------------------------------------------------------------


@audit_reader_required
@never_cache
@require_safe
def audit_file(request: Request) -> HttpResponseBase:
    """The filtered log as CSV, oldest first, up to the event that says it was exported."""
    form = FilterForm(request.GET)
    if not form.is_valid():
        return audit_log(request)
    wanted = form.cleaned_data
    chosen = {name: str(wanted[name]) for name in ("verb", "object", "since", "until") if wanted[name]}
    who = {"who": _actors(wanted["who"])} if wanted["who"] else {}
    event = audit.record(request.user, Verb.AUDIT_EXPORTED, "", {**chosen, **who}, request.received_at)
    found = _filtered(wanted).filter(number__lte=event.number).order_by("number")
    lines = _lines(found, get_language() or "en")
    headers = {"Content-Disposition": f'attachment; filename="audit-{event.number}.csv"'}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


class _Echo:
    """A file that hands on what is written to it."""

    def write(self, text: str) -> str:
        return text


def _lines(found: QuerySet[AuditEvent], language: str) -> Iterator[str]:
    writer = csv.writer(_Echo())
    stored = ("number", "at", "actor", "verb", "object", "facts", "previous", "hash", "signature")
    yield "\ufeff" + writer.writerow([*stored, "sentence", "details"])  # spreadsheets know UTF-8 by this mark
    rows = found.iterator(chunk_size=_AT_ONCE)
    while events := list(islice(rows, _AT_ONCE)):
        with override(language):  # a stream is written after the request's own language is gone
            told = words.tell(events)
        yield "".join(writer.writerow(map(_cell, _row(each))) for each in told)


def _row(told: words.Told) -> list[str]:
    event = told.event
    facts = json.dumps(event.facts, ensure_ascii=False, sort_keys=True)
    stored = [event.actor, event.verb, event.object, facts, event.previous, event.hash, event.signature]
    return [str(event.number), event.at.isoformat(), *stored, told.sentence, "; ".join(told.details)]


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text

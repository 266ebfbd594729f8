"""For the admin: what is added, changed or deleted there is audited, in the transaction that does it."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db import models, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from interviewer import audit
from interviewer.models import Verb


class Audited(admin.ModelAdmin):
    """To be mixed into a ModelAdmin, first. A verb that is None is recorded elsewhere, or cannot happen."""

    verb_added: Verb | None = None
    verb_changed: Verb | None = None
    verb_deleted: Verb | None = None

    def audited(self, obj: Any) -> Any:
        """The row that an event is about; another one where that says more."""
        return obj

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        verb = self.verb_changed if change else self.verb_added
        if verb and (form.changed_data or not change):
            facts = {"changed": changes(form)}
            audit.record(person_of(request), verb, self.audited(form.instance), facts, timezone.now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            drafts = self._deletions(request, [obj])
            super().delete_model(request, obj)
            audit.append(drafts)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            drafts = self._deletions(request, list(queryset))
            super().delete_queryset(request, queryset)
            audit.append(drafts)

    def _deletions(self, request: HttpRequest, rows: list[Any]) -> list[audit.Draft]:
        """One event for each, named while it still has a key."""
        if not self.verb_deleted:
            return []
        names = [audit.name_of(self.audited(row)) for row in rows]
        return [audit.Draft(person_of(request), self.verb_deleted, name, {}, timezone.now()) for name in names]


def changes(form: Any) -> dict[str, dict[str, Any]]:
    """Field → what became of it. Texts that somebody wrote are named, never told."""
    return {name: _change(form, name) for name in form.changed_data}


def _change(form: Any, name: str) -> dict[str, Any]:
    try:
        field = form.instance._meta.get_field(name)
    except FieldDoesNotExist:
        return {}
    before, after = form.initial.get(name), form.cleaned_data.get(name)
    if isinstance(field, models.ManyToManyField):
        had, has = ({row.pk for row in rows or ()} for rows in (before, after))
        return {"added": sorted(has - had), "removed": sorted(had - has)}
    if isinstance(field, models.CharField | models.TextField) and not field.choices:
        return {}
    return {"from": _coded(before), "to": _coded(after)}


def _coded(value: Any) -> Any:
    """A value that is no text of somebody's, as a fact; None for all else."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, Decimal | date | time | timedelta):
        return str(value)
    return value if isinstance(value, bool | int | str) else None


def person_of(request: HttpRequest) -> Any:
    """Who is signed in: nobody else comes as far as the admin's forms."""
    return request.user

"""Filters of the admin's list of questions."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from questions.models import Question, RubricPoint, tags_in

_MOST_TAGS = 40  # that the list offers, the most frequent ones


class YesOrNo(admin.SimpleListFilter):
    """Those that have something, or those that lack it; `has` is a condition."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def has(self) -> Any:
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "yes":
                return queryset.filter(self.has())
            case "no":
                return queryset.exclude(self.has())
        return queryset


class HasPoints(YesOrNo):
    """Whether rubric points are written down."""

    title, parameter_name = _("rubric points"), "points"

    def has(self) -> Any:
        return Exists(RubricPoint.objects.filter(question=OuterRef("pk")))


class HasTranslation(YesOrNo):
    """Whether it is there in another language, by a link or by its document; see `Question.translations`."""

    title, parameter_name = _("translation"), "translation"

    def has(self) -> Any:
        others = Question.objects.exclude(pk=OuterRef("pk")).exclude(language=OuterRef("language"))
        by_document = Q(document__name=OuterRef("document__name"), number=OuterRef("number"))
        return Exists(others.filter(by_document | Q(translation_group=OuterRef("translation_group"))))


class Tag(admin.SimpleListFilter):
    """Questions with one of the tags in use, the most frequent ones first."""

    title, parameter_name = _("tag"), "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        rows = Question.objects.exclude(tags="").values_list("tags", flat=True)
        counts = Counter(tag for row in rows for tag in set(tags_in(row)))
        found = sorted(counts, key=lambda tag: (-counts[tag], tag))[:_MOST_TAGS]
        if (chosen := request.GET.get(self.parameter_name)) and chosen not in found:
            found.append(chosen)
        return [(tag, tag) for tag in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (tag := self.value()):
            return queryset
        near = queryset.filter(tags__icontains=tag).values_list("pk", "tags")
        return queryset.filter(pk__in=[pk for pk, tags in near if tag in tags_in(tags)])


class ChangedLately(admin.SimpleListFilter):
    """By when the question was last changed."""

    title, parameter_name = _("changed"), "changed"
    _DAYS = {"day": 1, "week": 7, "month": 30}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("day", _("in the last 24 hours")),
            ("week", _("in the last 7 days")),
            ("month", _("in the last 30 days")),
            ("before", _("before that")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now, chosen = timezone.now(), self.value()
        if chosen == "before":
            return queryset.filter(updated_at__lt=now - timedelta(days=self._DAYS["month"]))
        days = self._DAYS.get(chosen or "")
        return queryset.filter(updated_at__gte=now - timedelta(days=days)) if days else queryset

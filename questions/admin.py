"""The curator's desk: questions with their rubric points, topics, and the documents they came from."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from questions.models import Document, Question, RubricPoint, Topic


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin):
    list_display = ["slug", "name_zh", "name_en"]
    search_fields = ["slug", "name_zh", "name_en"]


@admin.register(Document)
class DocumentAdmin(admin.ModelAdmin):
    """Documents are read here, not written: importing is what changes them."""

    list_display = ["name", "language", "imported_at", "question_count"]
    list_filter = ["language"]
    readonly_fields = ["name", "language", "source", "imported_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        return super().get_queryset(request).annotate(count=Count("questions"))

    @admin.display(description=_("questions"), ordering="count")
    def question_count(self, document: Any) -> int:
        return document.count

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class RubricPointInline(admin.TabularInline):
    model = RubricPoint
    extra = 0
    fields = ["order", "name", "text", "kind", "weight"]
    formfield_overrides = {models.TextField: {"widget": forms.Textarea(attrs={"rows": 3, "cols": 56})}}


@admin.register(Question)
class QuestionAdmin(admin.ModelAdmin):
    list_display = ["title", "topic", "language", "difficulty", "kind", "status", "point_count"]
    list_filter = ["status", "language", "topic", "kind", "difficulty"]
    search_fields = ["title", "prompt", "reference", "tags", "slug"]
    list_select_related = ["topic"]
    list_per_page = 50
    readonly_fields = ["document", "number", "updated_at"]
    prepopulated_fields = {"slug": ["title"]}
    inlines = [RubricPointInline]
    actions = ["publish", "retire"]
    formfield_overrides = {models.CharField: {"widget": forms.TextInput(attrs={"size": 72})}}
    fieldsets = [
        (None, {"fields": ["title", "prompt", "reference", "explanation", "examples"]}),
        (_("Asking"), {"fields": ["status", "language", "topic", "tags", "kind", "difficulty", "seconds"]}),
        (_("Identity"), {"fields": ["slug", "document", "number", "updated_at"], "classes": ["collapse"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        return super().get_queryset(request).annotate(count=Count("points"))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Question | None = None) -> dict[str, Any]:
        return {} if obj else dict(self.prepopulated_fields)

    @admin.display(description=_("rubric points"), ordering="count")
    def point_count(self, question: Any) -> int:
        return question.count

    @admin.action(description=_("Publish the chosen questions that have an answer"), permissions=["change"])
    def publish(self, request: HttpRequest, chosen: QuerySet[Question]) -> None:
        count = chosen.exclude(reference="").update(status=Question.Status.PUBLISHED)
        self.message_user(request, ngettext("%d question published.", "%d questions published.", count) % count)

    @admin.action(description=_("Retire the chosen questions"), permissions=["change"])
    def retire(self, request: HttpRequest, chosen: QuerySet[Question]) -> None:
        count = chosen.update(status=Question.Status.RETIRED)
        self.message_user(request, ngettext("%d question retired.", "%d questions retired.", count) % count)

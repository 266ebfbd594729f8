"""The curator's desk: questions with their rubric points, topics, and the documents they came from."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import Case, Count, QuerySet, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from questions import wording
from questions.actions import ACTIONS, QuestionActions
from questions.filters import ChangedLately, HasPoints, HasTranslation, Tag
from questions.finding import by_words
from questions.forms import QuestionActionForm, QuestionForm, TextField
from questions.history_pages import HistoryPages, no_longer_asked
from questions.models import Document, Question, RubricPoint, Topic
from questions.states import change
from questions.versions import Cause, Kind, NotAllowed, note, record_change, record_many

_RANKED = 200  # questions that a search puts into the order of relevance; the others follow by slug


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin):
    list_display = ["slug", "name_zh", "name_en"]
    search_fields = ["slug", "name_zh", "name_en"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A topic's slug is part of what its questions say: another one is a version of all of them."""
        if not change or "slug" not in form.changed_data:
            return super().save_model(request, obj, form, change)
        questions = list(obj.questions.values_list("pk", flat=True))
        note(questions)
        super().save_model(request, obj, form, change)
        told = gettext("The topic “%(old)s” became “%(new)s”.") % {"old": form.initial["slug"], "new": obj.slug}
        record_many(questions, Kind.EDITED, Cause(request.user, told, timezone.now()))


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


class RubricPointInline(admin.StackedInline):
    model = RubricPoint
    extra = 0
    fields = ["text", "name", ("kind", "weight", "order")]
    formfield_overrides = {models.TextField: {"form_class": TextField, "widget": forms.Textarea(attrs={"rows": 2})}}


@admin.register(Question)
class QuestionAdmin(HistoryPages, QuestionActions):
    """Questions with their points. Whatever is done to them here leaves a version."""

    form = QuestionForm
    action_form = QuestionActionForm
    delete_confirmation_template = "admin/questions/question/delete_confirmation.html"
    list_display = ["title", "topic", "language", "difficulty", "kind", "status", "point_count"]
    list_filter = [
        "status", "language", "topic", Tag, HasPoints, HasTranslation, ChangedLately, "kind", "difficulty",
    ]  # fmt: skip
    search_fields = ["title", "prompt", "reference", "tags", "slug"]
    list_select_related = ["topic"]
    list_per_page = 50
    readonly_fields = ["document", "number", "updated_at", "translation_links"]
    search_help_text = _("Words that all stand in a question; the best ones first.")
    prepopulated_fields = {"slug": ["title"]}
    inlines = [RubricPointInline]
    actions = ACTIONS
    formfield_overrides = {
        models.CharField: {"widget": forms.TextInput(attrs={"size": 72})},
        models.TextField: {"form_class": TextField},
    }
    fieldsets = [
        (None, {"fields": ["title", "prompt", "reference", "explanation", "examples"]}),
        (_("Asking"), {"fields": ["status", "language", "topic", "tags", "kind", "difficulty", "seconds"]}),
        (_("Translations"), {"fields": ["translation_links"]}),
        (_("Identity"), {"fields": ["slug", "document", "number", "updated_at"], "classes": ["collapse"]}),
        (_("This change"), {"fields": ["reason"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        return super().get_queryset(request).annotate(count=Count("points"))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Question | None = None) -> dict[str, Any]:
        return {} if obj else dict(self.prepopulated_fields)

    @admin.display(description=_("rubric points"), ordering="count")
    def point_count(self, question: Any) -> int:
        return question.count

    @admin.display(description=_("In other languages"))
    def translation_links(self, question: Question) -> str:
        found = question.translations() if question.pk else Question.objects.none()
        links = format_html_join(
            "",
            '<p><a href="{}">{}</a> ({})</p>',
            (
                (reverse("admin:questions_question_change", args=[each.pk]), each, each.get_language_display())
                for each in found
            ),
        )
        return links or gettext("None. Choose this question and its translation in the list to link them.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Question], search_term: str
    ) -> tuple[QuerySet[Question], bool]:
        """As in any list, ordered by relevance; if no question has all the words, those that share some."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if not search_term:
            return found, may_repeat
        best = [each.question for each in by_words(search_term, Question.objects.all(), _RANKED)]
        if not found.exists():
            found = queryset.filter(pk__in=best)
        if request.GET.get("o"):  # an order that somebody chose
            return found, may_repeat
        places = [When(pk=pk, then=place) for place, pk in enumerate(best)]
        return found.order_by(Case(*places, default=len(best)), "slug"), may_repeat

    def get_fieldsets(self, request: HttpRequest, obj: Question | None = None) -> Any:
        """Who may only look gives no reason."""
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        shown = self.fieldsets if may else self.fieldsets[:-1]
        return shown if obj else [each for each in shown if "translation_links" not in each[1]["fields"]]

    def get_form(self, request: HttpRequest, obj: Question | None = None, change: bool = False, **options: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **options)
        form.person = request.user  # a class of this request's own
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """Once a change is written, say what the question repeats: within its transaction that would hold up others."""
        response = super().changeform_view(request, *args, **options)
        changed = Question.objects.filter(pk=getattr(request, "changed_question", 0)).first()
        if changed and (told := wording.warning(changed)):
            self.message_user(request, told, messages.WARNING)
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the words; the status that was chosen is a step of its own, when the points are saved too."""
        obj.status = Question.Status.DRAFT
        if change:
            note([obj.pk])
            now = Question.objects.values_list("status", "merged_into").get(pk=obj.pk)
            obj.status, obj.merged_into_id = now
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        cause = Cause(request.user, form.cleaned_data["reason"], timezone.now())
        was, pk = form.instance.status, form.instance.pk
        made = record_change(pk, Kind.EDITED if change else Kind.CREATED, cause)
        if made and was == Question.Status.PUBLISHED != made.status:
            self.message_user(request, no_longer_asked(made.status), messages.WARNING)
        if made:
            request.changed_question = pk  # type: ignore[attr-defined]
        to = form.cleaned_data["status"]
        if "status" in form.changed_data and not (made and made.status == to):
            self._move(request, pk, to, cause)

    def _move(self, request: HttpRequest, question: int, to: str, cause: Cause) -> None:
        try:
            change(question, to, cause)
        except NotAllowed as refused:  # the points were changed too, or somebody was quicker
            self.message_user(request, gettext("The status is as it was: %s") % refused, messages.ERROR)

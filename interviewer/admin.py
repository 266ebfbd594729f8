"""Admin of people, interview templates and, read-only, of grades and exams. Interviews are read on the review pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from interviewer import audit, budget
from interviewer.audit.admin import Audited, person_of
from interviewer.exam import Report, table
from interviewer.models import Accommodation, ExamResult, Grade, InterviewTemplate, Organisation, User, Verb
from interviewer.views.sign_in import LimitedAdminForm
from questions.admin import DocumentAdmin, QuestionAdmin, TopicAdmin
from questions.models import Document, Question, Topic

admin.site.login_form = LimitedAdminForm
admin.site.site_header = _("Mock interviewer")
admin.site.site_title = _("Mock interviewer")
admin.site.enable_nav_sidebar = False  # the site's header leads everywhere, and questions need the room
admin.site.index_title = _("Question bank and settings")


# --- What others have registered, audited ------------------------------------------


@admin.register(User)
class PersonAdmin(Audited, UserAdmin):
    verb_added, verb_changed, verb_deleted = Verb.PERSON_ADDED, Verb.PERSON_CHANGED, Verb.PERSON_DELETED

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Django's page, which says in no other way whether a password was set."""
        before = self.get_object(request, id) if request.method == "POST" else None
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            after = self.get_object(request, id)
            if before and after and before.password != after.password:
                audit.record(person_of(request), Verb.PASSWORD_SET, after, {}, timezone.now())
        return response


class AuditedGroupAdmin(Audited, GroupAdmin):
    verb_added, verb_changed, verb_deleted = Verb.GROUP_ADDED, Verb.GROUP_CHANGED, Verb.GROUP_DELETED


class AuditedQuestionAdmin(Audited, QuestionAdmin):
    """What else is done to questions here makes versions, and those are told of by `audit/bank.py`."""

    verb_deleted = Verb.QUESTION_DELETED


class AuditedDocumentAdmin(Audited, DocumentAdmin):
    verb_deleted = Verb.DOCUMENT_DELETED


class AuditedTopicAdmin(Audited, TopicAdmin):
    verb_added, verb_changed, verb_deleted = Verb.TOPIC_ADDED, Verb.TOPIC_CHANGED, Verb.TOPIC_DELETED


for model, desk in (
    (Group, AuditedGroupAdmin),
    (Question, AuditedQuestionAdmin),
    (Document, AuditedDocumentAdmin),
    (Topic, AuditedTopicAdmin),
):
    admin.site.unregister(model)
    admin.site.register(model, desk)


# --- Our own ------------------------------------------------------------------------


@admin.register(InterviewTemplate)
class InterviewTemplateAdmin(Audited):
    """Templates to sit at will, the newest version of each. Those of positions are changed on the positions' pages.

    What somebody has sat is never changed: saving makes the next version of it.
    """

    verb_added, verb_changed, verb_deleted = Verb.TEMPLATE_ADDED, Verb.TEMPLATE_CHANGED, Verb.TEMPLATE_DELETED
    list_display = ["name", "version", "language", "question_count", "minutes", "mode", "is_open"]
    list_filter = ["language", "mode", "is_open"]
    filter_horizontal = ["topics"]
    fieldsets = [
        (None, {"fields": ["name", "organisation", "language", "topics", "question_count", "mode", "is_open"]}),
        (_("Time"), {"fields": ["minutes", "seconds_per_question", "expiry", "late_minutes", "pause_minutes"]}),
        (_("Window"), {"fields": ["opens_at", "closes_at"]}),
    ]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """What a form began with is known from the row, not from the page."""
        return super().formfield_for_foreignkey(db_field, request, show_hidden_initial=False, **options)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InterviewTemplate]:
        return super().get_queryset(request).filter(blueprint__isnull=True, successor__isnull=True)

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: InterviewTemplate, form: Any, change: bool) -> None:
        promised = {name.removesuffix("_id") for name in InterviewTemplate.PROMISED} | {"topics"}
        if change and obj.is_used and promised & set(form.changed_data):
            obj.become_successor()
            told = gettext(
                "Somebody has sat this interview, so the change became version %(n)d; theirs stays as it was."
            )
            self.message_user(request, told % {"n": obj.version}, messages.INFO)
        else:
            super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: InterviewTemplate | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.is_used)


@admin.register(Organisation)
class OrganisationAdmin(Audited):
    """Who hires, who manages it, and what its candidates are told."""

    verb_added, verb_changed = Verb.ORGANISATION_ADDED, Verb.ORGANISATION_CHANGED
    verb_deleted = Verb.ORGANISATION_DELETED
    list_display = ["name", "contact", "retention_days"]
    filter_horizontal = ["members"]


@admin.register(Accommodation)
class AccommodationAdmin(Audited):
    """Extra time of people; takes effect when they start an interview."""

    verb_added = Verb.ACCOMMODATION_ADDED
    verb_changed, verb_deleted = Verb.ACCOMMODATION_CHANGED, Verb.ACCOMMODATION_DELETED
    list_display = ["person", "multiplier", "extra_minutes"]
    autocomplete_fields = ["person"]

    def audited(self, obj: Any) -> Any:
        return obj.person


class ReadOnlyAdmin(admin.ModelAdmin):
    """To look at: rows are written elsewhere."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Grade)
class GradeAdmin(ReadOnlyAdmin):
    """The queue of record, to look at: what waits, what failed and why."""

    list_display = ["pk", "status", "grader", "tries", "graded_at", "tokens", "cost", "next_try_at", "error"]
    list_filter = ["status", "grader"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with what the model has cost today above it."""
        spent = budget.spent_on_the_day_of(timezone.now())
        line = gettext("Today the language model has used %(tokens)s tokens, at a cost of %(cost)s.")
        told = line % {"tokens": f"{spent['tokens']:,}", "cost": spent["cost"]}
        return super().changelist_view(request, {"subtitle": told, **(extra_context or {})})

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **more: Any) -> HttpResponse:
        """One grade, with the words of the answer that it goes by."""
        grade = self.get_object(request, object_id)
        if isinstance(grade, Grade) and isinstance(request.user, User) and self.has_view_permission(request, grade):
            audit.saw(request.user, Verb.INTERVIEW_SEEN, grade.answer.interview, timezone.now())
        return super().change_view(request, object_id, *args, **more)

    @admin.display(description=_("tokens"), ordering="prompt_tokens")
    def tokens(self, grade: Grade) -> int:
        return grade.tokens


class WhichExams(admin.SimpleListFilter):
    """The newest exam of each grader, or all of them."""

    title = _("which")
    parameter_name = "which"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("latest", _("the latest of each grader"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(pk__in=ExamResult.objects.latest_of_each()) if self.value() == "latest" else queryset


@admin.register(ExamResult)
class ExamResultAdmin(ReadOnlyAdmin):
    """The exams that graders sat: which passed, and what was found."""

    list_display = ["ran_at", "grader", "result", "model", "prompt"]
    list_filter = [WhichExams, "grader", "passed", "is_quick"]
    fieldsets = [
        (None, {"fields": ["result", "grader", "model", "ran_at", "findings", "faults", "worst_cases"]}),
        (_("What was examined"), {"fields": ["prompt_hash", "rubric_hash", "exam_hash", "code_hash"]}),
    ]

    @admin.display(description=_("result"))
    def result(self, exam: ExamResult) -> str:
        if exam.is_quick:
            return gettext("quick run: does not count")
        return gettext("passed") if exam.passed else gettext("failed")

    @admin.display(description=_("prompt"))
    def prompt(self, exam: ExamResult) -> str:
        return exam.prompt_hash[:12]

    @admin.display(description=_("findings"))
    def findings(self, exam: ExamResult) -> SafeString:
        head = format_html_join("", "<th>{}</th>", ([cell] for cell in table.headings()))
        rows = [
            format_html_join("", "<td>{}</td>", ([cell] for cell in row))
            for row in table.rows(Report.from_json(exam.report))
        ]
        body = format_html_join("", "<tr>{}</tr>", ([row] for row in rows))
        return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, body)

    @admin.display(description=_("faults"))
    def faults(self, exam: ExamResult) -> SafeString:
        found = Report.from_json(exam.report)
        lines = ([line] for line in (*found.errors, *found.crashed))
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", lines))

    @admin.display(description=_("worst cases"))
    def worst_cases(self, exam: ExamResult) -> SafeString:
        worst = (
            (f"{far:.3f}", label)
            for family in Report.from_json(exam.report).families
            for label, far in family.worst_cases
        )
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{} {}</li>", worst))

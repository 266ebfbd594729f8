"""Admin of people, interview templates and, read-only, of grades. Interviews are read on the review pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from interviewer.models import Grade, InterviewTemplate, User

admin.site.register(User, UserAdmin)
admin.site.site_header = _("Mock interviewer")
admin.site.site_title = _("Mock interviewer")
admin.site.index_title = _("Question bank and settings")


@admin.register(InterviewTemplate)
class InterviewTemplateAdmin(admin.ModelAdmin):
    list_display = ["name", "language", "question_count", "minutes", "mode", "is_open"]
    list_filter = ["language", "mode", "is_open"]
    filter_horizontal = ["topics"]


@admin.register(Grade)
class GradeAdmin(admin.ModelAdmin):
    """The queue of record, to look at: what waits, what failed and why."""

    list_display = ["pk", "status", "grader", "tries", "created_at", "next_try_at", "graded_at", "error"]
    list_filter = ["status", "grader"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

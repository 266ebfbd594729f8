"""The admin's pages of versions: a question's history with what changed each time, and one version to go back to."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from questions.changes import diff, facts
from questions.forms import RollBackForm
from questions.models import Question, QuestionVersion
from questions.versions import Cause, Kind, NotAllowed, roll_back

_PER_PAGE = 20


class HistoryPages(admin.ModelAdmin):
    """To be mixed into the admin of questions: in place of Django's own history, which does not say what changed."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.version_view)
        return [
            path("<int:pk>/versions/<int:number>/", view, name="questions_question_version"),
            *super().get_urls(),
        ]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """All versions, the newest first, each with what it changed."""
        question = self._question(request, object_id)
        page = Paginator(_versions(question), _PER_PAGE).get_page(request.GET.get("p"))
        shown = list(page)
        older = _versions(question).filter(number__lt=shown[-1].number).first() if shown else None
        steps = [
            {"version": version, "cause": _cause(version), "changes": diff(before, version) if before else []}
            for version, before in zip(shown, [*shown[1:], older], strict=False)
        ]
        title = _("History of “%(title)s”") % {"title": question}
        return self._page(request, question, "object_history.html", title=title, page=page, steps=steps)

    def version_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """One version as a whole, what going back to it would change, and the form that does it."""
        question = self._question(request, str(pk))
        version = get_object_or_404(_versions(question), number=number)
        may_change = self.has_change_permission(request, question)
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        form = RollBackForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            cause = Cause(request.user, form.cleaned_data["reason"], timezone.now())
            return self._rolled_back(request, question, version, cause)
        newest = _versions(question)[0]
        is_other = (newest.content_hash, newest.tags) != (version.content_hash, version.tags)
        return self._page(
            request,
            question,
            "version.html",
            title=_("%(version)s of “%(title)s”") % {"version": version, "title": question},
            version=version,
            cause=_cause(version),
            facts=facts(version),
            changes=diff(newest, version, with_status=False),
            form=form if may_change and is_other else None,
        )

    def _rolled_back(
        self, request: HttpRequest, question: Question, version: QuestionVersion, cause: Cause
    ) -> HttpResponse:
        try:
            made = roll_back(question, version, cause)
        except NotAllowed as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:questions_question_history", args=[question.pk]))
        told = _("The question says what version %(old)d said; that is its version %(new)d.")
        self.message_user(request, told % {"old": version.number, "new": made.number}, messages.SUCCESS)
        if made.content_hash != version.content_hash:
            told = _("Its topic or slug stays as it was: the former one is gone or belongs to another question.")
            self.message_user(request, told, messages.WARNING)
        if made.status != Question.Status.PUBLISHED and question.status == Question.Status.PUBLISHED:
            self.message_user(request, no_longer_asked(made.status), messages.WARNING)
        return HttpResponseRedirect(reverse("admin:questions_question_history", args=[question.pk]))

    def _question(self, request: HttpRequest, pk: str) -> Question:
        question = self.get_object(request, pk)
        if question is None:
            raise Http404
        if not self.has_view_or_change_permission(request, question):
            raise PermissionDenied
        return question

    def _page(self, request: HttpRequest, question: Question, template: str, **more: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "module_name": str(self.opts.verbose_name_plural),
            "object": question,
            "opts": self.opts,
            **more,
        }
        return TemplateResponse(request, f"admin/questions/question/{template}", context)


def no_longer_asked(status: str) -> str:
    """Why a published question that was changed is not published any more."""
    if status == Question.Status.IN_REVIEW:
        return _("The question is in review now: another curator has to publish it before it is asked again.")
    return _("The question has no reference answer now: it is a draft and will not be asked.")


def _versions(question: Question) -> Any:
    return question.versions.select_related("author").order_by("-number")  # type: ignore[attr-defined]


def _cause(version: QuestionVersion) -> str:
    """What happened and why, in a line: the stored reason is a file's name for imports, else a person's words."""
    if version.kind == Kind.IMPORTED:
        return _("Imported from %(file)s.") % {"file": version.reason}
    if version.kind == Kind.FOUND:
        return _("Found so: it was changed elsewhere, or is older than the history.")
    if version.kind == Kind.RESTORED:
        return _("Rolled back to version %(number)d.") % {"number": version.restores}
    return str(version.get_kind_display())

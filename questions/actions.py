"""What curators do to many questions at once in the admin's list: statuses, tags, topic, translations."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from questions import bulk, translations
from questions.forms import REASON_LENGTH
from questions.models import Question, Topic, tags_in
from questions.states import Outcome, change_many
from questions.versions import Cause, NotAllowed

ACTIONS = [
    "submit_for_review", "publish", "retire", "back_to_draft",
    "add_tags", "remove_tags", "change_topic", "link_translations", "unlink_translations",
]  # fmt: skip


class QuestionActions(admin.ModelAdmin):
    """To be mixed into the admin of questions."""

    @admin.action(description=_("Submit the chosen questions for review"), permissions=["change"])
    def submit_for_review(self, request: HttpRequest, chosen: QuerySet[Question]) -> None:
        count = self._move_all(request, chosen, Question.Status.IN_REVIEW)
        self.message_user(request, ngettext("%d question submitted.", "%d questions submitted.", count) % count)

    @admin.action(description=_("Publish the chosen questions that have an answer"), permissions=["change"])
    def publish(self, request: HttpRequest, chosen: QuerySet[Question]) -> None:
        count = self._move_all(request, chosen, Question.Status.PUBLISHED)
        self.message_user(request, ngettext("%d question published.", "%d questions published.", count) % count)

    @admin.action(description=_("Retire the chosen questions"), permissions=["change"])
    def retire(self, request: HttpRequest, chosen: QuerySet[Question]) -> None:
        count = self._move_all(request, chosen, Question.Status.RETIRED)
        self.message_user(request, ngettext("%d question retired.", "%d questions retired.", count) % count)

    @admin.action(description=_("Make the chosen questions drafts again"), permissions=["change"])
    def back_to_draft(self, request: HttpRequest, chosen: QuerySet[Question]) -> None:
        count = self._move_all(request, chosen, Question.Status.DRAFT)
        self.message_user(request, ngettext("%d question is a draft.", "%d questions are drafts.", count) % count)

    @admin.action(description=_("Add the tags to the chosen questions"), permissions=["change"])
    def add_tags(self, request: HttpRequest, chosen: QuerySet[Question]) -> None:
        if tags := self._tags(request):
            self._edited(request, bulk.add_tags(_keys(chosen), tags, _cause(request)))

    @admin.action(description=_("Remove the tags from the chosen questions"), permissions=["change"])
    def remove_tags(self, request: HttpRequest, chosen: QuerySet[Question]) -> None:
        if tags := self._tags(request):
            self._edited(request, bulk.remove_tags(_keys(chosen), tags, _cause(request)))

    @admin.action(description=_("Put the chosen questions under the topic"), permissions=["change"])
    def change_topic(self, request: HttpRequest, chosen: QuerySet[Question]) -> None:
        key = request.POST.get("topic", "")
        topic = Topic.objects.filter(pk=int(key)).first() if key.isascii() and key.isdigit() else None
        if topic is None:
            self.message_user(request, gettext("Choose a topic beside the action, then try again."), messages.ERROR)
            return
        self._edited(request, bulk.change_topic(_keys(chosen), topic, _cause(request)))

    @admin.action(description=_("Link the two chosen questions as translations"), permissions=["change"])
    def link_translations(self, request: HttpRequest, chosen: QuerySet[Question]) -> None:
        try:
            pair = translations.link(_keys(chosen))
        except NotAllowed as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return
        for question in pair:
            self.log_change(request, question, "Linked as a translation.")
        told = gettext("They are translations of each other now: %(both)s.")
        both = get_text_list([f"“{question}”" for question in pair], gettext("and"))
        self.message_user(request, told % {"both": both}, messages.SUCCESS)

    @admin.action(description=_("Unlink the chosen questions from their translations"), permissions=["change"])
    def unlink_translations(self, request: HttpRequest, chosen: QuerySet[Question]) -> None:
        linked = list(chosen.filter(translation_group__isnull=False))
        count = translations.unlink([question.pk for question in linked])
        for question in linked:
            self.log_change(request, question, "Unlinked from its translation.")
        self.message_user(request, ngettext("%d question unlinked.", "%d questions unlinked.", count) % count)
        if chosen.filter(translation_group__isnull=True, document__isnull=False).exists():
            told = gettext("Questions with the same number in two editions of a document stay translations.")
            self.message_user(request, told, messages.WARNING)

    def _move_all(self, request: HttpRequest, chosen: QuerySet[Question], to: str) -> int:
        """Bring those that may go there into a state, and say how many may not and why; how many went."""
        outcome = change_many(_keys(chosen), to, _cause(request))
        self._say_refused(request, outcome)
        return outcome.changed

    def _tags(self, request: HttpRequest) -> list[str]:
        """The tags beside the action; says so if there are none."""
        tags = tags_in(request.POST.get("tags", ""))
        if not tags:
            self.message_user(request, gettext("Write the tags beside the action, then try again."), messages.ERROR)
        return tags

    def _edited(self, request: HttpRequest, outcome: Outcome) -> None:
        self._say_refused(request, outcome)
        count = outcome.changed
        self.message_user(request, ngettext("%d question changed.", "%d questions changed.", count) % count)

    def _say_refused(self, request: HttpRequest, outcome: Outcome) -> None:
        for reason, count in outcome.refused.items():
            told = ngettext(
                "%(count)d question left as it is: %(why)s", "%(count)d questions left as they are: %(why)s", count
            )
            self.message_user(request, told % {"count": count, "why": reason}, messages.WARNING)


def _keys(chosen: QuerySet[Question]) -> Any:
    return chosen.values_list("pk", flat=True)


def _cause(request: HttpRequest) -> Cause:
    return Cause(request.user, request.POST.get("reason", "").strip()[:REASON_LENGTH], timezone.now())

"""Changes of many questions at once that are not changes of status: their tags and their topic, each with a version."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from questions.models import Question, Topic
from questions.states import Outcome
from questions.versions import Cause, Kind, Status, batches, note, record_many, status_of_changed, take

TAGS_LENGTH = 300  # of all tags together, as the column has it

# Changes a question in memory; gives a sentence if it must stay as it is, or "".
Edit = Callable[[Question], str]


def add_tags(questions: Iterable[int], tags: list[str], cause: Cause) -> Outcome:
    """Give those questions the tags that they lack, behind their own."""

    def edit(question: Question) -> str:
        own = question.tag_list
        new = [tag for tag in dict.fromkeys(tags) if tag not in own]
        if not new:
            return _("It has these tags already.")
        return _set_tags(question, [*own, *new])

    return _change(questions, edit, cause)


def remove_tags(questions: Iterable[int], tags: list[str], cause: Cause) -> Outcome:
    """Take the tags away from those questions that have them."""

    def edit(question: Question) -> str:
        own = question.tag_list
        kept = [tag for tag in own if tag not in tags]
        return _set_tags(question, kept) if kept != own else _("It has none of these tags.")

    return _change(questions, edit, cause)


def change_topic(questions: Iterable[int], topic: Topic, cause: Cause) -> Outcome:
    """Put those questions under another topic."""

    def edit(question: Question) -> str:
        if question.topic_id == topic.pk:
            return _("It has this topic already.")
        question.topic = topic
        return ""

    return _change(questions, edit, cause)


def _set_tags(question: Question, tags: list[str]) -> str:
    told = ", ".join(tags)
    if len(told) > TAGS_LENGTH:
        return _("Its tags would be longer than %(most)d characters.") % {"most": TAGS_LENGTH}
    question.tags = told
    return ""


def _change(questions: Iterable[int], edit: Edit, cause: Cause) -> Outcome:
    """Edit each question, and record the versions; a published one that was edited goes the way of any other edit."""
    outcome = Outcome()
    with transaction.atomic():
        for keys in batches(questions):
            note(keys, cause.at)
            edited = []
            for question in take(keys):
                if reason := edit(question):
                    outcome.refused[reason] += 1
                    continue
                if question.status == Status.PUBLISHED:
                    question.status = status_of_changed(question)
                question.updated_at = cause.at
                edited.append(question)
            Question.objects.bulk_update(edited, ["tags", "topic", "status", "updated_at"], batch_size=100)
            outcome.changed += len(record_many([each.pk for each in edited], Kind.EDITED, cause))
    return outcome

"""Translations: which questions are the same one in other languages, and the verbs that link and unlink them.

Questions of the same document name and number are linked by that alone. Others share a group, which is a matter of the
bank and not of a question's words: it makes no version, and documents do not carry it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from questions.models import Question
from questions.versions import NotAllowed, batches, take

# What two translations have in common: a document's name and a number, or a group.
Source = tuple[str, str]


def sources(document: str | None, number: str, group: uuid.UUID | None) -> frozenset[Source]:
    """By what a question is known across languages: two that share one of these are translations of each other."""
    found = set()
    if document and number:
        found.add((document, number))
    if group is not None:
        found.add(("", str(group)))  # no document is without a name
    return frozenset(found)


def link(questions: Iterable[int]) -> list[Question]:
    """Make two questions translations of each other. Raises NotAllowed with the reason."""
    keys = sorted(set(questions))
    if len(keys) != 2:
        raise NotAllowed(_("Choose exactly two questions: one, and its translation."))
    with transaction.atomic():
        pair = take(keys)
        if reason := _refusal(pair):
            raise NotAllowed(reason)
        group = next((each.translation_group for each in pair if each.translation_group), uuid.uuid4())
        Question.objects.filter(pk__in=keys).update(translation_group=group)
    return pair


def unlink(questions: Iterable[int]) -> int:
    """Take questions out of the groups that curators put them in; how many there were.

    What is linked by its document stays linked: another number there ends that.
    """
    count = 0
    with transaction.atomic():
        for keys in batches(questions):
            take(keys)
            count += Question.objects.filter(pk__in=keys, translation_group__isnull=False).update(
                translation_group=None
            )
    return count


def _refusal(pair: list[Question]) -> str:
    """Why two questions may not be linked, as a sentence; "" if they may."""
    if len(pair) != 2:
        return _("One of the questions is gone by now.")
    first, second = pair
    if first.language == second.language:
        return _("Both questions are in the same language: a translation is in another one.")
    for one, other in ((first, second), (second, first)):
        for translation in one.translations().filter(language=other.language):
            if translation.pk == other.pk:
                return _("They are translations of each other already.")
            named = {"one": one, "other": translation}
            if translation.translation_group is not None and translation.translation_group == one.translation_group:
                return _("“%(one)s” has a translation in that language already: “%(other)s”. Unlink it first.") % named
            return _("“%(one)s” has a translation in that language already, by its document: “%(other)s”.") % named
    return ""

"""The versions of questions, as rows. `questions/versions.py` adds them, nobody changes them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from questions.frozen import FrozenQuestion
from questions.models.append_only import AppendOnlyModel
from questions.models.bank import Question


def keep_what_was_published(collector: Any, field: Any, versions: Any, using: str) -> None:
    """What deleting a question does to its versions: they go too, unless one was ever published. Then nothing goes.

    What was published may have been asked, and whoever was asked may want to know what it said.
    """
    if published := set(versions.filter(status=Question.Status.PUBLISHED)):
        raise models.ProtectedError("A question that was published is kept: retire it.", published)
    models.CASCADE(collector, field, versions, using)


class QuestionVersion(AppendOnlyModel):
    """What a question said after one change of it. Rows are added by `questions/versions.py`, never changed.

    `content` is the question as an interview would keep it, rubric points included, and `content_hash` its hash: what
    was asked in an interview is found among the versions by it. `restores` is the number of the version brought back.
    """

    class Kind(models.TextChoices):
        FOUND = "found", _("Found so")
        CREATED = "created", _("Written")
        EDITED = "edited", _("Edited")
        STATE = "state", _("Status changed")
        IMPORTED = "imported", _("Imported")
        RESTORED = "restored", _("Rolled back")
        MERGED = "merged", _("Merged")
        SEPARATED = "separated", _("Separated again")
        CONFIRMED = "confirmed", _("Confirmed as still right")

    question = models.ForeignKey(Question, keep_what_was_published, verbose_name=_("question"), related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    kind = models.CharField(_("kind of change"), max_length=10, choices=Kind)
    # None: nobody by name (an import, a command), or somebody whose account is gone.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("author"), related_name="+", null=True
    )
    at = models.DateTimeField(_("changed at"))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Question.Status)
    tags = models.CharField(_("tags"), max_length=300, blank=True)
    content = models.JSONField(_("content"))
    content_hash = models.CharField(_("content hash"), max_length=64, db_index=True)
    restores = models.PositiveIntegerField(_("version brought back"), null=True)

    class Meta:
        verbose_name = _("version of a question")
        verbose_name_plural = _("versions of questions")
        ordering = ["question", "-number"]
        default_permissions = ()  # whoever may see a question may see its versions; nobody may do more
        constraints = [models.UniqueConstraint(fields=["question", "number"], name="question_version_number_once")]

    def __str__(self) -> str:
        return gettext("Version %(number)d") % {"number": self.number}

    @property
    def frozen(self) -> FrozenQuestion:
        """The question as it was."""
        return FrozenQuestion.from_json(self.content)

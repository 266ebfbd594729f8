"""For the front page of the admin: whether the grader as it is configured has passed its exam."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.utils.translation import gettext as _

from interviewer import exam
from interviewer.models import ExamResult

register = template.Library()


@register.simple_tag
def exam_warning() -> str:
    """A sentence for whoever runs this site, or "" when the last exam of the configured grader was passed."""
    subject = exam.subject(settings.GRADER)
    last = ExamResult.objects.of(subject).first()
    if last is not None and last.passed:
        return ""
    values: dict[str, Any] = {"grader": subject.grader, "model": subject.model}
    if last is not None:
        return _("The grader in use (%(grader)s, %(model)s) has failed its exam.") % values
    return _("The grader in use (%(grader)s, %(model)s) has not taken its exam: run `manage.py grader_exam`.") % values

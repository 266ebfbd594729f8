"""The curator's forms: texts as they were written, a reason for each change, and no state that may not be."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin.helpers import ActionForm
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from questions.bulk import TAGS_LENGTH
from questions.models import Question, Topic
from questions.states import first_pairs, refusal

REASON_LENGTH = 500


class TextField(forms.CharField):
    """Text of several lines with the line ends that documents have: browsers send others, which are no change."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "strip": False})

    def to_python(self, value: Any) -> str:
        text = (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")
        return text if text.strip() else ""


def reason_field(**options: Any) -> forms.CharField:
    """One line that says why something is changed; it stands in the question's history."""
    return forms.CharField(
        label=gettext_lazy("Reason for the change"),
        max_length=REASON_LENGTH,
        widget=forms.TextInput(attrs={"size": 72}),
        **options,
    )


class QuestionActionForm(ActionForm):
    """The choice of an action, with what some of them need, and a reason for the history of all chosen questions."""

    tags = forms.CharField(label=gettext_lazy("Tags:"), max_length=TAGS_LENGTH, required=False)
    topic = forms.ModelChoiceField(Topic.objects, label=gettext_lazy("Topic:"), required=False, empty_label="—")
    reason = forms.CharField(label=gettext_lazy("Reason:"), max_length=REASON_LENGTH, required=False)


class QuestionForm(forms.ModelForm):
    """A question. `person`, the user who fills it in, is set on the class by the admin."""

    person: Any = None
    reason = reason_field(required=False, help_text=gettext_lazy("Stands in the history beside what was changed."))

    class Meta:
        model = Question
        exclude = ["source_hash"]  # noqa: DJ006 (the admin names the fields that are shown)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "reason" in self.fields:
            self.fields["reason"].required = settings.REVIEW_REQUIRED and self.instance.pk is not None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if (to := data.get("status")) and (problem := self._problem(to, data)):
            self.add_error("status", problem)
        return data

    def _problem(self, to: str, data: dict[str, Any]) -> str:
        """What is wrong with the status that was chosen, as a sentence; "" if nothing is."""
        was = self.instance.status if self.instance.pk else Question.Status.DRAFT
        answered = bool(data.get("reference", "").strip())
        if to == was:
            empty = to == Question.Status.PUBLISHED and not answered
            return _("A question without a reference answer cannot be published.") if empty else ""
        first = first_pairs([self.instance.pk]).get(self.instance.pk, set()) if self.instance.pk else set()
        if set(self.changed_data) - {"status", "reason"}:
            first = first | {self.person.pk}
        is_merged = self.instance.merged_into_id is not None
        return refusal(was, to, answered=answered, author=self.person.pk, first_pair=first, is_merged=is_merged)


class RollBackForm(forms.Form):
    """Why an earlier version is brought back."""

    reason = reason_field()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["reason"].required = settings.REVIEW_REQUIRED

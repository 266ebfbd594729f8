"""What the room sends, as forms."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _

from questions.text import clean_text


class TypedField(forms.CharField):
    """A text exactly as typed, blanks included; what no database can keep is replaced rather than refused."""

    def __init__(self) -> None:
        super().__init__(required=False, strip=False)

    def to_python(self, value: str | None) -> str:
        # Browsers send line breaks of a textarea as CRLF; the candidate typed one character.
        return clean_text(super().to_python(value) or "").replace("\r\n", "\n")


class AnswerForm(forms.Form):
    """What the room sends: the text, and the revision it was typed on."""

    text = TypedField()
    revision = forms.IntegerField(min_value=0, max_value=2**31 - 1)


class ChoiceForm(forms.Form):
    """The candidate's choice between two versions of a text, and the revision of the other one."""

    keep = forms.ChoiceField(choices=[("mine", ""), ("other", ""), ("both", "")])
    other_revision = forms.IntegerField(min_value=0, max_value=2**31 - 1)


def too_long_message() -> str:
    """Why a text was not stored, and what to do."""
    return _("This answer is longer than we can store. Please shorten it; nothing you typed has been lost.")

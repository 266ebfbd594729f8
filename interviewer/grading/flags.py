"""What else a person should know about an answer: machine codes and the sentences they stand for."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

FLAGS = {
    "blank": gettext_noop("The answer is empty."),
    "dont_know": gettext_noop("The answer says that the candidate does not know."),
    "question_copied": gettext_noop("The answer only repeats the question."),
    "gibberish": gettext_noop("The answer holds no words."),
    "other_language": gettext_noop(
        "The answer is written in another language than the reference; a reviewer should have a look."
    ),
    "keyword_list": gettext_noop("The answer is a bare list of keywords; it says little about them."),
    "reference_pasted": gettext_noop("The answer holds the reference word for word."),
    "answer_cut": gettext_noop("The answer is very long; only its beginning was graded."),
    "hidden_characters": gettext_noop("The answer holds invisible characters; they were left out of the grading."),
    "said_again": gettext_noop("The answer says some sentences more than once; each was graded once."),
    "instruction_to_grader": gettext_noop(
        "The answer seems to talk to the grader about marks. Such words earn nothing; a reviewer may have a look."
    ),
    "not_shown": gettext_noop(
        "Words that state nothing that was asked for (about the grading itself, the question over again, a bare"
        " list of headings, what the answer denies) were left out of the grading."
    ),
    "low_trust": gettext_noop(
        "Repeated gradings by the language model, or the model and the similarity check, disagree: have a look."
    ),
}

_TO_GRADER = re.compile(
    r"(?:忽略|无视)[^。\n]{0,12}(?:以上|之前|前面|上述|评分)[^。\n]{0,8}(?:指令|指示|要求|标准|规则|提示)"
    r"|(?:请|务必|必须|直接)?(?:给我|给出|给予|打|判)[^。\n]{0,6}(?:满分|最高分|100\s*分)"
    r"|\b(?:ignore|disregard)\b[^.\n]{0,30}\b(?:previous|above|prior|earlier)\b"
    r"[^.\n]{0,20}\b(?:instructions?|rules?|prompt)"
    r"|\b(?:give|award|assign|grant)\b[^.\n]{0,40}\b(?:full|maximum|perfect|highest|top)[ -]"
    r"(?:marks?|scores?|points|credit)"
    r"|\b(?:mark|grade|rate)\b[^.\n]{0,20}\b(?:answer|response|points?)\b[^.\n]{0,20}\bas "
    r"(?:fully )?(?:correct|met|perfect)",
    re.IGNORECASE,
)


def flag_text(code: str) -> str:
    """The sentence for a flag's code in the active language; an unknown code stands for itself."""
    return _(FLAGS[code]) if code in FLAGS else code


def talks_to_grader(text: str) -> bool:
    """Whether the text seems to ask the grader for marks. A reason to look, never a reason to change a score."""
    return bool(_TO_GRADER.search(text))

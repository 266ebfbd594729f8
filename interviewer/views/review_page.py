"""One interview as a reviewer sees it: each answer to be judged first, then the machine's verdict beside it."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from interviewer import audit, identity, judgements, review_data, reviewing, timeline
from interviewer.access import manager_required, reviewable_interviews
from interviewer.http import Request
from interviewer.models import Decision, Extension, IdentityReveal, Interview, Invitation
from interviewer.pass_bands import placed
from interviewer.scorecard import Band
from interviewer.templatetags.interviewer_extras import verdict_label
from interviewer.views.clock import time_added
from questions.frozen import FrozenQuestion
from questions.models import Topic

LONGEST_REASON = 500


class ExtendForm(forms.Form):
    """More time for a running interview. `seen`: how often managers had given some when this page was made."""

    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), min_value=1, max_value=480)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, help_text=gettext_lazy("The candidate reads it too.")
    )
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class ReasonForm(forms.Form):
    """Why something is done; kept, and shown to other reviewers."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=LONGEST_REASON)


class JudgementForm(forms.Form):
    """A verdict on each point of an answer; with a reason once the machine's verdict was shown."""

    def __init__(self, asked: FrozenQuestion, *args: Any, with_reason: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        for point in judgements.rubric(asked):
            words = [
                (each, verdict_label({"kind": point.kind, "verdict": each})) for each in judgements.choices(point.kind)
            ]
            sentence = {"required": _("Say how this point fared.")}
            self.fields[point.key] = forms.ChoiceField(choices=words, widget=forms.RadioSelect, error_messages=sentence)
        self.rubric = judgements.rubric(asked)
        self.with_reason = with_reason
        if with_reason:
            label = _("Reason for the change") if self.initial else _("Reason")
            self.fields["reason"] = forms.CharField(label=label, max_length=LONGEST_REASON)

    @property
    def judged(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "reason"}

    @property
    def points(self) -> list[Any]:
        """(the point, its field) of each point."""
        return [(point, self[point.key]) for point in self.rubric]


def judgement_form(reviewed: review_data.Reviewed, data: QueryDict | None = None) -> JudgementForm:
    """The form of an answer, as its reviewer left it last; `data` is what they have typed now."""
    mine = reviewed.mine.judgements if reviewed.mine else {}
    prefix = f"q{reviewed.answer.position}"
    return JudgementForm(reviewed.result.asked, data, with_reason=reviewed.is_shown, prefix=prefix, initial=mine)


@manager_required
@never_cache
@require_safe
def review(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One interview as its reviewer sees it: blind at first, with evidence and provenance once that was shown."""
    found = reviewable_interviews(request.user).select_related("invitation")
    return review_page(request, get_object_or_404(found, pk=pk))


def review_page(
    request: Request,
    interview: Interview,
    *,
    status: int = 200,
    problem: str = "",
    typed: int | None = None,
    extend_form: ExtendForm | None = None,
) -> HttpResponse:
    """The page, also when something was refused: `problem` says why, `typed` is the answer whose form was sent."""
    at = request.received_at
    audit.saw(request.user, audit.Verb.INTERVIEW_SEEN, interview, at)
    if interview.is_erased:
        return _tombstone(request, interview, status)
    told = IdentityReveal.objects.filter(interview=interview, reviewer=request.user).first()
    context = {
        "interview": interview,
        "identity": told,
        "code": identity.code(interview),
        "called": identity.name(interview) if told else identity.code(interview),
        "contact": identity.contact(interview) if told else "",
        "identity_form": ReasonForm(auto_id="identity_%s"),
        "names_candidate": interview.candidate is not None and not interview.candidate.is_guest,
        "time_added": time_added(interview),
        "timeline": timeline.timeline(interview),
        "late_marks": timeline.late_marks(interview),
        "claim": reviewing.holder(interview, at),
        "problem": problem,
        "typed": typed,
        "sent": request.POST,
        **_answers(request, interview, typed),
        **_clock(interview, extend_form, request),
    }
    return render(request, "interviewer/review.html", context, status=400 if extend_form else status)


def _tombstone(request: Request, interview: Interview, status: int) -> HttpResponse:
    """What is left once the data is deleted."""
    invitation = Invitation.objects.select_related("position").filter(interview=interview).first()
    context = {
        "interview": interview,
        "code": identity.code(interview),
        "invitation": invitation,
        "decision": Decision.objects.filter(interview=interview).first(),
    }
    return render(request, "interviewer/review_erased.html", context, status=status)


def _answers(request: Request, interview: Interview, typed: int | None) -> dict[str, Any]:
    """The answers with their forms, once handed in."""
    if interview.submitted_at is None:
        return {}
    seen = review_data.review(interview, request.user)
    has_judgements = any(name.startswith(f"q{typed}-") for name in request.POST)
    sent = request.POST if has_judgements else None
    answers = [(each, judgement_form(each, sent if each.answer.position == typed else None)) for each in seen.answers]
    statuses = {each.result.status for each in seen.answers}
    return {
        "answers": answers,
        "card": seen.card,
        "doubt": seen.band,
        "lines": placed(interview.template.bands, _reach(seen)),
        "open_appeals": seen.open_appeals,
        "hidden": sum(not each.is_shown for each in seen.answers),
        "topic_names": {topic.slug: topic.name for topic in Topic.objects.all()},
        "late_positions": timeline.late_positions(interview, [each.answer for each in seen.answers]),
        "awaits_decision": interview.is_abandoned and statuses == {""},
        "nothing_graded": not statuses & {"done", "pending", ""},
    }


def _reach(seen: review_data.Review) -> Band | None:
    """Where the result may lie: with other questions, and given what is not to be relied upon."""
    found = seen.card.band if seen.card else None
    if found is None or seen.band is None:
        return found
    return Band(min(found.low, seen.band.low), max(found.high, seen.band.high))


def _clock(interview: Interview, form: ExtendForm | None, request: Request) -> dict[str, Any]:
    """Of a running interview: what time is left, and the form to add some."""
    seen = interview.extensions.filter(kind=Extension.Kind.MANAGER).count()
    return {
        "form": form or ExtendForm(initial={"seen": seen}),
        "remaining": interview.remaining(request.received_at),
        "is_paused": interview.is_paused(request.received_at),
    }

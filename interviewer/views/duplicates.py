"""For curators: questions that ask nearly the same, in groups; two of them side by side, and what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from interviewer import jobs
from interviewer.access import curator_required
from interviewer.http import Request
from interviewer.jobs.duplicates import KIND
from interviewer.models import Answer, Job
from questions import comparing, merges, pairs, sameness
from questions.models import DuplicatePair, Question, QuestionVersion
from questions.pairs import Group
from questions.versions import Cause, NotAllowed

GROUPS = 20  # on a page
ROWS = 50  # of those that are decided
LARGEST_KEY = 2**63 - 1  # what a database takes for a primary key
REASON_LENGTH = 200  # a version's reason also says which question the other one is

LISTS = {
    "": gettext_lazy("To decide"),
    "aside": gettext_lazy("Not the same"),
    "merged": gettext_lazy("Merged"),
}


# --- The list -----------------------------------------------------------------------


@curator_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def duplicate_list(request: Request) -> HttpResponse:
    """What was found last, at once; a POST looks again. `question` narrows it to one, `show` tells what is decided."""
    if request.method == "POST":
        _look_again(request)
        return redirect("duplicate-list")
    search, show = pairs.last_search(), request.GET.get("show", "")
    context = {
        "search": search,
        "changed": pairs.changed_since(search.searched_at) if search else 0,
        "job": _job(request, search),
        "busy": Job.objects.pending().filter(kind=KIND).exclude(owner=request.user).exists(),
        "lists": LISTS,
        "show": show if show in LISTS else "",
        "threshold": sameness.THRESHOLD,
        **_shown(request, show),
    }
    return render(request, "interviewer/duplicate_list.html", context)


def _look_again(request: Request) -> None:
    if not Job.objects.pending().filter(kind=KIND).exists():
        jobs.ask(KIND, request.user, {}, request.received_at)


def _job(request: Request, search: Any) -> Job | None:
    """The person's own search that is under way, or that failed since the last one that did not."""
    own = Job.objects.filter(kind=KIND, owner=request.user).order_by("-created_at").first()
    if own is None or own.status == Job.Status.DONE:
        return None
    is_old = own.status == Job.Status.FAILED and search is not None and own.created_at < search.searched_at
    return None if is_old else own


def _shown(request: Request, show: str) -> dict[str, Any]:
    number = request.GET.get("page")
    if show == "aside":
        return {"page": Paginator(_with_questions(DuplicatePair.objects.set_aside()), ROWS).get_page(number)}
    if show == "merged":
        merged = Question.objects.filter(merged_into__isnull=False).select_related("merged_into")
        return {"page": Paginator(merged.order_by("-updated_at", "pk"), ROWS).get_page(number)}
    wanted = request.GET.get("question", "")
    groups = [group for group in _open_groups() if not wanted or wanted in {str(each.pk) for each in group.questions}]
    page = Paginator(groups, GROUPS).get_page(number)
    asked = _times_asked({question.pk for group in page for question in group.questions})
    rows = [(group, [(question, asked[question.pk]) for question in group.questions]) for group in page]
    return {"page": page, "groups": rows, "is_narrowed": bool(wanted), "count": len(groups)}


def _open_groups() -> list[Group]:
    return pairs.groups(_with_questions(DuplicatePair.objects.undecided()))


def _with_questions(found: Any) -> Any:
    return found.select_related("one__topic", "other__topic", "judged_by")


def _times_asked(questions: Collection[int]) -> Counter[int]:
    """How often each question was asked in interviews, as itself or as one that was merged into it."""
    kept = {merged: end for merged, end in merges.kept().items() if end in questions}
    rows = Answer.objects.filter(question__in={*questions, *kept}).values_list("question").annotate(n=Count("pk"))
    asked: Counter[int] = Counter()
    for question, n in rows.order_by():
        asked.update(dict.fromkeys({question, kept.get(question, question)}, n))
    return asked


# --- Two of them --------------------------------------------------------------------


class DecisionForm(forms.Form):
    """What shall become of two questions; `which` is the one that is kept, or the one that is separated again."""

    decision = forms.ChoiceField(choices=[(name, name) for name in ("merge", "apart", "reconsider", "separate")])
    which = forms.IntegerField(required=False)
    reason = forms.CharField(max_length=REASON_LENGTH, required=False)
    seen = forms.CharField(max_length=64)

    def __init__(self, data: Any, left: Question, right: Question) -> None:
        super().__init__(data)
        self.both = {left.pk: left, right.pk: right}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        decision = data.get("decision")
        if decision in ("merge", "separate") and data.get("which") not in self.both:
            self.add_error("which", _("Say which of the two."))
        if decision == "merge" and not data.get("reason"):
            self.add_error("reason", _("Say in a few words why they are merged: it stands in the history of both."))
        return data


@curator_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def duplicate(request: Request, left: int, right: int) -> HttpResponse:
    """Two questions side by side, and what a curator decides about them."""
    one, other = _question(left), _question(right)
    if one.pk == other.pk:
        raise Http404
    form = DecisionForm(request.POST, one, other) if request.method == "POST" else None
    if form is not None and form.is_valid():
        _decide(request, one, other, form.cleaned_data)
        return redirect("duplicate", left, right)
    return render(request, "interviewer/duplicate.html", _context(one, other, form), status=400 if form else 200)


def _question(pk: int) -> Question:
    questions = Question.objects.select_related("topic", "document", "merged_into").prefetch_related("points")
    return get_object_or_404(questions, pk=min(pk, LARGEST_KEY))


def _decide(request: Request, one: Question, other: Question, data: dict[str, Any]) -> None:
    cause = Cause(request.user, data["reason"], request.received_at)
    try:
        messages.success(request, _decided(one, other, data, cause))
    except NotAllowed as refused:
        messages.error(request, str(refused))


def _decided(one: Question, other: Question, data: dict[str, Any], cause: Cause) -> str:
    """Do what was decided, and say so. Raises NotAllowed."""
    if data["decision"] == "apart":
        pairs.judge_apart(one.pk, other.pk, data["seen"], cause)
        return _("Noted: they are not the same. They stay apart until one of the two says something else.")
    if data["decision"] == "reconsider":
        pairs.reconsider(one.pk, other.pk)
        return _("The judgement is taken back: the pair waits for a decision again.")
    which, rest = (one, other) if data["which"] == one.pk else (other, one)
    if data["decision"] == "separate":
        now = merges.separate(which.pk, cause)
        return _("They are two questions again. Status of “%(title)s”: %(status)s") % {
            "title": now.title,
            "status": now.get_status_display(),
        }
    if data["seen"] != pairs.said(one, other):
        raise NotAllowed(_("One of the two was changed meanwhile: look again, then decide."))
    kept = merges.merge(rest.pk, which.pk, cause)
    return _("“%(merged)s” is merged into “%(kept)s”, which is asked instead from now on.") % {
        "merged": rest.title,
        "kept": kept.title,
    }


def _context(one: Question, other: Question, form: DecisionForm | None) -> dict[str, Any]:
    asked = _times_asked([one.pk, other.pk])
    pair, seen = pairs.find(one.pk, other.pk), pairs.said(one, other)
    sides = [
        {"question": question, "name": name, "asked": asked[question.pk], "translations": question.translations()}
        for question, name in ((one, _("First question")), (other, _("Second question")))
    ]
    merged = next((question for question in (one, other) if question.merged_into_id is not None), None)
    match = pairs.match(one.pk, other.pk)
    found = DuplicatePair(score=match.score, kind=match.kind) if match else None
    return {
        "sides": sides,
        "one": one,
        "other": other,
        "aspects": comparing.aspects(one, other),
        "values": comparing.values(one, other),
        "found": found if found and found.score >= sameness.THRESHOLD else None,
        "judged": pair if pair and pair.judged_at and pair.said == seen else None,
        "merged": merged,
        "merging": _merging(merged) if merged else None,
        "kept": Question.objects.get(pk=merges.kept_for(merged.pk)) if merged else None,
        "seen": seen,
        "form": form,
        "reason_length": REASON_LENGTH,
        "next": _next_pair(one.pk, other.pk),
    }


def _merging(merged: Question) -> QuestionVersion | None:
    """The version that tells of the merging."""
    told = QuestionVersion.objects.filter(question=merged, kind=QuestionVersion.Kind.MERGED)
    return told.select_related("author").order_by("-number").first()


def _next_pair(left: int, right: int) -> DuplicatePair | None:
    """The surest pair that waits besides this one: with one of the two if there is any, else of the first group."""
    waiting = DuplicatePair.objects.undecided().exclude(one=min(left, right), other=max(left, right))
    near = waiting.filter(Q(one__in=(left, right)) | Q(other__in=(left, right))).first()
    if near:
        return near
    return next(
        (pair for group in _open_groups() for pair in group.pairs if {pair.one_id, pair.other_id} != {left, right}),
        None,
    )

"""For curators: search the whole bank. What is found by words comes at once, by meaning when a worker has looked."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from interviewer.access import curator_required, own_job
from interviewer.http import Request
from interviewer.jobs import search
from interviewer.models import Job
from questions import finding, lexical
from questions.excerpts import Piece, excerpt, shared_words
from questions.finding import Found
from questions.models import Language, Passage, Question, Topic

LONGEST = 300  # characters of a query: a sentence or two


class SearchForm(forms.Form):
    """What to look for, and among which questions; in the address, so that a search can be kept and shared."""

    q = forms.CharField(
        label=gettext_lazy("Looking for"),
        required=False,
        max_length=LONGEST,
        error_messages={
            "max_length": gettext_lazy(
                "That is too long: a sentence or two, up to %(limit_value)d characters, will do."
            )
        },
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Status"), required=False, choices=[("", gettext_lazy("All")), *Question.Status.choices]
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False, choices=[("", gettext_lazy("All")), *Language.choices]
    )
    topic = forms.ModelChoiceField(
        Topic.objects,
        label=gettext_lazy("Topic"),
        required=False,
        to_field_name="slug",
        empty_label=gettext_lazy("All"),
    )

    def clean_q(self) -> str:
        query = self.cleaned_data["q"]
        if query and not lexical.query_terms(query).size:
            raise ValidationError(_("There is nothing to look for in that: type a word, or a Chinese character."))
        return query

    @property
    def wanted(self) -> dict[str, str]:
        """The filters of a valid form, "" for those that are open."""
        topic = self.cleaned_data["topic"]
        chosen = {name: self.cleaned_data[name] for name in ("status", "language")}
        return {**chosen, "topic": topic.slug if topic else ""}


@dataclass(frozen=True)
class Row:
    """A question that was found, and why: a piece of it, where that stands, and the words it has in common."""

    question: Question
    pieces: list[Piece]
    part: str
    is_nearest: bool  # in meaning
    shared: list[str]


@curator_required
@never_cache
@require_safe
def question_search(request: Request) -> HttpResponse:
    """The page. With a query: what its words find, or its meaning if that was looked for lately. 400 for a bad one."""
    form = SearchForm(request.GET)
    if not form.is_valid():
        return render(request, "interviewer/question_search.html", {"form": form}, status=400)
    query = form.cleaned_data["q"]
    context: dict[str, Any] = {"form": form, "query": query, "has_questions": Question.objects.exists()}
    if query:
        job = search.earlier(request.user, query, form.wanted, request.received_at)
        context |= _results(query, form.wanted, job)
    return render(request, "interviewer/question_search.html", context)


@curator_required
@require_POST
def search_by_meaning(request: Request) -> HttpResponse:
    """Have a worker look. For the page's script the fragment that waits for it, else the page again."""
    form = SearchForm(request.POST)
    if not form.is_valid() or not form.cleaned_data["q"]:
        return redirect(_address(request.POST))
    job = search.ask(request.user, form.cleaned_data["q"], form.wanted, request.received_at)
    if request.headers.get("HX-Request"):
        return _progress(request, job)
    return redirect(_address(request.POST))


@curator_required
@never_cache
@require_safe
def meaning_found(request: Request, pk: uuid.UUID) -> HttpResponse:
    """A fragment for polling: still under way, or the results in place of those by words."""
    job = own_job(request.user, pk)
    if job.kind != "search":
        raise Http404
    return _progress(request, job)


def _progress(request: Request, job: Job) -> HttpResponse:
    if job.status == Job.Status.PENDING:
        return render(request, "interviewer/_meaning.html", {"job": job, "is_slow": _is_slow(job, request)})
    context = _results(job.payload["query"], job.payload["wanted"], job)
    response = render(request, "interviewer/_found.html", {**context, "is_fragment": True})
    response["HX-Retarget"], response["HX-Reswap"] = "#found", "outerHTML"
    return response


def _is_slow(job: Job, request: Request) -> bool:
    """Whether nobody has taken the job up for so long that somebody might wonder."""
    return not job.tries and (request.received_at - job.created_at).total_seconds() > 10


def _results(query: str, wanted: dict[str, str], job: Job | None) -> dict[str, Any]:
    """By meaning once a job is done, else by words."""
    among = search.among(wanted)
    by_meaning = job is not None and job.status == Job.Status.DONE
    if by_meaning:
        found = [Found(**each) for each in job.result["found"]]  # type: ignore[union-attr,index]
    else:
        found = finding.by_words(query, among, search.LIMIT)
    questions = among.select_related("topic").in_bulk([each.question for each in found])
    rows = [_row(query, each, questions[each.question]) for each in found if each.question in questions]
    told = _told(len(rows), by_meaning)
    return {"rows": rows, "told": told, "by_meaning": by_meaning, "job": job, "wanted": wanted, "query": query}


def _told(count: int, by_meaning: bool) -> str:
    """What was found, in a sentence for everybody and for screen readers."""
    if not count:
        return _("Nothing was found by meaning.") if by_meaning else _("No question shares a word with this.")
    if not by_meaning:
        return ngettext("%d question by its words.", "%d questions by their words.", count) % count
    return ngettext("%d question by meaning and words.", "%d questions by meaning and words.", count) % count


def _row(query: str, found: Found, question: Question) -> Row:
    texts = {Passage.Part.QUESTION.value: question.prompt, Passage.Part.ANSWER.value: question.reference}
    shared = shared_words(query, "\n".join([question.title, *texts.values()]))
    if found.passage:
        return Row(question, excerpt(found.passage, shared_words(query, found.passage)), found.part, True, shared)
    words = {part: shared_words(query, text) for part, text in texts.items()}
    part = max(words, key=lambda name: sum(map(len, words[name])))
    return Row(question, excerpt(texts[part], words[part]), part, False, shared)


def _address(data: QueryDict) -> str:
    """The search page with what a form sent; of what is too long, enough to be told so."""
    query = QueryDict(mutable=True)
    for name in SearchForm.base_fields:
        if value := data.get(name):
            query[name] = value[: LONGEST + 1]
    return f"{reverse('question-search')}?{query.urlencode()}"

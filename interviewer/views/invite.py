"""For managers: inviting people by links, by e-mail or from a file; revoking links and making new ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from interviewer import hiring
from interviewer.access import manager_required, own_invitation, own_position
from interviewer.http import Request
from interviewer.models import Invitation, Position
from interviewer.views.positions import position_page
from questions.documents.decoding import DocumentError
from questions.models import Language

MOST_LINKS = 100
MOST_FILE_BYTES = 1024 * 1024


class TermsForm(forms.Form):
    """What holds for all that are invited at once. `seen`: how many invitations there were when the page was made."""

    days = forms.IntegerField(label=gettext_lazy("Days that the link is good for"), min_value=1, max_value=90)
    extra_minutes = forms.IntegerField(
        label=gettext_lazy("Extra minutes"),
        min_value=0,
        max_value=480,
        required=False,
        help_text=gettext_lazy("For candidates who asked for more time; added to what everybody has."),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of the e-mail"), choices=Language.choices, required=False)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def terms(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            "lasts": timedelta(days=given["days"]),
            "extra_minutes": given["extra_minutes"] or 0,
            "language": given["language"],
            "seen": given["seen"],
        }


class LinksForm(TermsForm):
    """One person by name or e-mail, or a number of links for anybody."""

    field_order = ["name", "email", "count", "days", "extra_minutes", "language"]

    name = forms.CharField(label=gettext_lazy("Candidate's name"), max_length=150, required=False)
    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=254, required=False)
    count = forms.IntegerField(
        label=gettext_lazy("Number of links"), min_value=1, max_value=MOST_LINKS, required=False, initial=1
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if (given.get("name") or given.get("email")) and (given.get("count") or 1) > 1:
            self.add_error("count", _("One person gets one link. Leave name and e-mail empty for several."))
        return given

    def people(self) -> list[hiring.Invitee]:
        given = self.cleaned_data
        return [hiring.Invitee(given["name"], given["email"])] * (given["count"] or 1)


class PeopleForm(TermsForm):
    """A file of people, to be looked at; or, once it was, the people themselves as `text`."""

    file = forms.FileField(label=gettext_lazy("File"), required=False, allow_empty_file=True)
    text = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)
    send = forms.BooleanField(required=False)


@manager_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: Request, pk: int) -> HttpResponse:
    """Invite one person, or make links. The answer to a POST shows the links, this once."""
    found = own_position(request.user, pk)
    if request.method != "POST":
        return _invite_page(request, found)
    form = LinksForm(request.POST)
    if not form.is_valid():
        return _invite_page(request, found, links=form, status=400)
    by_mail = bool(form.cleaned_data["email"]) and request.POST.get("how") == "mail"
    return _invited(request, found, form.people(), form.terms(), by_mail=by_mail)


@manager_required
@never_cache
@require_POST
def invite_people(request: Request, pk: int) -> HttpResponse:
    """Invite people from a file: first shown line by line with its problems, then, on a second click, invited."""
    found = own_position(request.user, pk)
    form = PeopleForm(request.POST, request.FILES)
    if not form.is_valid():
        return _invite_page(request, found, people=form, status=400)
    invited = found.invitations.exclude(email="").filter(revoked_at__isnull=True).values_list("email", flat=True)
    try:
        lines = hiring.read_people(_given(form), list(invited))
    except DocumentError as problem:
        form.add_error("file", str(problem))
        return _invite_page(request, found, people=form, status=400)
    good = [line for line in lines if not line.problem]
    if request.POST.get("go") == "invite" and good:
        return _invited(
            request, found, [line.invitee for line in good], form.terms(), by_mail=form.cleaned_data["send"]
        )
    context = {
        "position": found,
        "lines": lines,
        "good": len(good),
        "with_email": any(line.email for line in good),
        "text": hiring.write_people(good),
        "form": form,
        "language": form.cleaned_data["language"] or found.template.language,
    }
    return render(request, "interviewer/invite_people.html", context)


def _given(form: PeopleForm) -> bytes:
    """The bytes of the file, or of what was shown of it before."""
    file: UploadedFile | None = form.cleaned_data["file"]
    if file is None:
        return form.cleaned_data["text"].encode()
    return file.read(MOST_FILE_BYTES + 1)


def _invited(
    request: Request, found: Position, people: list[hiring.Invitee], terms: dict[str, Any], *, by_mail: bool
) -> HttpResponse:
    """Make the invitations; then have them sent, or show their links."""
    try:
        made = hiring.invite(found, people, by=request.user, at=request.received_at, **terms)
    except hiring.PositionClosed:
        messages.error(request, _("This position is closed. Open it again to invite people."))
        return redirect("position", found.pk)
    except hiring.AlreadyInvited:
        messages.error(
            request,
            _("Somebody, perhaps you, has invited people since you opened that page. Look below before you do."),
        )
        return redirect("position", found.pk)
    if by_mail:
        _send(request, found, [invitation for invitation, _token in made])
        return redirect("position", found.pk)
    return _with_links(request, found, made)


def _with_links(request: Request, found: Position, made: list[tuple[Invitation, str]]) -> HttpResponse:
    """The position's page with new links: in the answer itself, so that they are kept nowhere."""
    links = [
        (invitation, request.build_absolute_uri(reverse("invitation", args=[token]))) for invitation, token in made
    ]
    return position_page(request, found, links=links)


def _send(request: Request, found: Position, wanted: list[Invitation]) -> None:
    base = request.build_absolute_uri("/").rstrip("/")
    hiring.send(found, wanted, base, request.user, request.received_at)
    told = ngettext("%(n)d e-mail is being sent.", "%(n)d e-mails are being sent.", len(wanted))
    messages.success(request, told % {"n": len(wanted)})


def _invite_page(
    request: Request,
    found: Position,
    *,
    links: LinksForm | None = None,
    people: PeopleForm | None = None,
    status: int = 200,
) -> HttpResponse:
    supply = hiring.supply(found.template)
    terms = {
        "days": 7,
        "extra_minutes": 0,
        "language": found.template.language,
        "seen": found.invitations.count(),
        "count": 1,
    }
    context = {
        "position": found,
        "links_form": links or LinksForm(initial=terms),
        "people_form": people or PeopleForm(initial=terms, prefix=None),
        "short": [each for each in supply if each.is_short],
        "is_empty": not any(each.found for each in supply),
        "no_mail_server": settings.EMAIL_BACKEND.endswith(".console.EmailBackend"),
    }
    return render(request, "interviewer/invite.html", context, status=status)


@manager_required
@require_POST
def revoke(request: Request, pk: int, invitation: int) -> HttpResponse:
    """Let a link lead nowhere from now on."""
    found = own_invitation(request.user, pk, invitation)
    if hiring.revoke(found, request.user, request.received_at):
        messages.success(request, _("The link of %(code)s leads nowhere any more.") % {"code": found.code})
    else:
        messages.info(request, _("That link was revoked before."))
    return redirect("position", pk)


@manager_required
@never_cache
@require_POST
def renew(request: Request, pk: int, invitation: int) -> HttpResponse:
    """A new link instead of the old one: sent again where it went by e-mail and that is asked for, else shown."""
    found = own_invitation(request.user, pk, invitation)
    if found.email and request.POST.get("how") == "mail":
        _send(request, found.position, [found])
        return redirect("position", pk)
    token = hiring.renew(found, request.user, request.received_at)
    return _with_links(request, found.position, [(found, token)])


@manager_required
@require_POST
def send_again(request: Request, pk: int) -> HttpResponse:
    """Try to send again all that could not be sent."""
    found = own_position(request.user, pk)
    failed = list(found.invitations.unsent().exclude(error=""))
    if failed:
        _send(request, found, failed)
    else:
        messages.info(request, _("There is nothing to send again."))
    return redirect("position", found.pk)

"""Signing in, with a limit on tries; the admin's own page uses the same form."""

from __future__ import annotations

import logging
import math
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.utils.translation import ngettext

from interviewer import sign_in

logger = logging.getLogger(__name__)


class LimitedForm(AuthenticationForm):
    """Name and password; past the limit they are not even looked at, and the answer says how long to wait."""

    wait: timedelta | None = None

    def clean(self) -> dict[str, Any]:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not name or not password or self.request is None:
            return super().clean()
        tries = sign_in.tries_of(self.request, name)
        self.wait = tries.take(self.request.received_at)  # type: ignore[attr-defined]
        if self.wait:
            logger.warning("Too many tries to sign in from %s", sign_in.network(self.request) or "an unknown network")
            raise forms.ValidationError(_wait_message(self.wait), code="wait")
        cleaned = super().clean()
        tries.succeeded()
        return cleaned


class LimitedAdminForm(LimitedForm, AdminAuthenticationForm):
    """The same for the admin, which lets in staff only."""


def _wait_message(wait: timedelta) -> str:
    minutes = math.ceil(wait.total_seconds() / 60)
    return (
        ngettext(
            "There were too many tries to sign in. Please wait %(minutes)d minute, then try again.",
            "There were too many tries to sign in. Please wait %(minutes)d minutes, then try again.",
            minutes,
        )
        % {"minutes": minutes}
    )  # fmt: skip


class SignIn(LoginView):
    """Our page to sign in. 429 with Retry-After past the limit."""

    authentication_form = LimitedForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        sign_in.remember_device(response, form.get_user().get_username())
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_invalid(form)
        if isinstance(form, LimitedForm) and form.wait:
            response.status_code = 429
            response.headers["Retry-After"] = str(math.ceil(form.wait.total_seconds()))
        return response

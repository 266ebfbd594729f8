"""Requests as our views receive them, for the type checker."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest

from interviewer.models import Interview, User


class Request(HttpRequest):
    """A request behind our middleware and guards: when it arrived, and whose it is."""

    received_at: datetime
    sitting: Interview  # in the room only
    user: User

"""A candidate in the room, and a model behind real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import timezone

from interviewer import interviews, llm
from interviewer.models import Interview, User
from tests import build
from tests.conftest import signed_in
from tests.stub_openai import StubOpenAI


@pytest.fixture
def client(candidate: User) -> Client:
    return signed_in(candidate)


@pytest.fixture
def interview(candidate: User) -> Interview:
    """A running interview of two questions."""
    build.bank(2)
    return interviews.start(build.template(), candidate, timezone.now())


@pytest.fixture
def stub(settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubOpenAI]:
    """The model that grades."""
    monkeypatch.setattr(llm, "_dialects", {})
    with StubOpenAI() as server:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.OPENAI_MODEL = server.url, "key", "tiny"
        settings.LLM_CONNECT_SECONDS, settings.LLM_TOTAL_SECONDS = 5.0, 30.0
        settings.GRADER, settings.GRADING_MOST_DISTANCE = "llm", 1.0  # no second opinion by similarity
        yield server

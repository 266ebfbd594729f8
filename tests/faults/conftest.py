"""Programs to break: the whole one (`prepared`, from the folder above), and one that needs no index and no model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live import Live, program
from tests.originals import original
from tests.stub_openai import StubOpenAI

# Everything that waits does so but shortly, and the model is asked once for each answer.
SHORT = {
    "GRADING_LEASE_SECONDS": "5",
    "GRADING_RETRY_SECONDS": "1",
    "GRADING_WAKE_SECONDS": "2",
    "LLM_PROBE_SECONDS": "1",
    "SWEEP_SECONDS": "1",
    "GRADING_MOST_DISTANCE": "1",
}
PREPARE = """
from interviewer import access
access.ensure_roles()
build.bank(6)
"""


@pytest.fixture(scope="session")
def bare(originals: Path, migrated: Live) -> Live:
    """A program with six questions."""
    return original(originals, "bare", lambda live: live.python(PREPARE), of=migrated)


@contextmanager
def graded_by(stub: StubOpenAI, original: Live, **env: str) -> Iterator[Live]:
    """A copy of `original` whose model is `stub`, with broker and sweeper; workers and web are the test's to start."""
    model = {"OPENAI_BASE_URL": stub.url, "OPENAI_API_KEY": "test", "OPENAI_MODEL": "stub-model"}
    with program(original, **{**model, **SHORT, **env}) as live:
        live.stub = stub
        live.broker()
        live.start("manage.py", "sweep")
        yield live

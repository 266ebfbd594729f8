"""A small cast of people, each with a signed-in client, and nothing that reaches a broker by accident."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest
from django.contrib.auth.models import Group
from django.db import connections
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, expect, sync_playwright

from interviewer import access, breaker, budget, middleware, tasks
from interviewer.jobs.tasks import run_job
from interviewer.models import Interview, User
from tests import build
from tests.find_browser import find_browser
from tests.live import Live, program
from tests.originals import drop_databases, original
from tests.room import Room, opened

# Root may not sandbox; the rest keeps the browser from calling its maker.
CHROMIUM_FLAGS = [
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

# On a busy machine all is slow, and right.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")
PATIENCE = 30_000  # ms that a page may take to show what it should

ROOT = Path(__file__).resolve().parent.parent


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a browser or worker under test mostly waits."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_itemcollected(item: pytest.Item) -> None:
    """What shares a broker keeps to one process. A browser that was late on a busy machine may try once more: the
    summary tells of it, and what fails twice has failed.
    """
    if item.get_closest_marker("broker"):
        item.add_marker(pytest.mark.xdist_group("broker"))
    if item.get_closest_marker("browser"):
        item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(trylast=True)  # after pytest-django, which puts what uses no database last
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The one process with a broker begins at once; browsers, which mostly wait, are spread among what computes."""
    broker = [item for item in items if item.get_closest_marker("broker")]
    browser = [item for item in items if item.get_closest_marker("browser") and item not in broker]
    others = [item for item in items if item not in {*broker, *browser}]
    apart = len(others) // (len(browser) + 1) + 1
    items[:] = broker
    for start in range(0, max(len(others), 1), apart):
        items += browser[:1] + others[start : start + apart]
        del browser[:1]
    items += browser


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file, not in memory: the threads of a test meet the locks that real processes meet."""
    if connections["default"].vendor == "sqlite":
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connections["default"].settings_dict["TEST"]["NAME"] = str(path)


@pytest.fixture(autouse=True)
def _english_and_quick(settings) -> None:
    """Pages are English unless a test asks for Chinese; neither a new person nor a new client costs much time."""
    settings.LANGUAGE_CODE = "en"
    settings.WHITENOISE_AUTOREFRESH = True  # else each client looks through all static files first
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _nothing_known_yet() -> None:
    """What a worker remembers for a second of the database's rows is of another test's."""
    breaker._well.clear()
    budget._today.forget()


@pytest.fixture(autouse=True)
def announced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of the grades that workers were told of, once committed; the message itself goes nowhere."""
    ids: list[int] = []
    monkeypatch.setattr(tasks.grade_answer, "delay", ids.append)
    return ids


@pytest.fixture(autouse=True)
def jobs_announced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the jobs that workers were told of, once committed; `interviewer.jobs.run` does one in the test."""
    ids: list[str] = []
    monkeypatch.setattr(run_job, "delay", ids.append)
    return ids


@pytest.fixture
def roles(db: None) -> None:
    access.ensure_roles()


@pytest.fixture
def candidate(db: None) -> User:
    return build.user("candidate")


@pytest.fixture
def stranger(db: None) -> User:
    return build.user("stranger")


@pytest.fixture
def manager(roles: None) -> User:
    return build.manager("manager", build.home())


@pytest.fixture
def other_manager(roles: None) -> User:
    """A manager of another organisation, who may see nothing of what the first one sees."""
    return build.manager("other-manager", build.organisation())


@pytest.fixture
def curator(roles: None) -> User:
    person = build.user("curator", is_staff=True)
    person.groups.add(Group.objects.get(name="curators"))
    return person


def signed_in(user: User) -> Client:
    """A client in whose browser `user` is signed in."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def unblinded(client: Client, *interviews: Interview) -> Client:
    """A manager's client, to which the machine's verdicts and the candidates of these interviews have been shown."""
    for interview in interviews:
        client.post(reverse("reveal-all", args=[interview.pk]))
        client.post(reverse("reveal-identity", args=[interview.pk]), {"reason": "a test"})
    return client


@pytest.fixture
def reviewer(manager: User) -> Client:
    """The manager's client."""
    return signed_in(manager)


@pytest.fixture
def arriving(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let requests arrive at a given time."""

    def at(when: datetime) -> None:
        monkeypatch.setattr(middleware, "timezone", SimpleNamespace(now=lambda: when))

    return at


# What `manage.py prepare` does, but for the front page's sample and for questions that would take a minute to embed.
PREPARE = """
from interviewer import access, demo
from questions import importing
access.ensure_roles()
importing.import_starter_bank()
Question.objects.exclude(topic__slug__in=["tuning", "serving", "retrieval"]).update(status="retired")
demo.ensure_templates()
demo.ensure_people()
"""


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `tests.originals`, the same for all processes of a run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Once, when all processes have ended: leave no database behind."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        drop_databases(session.config._tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def migrated(originals: Path) -> Live:
    """A program with an empty database."""
    return original(originals, "migrated", lambda live: live.manage("migrate", "--verbosity", "0"))


@pytest.fixture(scope="session")
def prepared(originals: Path, migrated: Live) -> Live:
    """A program with a bank and demo people."""
    return original(originals, "prepared", lambda live: live.python(PREPARE), of=migrated)


@pytest.fixture(scope="session")
def live(prepared: Live) -> Iterator[Live]:
    """The web process of a prepared program, for tests that wait for no grade."""
    with program(prepared) as live:
        live.web()
        yield live


@pytest.fixture
def room(live: Live, chromium: Browser) -> Iterator[Room]:
    """A candidate in the room, in a real browser."""
    yield from opened(live, chromium)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real browser. Playwright keeps an event loop in this thread, of which Django would be wary."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    path = find_browser()
    assert path, "no browser: run `make browser`"
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()

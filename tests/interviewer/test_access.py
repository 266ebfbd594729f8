"""Every address × every role, in one table that an address without a row fails. And forged, stale and guessed requests.

A cell is the status expected, or the name of the address that the answer leads to.
"""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.utils import timezone

from interviewer import clock, health
from interviewer.models import (
    AuditEvent,
    AuditHead,
    Grade,
    Interview,
    InterviewTemplate,
    Invitation,
    Job,
    Position,
    User,
)
from interviewer.models.hiring import token_hash
from questions.models import ImportRun, Question
from tests import build
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db

ROLES = ("visitor", "owner", "stranger", "manager", "curator")
Cell = int | str
Row = tuple[Cell, Cell, Cell, Cell, Cell]


def everybody(cell: Cell) -> Row:
    return (cell, cell, cell, cell, cell)


OWNERS_ONLY = ("login", 200, 404, 404, 404)
MANAGERS_ONLY = ("login", 404, 404, 200, 404)
CURATORS_ONLY = ("login", 404, 404, 404, 200)

CANDIDATE_LISTS = ("candidates-csv", "candidates-xlsx")
POSITION_BUTTONS = ("position-close", "send-again", "invitation-revoke")
REVIEW_BUTTONS = ("review-claim", "reveal-identity", "reveal-all", "score-answer", "reveal", "override")

# Interviews of the room are running, those of results are handed in.
TABLE: dict[tuple[str, str], Row] = {
    ("home", "GET"): everybody(200),
    ("home", "POST"): everybody(405),
    ("login", "GET"): (200, "home", "home", "home", "home"),
    ("login", "POST"): (200, "home", "home", "home", "home"),
    ("logout", "GET"): everybody(405),
    ("logout", "POST"): everybody("home"),
    ("set_language", "GET"): everybody("home"),
    ("set_language", "POST"): everybody("home"),
    ("begin", "GET"): ("login", 200, 200, 200, 200),
    ("begin", "POST"): ("login", "room", "room", "room", "room"),
    ("room", "GET"): ("login", "question", 404, 404, 404),
    ("room", "POST"): ("login", 405, 404, 404, 404),
    ("question", "GET"): OWNERS_ONLY,
    ("question", "POST"): ("login", "question", 404, 404, 404),
    ("draft", "GET"): ("login", 405, 404, 404, 404),
    ("draft", "POST"): OWNERS_ONLY,
    ("clock", "GET"): OWNERS_ONLY,
    ("clock", "POST"): ("login", 405, 404, 404, 404),
    ("pause", "GET"): OWNERS_ONLY,
    ("pause", "POST"): ("login", "room", 404, 404, 404),
    ("hand-in", "GET"): OWNERS_ONLY,
    ("hand-in", "POST"): ("login", "receipt", 404, 404, 404),
    ("receipt", "GET"): OWNERS_ONLY,
    ("receipt-file", "GET"): OWNERS_ONLY,
    ("unsent", "GET"): everybody(405),
    ("unsent", "POST"): OWNERS_ONLY,
    ("appeal", "GET"): ("login", 405, 405, 405, 405),
    ("appeal", "POST"): ("login", "scorecard", 404, 404, 404),
    ("progress", "GET"): OWNERS_ONLY,
    ("scorecard", "GET"): OWNERS_ONLY,
    ("scorecard-results", "GET"): OWNERS_ONLY,
    **{
        (name, "POST"): everybody(405)
        for name in ("receipt", "receipt-file", "progress", "scorecard", "scorecard-results")
    },
    **{(name, "GET"): ("login", 200, 200, 200, 200) for name in ("your-data", "export-data", "delete-account")},
    **{(name, "POST"): ("login", 405, 405, 405, 405) for name in ("your-data", "export-data")},
    ("delete-account", "POST"): ("login", *["data-deleted"] * 4),
    ("delete-interview", "GET"): OWNERS_ONLY,
    ("delete-interview", "POST"): ("login", "your-data", 404, 404, 404),
    ("data-deleted", "GET"): everybody(200),
    ("data-deleted", "POST"): everybody(405),
    ("invitation", "GET"): everybody(200),
    ("invitation", "POST"): everybody("room"),
    **{
        (name, "GET"): MANAGERS_ONLY
        for name in ("position-list", "position-new", "position", "position-edit", "invite")
    },
    **{(name, "POST"): ("login", 404, 404, 405, 404) for name in ("position-list", "position")},
    **{(name, "POST"): ("login", 404, 404, "position", 404) for name in ("position-new", "position-edit")},
    ("show-results", "GET"): ("login", 404, 404, 405, 404),
    ("show-results", "POST"): ("login", 404, 404, "compare", 404),
    **{(name, "GET"): MANAGERS_ONLY for name in ("compare", "candidate", *CANDIDATE_LISTS)},
    **{(name, "POST"): ("login", 404, 404, 405, 404) for name in ("compare", "candidate", *CANDIDATE_LISTS)},
    ("packet-file", "GET"): ("login", 404, 404, "candidate", 404),  # none was made yet
    ("packet-file", "POST"): ("login", 404, 404, 405, 404),
    **{(name, "GET"): ("login", 404, 404, 405, 404) for name in ("decide", "make-packet")},
    **{(name, "POST"): ("login", 404, 404, "candidate", 404) for name in ("decide", "make-packet")},
    **{(name, "POST"): MANAGERS_ONLY for name in ("invite", "invite-people", "invitation-renew")},
    **{(name, "POST"): ("login", 404, 404, "position", 404) for name in POSITION_BUTTONS},
    **{
        (name, "GET"): ("login", 404, 404, 405, 404)
        for name in (*POSITION_BUTTONS, "invite-people", "invitation-renew")
    },
    ("review-list", "GET"): MANAGERS_ONLY,
    ("review-list", "POST"): ("login", 404, 404, 405, 404),
    ("review", "GET"): MANAGERS_ONLY,
    ("review", "POST"): ("login", 404, 404, 405, 404),
    ("review-receipt-file", "GET"): ("login", 404, 404, "review", 404),  # it names the candidate
    ("review-receipt-file", "POST"): ("login", 404, 404, 405, 404),
    **{(name, "GET"): ("login", 404, 404, 405, 404) for name in REVIEW_BUTTONS},
    **{(name, "POST"): ("login", 404, 404, "review", 404) for name in REVIEW_BUTTONS if name != "override"},
    ("override", "POST"): ("login", 404, 404, 400, 404),  # nothing was scored that could count
    ("answer-appeal", "GET"): ("login", 404, 404, 405, 404),
    ("answer-appeal", "POST"): ("login", 404, 404, 400, 404),  # nothing was judged or shown yet
    ("extend", "GET"): ("login", 404, 404, 405, 404),
    ("extend", "POST"): ("login", 404, 404, "review", 404),
    ("grade-abandoned", "GET"): ("login", 404, 404, 405, 404),
    ("grade-abandoned", "POST"): ("login", 404, 404, "review", 404),
    ("grade-again", "GET"): ("login", 404, 404, 405, 404),
    ("grade-again", "POST"): ("login", 404, 404, "review", 404),
    ("operations", "GET"): MANAGERS_ONLY,
    ("operations-state", "GET"): MANAGERS_ONLY,
    **{(name, "POST"): ("login", 404, 404, 405, 404) for name in ("operations", "operations-state")},
    **{(name, "GET"): ("login", 404, 404, 405, 404) for name in ("try-again", "try-all-again")},
    **{(name, "POST"): ("login", 404, 404, "operations", 404) for name in ("try-again", "try-all-again")},
    ("audit", "GET"): MANAGERS_ONLY,
    ("audit-file", "GET"): MANAGERS_ONLY,
    **{(name, "POST"): ("login", 404, 404, 405, 404) for name in ("audit", "audit-file")},
    **{(name, "GET"): CURATORS_ONLY for name in ("item-list", "item")},
    **{(name, "POST"): ("login", 404, 404, 404, 405) for name in ("item-list", "item")},
    ("item-confirm", "GET"): ("login", 404, 404, 404, 405),
    ("item-confirm", "POST"): ("login", 404, 404, 404, "item"),
    **{(name, "GET"): CURATORS_ONLY for name in ("try-answer", "points")},
    **{(name, "POST"): ("login", 404, 404, 404, name) for name in ("try-answer", "points")},
    ("ask-for-points", "GET"): ("login", 404, 404, 404, 405),
    ("ask-for-points", "POST"): ("login", 404, 404, 404, "points"),
    ("question-search", "GET"): CURATORS_ONLY,
    ("question-search", "POST"): ("login", 404, 404, 404, 405),
    ("search-by-meaning", "GET"): ("login", 404, 404, 404, 405),
    ("search-by-meaning", "POST"): ("login", 404, 404, 404, "question-search"),
    ("meaning-found", "GET"): ("login", 404, 404, 404, 404),  # the job is somebody else's
    ("meaning-found", "POST"): ("login", 404, 404, 404, 405),
    ("search-index", "GET"): ("login", 404, 404, 200, 200),
    ("search-index", "POST"): ("login", 404, 404, 405, 405),
    ("sync-index", "GET"): ("login", 404, 404, 405, 405),
    ("sync-index", "POST"): ("login", 404, 404, "search-index", "search-index"),
    **{(name, "GET"): CURATORS_ONLY for name in ("duplicate-list", "duplicate")},
    **{(name, "POST"): ("login", 404, 404, 404, name) for name in ("duplicate-list", "duplicate")},
    **{(name, "GET"): CURATORS_ONLY for name in ("import-list", "import")},
    ("import-list", "POST"): ("login", 404, 404, 404, 400),
    ("import", "POST"): ("login", 404, 404, 404, 405),
    **{(name, "GET"): ("login", 404, 404, 404, 405) for name in ("import-choose", "import-again", "import-undo")},
    **{(name, "POST"): ("login", 404, 404, 404, "import") for name in ("import-choose", "import-again", "import-undo")},
    ("job", "GET"): OWNERS_ONLY,
    ("job", "POST"): ("login", 405, 405, 405, 405),
    ("healthz", "GET"): everybody(200),
    ("readyz", "GET"): everybody(200),
    **{(name, "POST"): everybody(405) for name in ("healthz", "readyz")},
    ("not-found", "GET"): everybody(404),
    ("not-found", "POST"): everybody(404),
}
PARKED = {"try-again", "try-all-again"}  # an answer waits for a person there
HANDED_IN = {
    "receipt", "receipt-file", "unsent", "progress", "scorecard", "scorecard-results", "review", "review-receipt-file",
    "grade-again", "grade-abandoned", "appeal", "answer-appeal", *REVIEW_BUTTONS,
}  # fmt: skip
PAUSED = {"pause"}
OF_A_CANDIDATE = {"candidate", "decide", "make-packet", "packet-file"}  # somebody who sat it for a position
OF_A_QUESTION = {"item", "item-confirm", "try-answer", "points", "ask-for-points"}
OF_DUPLICATES = {"duplicate-list", "duplicate"}

# The admin: as above, and the operator, who may do everything.
STAFF_ONLY = "admin:login"
ADMIN: dict[str, tuple[Cell, ...]] = {
    "admin:index": (*[STAFF_ONLY] * 4, 200, 200),
    "admin:questions_question_changelist": (*[STAFF_ONLY] * 4, 200, 200),
    "admin:questions_question_add": (*[STAFF_ONLY] * 4, 200, 200),
    "admin:questions_topic_changelist": (*[STAFF_ONLY] * 4, 200, 200),
    "admin:questions_document_changelist": (*[STAFF_ONLY] * 4, 200, 200),
    "admin:questions_document_add": (*[STAFF_ONLY] * 4, 403, 403),
    "admin:interviewer_interviewtemplate_changelist": (*[STAFF_ONLY] * 4, 200, 200),
    "admin:interviewer_interviewtemplate_add": (*[STAFF_ONLY] * 4, 200, 200),
    "admin:interviewer_accommodation_changelist": (*[STAFF_ONLY] * 4, 403, 200),
    "admin:interviewer_accommodation_add": (*[STAFF_ONLY] * 4, 403, 200),
    "admin:interviewer_grade_changelist": (*[STAFF_ONLY] * 4, 403, 200),
    "admin:interviewer_grade_add": (*[STAFF_ONLY] * 4, 403, 403),
    "admin:interviewer_organisation_changelist": (*[STAFF_ONLY] * 4, 403, 200),
    "admin:interviewer_organisation_add": (*[STAFF_ONLY] * 4, 403, 200),
    "admin:interviewer_user_changelist": (*[STAFF_ONLY] * 4, 403, 200),
    "admin:auth_group_changelist": (*[STAFF_ONLY] * 4, 403, 200),
}


@pytest.fixture
def people(candidate: User, stranger: User, manager: User, curator: User) -> dict[str, User]:
    return {"owner": candidate, "stranger": stranger, "manager": manager, "curator": curator}


@pytest.fixture
def running(candidate: User) -> Interview:
    at = timezone.now()
    interview = build.interview(candidate, at)
    Job.objects.create(pk=interview.pk, owner=candidate, created_at=at, woken_at=at)  # one id for all in addresses
    ImportRun.objects.create(pk=interview.pk, uploaded_at=at)
    return interview


@pytest.fixture
def paused(candidate: User) -> Interview:
    return clock.pause(build.interview(candidate, timezone.now(), pause_minutes=5), timezone.now())


@pytest.fixture
def handed_in(candidate: User) -> Interview:
    interview = build.handed_in(candidate, texts=["text"])
    for answer in interview.answers.all():
        build.graded(answer)
    return interview


@pytest.fixture
def sat(handed_in: Interview, opened_link: Invitation) -> Interview:
    """The same, by another invitation to the position of the link."""
    invitation, _token = build.invited(opened_link.position, at=timezone.now())
    Invitation.objects.filter(pk=invitation.pk).update(interview=handed_in, accepted_at=timezone.now())
    return handed_in


@pytest.fixture
def parked(candidate: User) -> Interview:
    interview = build.handed_in(candidate, texts=["text"])
    build.parked(interview.answers.get(position=1))
    return interview


@pytest.fixture(autouse=True)
def opened_link(db: None) -> Invitation:
    """A link that somebody has looked at, whose interview has begun for nobody."""
    invitation, _token = build.invited(at=timezone.now())
    Invitation.objects.filter(pk=invitation.pk).update(token_sha256=token_hash(TOKEN), opened_at=timezone.now())
    return invitation


@pytest.fixture(autouse=True)
def with_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the embedding model were prepared here."""
    monkeypatch.setattr(health.bundled, "is_ready", lambda folder: True)


@pytest.fixture
def sitting(request: pytest.FixtureRequest) -> Interview:
    """The owner's interview, in the state in which the address of the test can be used."""
    name = request.getfixturevalue("name")
    if name in PARKED:
        return request.getfixturevalue("parked")
    if name in OF_A_CANDIDATE:
        return request.getfixturevalue("sat")
    state = "handed_in" if name in HANDED_IN else "paused" if name in PAUSED else "running"
    return request.getfixturevalue(state)


TOKEN = "a-link-that-somebody-was-given"


def client_of(role: str, people: dict[str, User], **options: Any) -> Client:
    client = Client(headers={"accept-language": "en"}, **options)
    if role != "visitor":
        client.force_login(people[role])
    return client


def address(name: str, interview: Interview) -> str:
    """The page of that name for this interview, or for what was made beside it."""
    if name == "not-found":
        return "/nothing/here/"
    [path] = [path for path, each in patterns(get_resolver().url_patterns) if each == name]
    return reverse(name, kwargs={word: _value(word, path, interview) for word in re.findall(r"<\w+:(\w+)>", path)})


def _value(word: str, path: str, interview: Interview) -> Any:
    """What stands for a word of an address, as `pk` in "review/<uuid:pk>/"."""
    if f"<uuid:{word}>" in path:
        return interview.pk
    if word in {"position", "token", "kind"}:
        return {"position": 1, "token": TOKEN, "kind": "pdf"}[word]
    if word == "invitation":
        return Invitation.objects.get().pk
    of = path.partition("/")[0]
    if of == "begin":
        return interview.template_id
    if of == "positions":
        return Position.objects.get().pk
    if of == "operations":
        parked = Grade.objects.filter(answer__interview=interview, status="failed").first()
        return parked.pk if parked else 0
    return Question.objects.order_by("pk").values_list("pk", flat=True)[1 if word == "right" else 0]


def forms_of(name: str) -> dict[str, Any]:
    """The form of an address, filled in well; a question's says which text of it was looked at."""
    if name not in OF_A_QUESTION:
        return FORMS.get(name, {})
    question = Question.objects.order_by("pk")[0]
    return {**FORMS.get(name, {}), "shown": question.frozen().hash}


ROWS = {
    "row-TOTAL_FORMS": 1, "row-INITIAL_FORMS": 0,
    "row-0-count": 2, "row-0-least": 1, "row-0-most": 5, "row-0-minutes": 5,
}  # fmt: skip
FORMS: dict[str, dict[str, Any]] = {
    "login": {"username": "candidate", "password": "wrong"},
    "set_language": {"language": "en"},
    "begin": {"consent": "on"},
    "question": {"text": "text", "revision": 0, "go": "next"},
    "draft": {"text": "text", "revision": 0},
    "unsent": {"text": "another text", "revision": 0},
    "extend": {"minutes": 5, "reason": "a reason", "seen": 0},
    "reveal-identity": {"reason": "a reason"},
    "score-answer": {"q1-p1": "met", "q1-p2": "missing"},
    "appeal": {"reason": "a reason"},
    "answer-appeal": {"upheld": "yes", "reply": "a sentence", "seen": 1},
    "override": {"counts": "mine", "reason": "a reason", "seen": 0},
    "try-answer": {"text": "text", "graders": ["semantic"]},
    "points": {
        "form-TOTAL_FORMS": 1,
        "form-INITIAL_FORMS": 1,
        "form-0-keep": "on",
        "form-0-text": "a point",
        "form-0-kind": "must",
        "form-0-weight": "1",
        "form-0-source": "today",
    },
    "search-by-meaning": {"q": "how to serve a model"},
    "duplicate": {"decision": "reconsider", "seen": "nothing"},
    "decide": {"outcome": "hold", "reason": "a reason", "seen": 0},
    "position-new": {"title": "Engineer", "language": "en", **ROWS},
    "position-edit": {"title": "Engineer", "language": "en", **ROWS},
    "delete-account": {"sure": "on"},
    "delete-interview": {"sure": "on"},
    "invite": {"days": 7, "seen": 1, "count": 1},
    "invite-people": {"days": 7, "seen": 1, "text": "name,email\nWang,wang@example.org\n"},
}


def send(client: Client, method: str, name: str, interview: Interview, **more: Any) -> HttpResponse:
    """The request of a row, its form filled in well."""
    if method == "POST":
        form = {**forms_of(name), **more}
        if name == "invitation":
            form |= {"consent": "on", "version": Position.objects.get().template_id}
        if name == "position-new":
            form |= {"organisation": build.home().pk}
        return client.post(address(name, interview), form)
    return client.get(address(name, interview))


def outcome(response: HttpResponse) -> Cell:
    """A cell of the table."""
    if response.status_code == 302:
        match = resolve(urlsplit(response["Location"]).path)
        return match.view_name or "not-found"
    return response.status_code


# --- The table ------------------------------------------------------------------------


def patterns(found: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, str]]:
    """(path, name) of every address but the admin's."""
    for each in found:
        path = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            yield path, each.name or ("not-found" if each.pattern.match("nothing/here/") else "")
        elif each.namespace != "admin":
            yield from patterns(each.url_patterns, path)


def test_every_address_has_its_rows_and_every_row_its_address():
    names = [name for _, name in patterns(get_resolver().url_patterns)]
    assert len(names) == len(set(names)), "two addresses share a name"
    assert {(name, method) for name in names for method in ("GET", "POST")} == set(TABLE)


@contextmanager
def undone() -> Iterator[None]:
    """What is done within leaves no row behind: one sitting serves every role."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize(("name", "method"), TABLE, ids=lambda each: each)
def test_the_table(name, method, people, sitting):
    found: dict[str, Cell] = {}
    for role in ROLES:
        with undone():
            response = send(client_of(role, people), method, name, sitting)
        found[role] = outcome(response)
        if found[role] == "login":
            assert response["Location"] == f"{reverse('login')}?next={address(name, sitting)}"
    assert found == dict(zip(ROLES, TABLE[name, method], strict=True))


@pytest.mark.parametrize("role", [*ROLES, "operator"])
def test_the_admin(role, people):
    people["operator"] = build.user("operator", is_staff=True, is_superuser=True)
    build.handed_in()
    client = client_of(role, people)
    column = [*ROLES, "operator"].index(role)
    assert {name: outcome(client.get(reverse(name))) for name in ADMIN} == {
        name: row[column] for name, row in ADMIN.items()
    }


def test_the_operator_changes_no_grade_and_no_document_by_hand(handed_in, people):
    people["operator"] = build.user("operator", is_staff=True, is_superuser=True)
    grade = handed_in.answers.first().grades.get()
    page = reverse("admin:interviewer_grade_change", args=[grade.pk])
    client = client_of("operator", people)
    assert client.get(page).status_code == 200
    assert client.post(page, {"score": "1"}).status_code == 403
    assert client.post(reverse("admin:interviewer_grade_delete", args=[grade.pk]), {"post": "yes"}).status_code == 403


def test_a_person_who_was_deactivated_midway_is_out(people, running, candidate):
    client = client_of("owner", people)
    assert send(client, "POST", "draft", running).status_code == 200
    User.objects.filter(pk=candidate.pk).update(is_active=False)
    assert outcome(send(client, "POST", "draft", running, text="more", revision=1)) == "login"
    assert running.answers.get(position=1).text == "text"


def test_a_template_that_was_closed_begins_nothing(people, running):
    InterviewTemplate.objects.update(is_open=False)
    assert send(client_of("stranger", people), "POST", "begin", running).status_code == 404
    assert Interview.objects.count() == 1


# --- Requests that nobody of ours sent ------------------------------------------------------


WRITES = [name for (name, method), row in TABLE.items() if method == "POST" and not set(row) <= {404, 405, "login"}]


def test_every_address_that_writes_is_known():
    assert set(WRITES) == {
        "login", "logout", "set_language", "begin", "question", "draft", "unsent", "pause", "hand-in",
        "extend", "grade-abandoned", "grade-again", *REVIEW_BUTTONS, "try-again", "try-all-again",
        "try-answer", "points", "ask-for-points", "item-confirm", "appeal", "answer-appeal",
        "search-by-meaning", "sync-index", "duplicate-list", "duplicate",
        "import-list", "import-choose", "import-again", "import-undo",
        "invitation", "position-new", "position-edit", "position-close", "invite", "invite-people", "send-again",
        "invitation-revoke", "invitation-renew", "decide", "make-packet", "delete-account", "delete-interview",
        "show-results",
    }  # fmt: skip


@pytest.mark.parametrize("name", WRITES)
def test_a_form_without_its_token_is_refused(name, people, sitting):
    others = {**dict.fromkeys(PARKED, "manager"), **dict.fromkeys([*OF_A_QUESTION, *OF_DUPLICATES], "curator")}
    role = {"login": "visitor", "grade-again": "manager", **others}.get(name, "owner")
    client = client_of(role, people, enforce_csrf_checks=True)
    before = everything()
    response = send(client, "POST", name, sitting)
    assert response.status_code == 403
    assert "had gone stale" in response.content.decode()
    assert everything() == before
    assert ("_auth_user_id" in client.session) == (role != "visitor")


def test_a_form_with_its_token_is_taken(people, running):
    client = client_of("owner", people, enforce_csrf_checks=True)
    page = client.get(address("question", running)).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    assert send(client, "POST", "draft", running, csrfmiddlewaretoken=token).status_code == 200


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of our tables, but for the log of who looked at what."""
    models = [*apps.get_app_config("interviewer").get_models(), *apps.get_app_config("questions").get_models()]
    models = [model for model in models if model not in (AuditEvent, AuditHead)]
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in models}


@pytest.mark.parametrize("name", [name for name, method in TABLE if method == "GET"])
def test_looking_changes_nothing(name, people, sitting):
    clients = {role: client_of(role, people) for role in ("owner", "manager")}
    before = everything()
    for role, client in clients.items():
        for look in (client.get, client.head):
            look(address(name, sitting), FORMS.get(name, {}))
        assert everything() == before, role
        assert client.session["_auth_user_id"] == str(people[role].pk)
        assert "django_language" not in client.cookies


def test_forged_fields_are_not_read(people, running):
    forged = {
        "deadline": "2099-01-01", "score": "1", "submitted_at": "", "candidate": people["stranger"].pk,
        "position": 2, "id": 1, "flagged": "on", "is_staff": "on", "seconds_used": 0,
    }  # fmt: skip
    client = client_of("owner", people)
    before = everything()
    assert send(client, "POST", "draft", running, **forged).status_code == 200
    after = everything()
    kept = [{**row, "touched_at": None} for row in after["Interview"]]
    assert kept == [{**row, "touched_at": None} for row in before["Interview"]]
    assert after["User"] == before["User"]
    changed = [set(a.items() ^ b.items()) for a, b in zip(_plain(after), _plain(before), strict=True)]
    assert {name for pairs in changed for name, _ in pairs} == {"text", "revision", "saved_at"}


def _plain(rows: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "frozen"} for row in rows["Answer"]]


# --- Another organisation --------------------------------------------------------------------

OF_AN_ORGANISATION = [
    (name, method)
    for name, method in TABLE
    if name.startswith(
        ("candidate", "decide", "review", "extend", "grade-", "position", "invit", "send-again", "try-again")
    )
    and name not in {"review-list", "position-list", "position-new", "invitation"}
]


@pytest.mark.parametrize(("name", "method"), OF_AN_ORGANISATION)
def test_a_manager_of_another_organisation_finds_nothing(name, method, other_manager, sitting):
    allowed = TABLE[name, method][ROLES.index("manager")]
    client = signed_in(other_manager)
    before = everything()
    response = send(client, method, name, sitting)
    assert response.status_code == (405 if allowed == 405 else 404)
    assert everything() == before


def test_nor_do_their_lists_name_anybody(other_manager, handed_in, parked, opened_link):
    client = signed_in(other_manager)
    for name in ("review-list", "position-list", "position-new", "operations", "operations-state"):
        page = client.get(reverse(name)).content.decode()
        for theirs in (handed_in.template.name, parked.template.name, opened_link.position.title, build.home().name):
            assert theirs not in page, name
    query = {"template": handed_in.template_id}
    assert client.get(reverse("review-list"), query).status_code == 400, "a template that is not theirs is no filter"


def test_a_position_cannot_be_opened_for_another_organisation(other_manager):
    form = {**FORMS["position-new"], "organisation": build.home().pk}
    assert signed_in(other_manager).post(reverse("position-new"), form).status_code == 400
    assert Position.objects.count() == 1


def test_an_invitation_is_found_below_its_own_position_only(people, opened_link):
    other = build.position()
    client = client_of("manager", people)
    for name in ("invitation-revoke", "invitation-renew"):
        assert client.post(reverse(name, args=[other.pk, opened_link.pk])).status_code == 404


def test_a_superuser_sees_every_organisation(handed_in, opened_link):
    client = signed_in(build.user("operator", is_superuser=True))
    assert client.get(reverse("review", args=[handed_in.pk])).status_code == 200
    assert client.get(reverse("position", args=[opened_link.position_id])).status_code == 200


# --- Guests ------------------------------------------------------------------------------------

GUESTS = {
    "home", "set_language", "logout", "login", "healthz", "readyz", "not-found", "invitation", "your-data",
    "export-data", "delete-account", "data-deleted",
}  # fmt: skip


@pytest.mark.parametrize(("name", "method"), [row for row in TABLE if row[0] not in GUESTS])
def test_a_guest_finds_nothing_but_their_own_interview(name, method, sitting):
    visitor = Client(headers={"accept-language": "en"})
    assert outcome(send(visitor, "POST", "invitation", sitting)) == "room"
    before = {each: rows for each, rows in everything().items() if each != "Interview"}
    status = send(visitor, method, name, sitting).status_code
    assert status == (404 if status != 405 else 405)
    assert {each: rows for each, rows in everything().items() if each != "Interview"} == before


def test_a_guest_is_offered_no_other_interview(running):
    visitor = Client(headers={"accept-language": "en"})
    send(visitor, "POST", "invitation", running)
    page = visitor.get("/").content.decode()
    assert running.template.name not in page and "Running now" in page


# --- Guessing ---------------------------------------------------------------------------------


GUESSABLE = [(name, method) for (name, method), row in TABLE.items() if 404 in row and name not in {"not-found"}]


def anonymous(response: HttpResponse, interview: uuid.UUID) -> tuple[int, str]:
    """A page without what differs from request to request."""
    page = re.sub(r"/try-again/\d+/", "/try-again/ID/", response.content.decode().replace(str(interview), "ID"))
    return response.status_code, re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r"\1", page)


@pytest.mark.parametrize(("name", "method"), GUESSABLE)
def test_what_belongs_to_others_looks_like_what_does_not_exist(name, method, stranger, sitting):
    missing = Interview(pk=uuid.uuid4(), template=sitting.template)
    client = signed_in(stranger)
    theirs = anonymous(send(client, method, name, sitting), sitting.pk)
    assert theirs == anonymous(send(client, method, name, missing), missing.pk)
    assert theirs[0] == 404


@pytest.mark.parametrize("position", [0, 3, 99, 2**15, 2**31, 10**30])
@pytest.mark.parametrize(("name", "method"), [("question", "get"), ("question", "post"), ("draft", "post")])
def test_there_are_no_other_questions(name, method, position, people, running):
    page = reverse(name, args=[running.pk, position])
    assert getattr(client_of("owner", people), method)(page, FORMS[name]).status_code == 404


@pytest.mark.parametrize("number", [0, 99, 2**31, 2**63, 10**30])
def test_there_are_no_other_templates(number, people):
    assert client_of("owner", people).get(reverse("begin", args=[number])).status_code == 404


@pytest.mark.parametrize("number", [0, 2**31, 2**63, 10**30])
def test_there_are_no_figures_of_other_questions(number, people):
    for name in ("item", "try-answer", "points"):
        assert client_of("curator", people).get(reverse(name, args=[number])).status_code == 404


@pytest.mark.parametrize("position", [0, 3, 10**30])
def test_there_are_no_other_answers_to_grade(position, people, handed_in):
    assert client_of("manager", people).post(reverse("grade-again", args=[handed_in.pk, position])).status_code == 404


# --- Signing in and out -------------------------------------------------------------------------


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example/",
    "http:evil.example",
    "https:///evil.example",
    "javascript:alert(1)",
    " //evil.example",
    "\t//evil.example",
    "//evil.example\r\nSet-Cookie: a=b",
]


@pytest.mark.parametrize("name", ["login", "logout", "set_language"])
def test_nothing_leads_off_the_site(name, candidate):
    client = Client() if name == "login" else signed_in(candidate)
    form = {"username": "candidate", "password": "a good password", "language": "en"}
    addresses = (reverse(name), f"{reverse(name)}?next=%2F%2Fevil.example")
    for address, elsewhere in itertools.product(addresses, ELSEWHERE):
        response = client.post(address, {**form, "next": elsewhere})
        assert (response.status_code, response["Location"]) == (302, "/")
        client.logout() if name == "login" else client.force_login(candidate)


def test_signing_in_leads_on_to_where_one_wanted_to_go(candidate, running):
    page = reverse("question", args=[running.pk, 1])
    asked = Client().get(page)
    form = {"username": "candidate", "password": "a good password", "next": page}
    assert Client().post(asked["Location"], form)["Location"] == page


def test_one_is_signed_in_and_out_by_post_only(candidate):
    client = signed_in(candidate)
    client.get(reverse("logout"))
    assert "_auth_user_id" in client.session
    client.post(reverse("logout"))
    assert "_auth_user_id" not in client.session
    client.get(reverse("login"), {"username": "candidate", "password": "a good password"})
    assert "_auth_user_id" not in client.session


def test_signing_in_tells_nobody_which_names_exist(candidate, stranger):
    User.objects.filter(pk=stranger.pk).update(is_active=False)

    def answer(name: str, password: str) -> tuple[int, str]:
        response = Client().post(reverse("login"), {"username": name, "password": password})
        status, page = anonymous(response, uuid.uuid4())
        return status, page.replace(f'value="{name}"', "")

    wrong_password = answer("candidate", "wrong")
    assert wrong_password == answer("nobody", "wrong") == answer("stranger", "a good password")
    assert "do not belong together" in wrong_password[1]


@pytest.mark.parametrize("path", ["/review", "/admin", "/login"])
def test_an_address_that_lacks_its_slash_leads_to_the_one_with_it(path, people):
    response = client_of("curator", people).get(f"{path}?next=/")
    assert (response.status_code, response["Location"]) == (301, f"{path}/?next=/")


@pytest.mark.parametrize(
    "path", ["/nothing", "/nothing/", "//evil.example", "//evil.example/login", "/\n", "/a\nb", "/admin\x00"]
)
def test_an_address_that_leads_nowhere_is_our_own_page(path, people):
    response = client_of("owner", people).get("/", PATH_INFO=path)
    assert response.status_code == 404
    assert "There is nothing here for you" in response.content.decode()

"""What people do is in the audit log, and who may read it finds it there, without anybody's words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from interviewer import audit
from interviewer.audit.check import check
from interviewer.models import Accommodation, AuditEvent, InterviewTemplate, Override, User, Verb
from questions.models import Document, Question, Topic
from questions.versions import note
from tests import build
from tests.build import NOON
from tests.conftest import signed_in, unblinded
from tests.pages import Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(roles: None) -> User:
    return build.user("chief", is_staff=True, is_superuser=True)


@pytest.fixture
def desk(chief: User) -> Client:
    return signed_in(chief)


@pytest.fixture(autouse=True)
def _whole_at_the_end(db: None) -> Iterator[None]:
    yield
    assert check().fault is None


def told(*verbs: Verb) -> list[tuple[str, str, dict[str, Any]]]:
    """Who did what of these to which thing, in order: (actor, object, facts)."""
    found = AuditEvent.objects.filter(verb__in=verbs).order_by("number")
    return [(event.actor, event.object, event.facts) for event in found]


def by(person: User) -> str:
    return f"person:{person.pk}"


# --- Managers and operators -------------------------------------------------------------


def test_what_managers_do_with_an_interview(manager, reviewer):
    running, closed = build.interview(at=timezone.now()), build.handed_in(texts=["an answer"])
    build.graded(closed.answers.get(position=1))
    reviewer.get(reverse("review", args=[closed.pk]))
    reviewer.get(reverse("review", args=[closed.pk]))
    unblinded(reviewer, closed)
    reviewer.get(reverse("review-receipt-file", args=[closed.pk]))
    reviewer.post(reverse("extend", args=[running.pk]), {"minutes": 5, "reason": "a fire alarm", "seen": 0})
    reviewer.post(reverse("extend", args=[running.pk]), {"minutes": 5, "reason": "a fire alarm", "seen": 0})  # twice
    for _ in range(2):
        reviewer.post(reverse("grade-again", args=[closed.pk, 1]))
    assert told(Verb.INTERVIEW_SEEN, Verb.RECEIPT_SEEN) == [(by(manager), f"interview:{closed.pk}", {})] * 2
    assert told(Verb.TIME_ADDED) == [(by(manager), f"interview:{running.pk}", {"seconds": 300})]
    assert told(Verb.GRADE_REQUESTED) == [(by(manager), f"interview:{closed.pk}", {"question": 1})]


def test_an_interview_that_was_abandoned(manager, reviewer, arriving):
    sitting = build.interview(expiry=InterviewTemplate.Expiry.ABANDON)
    arriving(NOON + timedelta(hours=1))
    reviewer.get(reverse("review-list"))
    for _ in range(2):
        reviewer.post(reverse("grade-abandoned", args=[sitting.pk]))
    assert told(Verb.ABANDONED_GRADED) == [(by(manager), f"interview:{sitting.pk}", {})]


def test_what_waited_for_a_person(manager, reviewer):
    closed = build.handed_in()
    first, _second = [build.parked(answer) for answer in closed.answers.order_by("position")]
    reviewer.post(reverse("try-again", args=[first.pk]))
    reviewer.post(reverse("try-all-again"))
    reviewer.post(reverse("try-all-again"))
    assert told(Verb.GRADE_REQUESTED) == [(by(manager), f"interview:{closed.pk}", {"question": 1})]
    assert told(Verb.PARKED_RETRIED) == [(by(manager), "", {"count": 1})]


def test_looking_at_a_grade_is_looking_at_its_interview(chief, desk):
    closed = build.handed_in(texts=["an answer"])
    grade = build.graded(closed.answers.get(position=1))
    desk.get(reverse("admin:interviewer_grade_change", args=[grade.pk]))
    assert told(Verb.INTERVIEW_SEEN) == [(by(chief), f"interview:{closed.pk}", {})]


def test_what_candidates_do_is_not_recorded_here(candidate):
    build.handed_in(candidate, texts=["an answer"])
    assert not AuditEvent.objects.exclude(verb=Verb.QUESTION_FOUND).exists()


def test_closing_the_accounts_of_the_demo_people(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    build.user("visitor", email="visitor@demo.invalid")
    for _ in range(2):
        call_command("remove_demo_people", stdout=io.StringIO())
    assert told(Verb.DEMO_CLOSED) == [("command", "", {"count": 1})]


# --- The admin --------------------------------------------------------------------------


def change(desk: Client, row: Any, **fields: Any) -> None:
    """Send the admin's form of a row with some fields changed."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    form = desk.get(reverse(name, args=[row.pk])).context["adminform"].form
    sent = {key: form.get_initial_for_field(field, key) for key, field in form.fields.items()}
    sent = {key: [each.pk for each in value] if isinstance(value, list) else value for key, value in sent.items()}
    sent = {
        key: "on" if value is True else value for key, value in sent.items() if value is not None and value is not False
    }
    for key in ("last_login", "date_joined"):
        if moment := sent.pop(key, None):
            sent[f"{key}_0"], sent[f"{key}_1"] = str(timezone.localtime(moment).replace(tzinfo=None)).split()
    response = desk.post(reverse(name, args=[row.pk]), {**sent, **fields})
    assert response.status_code == 302, response.context["adminform"].form.errors


def test_templates(chief, desk):
    template, topic = build.template(minutes=10), build.topic()
    change(desk, template, minutes=20, name="Another name", topics=[topic.pk])
    change(desk, template)  # nothing
    desk.post(reverse("admin:interviewer_interviewtemplate_delete", args=[template.pk]), {"post": "yes"})
    changed = {"name": {}, "topics": {"added": [topic.pk], "removed": []}, "minutes": {"from": 10, "to": 20}}
    name = f"template:{template.pk}"
    assert told(Verb.TEMPLATE_CHANGED, Verb.TEMPLATE_DELETED) == [
        (by(chief), name, {"changed": changed}),
        (by(chief), name, {}),
    ]
    page = Page(desk.get(reverse("audit"), {"verb": "template.changed"}))
    assert ": 10 → 20" in page.text and f"+ {topic}" in page.text


def test_people_and_their_groups(chief, desk, roles):
    person, group = build.user("li-wei"), Group.objects.get(name="managers")
    change(desk, person, groups=[group.pk], is_staff="on")
    desk.post(
        reverse("admin:auth_user_password_change", args=[person.pk]),
        {"password1": "another good password", "password2": "another good password", "usable_password": "true"},
    )
    [(actor, name, facts)] = told(Verb.PERSON_CHANGED)
    assert (actor, name) == (by(chief), by(person))
    assert facts["changed"]["groups"] == {"added": [group.pk], "removed": []}
    assert facts["changed"]["is_staff"] == {"from": False, "to": True}
    assert told(Verb.PASSWORD_SET) == [(by(chief), by(person), {})]
    desk.post(
        reverse("admin:interviewer_user_changelist"),
        {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"},
    )
    assert told(Verb.PERSON_DELETED) == [(by(chief), by(person), {})]


def test_a_password_that_was_not_set_is_not_told_of(desk):
    person = build.user()
    page = reverse("admin:auth_user_password_change", args=[person.pk])
    desk.get(page)
    desk.post(page, {"password1": "another good password", "password2": "mistyped", "usable_password": "true"})
    assert told(Verb.PASSWORD_SET) == []


def test_what_a_group_may_do(chief, desk, roles):
    group = Group.objects.get(name="operators")
    [was, kept] = group.permissions.order_by("pk")
    change(desk, group, permissions=[kept.pk])
    changed = {"permissions": {"added": [], "removed": [was.pk]}}
    assert told(Verb.GROUP_CHANGED) == [(by(chief), f"group:{group.pk}", {"changed": changed})]
    assert was.codename in Page(desk.get(reverse("audit"))).text


def test_extra_time_of_people(chief, desk, candidate):
    desk.post(
        reverse("admin:interviewer_accommodation_add"),
        {"person": candidate.pk, "multiplier": "1.25", "extra_minutes": 0},
    )
    row = Accommodation.objects.get()
    change(desk, row, extra_minutes=10)
    desk.post(reverse("admin:interviewer_accommodation_delete", args=[row.pk]), {"post": "yes"})
    events = told(Verb.ACCOMMODATION_ADDED, Verb.ACCOMMODATION_CHANGED, Verb.ACCOMMODATION_DELETED)
    assert [name for _actor, name, _facts in events] == [by(candidate)] * 3
    assert events[0][2]["changed"]["multiplier"]["to"] == "1.25"
    assert events[1][2] == {"changed": {"extra_minutes": {"from": 0, "to": 10}}}


def test_topics_documents_and_drafts(curator):
    desk, topic = signed_in(curator), build.topic()
    change(desk, topic, name_en="Renamed")
    spare = Topic.objects.create(slug="spare", name_zh="多余", name_en="Spare")
    document = Document.objects.create(name="old", language="en", source="")
    draft = build.question(status=Question.Status.DRAFT)
    for row in (spare, document, draft):
        name = f"admin:questions_{row._meta.model_name}_delete"
        desk.post(reverse(name, args=[row.pk]), {"post": "yes"})
    assert told(Verb.TOPIC_CHANGED) == [(by(curator), f"topic:{topic.pk}", {"changed": {"name_en": {}}})]
    gone = told(Verb.TOPIC_DELETED, Verb.DOCUMENT_DELETED, Verb.QUESTION_DELETED)
    assert [name for _actor, name, _facts in gone] == [
        f"topic:{spare.pk}", f"document:{document.pk}", f"question:{draft.pk}",
    ]  # fmt: skip


def test_what_is_refused_is_not_recorded(curator):
    published = build.question()
    note([published.pk])
    desk = signed_in(curator)
    desk.post(reverse("admin:questions_question_delete", args=[published.pk]), {"post": "yes"})
    assert Question.objects.filter(pk=published.pk).exists()
    assert told(Verb.QUESTION_DELETED) == []


# --- Nobody's words ---------------------------------------------------------------------


CANARY = "canary7fe1"


def test_no_event_holds_a_text_a_name_or_an_address(chief, desk):
    person = build.user(CANARY, first_name=CANARY, last_name=CANARY, email=f"{CANARY}@example.org")
    closed = build.handed_in(person, texts=[f"{CANARY} an answer"] * 2, name=CANARY)
    build.graded(closed.answers.get(position=1), feedback=CANARY)
    running = build.interview(person, timezone.now(), name=CANARY)
    unblinded(desk, closed)
    sent = {f"q1-{point.key}": "met" for point in closed.answers.get(position=1).asked.points}
    desk.post(reverse("score-answer", args=[closed.pk, 1]), {**sent, "q1-reason": CANARY})
    desk.post(reverse("override", args=[closed.pk, 1]), {"counts": "mine", "seen": 0, "reason": CANARY})
    assert Override.objects.filter(reason=CANARY).exists()
    desk.get(reverse("review", args=[closed.pk]))
    desk.post(reverse("grade-again", args=[closed.pk, 1]))
    desk.post(reverse("extend", args=[running.pk]), {"minutes": 5, "reason": CANARY, "seen": 0})
    change(desk, person, first_name=f"{CANARY} again", email=f"{CANARY}2@example.org", is_active="on")
    change(desk, closed.template, name=f"{CANARY} again")
    change(desk, build.topic(), name_en=CANARY)
    desk.get(reverse("audit-file"), {"who": CANARY})
    assert AuditEvent.objects.count() > 6
    stored = list(AuditEvent.objects.values_list("actor", "verb", "object", "facts"))
    assert CANARY not in str(stored)


# --- The page ---------------------------------------------------------------------------


def shown(client: Client, **query: Any) -> list[int]:
    """The numbers of the events that a page shows, from the top."""
    ids = [known.get("id", "") for _tag, known in Page(client.get(reverse("audit"), query)).elements]
    return [int(each.removeprefix("event-")) for each in ids if each.startswith("event-")]


@pytest.fixture
def five(curator: User, manager: User) -> None:
    """Events 1 to 5, one a day from noon of the first of March 2026 on."""
    for n, (actor, verb, thing) in enumerate(
        (
            (curator, Verb.QUESTION_EDITED, "question:12"),
            (curator, Verb.TOPIC_CHANGED, "topic:1"),
            (manager, Verb.QUESTION_EDITED, "question:12"),
            (audit.COMMAND, Verb.QUESTION_IMPORTED, "document:1"),
            (manager, Verb.QUESTION_EDITED, "question:1"),
        )
    ):
        audit.record(actor, verb, thing, {}, NOON + timedelta(days=n - 1))


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"who": "curator"}, [2, 1]),
        ({"who": "command"}, [4]),
        ({"who": "nobody at all"}, []),
        ({"verb": "question.edited"}, [5, 3, 1]),
        ({"object": "question:12"}, [3, 1]),
        ({"object": "question:12", "who": "manager"}, [3]),
        ({"since": "2026-03-02", "until": "2026-03-03"}, [3, 2]),
        ({"until": "2026-03-01"}, [1]),
    ],
)
def test_filters(five, reviewer, query, numbers):
    assert shown(reviewer, **query) == numbers


@pytest.mark.parametrize(
    "query",
    [{"verb": "x"}, {"object": "=1"}, {"since": "yesterday"}, {"before": "x"}, {"after": 2**80}, {"object": "a b:1"}],
)
def test_a_filter_that_cannot_be_read_shows_nothing(five, reviewer, query):
    response = reviewer.get(reverse("audit"), query)
    assert response.status_code == 400
    assert "nothing is shown" in Page(response).text and "event-" not in response.content.decode()


def test_pages_go_by_number_both_ways_and_keep_the_filters(reviewer, django_assert_max_num_queries):
    for n in range(120):
        audit.record(audit.COMMAND, Verb.TOPIC_CHANGED, f"topic:{n}", {}, NOON)
        audit.record(audit.PROGRAM, Verb.TOPIC_CHANGED, f"topic:{n}", {}, NOON)
    first = shown(reviewer, who="command")
    second = shown(reviewer, who="command", before=first[-1])
    third = shown(reviewer, who="command", before=second[-1])
    assert [len(first), len(second), len(third)] == [50, 50, 20]
    assert first + second + third == list(range(239, 0, -2))
    assert shown(reviewer, who="command", after=second[0]) == first
    with django_assert_max_num_queries(10):
        page = Page(reviewer.get(reverse("audit"), {"who": "command", "before": first[-1]}))
    links = [known["href"] for tag, known in page.elements if tag == "a"]
    assert f"?who=command&before={second[-1]}" in links and f"?who=command&after={second[0]}" in links


def test_an_empty_log_says_what_will_be_there(reviewer):
    assert "Nothing has been recorded yet" in Page(reviewer.get(reverse("audit"))).text


def test_operators_read_it_too_and_its_link_is_shown_to_readers_alone(curator, roles):
    operator = build.user()
    operator.groups.add(Group.objects.get(name="operators"))
    assert signed_in(operator).get(reverse("audit")).status_code == 200
    assert reverse("audit") in signed_in(operator).get("/").content.decode()
    assert f'href="{reverse("audit")}"' not in signed_in(curator).get("/").content.decode()


def test_the_page_does_not_say_whose_an_interview_is(reviewer):
    person = build.user("li-wei", first_name="Wei", last_name="Li")
    closed = build.handed_in(person)
    reviewer.get(reverse("review", args=[closed.pk]))
    text = Page(reviewer.get(reverse("audit"))).text
    assert closed.template.name in text and "Li" not in text.split() and "li-wei" not in text


# --- The file ---------------------------------------------------------------------------


def test_the_file_holds_what_is_filtered_and_is_itself_recorded(five, manager, reviewer):
    response = reviewer.get(reverse("audit-file"), {"who": "manager"})
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["number"] for row in rows] == ["3", "5", "6"]
    assert rows[-1]["verb"] == "audit.exported"
    assert rows[0]["sentence"] == "manager changed a question: question 12 (deleted)"
    assert rows[1]["previous"] == AuditEvent.objects.get(number=4).hash
    assert told(Verb.AUDIT_EXPORTED) == [(by(manager), "", {"who": [by(manager)]})]


def test_no_cell_of_the_file_is_a_formula(reviewer):
    person = build.user("=cmd|' /C calc'!A0")
    audit.record(person, Verb.QUESTION_EDITED, build.question(title="=1+1"), {}, NOON)
    text = b"".join(reviewer.get(reverse("audit-file")).streaming_content).decode("utf-8-sig")
    [row, _exported] = csv.DictReader(io.StringIO(text))
    assert row["sentence"].startswith("'=cmd")
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


def test_a_file_of_a_filter_that_cannot_be_read_is_not_made(reviewer):
    assert reviewer.get(reverse("audit-file"), {"verb": "x"}).status_code == 400
    assert told(Verb.AUDIT_EXPORTED) == []

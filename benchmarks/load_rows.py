"""Rows for `load.py`, and what must be true of them afterwards; run inside the program under load."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.db.models import Count, Max, Min, Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from interviewer import access, interviews, receipts
from interviewer.models import Answer, Grade, Interview, InterviewTemplate, User
from tests import build

SUBJECTS = [
    "缓存命中可以省去重复计算", "批处理提高吞吐", "量化减少显存与带宽", "梯度累积换来更大的批次", "检索增强减少幻觉",
    "脱敏保护隐私数据", "索引加快查询", "灰度发布减小风险",
]  # fmt: skip


def prepare(people: int) -> dict[str, Any]:
    """A bank of eight questions, two templates that ask them all, `people` candidates and a manager, signed in."""
    access.ensure_roles()
    for text in SUBJECTS:
        build.question(title=text, prompt=f"请说明：{text}。", points=[text])
    templates = [build.template(question_count=len(SUBJECTS), minutes=120) for _ in range(2)]
    manager = User.objects.create(username="manager")
    manager.groups.add(Group.objects.get(name="managers"))
    build.home().members.add(manager)
    made = User.objects.bulk_create(User(username=f"person{n:05}") for n in range(people))
    return {
        "templates": [template.pk for template in templates],
        "manager": _session(manager),
        "people": [_session(person) for person in made],
    }


def _session(person: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return session.session_key


def started(template: int) -> dict[str, Any]:
    """The interviews on a template by candidate, in order, and how many candidates have another number than one."""
    rows = list(
        Interview.objects.filter(template=template).order_by("candidate__username").values_list("candidate", "pk")
    )
    counts = Counter(candidate for candidate, _ in rows)
    return {
        "interviews": [str(pk) for _, pk in rows],
        "wrong": sum(count != 1 for count in counts.values()),
        "answers": Answer.objects.filter(interview__template=template).count(),
    }


def begin(template: int) -> None:
    """An interview on the template for every candidate, without the web."""
    chosen = InterviewTemplate.objects.get(pk=template)
    for person in User.objects.filter(username__startswith="person").order_by("username"):
        interviews.start(chosen, person, timezone.now())


def write_the_rest(template: int) -> None:
    """A text for every answer but the first of each interview: blank ones would need no model."""
    for answer in Answer.objects.filter(interview__template=template, position__gt=1):
        said = f"我的看法是：{answer.asked.points[0].text}，不过要先测量，再决定从哪里做起（{answer.pk}）。"
        Answer.objects.filter(pk=answer.pk).update(text=said, revision=1)


def texts(template: int) -> dict[str, list[Any]]:
    """Interview → the SHA-256 of its first answer's text, and its revision."""
    rows = Answer.objects.filter(interview__template=template, position=1).values_list("interview", "text", "revision")
    return {str(pk): [sha256(text.encode()).hexdigest(), revision] for pk, text, revision in rows}


def handed_in(template: int) -> dict[str, int]:
    """How many were handed in, with receipts that do not fit their texts, and answers without exactly one grade."""
    found = Interview.objects.filter(template=template, submitted_at__isnull=False).prefetch_related("answers")
    fitting = [each.receipt_sha256 == receipts.whole_hash(each, each.answers.order_by("position")) for each in found]
    grades = Answer.objects.filter(interview__in=found).annotate(n=Count("grades"))
    return {"handed_in": len(fitting), "wrong": fitting.count(False), "ungraded": grades.exclude(n=1).count()}


def grades_left() -> int:
    """How many grades are still to be done."""
    return Grade.objects.pending().count()


def grade_all_again(template: int) -> None:
    """Ask for a new grade of every answer, as a manager's button does; the workers hear of all at once."""
    manager = User.objects.get(username="manager")
    with transaction.atomic():
        for answer in Answer.objects.filter(interview__template=template).select_related("interview"):
            interviews.grade_again(answer, manager, timezone.now())


def graded_since(pk: int) -> dict[str, Any]:
    """What became of the grades after `pk`: how many, in how many seconds, and how many are wrong.

    Wrong are answers without one grade in force, and grades that did not take exactly one call.
    """
    rows = Grade.objects.filter(pk__gt=pk)
    times = rows.filter(status=Grade.Status.DONE).aggregate(
        first=Min("graded_at"), last=Max("graded_at"), n=Count("pk")
    )
    several = rows.values("answer").annotate(n=Count("pk", filter=Q(status=Grade.Status.DONE))).exclude(n=1)
    return {
        "done": times["n"],
        "seconds": (times["last"] - times["first"]).total_seconds() if times["n"] else 0,
        "wrong": several.count() + rows.exclude(calls=1).count(),
    }


def last_grade() -> int:
    """The newest grade's primary key."""
    return Grade.objects.aggregate(last=Max("pk"))["last"] or 0


def graded_interviews(count: int, answers: int = 5) -> None:
    """`count` interviews handed in and graded, each by one of 200 candidates, made in bulk."""
    sample = build.handed_in(User.objects.create(username="sample"), texts=[SUBJECTS[0] * 20], question_count=1)
    asked = sample.answers.get()
    verdict = build.verdict(asked)
    people = User.objects.bulk_create(
        User(username=f"past{n:03}", first_name="Ada", last_name=str(n)) for n in range(200)
    )
    at = timezone.now() - timedelta(days=60)
    for begun in (range(first, min(first + 500, count)) for first in range(0, count, 500)):
        made = Interview.objects.bulk_create(
            Interview(
                template=sample.template, candidate=people[n % len(people)], language="zh-hans", mode="exam",
                consented_at=at, started_at=at + timedelta(minutes=n), deadline=at + timedelta(minutes=n + 60),
                base_deadline=at + timedelta(minutes=n + 60), current_since=at,
                submitted_at=at + timedelta(minutes=n + 30), submitted_by="candidate",
                receipt_sha256="0" * 64,
            )
            for n in begun
        )  # fmt: skip
        written = Answer.objects.bulk_create(
            Answer(
                interview=interview, position=n, question=asked.question, frozen=asked.frozen, text=asked.text,
                seconds_suggested=600,
            )
            for interview in made for n in range(1, answers + 1)
        )  # fmt: skip
        Grade.objects.bulk_create(
            Grade(
                answer=answer, status="done", grader="semantic", created_at=at, next_try_at=at, graded_at=at,
                score=answer.position / answers, verdict=verdict,
            )
            for answer in written
        )  # fmt: skip
    if connection.vendor == "postgresql":  # does so by itself within a minute
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def queries_of(page: str) -> int:
    """How many queries a manager's page takes."""
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(username="manager"))
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len(captured)


def show(value: Any) -> None:
    """Print for the process that asked."""
    print(json.dumps(value))

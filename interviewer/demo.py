"""What a first visitor finds: a few interview templates, and (only while DEBUG) three people and a position."""

from __future__ import annotations

import json
import os
import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from interviewer import hiring
from interviewer.models import BlueprintRow, InterviewTemplate, Organisation, Position, User
from questions.models import Language, Topic

DOMAIN = "@demo.invalid"  # by which a demo person is known
DEMO_GUEST = "Demo guest"  # whom the printed invitation is for
USERNAMES = {"candidate": None, "curator": "curators", "manager": "managers"}  # name → group

TEMPLATES = [
    ("五分钟热身", Language.CHINESE, 2, 5, InterviewTemplate.Mode.PRACTICE, ["evaluation", "tuning", "serving"]),
    ("大模型工程面试", Language.CHINESE, 5, 30, InterviewTemplate.Mode.PRACTICE, [
        "training", "tuning", "compression", "serving", "retrieval", "agents", "deployment", "monitoring"]),
    ("AI 创业与商业化", Language.CHINESE, 5, 30, InterviewTemplate.Mode.EXAM, [
        "market", "users", "team", "business-model", "privacy", "governance"]),
    ("Five-minute warm-up", Language.ENGLISH, 2, 5, InterviewTemplate.Mode.PRACTICE, [
        "evaluation", "tuning", "serving"]),
    ("Large-model engineering", Language.ENGLISH, 5, 30, InterviewTemplate.Mode.PRACTICE, [
        "training", "tuning", "compression", "serving", "retrieval", "agents", "deployment", "monitoring"]),
]  # fmt: skip


def ensure_templates() -> None:
    """Make the starter templates where there is no template at all; what people made or deleted stays so."""
    if InterviewTemplate.objects.exists():
        return
    for name, language, count, minutes, mode, topics in TEMPLATES:
        template = InterviewTemplate.objects.create(
            name=name, language=language, question_count=count, minutes=minutes, mode=mode
        )
        template.topics.set(Topic.objects.filter(slug__in=topics))


def _passwords() -> dict[str, str]:
    """Name → password, invented once for this data folder and readable by its owner only."""
    path = settings.DATA_DIR / "demo-people.json"
    if path.exists():
        return json.loads(path.read_text())
    passwords = {name: f"{name}-{secrets.token_hex(4)}" for name in USERNAMES}
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(passwords, file)
    return passwords


def ensure_people() -> None:
    """Make the demo people who do not exist yet, in their groups. Never called with DEBUG off."""
    passwords = _passwords()
    for name, group in USERNAMES.items():
        defaults = {"is_staff": name == "curator", "email": name + DOMAIN}
        user, created = User.objects.get_or_create(username=name, defaults=defaults)
        if created:
            user.set_password(passwords[name])
            user.save()
            if group:
                user.groups.add(Group.objects.get(name=group))
            if name == "manager":
                Organisation.objects.home().members.add(user)


def ensure_position() -> None:
    """Make a position to show where there is none; what people made or closed stays so. Never with DEBUG off."""
    manager = User.objects.filter(username="manager").first()
    if manager is None or Position.objects.exists():
        return
    rows = [
        BlueprintRow(topic=Topic.objects.filter(slug=topic).first(), count=count, minutes_each=6)
        for topic, count in (("serving", 2), ("retrieval", 1), ("evaluation", 1))
    ]
    at = timezone.now()
    hiring.open_position(Organisation.objects.home(), "大模型推理工程师", Language.CHINESE, rows, manager, at)


def invitation_path() -> str:
    """Where a demo candidate without an account may begin; "" when no position is open. A new link each time."""
    position = Position.objects.open().filter(created_by__username="manager", created_by__email="manager" + DOMAIN)
    if not settings.DEBUG or (found := position.order_by("pk").first()) is None:
        return ""
    at, lasts = timezone.now(), timedelta(days=7)
    waiting = found.invitations.filter(name=DEMO_GUEST, accepted_at__isnull=True).first()
    if waiting:
        token = hiring.renew(waiting, None, at, lasts)
    else:
        _row, token = hiring.invite(found, [hiring.Invitee(DEMO_GUEST)], lasts, found.created_by, at)[0]
    return reverse("invitation", args=[token])


def credentials(address: str = "") -> list[str]:
    """Lines that say whom to sign in as; nothing with DEBUG off."""
    if not settings.DEBUG:
        return []
    people = [f"  {name:<10} {password}" for name, password in _passwords().items()]
    lines = [_("Sign in as one of the demo people, name and password (they exist only while DEBUG is on):"), *people]
    if path := invitation_path():
        lines += [_("Or sit an interview as a guest, without an account:"), "  " + address.rstrip("/") + path]
    return lines


def people_left() -> list[str]:
    """Names of demo people who can still sign in."""
    return list(User.objects.filter(email__endswith=DOMAIN, is_active=True).values_list("username", flat=True))

"""What a first visitor finds: a few interview templates, and (only while DEBUG) three people to sign in as."""

from __future__ import annotations

import json
import os
import secrets

from django.conf import settings
from django.contrib.auth.models import Group
from django.utils.translation import gettext as _

from interviewer.models import InterviewTemplate, User
from questions.models import Language, Topic

DOMAIN = "@demo.invalid"  # by which a demo person is known
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


def credentials() -> list[str]:
    """Lines that say whom to sign in as; nothing with DEBUG off."""
    if not settings.DEBUG:
        return []
    people = [f"  {name:<10} {password}" for name, password in _passwords().items()]
    return [_("Sign in as one of the demo people, name and password (they exist only while DEBUG is on):"), *people]


def people_left() -> list[str]:
    """Names of demo people who can still sign in."""
    return list(User.objects.filter(email__endswith=DOMAIN, is_active=True).values_list("username", flat=True))

"""`manage.py remove_demo_people`: before real people come."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import ngettext

from interviewer import audit, demo
from interviewer.models import User
from questions.management.terminal import TerminalCommand


class Command(TerminalCommand):
    help = "Close the accounts of the demo people; their interviews stay."
    requires_migrations_checks = False
    requires_system_checks = []  # it mends what the checks refuse

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            count = User.objects.filter(username__in=demo.people_left()).update(is_active=False)
            if count:
                audit.record(audit.COMMAND, audit.Verb.DEMO_CLOSED, "", {"count": count}, timezone.now())
        (settings.DATA_DIR / "demo-people.json").unlink(missing_ok=True)
        self.stdout.write(ngettext("%d demo account closed.", "%d demo accounts closed.", count) % count)

"""`manage.py remove_demo_people`: before real people come."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from interviewer import demo
from interviewer.models import User


class Command(BaseCommand):
    help = "Close the accounts of the demo people; their interviews stay."
    requires_system_checks = []  # it mends what the checks refuse

    def handle(self, *args: Any, **options: Any) -> None:
        count = User.objects.filter(username__in=demo.people_left()).update(is_active=False)
        (settings.DATA_DIR / "demo-people.json").unlink(missing_ok=True)
        self.stdout.write(f"{count} demo accounts closed.")

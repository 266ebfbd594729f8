"""`manage.py prepare`: all that must exist before the program runs. A step that was done before is quick."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.utils.translation import gettext as _

from interviewer import access, demo, showcase
from questions import bundled, importing, retrieval
from questions.management.terminal import TerminalCommand


class Command(TerminalCommand):
    help = "Migrate, make roles, unpack the embedding model, load the starter bank, build the index, make demo people."

    def handle(self, *args: Any, **options: Any) -> None:
        self._step(_("Database"), lambda: call_command("migrate", verbosity=0, interactive=False))
        self._step(_("Roles"), access.ensure_roles)
        if settings.EMBEDDING_MODEL == "bundled":
            self._step(_("Embedding model"), lambda: bundled.ensure(self.stdout.write))
        self._step(_("Starter bank"), importing.import_starter_bank)
        self._step(_("Search index"), lambda: retrieval.sync(self._progress))
        self._step(_("Interview templates"), demo.ensure_templates)
        if settings.DEBUG:
            self._step(_("Demo people"), demo.ensure_people)
        self._step(_("Sample on the front page"), showcase.ensure)

    def _progress(self, done: int, total: int) -> None:
        self.stdout.write(f" {done}/{total}", ending="")
        self.stdout.flush()

    def _step(self, name: str, do: Callable[[], Any]) -> None:
        self.stdout.write(f"  {name} …", ending="")
        self.stdout.flush()
        began = time.monotonic()
        do()
        self.stdout.write(f" {time.monotonic() - began:.1f} s")

"""`manage.py prepare`: all that must exist before the program runs. A step that was done before is quick."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils.translation import gettext as _

from interviewer import access, demo, showcase
from questions import bundled, importing
from questions.locking import only_one
from questions.management.terminal import TerminalCommand

LOCK = 7_431_152_026  # the name, as PostgreSQL wants it, of "somebody prepares this database"


@contextmanager
def alone() -> Iterator[None]:
    """Wait while another process prepares this folder or this database, then keep others waiting.

    Two first migrations at once would both make the same tables.
    """
    with only_one(settings.DATA_DIR / "prepare.lock"):
        if connection.vendor != "postgresql":
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")  # however long the other one takes
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


class Command(TerminalCommand):
    help = "Migrate, make roles, unpack the embedding model, load the starter bank, make demo people."
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        with alone():
            self._prepare()

    def _prepare(self) -> None:
        self._step(_("Database"), lambda: call_command("migrate", verbosity=0, interactive=False))
        self._step(_("Roles"), access.ensure_roles)
        if settings.EMBEDDING_MODEL == "bundled":
            self._step(_("Embedding model"), lambda: bundled.ensure(self.stdout.write))
        self._step(_("Starter bank"), importing.import_starter_bank)
        self._step(_("Interview templates"), demo.ensure_templates)
        if settings.DEBUG:
            self._step(_("Demo people"), demo.ensure_people)
            self._step(_("Demo position"), demo.ensure_position)
        self._step(_("Sample on the front page"), showcase.ensure)

    def _step(self, name: str, do: Callable[[], Any]) -> None:
        self.stdout.write(f"  {name} …", ending="")
        self.stdout.flush()
        began = time.monotonic()
        do()
        self.stdout.write(f" {time.monotonic() - began:.1f} s")

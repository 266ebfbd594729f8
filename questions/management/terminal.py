"""Commands that speak to a person at a terminal."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

from questions.migrated import is_migrated


def terminal_language() -> str:
    """The language of the terminal's locale if it is one of ours; otherwise that of the site."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if locale.startswith("en") else settings.LANGUAGE_CODE


UNAVAILABLE = 69  # exit status (EX_UNAVAILABLE); commands that verify something have their own meanings of 1 to 6


class TerminalCommand(BaseCommand):
    """A command whose words follow the terminal's locale, as pages follow the browser's.

    Unless it says otherwise, it needs the database, and ends before it begins when that is not there or not migrated.
    """

    requires_migrations_checks = True

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        with translation.override(terminal_language()):
            self.help = str(self.help)  # argparse takes no lazy strings
            return super().create_parser(prog_name, subcommand, **options)

    def execute(self, *args: Any, **options: Any) -> Any:
        with translation.override(terminal_language()):
            return super().execute(*args, **options)

    def check_migrations(self) -> None:
        """Raises CommandError, where Django would go on after a notice."""
        try:
            prepared = is_migrated()
        except DatabaseError as error:
            reason = {"reason": " ".join(str(error).split())}
            raise CommandError(_("The database cannot be used: %(reason)s") % reason, returncode=UNAVAILABLE) from None
        if not prepared:
            problem = _("The database is not prepared for this version: run “manage.py prepare” first.")
            raise CommandError(problem, returncode=UNAVAILABLE)

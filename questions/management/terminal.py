"""Commands that speak to a person at a terminal."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation


def terminal_language() -> str:
    """The language of the terminal's locale if it is one of ours; otherwise that of the site."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if locale.startswith("en") else settings.LANGUAGE_CODE


class TerminalCommand(BaseCommand):
    """A command whose words follow the terminal's locale, as pages follow the browser's."""

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        with translation.override(terminal_language()):
            self.help = str(self.help)  # argparse takes no lazy strings
            return super().create_parser(prog_name, subcommand, **options)

    def execute(self, *args: Any, **options: Any) -> Any:
        with translation.override(terminal_language()):
            return super().execute(*args, **options)

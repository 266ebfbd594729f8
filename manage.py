#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interviewer.settings")
    from django.core.management import execute_from_command_line
    from django.utils import translation

    # Pages follow the browser; a terminal is spoken to as its locale says, and in Chinese when that says nothing.
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    if locale.startswith("en"):
        translation.activate("en")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

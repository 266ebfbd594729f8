"""`manage.py search TEXT [-k N] [--language zh-hans|en] [--json]`"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from questions import retrieval
from questions.management.terminal import TerminalCommand
from questions.models import Language


class Command(TerminalCommand):
    help = gettext_lazy("Search the published questions, by meaning and by words.")  # type: ignore[assignment]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text", help=_("What to search for, in Chinese or English."))
        parser.add_argument("-k", type=int, default=10, metavar="N", help=_("How many questions to print at most."))
        parser.add_argument("--language", choices=Language.values, help=_("Only questions in this language."))
        parser.add_argument("--json", action="store_true", help=_("Print a JSON list and nothing else."))

    def handle(self, *args: Any, **options: Any) -> None:
        hits = retrieval.search(options["text"], options["k"], options["language"])
        if options["json"]:
            self.stdout.write(json.dumps([_row(hit) for hit in hits], ensure_ascii=False))
            return
        for hit in hits:
            self.stdout.write(f"{hit.score:8.3f}  {hit.slug}  [{hit.language}]  {hit.title}")
        if not hits:
            self.stdout.write(_("Nothing was found."))


def _row(hit: retrieval.Hit) -> dict[str, str | float]:
    return {"slug": hit.slug, "title": hit.title, "language": hit.language, "score": round(hit.score, 4)}

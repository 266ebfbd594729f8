"""`manage.py export_questions OUT [--format F] [--document NAME] [--language L] [--topic SLUG] [--status S]…`"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from questions.documents import FORMATS
from questions.exporting import Exported, ExportFailed, Selection, export_files
from questions.management.terminal import TerminalCommand
from questions.models import Language, Question


class Command(TerminalCommand):
    help = gettext_lazy("Write the bank's questions into a folder, as documents that can be imported again.")  # type: ignore[assignment]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("out", metavar="OUT", help=_("The folder; files of the same names in it are replaced."))
        parser.add_argument("--format", choices=FORMATS, default="md", help=_("The format of the files."))
        parser.add_argument("--document", default="", metavar="NAME", help=_("Only the document of this name."))
        parser.add_argument(
            "--language", choices=Language.values, default="", help=_("Only questions in this language.")
        )
        parser.add_argument("--topic", default="", metavar="SLUG", help=_("Only questions of this topic."))
        parser.add_argument(
            "--status",
            action="append",
            default=[],
            choices=Question.Status.values,
            help=_("Only questions of this status; may be given again. Without it, all of them."),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = Selection(options["document"], options["language"], options["topic"], tuple(options["status"]))
        try:
            found = export_files(Path(options["out"]), chosen, options["format"])
        except ExportFailed as error:
            raise CommandError(str(error)) from error
        if not found:
            raise CommandError(_("Nothing was exported: no question is like that."))
        for exported in found:
            self._print(exported)

    def _print(self, exported: Exported) -> None:
        questions = ngettext("%d question", "%d questions", exported.questions) % exported.questions
        self.stdout.write(f"{exported.file}: {questions}")
        for remark in exported.remarks:
            place = f"{exported.file}:{remark.line}:" if remark.line else f"{exported.file}:"
            self.stdout.write(self.style.WARNING(f"  {place} {remark.message}"))

"""`manage.py rebuild_index`"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from questions import retrieval
from questions.embedding import EmbeddingError
from questions.management.terminal import TerminalCommand


class Command(TerminalCommand):
    help = gettext_lazy("Embed what has no vector yet and write the index anew from the database.")  # type: ignore[assignment]

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = retrieval.rebuild(self._progress)
        except (EmbeddingError, OSError) as error:
            raise CommandError(str(error)) from error
        summary = _("%(questions)d questions, %(passages)d passages in the index, %(embedded)d texts embedded.")
        self.stdout.write(self.style.SUCCESS(summary % vars(report)))

    def _progress(self, done: int, of: int) -> None:
        self.stdout.write(_("%(done)d of %(of)d passages …") % {"done": done, "of": of})

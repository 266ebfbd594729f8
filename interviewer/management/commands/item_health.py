"""`manage.py item_health [-k N]`"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tqdm import tqdm

from interviewer import item_health, item_reasons
from interviewer.models import Answer, ItemStatistics
from questions.management.terminal import TerminalCommand


class Command(TerminalCommand):
    help = gettext_lazy("Compute how the questions fare from all answers, and list those to look at first.")  # type: ignore[assignment]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("-k", type=int, default=10, help=_("How many questions to list."))

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(total=Answer.objects.count(), unit=_("answers"), disable=None) as bar:
            answers = item_health.compute(timezone.now(), bar.update)
        queue = ItemStatistics.objects.of_the_bank().exclude(reasons="").worst_first()
        told = _("Answers of interviews that were handed in: %(answers)d. Questions to look at: %(found)d.")
        self.stdout.write(told % {"answers": answers, "found": queue.count()})
        for item in queue.select_related("question")[: max(0, options["k"])]:
            self.stdout.write(f"\n{item.question.slug}  {item.question.title}")
            for reason in item_reasons.reasons(item):
                self.stdout.write(f"  {reason.sentence}")

"""`manage.py duplicates [--language zh-hans|en] [--threshold X] [--all] [--json]`"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from tqdm import tqdm

from questions import duplicates, sameness
from questions.embedding import EmbeddingError
from questions.management.terminal import TerminalCommand
from questions.models import Language, Question, QuestionQuerySet
from questions.passages import Progress


class Command(TerminalCommand):
    help = gettext_lazy("List pairs of questions that ask (nearly) the same in one language.")  # type: ignore[assignment]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--language", choices=Language.values, help=_("Only questions in this language."))
        parser.add_argument(
            "--threshold",
            default=sameness.THRESHOLD,
            metavar="X",
            help=_("The least score of a pair, above 0 and up to 1: less finds more pairs (default: %(default)s)."),
        )
        parser.add_argument("--all", action="store_true", help=_("Look at drafts and retired questions too."))
        parser.add_argument("--json", action="store_true", help=_("Print a JSON list and nothing else."))

    def handle(self, *args: Any, **options: Any) -> None:
        threshold = _share(options["threshold"])
        questions = Question.objects.all() if options["all"] else Question.objects.published()
        if options["language"]:
            questions = questions.filter(language=options["language"])
        self._embed(questions)
        with _bar(_("comparing")) as progress:
            pairs = duplicates.find(questions, threshold, progress)
        if options["json"]:
            self.stdout.write(json.dumps([_row(pair) for pair in pairs], ensure_ascii=False))
        else:
            self._print(pairs)

    def _embed(self, questions: QuestionQuerySet) -> None:
        try:
            with _bar(_("embedding")) as progress:
                duplicates.embed(questions, progress)
        except EmbeddingError as problem:
            self.stderr.write(_("Only words are compared where there are no vectors: %(error)s") % {"error": problem})

    def _print(self, pairs: list[duplicates.Pair]) -> None:
        slugs = {slug for pair in pairs for slug in (pair.a, pair.b)}
        titles = {slug: question.title for slug, question in Question.objects.in_bulk(slugs, field_name="slug").items()}
        for pair in pairs:
            self.stdout.write(f"{pair.score:.2f}  {pair.kind.label}")
            for slug in (pair.a, pair.b):
                self.stdout.write(f"      {slug}  {titles.get(slug, '')}")
        if not pairs:
            self.stdout.write(_("No duplicates were found."))
            return
        found = ngettext("%d pair", "%d pairs", len(pairs)) % len(pairs)
        together = ngettext("%d group", "%d groups", count := len(duplicates.groups(pairs))) % count
        self.stdout.write(_("%(pairs)s in %(groups)s") % {"pairs": found, "groups": together})


def _row(pair: duplicates.Pair) -> dict[str, str | float]:
    return {"a": pair.a, "b": pair.b, "score": round(pair.score, 4), "kind": pair.kind.value}


def _share(text: str | float) -> float:
    """A number above 0 and up to 1. Raises CommandError; argparse would do so in the site's language."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1:
        message = _("“%(text)s” is not a number above 0 and up to 1.")
        raise CommandError(message % {"text": text})
    return value


@contextmanager
def _bar(what: str) -> Iterator[Progress]:
    """A progress bar on a terminal's stderr, for what takes longer than a second."""
    with tqdm(desc=what, delay=1, disable=None) as bar:

        def show(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        yield show

"""The stored double scores: people's blind ones paired with the machine's of the same answer and rubric."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Q

from interviewer import trust
from interviewer.models import Answer, Grade, HumanScore
from interviewer.trust import Pair, Trust

Setup = tuple[str, str, str]  # grader, model, prompt's hash
Item = tuple[int | None, str]  # question, rubric's hash


@dataclass
class DoubleScores:
    """Pairs by what they measure: a grader with its model and prompt, over all questions and on one."""

    of_setup: dict[Setup, list[Pair]] = field(default_factory=lambda: defaultdict(list))
    of_item: dict[tuple[Setup, Item], list[Pair]] = field(default_factory=lambda: defaultdict(list))

    def trust(self, answer: Answer, grade: Grade) -> Trust:
        """What is known of a done grade."""
        assert grade.score is not None and grade.verdict is not None
        setup = _setup(grade)
        own = self.of_item.get((setup, (answer.question_id, grade.rubric_hash)), [])
        return trust.trust(grade.score, grade.verdict, own, self.of_setup.get(setup, []))

    def low_setups(self) -> list[Setup]:
        """Those with which people are known to disagree."""
        enough = {setup: pairs for setup, pairs in self.of_setup.items() if len(pairs) >= trust.LEAST_PAIRS}
        return [setup for setup, pairs in enough.items() if trust.is_low(trust.agreement(pairs))]


def load(grades: Iterable[Grade] | None = None) -> DoubleScores:
    """The double scores of the set-ups that these grades came from, or of all; in one query.

    The newest grade of a set-up counts, once for each person. Scores given blind know of no grade, so that they
    measure those that were made later too.
    """
    found = HumanScore.objects.filter(
        _by(grades),
        phase=HumanScore.Phase.BEFORE,
        answer__grades__status=Grade.Status.DONE,
        answer__grades__rubric_hash=F("rubric_hash"),
    )
    names = ("grader", "model", "prompt_hash", "score")
    rows = found.order_by("answer__grades__pk").values_list(
        "pk", "answer__question", "rubric_hash", "score", *(f"answer__grades__{name}" for name in names)
    )
    newest: dict[tuple[int, Setup], tuple[Item, Pair]] = {}
    for pk, question, rubric, person, grader, model, prompt, machine in rows:
        newest[pk, (grader, model, prompt)] = (question, rubric), (person, machine)
    scores = DoubleScores()
    for (_pk, setup), (item, pair) in newest.items():
        scores.of_setup[setup].append(pair)
        scores.of_item[setup, item].append(pair)
    return scores


def _by(grades: Iterable[Grade] | None) -> Q:
    if grades is None:
        return Q()
    setups = {_setup(grade) for grade in grades}
    return Q(*(of_setup(setup, "answer__grades__") for setup in setups), _connector=Q.OR) if setups else Q(pk=None)


def of_setup(setup: Setup, prefix: str = "") -> Q:
    """The grades of a set-up."""
    fields: dict[str, Any] = dict(zip(("grader", "model", "prompt_hash"), setup, strict=True))
    return Q(**{prefix + name: value for name, value in fields.items()})


def _setup(grade: Grade) -> Setup:
    return grade.grader, grade.model, grade.prompt_hash

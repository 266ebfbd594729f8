"""Every number that a person reads of interviews, reckoned again from the stored rows by sums of this file's own."""

from __future__ import annotations

import csv
import io
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from statistics import fmean, stdev
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from interviewer import interviews, reviewing
from interviewer.grading import PointVerdict, scoring
from interviewer.models import Answer, Grade, HumanScore, Interview, Invitation, Override, Position, User
from questions.models import Question, RubricPoint
from tests import build
from tests.build import NOON
from tests.conftest import signed_in, unblinded
from tests.pages import Page

pytestmark = pytest.mark.django_db

T90 = {3: 2.92, 4: 2.35}  # by the number of scores: two-sided 90 % quantiles of Student's t, as tables print them
KINDS = {1: ("must", 1.0), 2: ("must", 2.5), 3: ("should", 1.5), 4: ("pitfall", 1.0)}


# --- The sums once more -------------------------------------------------------------------


def total(points: list[Mapping[str, Any]]) -> float:
    """The score of verdicts on points: musts share out the whole, half of a should on top, pitfalls taken away.

    To four decimals, as it is stored.
    """
    got: dict[str, float] = defaultdict(float)
    weight: dict[str, float] = defaultdict(float)
    for point in points:
        partly = 0.5 if point.get("credit") is None else point["credit"]
        weight[point["kind"]] += point["weight"]
        got[point["kind"]] += point["weight"] * {"met": 1.0, "partial": partly}.get(point["verdict"], 0.0)
    top = weight["must"]
    return round(max(0.0, (min(top, got["must"] + got["should"] / 2) - got["pitfall"]) / top), 4)


def machine(answer: Answer) -> float | None:
    """What the newest finished grade comes to by its own points; the mean of several gradings where there were some."""
    done = Grade.objects.filter(answer=answer, status="done").order_by("-pk").first()
    if done is None:
        return None
    samples = done.verdict["samples"]
    return round(fmean(samples), 4) if len(samples) > 1 else total(done.verdict["points"])


def person(score: HumanScore) -> float:
    """What a person's verdicts come to, by the weights that the answer was frozen with."""
    return total([{**point, "verdict": score.judgements[point["key"]]} for point in score.answer.frozen["points"]])


def counted(answer: Answer) -> float | None:
    """The score in force: that of the person whom the newest decision names, else the machine's."""
    newest = Override.objects.filter(answer=answer).order_by("-pk").first()
    return person(newest.human_score) if newest and newest.human_score else machine(answer)


def of_100(score: float) -> int:
    return round(score * 100)


def reach(scores: list[float]) -> tuple[int, int] | None:
    """Mean ± t·s/√n in points of 100."""
    if len(scores) < 3:
        return None
    half = T90[len(scores)] * stdev(scores) / len(scores) ** 0.5
    return of_100(max(0.0, fmean(scores) - half)), of_100(min(1.0, fmean(scores) + half))


def known(sitting: Interview) -> list[float]:
    scores = [counted(answer) for answer in sitting.answers.order_by("position")]
    return [score for score in scores if score is not None]


def by_topic(sitting: Interview) -> dict[str, int]:
    found: dict[str, list[float]] = defaultdict(list)
    for answer in sitting.answers.order_by("position"):
        if (score := counted(answer)) is not None:
            found[answer.frozen["topic"].title()].append(score)
    return {topic: of_100(fmean(scores)) for topic, scores in found.items()}


# --- The facts ---------------------------------------------------------------------------


@pytest.fixture
def position(db: None) -> Position:
    for place, prompt in enumerate(build.PROMPTS[:4]):
        question = build.question(
            points=[f"{prompt}之{n}" for n in KINDS],
            title=prompt,
            prompt=prompt,
            topic_slug=["serving", "training"][place % 2],
        )
        for order, (kind, weight) in KINDS.items():
            RubricPoint.objects.filter(question=question, order=order).update(kind=kind, weight=weight)
    return build.position(rows=[build.row(count=4)])


@pytest.fixture
def sittings(position: Position, manager: User) -> list[Interview]:
    """Five candidates with verdicts by lot; some grades made anew, repeated, missing, overridden, or not any more."""
    chance = random.Random(7)
    found = [build.sat(position, [None] * 4) for _ in range(4)]
    for sitting in found:
        for answer in sitting.answers.order_by("position"):
            by_lot(answer, chance)
    once_more = answer_of(found[0], 1)
    interviews.grade_again(once_more, manager, NOON)
    by_lot(once_more, chance, samples=(0.25, 0.5, 0.6))
    found.append(build.sat(position, [None] * 4))
    for place in (1, 2, 3):
        by_lot(answer_of(found[-1], place), chance)
    for sitting, place in ((found[0], 2), (found[1], 1), (found[1], 4), (found[2], 3)):
        judge(sitting, place, manager, chance)
    reviewing.undo_override(answer_of(found[2], 3), "no, after all", manager, NOON, Override.objects.first().pk)
    return found


def answer_of(sitting: Interview, place: int) -> Answer:
    return sitting.answers.select_related("interview").get(position=place)


def by_lot(answer: Answer, chance: random.Random, samples: tuple[float, ...] = ()) -> None:
    """A worker's verdict on each point by lot, some with a part of the credit; the score is the program's own sum."""
    points = tuple(
        PointVerdict(
            point.key, point.name, point.text, point.kind, point.weight,
            verdict=chance.choice(["met", "met", "partial", "missing"]),
            spans=((0, len(answer.text)),),
            credit=chance.choice([None, 0.3, 0.85]),
        )
        for point in answer.asked.points
    )  # fmt: skip
    score = round(fmean(samples), 4) if samples else scoring.score(points)
    build.graded(answer, score, points=points, samples=samples or (score,))


def judge(sitting: Interview, place: int, manager: User, chance: random.Random) -> None:
    """A person's verdicts by lot, which count from then on."""
    answer = answer_of(sitting, place)
    said = {
        point.key: chance.choice(["met", "missing"] if point.kind == "pitfall" else ["met", "partial", "missing"])
        for point in answer.asked.points
    }
    reviewing.score_blind(answer, said, manager, NOON)
    reviewing.override(answer, "read closely", manager, NOON, 0)


# --- The pages ---------------------------------------------------------------------------


def articles(html: str) -> Iterator[Page]:
    """The parts of a page that are about one answer each."""
    for part in html.split('<article class="result"')[1:]:
        yield Page(SimpleNamespace(content=part.split("</article>")[0].encode()))  # type: ignore[arg-type]


def summary(sitting: Interview) -> str:
    scores = known(sitting)
    low, high = reach(scores)
    return f"{of_100(fmean(scores))} of 100 (likely {low}–{high})"


def topics_of(page: Page) -> dict[str, int]:
    return {
        topic: int(number) for topic, _bar, number in (row for row in page.rows if len(row) == 3) if number.isdigit()
    }


def test_the_lot_is_no_easy_one(sittings):
    """The facts below are worth reckoning with: persons and machines differ, and no two answers come to the same."""
    answers = list(Answer.objects.all())
    assert sum(machine(answer) != counted(answer) for answer in answers) == 3
    assert len({counted(answer) for answer in answers}) > 12 and None in {counted(answer) for answer in answers}
    assert Grade.objects.filter(answer=answer_of(sittings[0], 1), status="done").count() == 2


def test_the_candidates_scorecard(sittings):
    for sitting in sittings:
        response = signed_in(sitting.candidate).get(reverse("scorecard", args=[sitting.pk]))
        page = Page(response)
        assert summary(sitting) in page.text
        assert topics_of(page) == by_topic(sitting)
        for answer, article in zip(
            sitting.answers.order_by("position"), articles(response.content.decode()), strict=True
        ):
            score = counted(answer)
            told = re.findall(r"(\d+) of 100", article.text)
            assert told == ([] if score is None else [str(of_100(score))]), answer.position


def test_the_review(sittings, reviewer):
    for sitting in sittings:
        response = unblinded(reviewer, sitting).get(reverse("review", args=[sitting.pk]))
        assert summary(sitting) in Page(response).text
        assert topics_of(Page(response)) == by_topic(sitting)
        for answer, article in zip(
            sitting.answers.order_by("position"), articles(response.content.decode()), strict=True
        ):
            by_machine, in_force = machine(answer), counted(answer)
            people = list(HumanScore.objects.filter(answer=answer).order_by("-pk"))
            scores = [(number, state) for _who, number, state in (row for row in article.rows if len(row) == 3)]
            wanted = [person(each) for each in people]
            if by_machine is not None:
                wanted.insert(0, by_machine)
                assert [number for number, _state in scores] == [f"{of_100(score)} of 100" for score in wanted]
            marked = [number for number, state in scores if state.strip() == "in force"]
            assert marked == ([] if in_force is None else [f"{of_100(in_force)} of 100"])
            assert article.text.split(" of 100")[0].endswith("" if in_force is None else str(of_100(in_force)))


def test_lists_and_files(sittings, position, reviewer):
    unblinded(reviewer, *sittings)
    listed = Page(reviewer.get(reverse("review-list"), {"template": position.template_id})).rows[1:]
    assert sorted(row[4] for row in listed) == sorted(str(of_100(fmean(known(sitting)))) for sitting in sittings)
    response = reviewer.get(reverse("candidates-csv", args=[position.pk]))
    head, *rows = csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"), newline=""))
    told = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    for sitting in sittings:
        row, low_high = told[sitting.invitation.code], reach(known(sitting))
        assert (int(row["Band from"]), int(row["Band to"])) == low_high
        assert (int(row["Graded"]), int(row["Questions"])) == (len(known(sitting)), 4)


def compared(reviewer: Client, position: Position, sittings: list[Interview]) -> Page:
    unblinded(reviewer, *sittings)
    codes = [sitting.invitation.code for sitting in sittings]
    return Page(reviewer.get(reverse("compare", args=[position.pk]), {"c": codes}))


def test_the_comparison(sittings, position, reviewer):
    page = compared(reviewer, position, sittings)
    told = {row[1]: row[2] for row in page.rows if len(row) == 6 and "of 4" in row[4]}
    assert told == {each.invitation.code: "{}–{}".format(*reach(known(each))) for each in sittings}
    one = Page(reviewer.get(reverse("candidate", args=[position.pk, sittings[0].pk])))
    assert "{}–{} of 100".format(*reach(known(sittings[0]))) in one.text


def test_side_by_side(sittings, position, reviewer):
    page = compared(reviewer, position, sittings)
    codes = list(Invitation.objects.order_by("code").values_list("code", flat=True))
    by_code = {sitting.invitation.code: sitting for sitting in sittings}
    heads = [row for row in page.rows if row and row[0] in {"Topic", "Question"}]
    assert [row[1:] for row in heads] == [codes, codes]
    titles = set(Question.objects.values_list("title", flat=True))
    for row in page.rows:
        name = next((title for title in titles if row and row[0].startswith(title)), "")
        if row and row[0] in {"Serving", "Training"} and len(row) == 6:
            told = [re.sub(r" \(\d+\)", "", cell) for cell in row[1:]]
            assert told == [str(by_topic(by_code[code])[row[0]]) for code in codes]
        elif name:
            answers = [Answer.objects.get(interview=by_code[code], frozen__title=name) for code in codes]
            wanted = ["not graded" if counted(each) is None else str(of_100(counted(each))) for each in answers]
            assert row[1:] == wanted, name
    assert sum(bool(row) and any(row[0].startswith(title) for title in titles) for row in page.rows) == 4
    assert sum(bool(row) and row[0] in {"Serving", "Training"} for row in page.rows) == 2

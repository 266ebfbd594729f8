"""Candidates of a position side by side: who can be told apart, and what the page says of it."""

from __future__ import annotations

import re
import uuid
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from interviewer import blind, hiring, interviews, reviewing
from interviewer.audit.check import check
from interviewer.hiring.comparison import Candidate, candidates, groups
from interviewer.hiring.side_by_side import side_by_side
from interviewer.models import (
    Answer,
    AuditEvent,
    Decision,
    Grade,
    Interview,
    Invitation,
    Position,
    User,
    Verb,
)
from interviewer.radar import radar
from interviewer.scorecard import Band, scorecard
from tests import build
from tests.build import NOON
from tests.conftest import signed_in
from tests.pages import Page


def candidate(code: str, low: int = -1, high: int = 0, version: int = 1, **fields) -> Candidate:
    band = Band(low, high) if low >= 0 else None
    return Candidate(code, **{"interview": uuid.uuid4(), "version": version, "asked": 3, "graded": 3, "band": band,
                              "outcome": "", **fields})  # fmt: skip


def told(compared: list[Candidate]) -> list[tuple[str, ...]]:
    return [tuple(each.code for each in group.candidates) for group in groups(compared)]


class TestGroups:
    def test_who_overlaps_is_not_distinguishable_and_that_is_passed_on(self):
        compared = [candidate("A", 10, 30), candidate("C", 50, 70), candidate("B", 30, 50), candidate("D", 71, 90)]
        assert told(compared) == [("D",), ("A", "B", "C")]
        assert [group.band for group in groups(compared)] == [Band(71, 90), Band(10, 70)]

    def test_inside_a_group_the_order_is_that_of_the_codes(self):
        assert told([candidate("Z", 60, 90), candidate("A", 50, 80), candidate("M", 55, 99)]) == [("A", "M", "Z")]

    def test_a_long_band_joins_what_lies_inside_it(self):
        assert told([candidate("A", 0, 100), candidate("B", 5, 6), candidate("C", 90, 91)]) == [("A", "B", "C")]

    def test_versions_are_never_compared(self):
        assert told([candidate("A", 10, 90), candidate("B", 10, 90, version=2)]) == [("B",), ("A",)]

    def test_who_has_no_band_comes_last(self):
        assert told([candidate("A"), candidate("B", 1, 2), candidate("C")]) == [("B",), ("A", "C")]

    @given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 40)), max_size=12))
    def test_groups_are_the_connected_parts(self, bands):
        compared = [candidate(f"{n:02}", low, min(100, low + width)) for n, (low, width) in enumerate(bands)]
        part = {each.code: each.code for each in compared}
        for _ in compared:  # the slow way: whoever overlaps takes the lower name, until nothing changes
            for a in compared:
                for b in compared:
                    if a.band.low <= b.band.high and b.band.low <= a.band.high:
                        part[a.code] = part[b.code] = min(part[a.code], part[b.code])
        assert sorted(told(compared)) == sorted(
            tuple(code for code in part if part[code] == name) for name in set(part.values())
        )
        reach = [group.band for group in groups(compared)]
        assert all(above.low > below.high for above, below in pairwise(reach))


class TestRadar:
    def test_it_needs_three_axes(self):
        assert radar(["a", "b"], [[1, 2]]) is None

    def test_what_is_not_known_is_left_out_not_drawn_as_nothing(self):
        drawn = radar(["a", "b", "c", "d"], [[100, None, 0, 50]])
        assert len(drawn.series[0].outline.split()) == 3
        assert drawn.series[0].outline.split()[0] == f"{drawn.spokes[0].x},{drawn.spokes[0].y}"

    def test_each_series_has_a_mark_of_its_own(self):
        drawn = radar(["a", "b", "c"], [[50, 50, 50]] * 5)
        shapes = {re.sub(r"[\d.-]+", "", series.key) for series in drawn.series}
        assert len(shapes) == len({series.key for series in drawn.series}) == 5


@pytest.fixture
def position(db: None) -> Position:
    build.bank(3, topic_slug="serving")
    build.question(topic_slug="training", prompt=build.PROMPTS[3], title="t4", points=["B 树"])
    build.question(topic_slug="data", prompt=build.PROMPTS[4], title="t5", points=["市场"])
    rows = [build.row("serving", 2), build.row("training", 1), build.row("data", 1)]
    return build.position(title="推理工程师", rows=rows)


def page_of(reviewer, position: Position, **query) -> Page:
    """The page of a manager to whom all results were shown."""
    reviewer.post(reverse("show-results", args=[position.pk]))
    return Page(reviewer.get(reverse("compare", args=[position.pk]), query))


def sat(position: Position, *scores: float | None, **fields) -> Interview:
    return build.sat(position, scores, **fields)


def without_codes(page: Page, position: Position) -> str:
    """What the page says, but for candidates' codes, which hold digits by chance."""
    codes = Invitation.objects.filter(position=position).values_list("code", flat=True)
    return re.sub("|".join(codes), "", page.text)


class TestThePage:
    def test_every_number_is_that_of_the_scorecard(self, position, manager):
        sittings = {sat(position, *scores).pk for scores in ((0.1, 0.5, 0.9, 0.5), (0.2, None, 0.35, 0.77))}
        blind.show_all(position, manager, NOON)
        assert {each.interview for each in candidates(position, manager)} == sittings
        for each in candidates(position, manager):
            card = scorecard(Answer.objects.filter(interview=each.interview).order_by("position"))
            assert (each.band, each.graded, each.asked) == (card.band, len(card.graded), 4)
            by_topic = {line.name: line.cells[0].points for line in side_by_side([each]).topics if line.cells[0].count}
            assert by_topic == {topic.topic.title(): topic.points_of_100 for topic in card.topics}

    def test_the_newest_grade_counts(self, position, manager):
        first = sat(position, 0.1, 0.1, 0.1, 0.1)
        answer = first.answers.get(position=1)
        interviews.grade_again(answer, manager, NOON)
        build.graded(answer, 1.0)
        assert side_by_side(candidates(position, manager)).topics[1].cells[0].points == 55

    def test_bands_groups_and_decisions_are_told_in_words(self, position, reviewer, manager):
        low, high = sat(position, 0.1, 0.1, 0.1, 0.12), sat(position, 0.9, 0.9, 0.9, 0.95)
        hiring.decide(high, Decision.Outcome.ADVANCE, "why", manager, NOON)
        other = sat(position, 0.91, 0.9, 0.9, 0.9)
        page = page_of(reviewer, position)
        assert "2 candidates, not distinguishable" in page.text and "apart from all others" in page.text
        assert [row[-1] for row in page.rows if len(row) == 6 and "of 4" in row[4]].count("Advance") == 1
        codes = [each.invitation.code for each in (low, high, other)]
        shown = [row[1].strip() for row in page.rows if len(row) == 6 and "of 4" in row[4]]
        assert shown == [*sorted(codes[1:]), codes[0]]
        assert not page.foreign

    def test_what_was_not_judged_is_hidden_until_it_is_asked_for(self, position, reviewer, manager):
        judged, other = sat(position, 0.31, 0.31, 0.31, 0.31), sat(position, 0.77, 0.77, 0.77, 0.77)
        third = sat(position, 0.55, 0.55, 0.55, 0.55)
        address, codes = (
            reverse("compare", args=[position.pk]),
            [each.invitation.code for each in (judged, other, third)],
        )
        page = Page(reviewer.get(address, {"c": codes}))
        assert "The results of 3 candidates are hidden" in page.text
        for answer in judged.answers.select_related("interview"):
            reviewing.score_blind(answer, {point.key: "met" for point in answer.asked.points}, manager, NOON)
        for answer in other.answers.select_related("interview").order_by("position")[:3]:
            reviewing.reveal(answer, manager, NOON)
        page = Page(reviewer.get(address, {"c": codes}))
        assert "The results of 2 candidates are hidden" in page.text and "31–31: apart from all others" in page.text
        said = without_codes(page, position)
        assert "77" not in said and "55" not in said
        assert "Hidden: you have not judged them yet" in page.text
        assert [cells[2] for cells in page.rows if cells[1:2] == [codes[1]]] == ["hidden"]
        heads = [tag for tag, known in page.elements if tag == "a" and known["href"].endswith(f"{other.pk}/")]
        assert len(heads) == 1, "in the list, not side by side"
        disabled = [known["value"] for tag, known in page.elements if tag == "input" and "disabled" in known]
        assert sorted(disabled) == sorted(codes[1:])

        page = Page(reviewer.post(reverse("show-results", args=[position.pk]), follow=True))
        assert "77–77" in page.text and "55–55" in page.text and "are hidden until" not in page.text
        event = AuditEvent.objects.get(verb=Verb.RESULTS_REVEALED)
        assert (event.object, event.facts) == (f"position:{position.pk}", {"count": 2}) and check().fault is None
        with pytest.raises(reviewing.AlreadyShown):  # nobody judges blind after that
            answer = other.answers.select_related("interview").get(position=4)
            reviewing.score_blind(answer, {point.key: "met" for point in answer.asked.points}, manager, NOON)
        reviewer.post(reverse("show-results", args=[position.pk]))
        assert AuditEvent.objects.filter(verb=Verb.RESULTS_REVEALED).count() == 1

    def test_what_was_shown_to_one_manager_is_hidden_from_another(self, position, reviewer, manager):
        sat(position, 0.77, 0.77, 0.77, 0.77)
        blind.show_all(position, manager, NOON)
        second = signed_in(build.manager("second", build.home()))
        page = Page(second.get(reverse("compare", args=[position.pk])))
        assert "77" not in without_codes(page, position)
        assert "77–77" in Page(reviewer.get(reverse("compare", args=[position.pk]))).text

    def test_it_names_nobody(self, position, reviewer):
        sitting = sat(position, 0.5, 0.5, 0.5, 0.5, name="Wang Fang", email="wang@example.org")
        response = reviewer.get(reverse("compare", args=[position.pk]))
        text = response.content.decode()
        assert sitting.invitation.code in text
        assert "Wang" not in text and "example.org" not in text and sitting.candidate.username not in text

    def test_filters(self, position, reviewer, manager):
        whole, part = sat(position, 0.5, 0.5, 0.5, 0.5), sat(position, 0.5, None, None, None)
        hiring.decide(whole, Decision.Outcome.HOLD, "why", manager, NOON)
        for query, found in (
            ({"decision": "hold"}, whole), ({"decision": "none"}, part), ({"graded": "yes"}, whole),
            ({"graded": "no"}, part),
        ):  # fmt: skip
            cells = [cell for row in page_of(reviewer, position, **query).rows for cell in row]
            shown = {each.invitation.code for each in (whole, part) if each.invitation.code in cells}
            assert shown == {found.invitation.code}, query
        assert "No candidate matches" in page_of(reviewer, position, decision="advance").text
        for query in ({"decision": "maybe"}, {"version": "7"}, {"version": "x"}):
            response = reviewer.get(reverse("compare", args=[position.pk]), query)
            assert response.status_code == 400 and whole.invitation.code not in response.content.decode()

    def test_versions_are_told_and_kept_apart(self, position, reviewer):
        sat(position, 0.5, 0.5, 0.5, 0.6)
        hiring.change(position, "推理工程师", "zh-hans", [build.row("serving", 3)], None, NOON)
        position.refresh_from_db()
        sat(position, 0.5, 0.5, 0.6)
        page = page_of(reviewer, position)
        assert "2 versions of the blueprint" in page.text and "candidates, not distinguishable" not in page.text
        assert page.text.count("apart from all others") == 2
        assert "sat different versions" in page.text, "side by side too"
        assert "versions of the blueprint" not in page_of(reviewer, position, version=2).text

    def test_five_at_most_are_put_side_by_side(self, position, reviewer):
        codes = [sat(position, 0.5, 0.5, 0.5, 0.5).invitation.code for _ in range(6)]
        assert "By question" not in page_of(reviewer, position).text
        page = page_of(reviewer, position, c=codes)
        assert "Only the first 5" in page.text and "By question" in page.text
        page = page_of(reviewer, position, c=codes[:2])
        assert sum("key series-" in known.get("class", "") for _tag, known in page.elements) == 2
        assert "B" in page.text and "Only the first" not in page.text

    def test_an_unknown_code_puts_nobody_there(self, position, reviewer):
        sat(position, 0.5, 0.5, 0.5, 0.5)
        assert "By question" not in page_of(reviewer, position, c="<script>").text

    def test_a_low_radar_has_a_table_instead(self, db, reviewer):
        build.bank(3)
        position = build.position(rows=[build.row(count=3)])
        for _ in range(2):
            sat(position, 0.5, 0.5, 0.5)
        assert "A radar is drawn from three topics on" in page_of(reviewer, position).text

    def test_nobody_yet(self, position, reviewer):
        build.invited(position)
        assert "Nobody has handed in" in page_of(reviewer, position).text


def many(position: Position, count: int, questions: int = 3) -> None:
    """Candidates with graded answers, in bulk: what the pages read of them, and nothing more."""
    pattern = sat(position, *[0.5] * position.template.question_count)
    answers = list(pattern.answers.order_by("position")[:questions])
    grade = Grade.objects.filter(answer__interview=pattern).values().first()
    guests = User.objects.bulk_create(User(username=f"guest-{n}", is_guest=True) for n in range(count))
    same = {name: value for name, value in Interview.objects.filter(pk=pattern.pk).values()[0].items()
            if name not in {"id", "candidate_id"}}  # fmt: skip
    sittings = Interview.objects.bulk_create(Interview(candidate=guest, **same) for guest in guests)
    Invitation.objects.bulk_create(
        Invitation(position=position, code=f"N{n:05}", token_sha256=f"{n:064}", language="en", created_at=NOON,
                   expires_at=NOON, accepted_at=NOON, interview=sitting)
        for n, sitting in enumerate(sittings)
    )  # fmt: skip
    made = Answer.objects.bulk_create(
        (Answer(interview=sitting, position=answer.position, frozen=answer.frozen, seconds_suggested=60)
         for sitting in sittings for answer in answers),
        batch_size=500,
    )  # fmt: skip
    more = {name: value for name, value in grade.items() if name not in {"id", "answer_id", "score"}}
    Grade.objects.bulk_create(
        (Grade(answer=answer, score=(n * 37 % 100) / 100, **more) for n, answer in enumerate(made)), batch_size=500
    )


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_many_candidates_take_as_many_queries_as_few(position, reviewer, count):
    many(position, count)
    address = reverse("compare", args=[position.pk])
    reviewer.post(reverse("show-results", args=[position.pk]))
    reviewer.get(address)
    for query in ({}, {"page": 3}, {"c": ["N00001", "N00002", "N00003"]}):
        with CaptureQueriesContext(connection) as queries:
            page = Page(reviewer.get(address, query))
        assert len(queries) <= 12, [each["sql"][:120] for each in queries]
        assert "Page" in page.text and sum("of 3" in row[4] for row in page.rows if len(row) == 6) >= 49

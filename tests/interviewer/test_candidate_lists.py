"""Lists of candidates as files: what stands in them, and that no cell of theirs is a formula."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from interviewer import blind, hiring
from interviewer.audit.check import check
from interviewer.models import AuditEvent, Decision, Position, Verb
from interviewer.scorecard import scorecard
from tests import build
from tests.build import NOON

FORMULA = '=HYPERLINK("http://evil","x")'


@pytest.fixture
def position(db: None) -> Position:
    build.bank(4)
    return build.position(rows=[build.row(count=3)])


def read(client: Client, position: Position, kind: str) -> list[list[str]]:
    response = client.get(reverse(f"candidates-{kind}", args=[position.pk]))
    assert response.status_code == 200
    if kind == "csv":
        assert response.streaming
        text = b"".join(response.streaming_content).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline="")))
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    assert all(cell.data_type in {"s", "n", "inlineStr"} for row in sheet for cell in row), "a formula"
    return [[cell.value or "" for cell in row] for row in sheet]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_who_was_invited_how_far_they_are_and_what_was_decided(position, reviewer, manager, kind):
    sat = build.sat(position, [0.2, 0.5, 0.9])
    hiring.decide(sat, Decision.Outcome.HOLD, "first", manager, NOON)
    hiring.decide(sat, Decision.Outcome.DECLINE, "又想了想", manager, NOON)
    waiting, _token = build.invited(position, name="Wang", email="wang@example.org")
    blind.show_all(position, manager, NOON)
    head, *rows = read(reviewer, position, kind)
    found = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert list(found) == sorted(found) and set(found) == {sat.invitation.code, waiting.code}
    told, card = found[sat.invitation.code], scorecard(sat.answers.order_by("position"))
    assert (told["Band from"], told["Band to"]) == (str(card.band.low), str(card.band.high))
    assert (told["State"], told["Graded"], told["Questions"], told["Version"]) == ("Graded", "3", "3", "1")
    assert (told["Decision"], told["Reason"], told["Decided by"]) == ("Decline", "又想了想", "manager")
    told = found[waiting.code]
    assert (told["State"], told["Candidate's name"], told["E-mail"]) == ("Not begun", "Wang", "wang@example.org")
    assert not told["Band from"] and not told["Decision"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_who_is_being_reviewed_goes_by_a_code_until_a_decision(position, reviewer, manager, kind):
    sat = build.sat(position, [0.2, 0.5, 0.9], name="Wang", email="wang@example.org")
    assert read(reviewer, position, kind)[1][:3] == [sat.invitation.code, "", ""]
    hiring.decide(sat, Decision.Outcome.HOLD, "a reason", manager, NOON)
    assert read(reviewer, position, kind)[1][:3] == [sat.invitation.code, "Wang", "wang@example.org"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_bands_are_hidden_until_the_answers_are_judged(position, reviewer, manager, kind):
    build.sat(position, [0.2, 0.5, 0.9])
    head, row = read(reviewer, position, kind)
    told = dict(zip(head, row, strict=True))
    assert (told["Band from"], told["Band to"], told["Graded"]) == ("hidden", "hidden", "3")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_cell_is_a_formula(position, reviewer, manager, kind):
    sat = build.sat(position, [0.2, 0.5, 0.9], name=FORMULA)
    hiring.decide(sat, Decision.Outcome.HOLD, "@SUM(1)", manager, NOON)
    row = read(reviewer, position, kind)[1]
    quote = "'" if kind == "csv" else ""  # in a workbook the cell itself is a text
    assert row[1] == quote + FORMULA and row[-1] == quote + "@SUM(1)"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_it_is_recorded_before_it_goes_out(position, reviewer, kind):
    build.invited(position)
    read(reviewer, position, kind)
    event = AuditEvent.objects.get(verb=Verb.CANDIDATES_EXPORTED)
    assert (event.object, event.facts) == (f"position:{position.pk}", {"format": kind, "count": 1})
    assert check().fault is None


def test_in_the_readers_language(position, reviewer):
    response = reviewer.get(reverse("candidates-csv", args=[position.pk]), headers={"accept-language": "zh-hans"})
    assert "代号" in b"".join(response.streaming_content).decode()

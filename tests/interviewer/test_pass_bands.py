"""The lines of a position: named, promised, told of as where an interval lies, and never a decision."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from interviewer import blind, hiring, jobs
from interviewer.hiring import lists
from interviewer.models import Decision, Interview, Job, Packet, Position
from interviewer.models.templates import TemplateInUse
from interviewer.packets import Finding, verify
from interviewer.pass_bands import placed, stored
from interviewer.scorecard import Band
from tests import build
from tests.build import NOON
from tests.conftest import unblinded
from tests.pages import Page

BANDS = stored([("borderline", 55), ("strong", 75)])
FORM = {"band-name_1": "borderline", "band-least_1": "55", "band-name_2": "strong", "band-least_2": "75"}


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (75, 90, ["above", "above"]),
        (74, 75, ["unclear", "above"]),
        (55, 74, ["below", "above"]),
        (54, 74, ["below", "unclear"]),
        (10, 54, ["below", "below"]),
        (0, 100, ["unclear", "unclear"]),
    ],
)
def test_where_an_interval_lies(low, high, wanted):
    assert [(line.name, line.where) for line in placed(BANDS, Band(low, high))] == list(
        zip(["strong", "borderline"], wanted, strict=True)
    )


def test_nothing_is_said_without_an_interval_or_without_lines():
    assert placed(BANDS, None) == placed([], Band(10, 20)) == ()


@given(st.integers(0, 100), st.integers(0, 100), st.integers(1, 99))
def test_whoever_could_be_on_either_side_is_not_told_apart(a, b, least):
    [line] = placed(stored([("x", least)]), Band(min(a, b), max(a, b)))
    sides = {result >= least for result in range(min(a, b), max(a, b) + 1)}
    assert line.where == ("unclear" if len(sides) == 2 else "above" if sides == {True} else "below")


# --- A position's form ------------------------------------------------------------------


@pytest.fixture
def position(db: None) -> Position:
    build.bank(6)
    return build.position(rows=[build.row(count=3)], bands=BANDS)


def sent(**more: Any) -> dict[str, Any]:
    rows = {"row-TOTAL_FORMS": 1, "row-INITIAL_FORMS": 0, "row-0-count": 3, "row-0-least": 1, "row-0-most": 5}
    return {"title": "推理工程师", "language": "zh-hans", **rows, "row-0-minutes": 5, **more}


@pytest.mark.django_db
def test_a_position_is_opened_with_bands_and_shows_them(reviewer):
    form = sent(organisation=build.home().pk, **FORM)
    page = Page(reviewer.post(reverse("position-new"), form, follow=True))
    found = Position.objects.get()
    assert found.template.bands == BANDS
    assert "Pass bands: strong from 75 · borderline from 55" in page.text
    edit = Page(reviewer.get(reverse("position-edit", args=[found.pk])))
    assert (edit.field("band-name_1"), edit.field("band-least_1"), edit.field("band-name_2")) == (
        "strong", "75", "borderline",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"band-least_1": ""}, "From how many points on"),
        ({"band-name_1": " "}, "What is it called?"),
        ({"band-name_2": "BORDERLINE"}, "called so already"),
        ({"band-least_2": "55"}, "begins there already"),
        ({"band-least_2": "100"}, "less than or equal to 99"),
        ({"band-least_2": "0"}, "greater than or equal to 1"),
        ({"band-least_2": "74.5"}, "whole number"),
        ({"band-name_2": "x" * 41}, "at most 40"),
    ],
)
def test_what_is_no_band_is_told_and_nothing_stored(reviewer, wrong, told):
    response = reviewer.post(reverse("position-new"), sent(organisation=build.home().pk, **{**FORM, **wrong}))
    assert response.status_code == 400 and told in Page(response).text
    assert not Position.objects.exists()


def test_other_lines_make_a_new_version_once_somebody_has_sat_it(position, reviewer):
    build.sat(position, [0.5, 0.5, 0.5])
    first = position.template
    reviewer.post(reverse("position-edit", args=[position.pk]), sent(title=position.title, **FORM))
    position.refresh_from_db()
    assert position.template.pk == first.pk, "the same lines are no change"
    higher = sent(title=position.title, **{**FORM, "band-least_2": "80"})
    reviewer.post(reverse("position-edit", args=[position.pk]), higher)
    position.refresh_from_db()
    assert (position.template.version, position.template.bands[0]["least"]) == (2, 80)
    assert position.template.blueprint.count() == 1
    first.refresh_from_db()
    assert first.bands == BANDS
    first.bands = []
    with pytest.raises(TemplateInUse):
        first.save()


def test_candidates_read_them_before_they_start(position):
    _invitation, token = build.invited(position, timezone.now())
    page = Page(Client(headers={"accept-language": "en"}).get(reverse("invitation", args=[token]), follow=True))
    assert "strong from 75 · borderline from 55" in page.text
    assert "No program decides about you" in page.text


# --- What is told of candidates -----------------------------------------------------------

HIGH, MIDDLE, LOW = [0.9, 0.9, 0.92], [0.5, 0.7, 0.9], [0.1, 0.1, 0.12]
WORDS = {
    "high": ("strong (from 75): clearly above", "borderline (from 55): clearly above"),
    "middle": (
        "strong (from 75): not distinguishable from the line",
        "borderline (from 55): not distinguishable from the line",
    ),
    "low": ("strong (from 75): clearly below", "borderline (from 55): clearly below"),
}


@pytest.fixture
def sat(position: Position) -> dict[str, Interview]:
    scores = {"high": HIGH, "middle": MIDDLE, "low": LOW}
    return {name: build.sat(position, given) for name, given in scores.items()}


def test_the_comparison_says_where_each_lies_once_it_is_shown(position, sat, reviewer, manager):
    address = reverse("compare", args=[position.pk])
    assert "clearly" not in Page(reviewer.get(address)).text
    blind.show_all(position, manager, NOON)
    page = Page(reviewer.get(address))
    rows = {row[1]: row[4] for row in page.rows if len(row) == 7 and "of 3" in row[5]}
    for name, words in WORDS.items():
        told = rows[sat[name].invitation.code]
        assert [word for word in WORDS["high"] + WORDS["middle"] + WORDS["low"] if word in told] == list(words)
    assert not Decision.objects.exists(), "a line decides nothing"


@pytest.mark.parametrize("name", ["high", "middle", "low"])
def test_the_review_the_candidates_page_and_the_file_say_the_same(position, sat, reviewer, manager, name):
    sitting = sat[name]
    review, candidate = reverse("review", args=[sitting.pk]), reverse("candidate", args=[position.pk, sitting.pk])
    for address in (review, candidate):
        assert "clearly" not in Page(reviewer.get(address)).text
    unblinded(reviewer, sitting)
    for address in (review, candidate):
        assert all(words in Page(reviewer.get(address)).text for words in WORDS[name])
    head, rows = lists.heads(), list(lists.rows(position, manager))
    told = {row[0]: dict(zip(head, row, strict=True))["Pass bands"] for row in rows}
    assert told.pop(sitting.invitation.code) == "; ".join(WORDS[name])
    assert set(told.values()) == {""}


def test_the_packet_holds_them_signed(position, sat, reviewer, manager):
    sitting = sat["middle"]
    hiring.decide(sitting, Decision.Outcome.ADVANCE, "why", manager, NOON)
    reviewer.post(reverse("make-packet", args=[position.pk, sitting.pk]))
    jobs.run(Job.objects.get().pk)
    packet = Packet.objects.get()
    said = json.loads(bytes(packet.json))
    assert said["blueprint"]["pass_bands"] == BANDS
    assert said["score"]["pass_bands"] == [
        {"name": "strong", "from": 75, "where": "unclear"},
        {"name": "borderline", "from": 55, "where": "unclear"},
    ]
    for raw in (bytes(packet.json), bytes(packet.pdf)):
        assert verify(raw) is Finding.GENUINE
    assert verify(bytes(packet.json).replace(b'"unclear"', b'"above"')) is Finding.CHANGED
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(bytes(packet.pdf))).pages).replace("\x00", "")
    assert "".join(WORDS["middle"][0].split()) in "".join(text.split())


def test_without_bands_nothing_of_them_is_said(reviewer, manager, db):
    build.bank(3)
    position = build.position(rows=[build.row(count=3)])
    sitting = build.sat(position, HIGH)
    blind.show_all(position, manager, NOON)
    for address in (
        reverse("compare", args=[position.pk]),
        reverse("candidate", args=[position.pk, sitting.pk]),
        reverse("position", args=[position.pk]),
    ):
        assert "Pass bands" not in Page(reviewer.get(address)).text

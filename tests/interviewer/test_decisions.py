"""Decisions about candidates: by a person, with a reason, kept; and their page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from interviewer import hiring
from interviewer.audit.check import check
from interviewer.models import AuditEvent, Decision, Interview, Verb
from questions.models import AppendOnly
from tests import build
from tests.build import NOON
from tests.conftest import signed_in
from tests.pages import Page
from tests.parallel import together

Outcome = Decision.Outcome
HOUR = timedelta(hours=1)


@pytest.fixture
def sat(db: None) -> Interview:
    return build.sat()


def address(name: str, sat: Interview) -> str:
    return reverse(name, args=[sat.invitation.position_id, sat.pk])


class TestTheVerb:
    def test_the_newest_is_in_force_and_all_are_kept(self, sat, manager):
        hiring.decide(sat, Outcome.HOLD, "Wait for the second round.", manager, NOON)
        hiring.decide(sat, Outcome.ADVANCE, "Convincing on caching.", manager, NOON + HOUR)
        kept = [(each.outcome, each.reason, each.by, each.at) for each in sat.decisions.all()]
        assert kept == [
            ("advance", "Convincing on caching.", manager, NOON + HOUR),
            ("hold", "Wait for the second round.", manager, NOON),
        ]

    def test_it_is_audited_without_its_reason(self, sat, manager):
        hiring.decide(sat, Outcome.HOLD, "a secret reason", manager, NOON)
        hiring.decide(sat, Outcome.DECLINE, "another", manager, NOON)
        events = AuditEvent.objects.filter(verb=Verb.DECIDED, object=f"interview:{sat.pk}")
        assert [event.facts for event in events] == [{"outcome": "decline", "before": "hold"}, {"outcome": "hold"}]
        assert not AuditEvent.objects.filter(facts__icontains="secret").exists()
        assert check().fault is None

    def test_nothing_is_decided_while_it_runs(self, db, manager):
        running = build.interview()
        with pytest.raises(hiring.NotHandedIn):
            hiring.decide(running, Outcome.DECLINE, "too slow", manager, NOON)
        assert not Decision.objects.exists() and not AuditEvent.objects.exists()

    @pytest.mark.parametrize(("outcome", "reason"), [("hold", ""), ("", "why"), ("reject", "why")])
    def test_the_database_refuses_what_is_no_decision(self, sat, outcome, reason):
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.create(interview=sat, outcome=outcome, reason=reason, at=NOON)

    def test_it_is_never_changed(self, sat, manager):
        made = hiring.decide(sat, Outcome.HOLD, "why", manager, NOON).decision
        made.reason = "something else"
        for change in (made.save, made.delete, Decision.objects.all().delete):
            with pytest.raises(AppendOnly):
                change()

    def test_it_goes_with_its_interview_and_stays_without_its_author(self, sat, manager):
        hiring.decide(sat, Outcome.HOLD, "why", manager, NOON)
        manager.delete()
        assert Decision.objects.get().by is None
        sat.delete()
        assert not Decision.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_of_two_at_once_both_are_kept_and_one_is_told(self, manager):
        sat = build.sat()
        decided = together(
            lambda: hiring.decide(sat, Outcome.ADVANCE, "why", manager, NOON),
            lambda: hiring.decide(sat, Outcome.DECLINE, "why", manager, NOON),
        )
        first, second = sorted(decided, key=lambda each: each.decision.pk)
        assert (first.meanwhile, second.meanwhile) == (None, first.decision)
        assert Decision.objects.count() == 2 and sat.decisions.first() == second.decision


class TestThePage:
    def test_a_decision_is_made_with_a_reason(self, sat, reviewer):
        page = Page(reviewer.get(address("candidate", sat)))
        assert "Nobody has decided yet" in page.text and "2 of 2 answers" in page.text
        answered = reviewer.post(
            address("decide", sat), {"outcome": "hold", "reason": " <b>Bold</b>\nwhy ", "seen": 0}, follow=True
        )
        assert answered.redirect_chain[-1][0] == address("candidate", sat)
        page = Page(answered)
        assert "The decision is kept" in page.text and "<b>Bold</b>" in page.text and "manager" in page.text
        assert Decision.objects.get().reason == "<b>Bold</b>\nwhy"

    @pytest.mark.parametrize(
        "form", [{"outcome": "hold", "reason": " \n "}, {"reason": "why"}, {"outcome": "reject", "reason": "why"}]
    )
    def test_without_a_reason_or_an_outcome_nothing_is_kept(self, sat, reviewer, form):
        answered = reviewer.post(address("decide", sat), {**form, "seen": 0})
        assert answered.status_code == 400 and 'role="alert"' in answered.content.decode()
        assert not Decision.objects.exists()
        assert form["reason"].strip() in answered.content.decode(), "what was typed is not lost"

    def test_whoever_decides_past_another_decision_is_told(self, sat, reviewer, manager):
        other = hiring.decide(sat, Outcome.ADVANCE, "good", manager, NOON).decision
        late = reviewer.post(address("decide", sat), {"outcome": "decline", "reason": "bad", "seen": 0}, follow=True)
        assert "somebody else decided “Advance”" in Page(late).text and "1 earlier decision" in Page(late).text
        newest = Decision.objects.first()
        form = {"outcome": "hold", "reason": "wait", "seen": newest.pk}
        assert "somebody else" not in Page(reviewer.post(address("decide", sat), form, follow=True)).text
        assert Decision.objects.count() == 3 and newest != other

    def test_who_still_writes_has_no_page(self, db, reviewer):
        invitation, _token = build.invited(build.position())
        build.bank(2)
        running = hiring.accept(invitation, NOON)
        for name in ("candidate", "decide"):
            assert reviewer.post(reverse(name, args=[invitation.position_id, running.pk])).status_code in (404, 405)
        assert reviewer.get(reverse("candidate", args=[invitation.position_id, running.pk])).status_code == 404

    def test_nor_is_anybody_found_below_another_position(self, sat, reviewer):
        other = build.position()
        assert reviewer.get(reverse("candidate", args=[other.pk, sat.pk])).status_code == 404

    def test_it_names_nobody(self, db, reviewer):
        sat = build.sat(name="Wang Fang", email="wang@example.org")
        page = reviewer.get(address("candidate", sat)).content.decode()
        assert sat.invitation.code in page
        assert "Wang" not in page and "example.org" not in page and sat.candidate.username not in page

    def test_a_low_score_decides_nothing(self, db, reviewer):
        build.sat(scores=[0.0, 0.0])
        assert not Decision.objects.exists()


def test_another_organisation_decides_nothing(sat, other_manager):
    form = {"outcome": "decline", "reason": "why", "seen": 0}
    assert signed_in(other_manager).post(address("decide", sat), form).status_code == 404
    assert not Decision.objects.exists()

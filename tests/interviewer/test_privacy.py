"""Deleting at a candidate's wish and by retention: nothing of them is left anywhere, and all else stays as it was."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from interviewer import (
    audit,
    blind,
    budget,
    hiring,
    interviews,
    item_health,
    jobs,
    packets,
    privacy,
    receipts,
    reviewing,
    wrong_answers,
)
from interviewer.audit.check import check
from interviewer.management.commands import sweep
from interviewer.models import (
    Accommodation,
    Answer,
    Appeal,
    AuditEvent,
    Decision,
    Extension,
    Grade,
    HumanScore,
    IdentityReveal,
    Interview,
    InterviewEvent,
    Invitation,
    ItemStatistics,
    Job,
    Organisation,
    Override,
    Packet,
    PurgeRun,
    Reveal,
    ReviewClaim,
    User,
    Verb,
)
from interviewer.privacy import purging
from interviewer.privacy.erasing import GONE
from questions.models import Question
from tests import build
from tests.build import NOON
from tests.leftovers import places_of
from tests.parallel import together

DAY = timedelta(days=1)
NAME, EMAIL, TEXT = "Zephyrine Quast", "zephyrine@quast.example", "缓存命中省去了重复计算，独一无二的一句话"
WORDS = (NAME, "Zephyrine", EMAIL, TEXT, "独一无二")
OF_INVITATION = {"Invitation.name", "Invitation.email", "Invitation.error_values"}
OF_ACCOUNT = {"User.username", "User.first_name", "User.last_name", "User.email", "LogEntry.object_repr"}
OF_INTERVIEW = {
    "Answer.text", "InterviewEvent.data", "Extension.reason", "Grade.verdict", "Grade.error", "Grade.error_values",
    "HumanScore.reason", "Override.reason", "Decision.reason", "IdentityReveal.reason", "Packet.json", "Packet.pdf",
    "Appeal.reason", "Appeal.reply",
}  # fmt: skip
Because = Interview.Because


def told_of_everywhere(interview: Interview, by: User) -> Interview:
    """Words of and about the candidate wherever the program may keep them."""
    first, second = interview.answers.order_by("position")[:2]
    grade = first.grades.get(status="done")
    verdict = grade.verdict
    verdict["feedback"] = verdict["prompt"] = f"You said: {TEXT}"
    verdict["points"][0] |= {"reason": f"“{TEXT}”"}
    Grade.objects.filter(pk=grade.pk).update(verdict=verdict)
    build.parked(second)
    Answer.objects.filter(pk=second.pk).update(seconds_used=30)  # looked at, and left blank
    Grade.objects.filter(answer=second).update(error=f"Not JSON: {TEXT}", error_values={"reply": TEXT})
    interviews.grade_again(second, by, NOON)
    interviews.keep_unsent(first, f"{TEXT}, too late", NOON)
    Extension.objects.create(interview=interview, kind="manager", length=DAY, reason=f"{NAME} is ill", at=NOON)
    Interview.objects.filter(pk=interview.pk).update(deadline=interview.deadline + DAY)
    plain = {"answer": first, "reviewer": by, "at": NOON}
    judged = {"judgements": {"p1": "met"}, "score": 0.8, "rubric_hash": grade.rubric_hash}
    Reveal.objects.create(answer=first, reviewer=by, revealed_at=NOON)
    HumanScore.objects.create(**plain, **judged, phase="before", grade=grade)
    later = HumanScore.objects.create(**plain, **judged, phase="after", grade=grade, reason=f"“{TEXT}” is right")
    Override.objects.create(**plain, human_score=later, reason=f"“{TEXT}” is right", for_candidate=True)
    appeal = {"made_at": NOON, "reason": f"I did say “{TEXT}”"}
    Appeal.objects.create(answer=first, **appeal, answered_at=NOON, upheld=True, reply=f"“{TEXT}” is right")
    Appeal.objects.create(answer=second, **appeal)  # open, and counted nowhere
    reviewing.reveal_identity(interview, f"Is it {NAME}?", by, NOON)
    reviewing.claim(interview, by, NOON)
    decision = hiring.decide(interview, Decision.Outcome.ADVANCE, f"{NAME} said “{TEXT}”", by, NOON).decision
    files = {"json": f"“{TEXT}”".encode(), "pdf": f"%PDF “{TEXT}”".encode()}
    Packet.objects.create(interview=interview, decision=decision, made_at=NOON, made_by=by, **files)
    return Interview.objects.get(pk=interview.pk)


@pytest.fixture
def acme(db: None) -> Organisation:
    return build.organisation(name="Acme", retention_days=30)


def of_guest(by: User, organisation: Organisation, name: str = NAME, email: str = EMAIL, **more: Any) -> Interview:
    """Sat by invitation, graded, reviewed and decided."""
    position = build.position(organisation, rows=[build.row(count=2)])
    sat = build.sat(position, [0.8, None], texts=[TEXT, ""], name=name, email=email, extra_minutes=5, **more)
    reason = {"error": "refused: %(reason)s", "error_values": {"reason": f"550 <{email}> unknown"}}
    Invitation.objects.filter(interview=sat).update(**reason)
    return told_of_everywhere(sat, by)


@pytest.fixture
def guests(acme: Organisation, manager: User) -> Interview:
    return of_guest(manager, acme)


@pytest.fixture
def person(db: None, manager: User) -> User:
    made = build.user("zephyrine", first_name="Zephyrine", last_name="Quast-Zephyrine", email=EMAIL)
    extra = Accommodation.objects.create(person=made, extra_minutes=5)
    for obj in (made, extra):
        LogEntry.objects.log_actions(manager.pk, [obj], CHANGE, single_object=True)
    return made


@pytest.fixture
def theirs(person: User, manager: User) -> Interview:
    sat = build.handed_in(person, texts=[TEXT, ""])
    build.graded(sat.answers.get(position=1), 0.8)
    return told_of_everywhere(sat, manager)


def rows_of(interview: Interview) -> dict[str, Any]:
    """Every row that belongs to an interview, and its candidate's."""
    found: dict[str, Any] = {}
    of_answer = {"answer__interview": interview}
    for model in (Answer, Extension, InterviewEvent, Decision, IdentityReveal, Packet, ReviewClaim, Invitation):
        found[model.__name__] = list(model._base_manager.filter(interview=interview).order_by("pk").values())
    for model in (Grade, HumanScore, Override, Reveal):
        found[model.__name__] = list(model._base_manager.filter(**of_answer).order_by("pk").values())
    found["Interview"] = list(Interview.objects.filter(pk=interview.pk).values())
    found["User"] = list(User.objects.filter(pk=interview.candidate_id).values())
    return json.loads(json.dumps(found, default=str))


class TestNothingIsLeft:
    def test_of_a_guest_whose_time_is_over(self, guests):
        assert places_of(*WORDS) == OF_INTERVIEW | OF_INVITATION
        guest = guests.candidate_id
        assert privacy.erase_interview(guests, Because.RETENTION, audit.PROGRAM, NOON + 31 * DAY)
        assert places_of(*WORDS) == set()
        assert not User.objects.filter(pk=guest).exists()
        assert not Accommodation.objects.filter(person=guest).exists()

    def test_of_an_account_at_its_wish(self, person, theirs):
        client = Client()
        client.force_login(person)
        assert places_of(*WORDS) == OF_INTERVIEW | OF_ACCOUNT
        privacy.erase_person(person, person, NOON + DAY)
        assert places_of(*WORDS) == set()
        person.refresh_from_db()
        assert (person.is_active, person.has_usable_password(), person.erased_at) == (False, False, NOON + DAY)
        assert not Client().login(username="zephyrine", password="a good password")
        assert client.get("/data/").status_code == 302, "signed in elsewhere no more"

    def test_of_an_account_whose_interview_alone_goes_the_account_stays(self, person, theirs):
        privacy.erase_interview(theirs, Because.WISH, person, NOON + DAY)
        assert places_of(*WORDS) == OF_ACCOUNT
        assert not Interview.objects.filter(candidate=person).exists()

    def test_of_a_curator_rights_go_and_acts_keep_their_number(self, curator):
        question = build.question()
        audit.record(curator, Verb.QUESTION_EDITED, question, {}, NOON)
        curator.email = EMAIL
        curator.save()
        privacy.erase_person(curator, curator, NOON)
        curator.refresh_from_db()
        assert not curator.is_curator and not curator.is_staff and curator.email == ""
        assert AuditEvent.objects.filter(actor=f"person:{curator.pk}").count() == 2

    def test_the_last_operator_stays(self, db):
        operator = build.user("operator", is_superuser=True)
        with pytest.raises(privacy.LastOperator):
            privacy.erase_person(operator, operator, NOON)
        assert User.objects.get(username="operator").is_active
        build.user("another", is_superuser=True)
        privacy.erase_person(operator, operator, NOON)
        assert not User.objects.filter(username="operator").exists()


class TestTheTombstone:
    def test_says_that_it_took_place_and_what_was_decided(self, guests):
        before = guests
        privacy.erase_interview(guests, Because.RETENTION, audit.PROGRAM, NOON + 31 * DAY)
        kept = Interview.objects.get(pk=before.pk)
        for same in ("started_at", "submitted_at", "deadline", "receipt_sha256", "template_id"):
            assert getattr(kept, same) == getattr(before, same), same
        assert (kept.candidate, kept.erased_because, kept.base_deadline) == (None, "retention", kept.deadline)
        assert kept.invitation.position.organisation.name == "Acme"
        assert [(each.outcome, each.reason) for each in kept.decisions.all()] == [("advance", GONE)]

    def test_is_made_once(self, guests):
        assert privacy.erase_interview(guests, Because.WISH, guests.candidate, NOON + DAY)
        before = rows_of(guests)
        again = Interview.objects.get(pk=guests.pk)
        assert not privacy.erase_interview(again, Because.RETENTION, audit.PROGRAM, NOON + 2 * DAY)
        assert rows_of(guests) == before
        assert AuditEvent.objects.filter(verb=Verb.INTERVIEW_ERASED).count() == 1

    def test_of_one_that_runs_it_is_ended_first_and_not_graded(self, candidate, announced):
        running = build.interview(candidate)
        interviews.save(running.answers.first(), TEXT, 0, NOON)
        privacy.erase_interview(running, Because.WISH, candidate, NOON)
        kept = Interview.objects.get(pk=running.pk)
        assert (kept.is_abandoned, kept.submitted_at) == (True, NOON)
        assert len(kept.receipt_sha256) == 64 and not Grade.objects.exists() and not announced
        assert not interviews.grade_abandoned(kept, build.user(), NOON)
        assert places_of(TEXT) == set()

    def test_of_a_paused_one_too(self, candidate):
        paused = build.interview(candidate, pause_minutes=5)
        interviews.clock.pause(paused, NOON)
        privacy.erase_interview(paused, Because.WISH, candidate, NOON)
        assert Interview.objects.get(pk=paused.pk).paused_at is None

    @pytest.mark.parametrize(
        "fields",
        [{"candidate": None}, {"erased_at": NOON}, {"erased_because": "wish"}, {"erased_at": NOON, "candidate": None}],
    )
    def test_the_database_knows_no_half_of_one(self, candidate, fields):
        sat = build.handed_in(candidate)
        with pytest.raises(IntegrityError), transaction.atomic():
            Interview.objects.filter(pk=sat.pk).update(**fields)

    def test_nothing_is_added_to_it(self, guests, manager):
        first = guests.answers.select_related("interview").get(position=1)
        privacy.erase_interview(guests, Because.RETENTION, audit.PROGRAM, NOON + DAY)
        before = rows_of(guests)
        with pytest.raises(hiring.NotHandedIn):
            hiring.decide(guests, Decision.Outcome.HOLD, NAME, manager, NOON)
        for call in (
            lambda: reviewing.claim(guests, manager, NOON),
            lambda: reviewing.reveal(first, build.user(), NOON),
            lambda: reviewing.rescore(first, {p.key: "met" for p in first.asked.points}, NAME, manager, NOON),
            lambda: reviewing.override(first, NAME, manager, NOON, 0),
            lambda: reviewing.reveal_identity(guests, NAME, build.user(), NOON),
        ):
            with pytest.raises(reviewing.Erased):
                call()
        assert not interviews.grade_again(first, manager, NOON)
        assert not interviews.keep_unsent(first, f"{TEXT}, much too late", NOON)
        assert interviews.grade_parked_again(manager, NOON) == 0
        assert rows_of(guests) == before

    def test_a_packet_that_was_asked_for_is_not_made(self, guests, manager):
        payload = {"invitation": guests.invitation.pk, "language": "en"}
        job = jobs.ask("make-packet", manager, payload, NOON)
        privacy.erase_interview(guests, Because.WISH, guests.candidate, NOON)
        jobs.run(job.pk)
        job.refresh_from_db()
        assert job.status == Job.Status.FAILED and "deleted" in job.reason
        assert not Packet.objects.exists()

    def test_a_worker_that_grades_meanwhile_writes_nothing(self, candidate):
        sat = build.handed_in(candidate, texts=[TEXT])
        grade = build.claimed(sat.answers.get(position=1))
        privacy.erase_interview(sat, Because.WISH, candidate, NOON)
        assert not grade.finish(score=1.0, verdict=build.verdict(grade.answer, 1.0), at=NOON)
        assert not Grade.objects.exists() and places_of(TEXT) == set()

    def test_what_grading_cost_stays(self, candidate):
        sat = build.handed_in(candidate, texts=[TEXT])
        spent = {"calls": 2, "prompt_tokens": 100, "completion_tokens": 20, "seconds": 1.5, "spent_at": NOON}
        Grade.objects.filter(answer__interview=sat).update(**spent)
        before = budget.spent_on_the_day_of(NOON)
        privacy.erase_interview(sat, Because.WISH, candidate, NOON)
        budget._today.forget()
        assert before["tokens"] == 240
        assert budget.spent_on_the_day_of(NOON) == before

    @pytest.mark.django_db(transaction=True)
    def test_of_a_deletion_and_a_decision_at_once_no_word_is_left(self, roles):
        manager = build.manager("manager", build.home())
        for _ in range(3):
            sat = build.sat()

            def decide(sat: Interview = sat) -> None:
                with contextlib.suppress(hiring.NotHandedIn):
                    hiring.decide(sat, Decision.Outcome.HOLD, TEXT, manager, NOON)

            together(decide, lambda sat=sat: privacy.erase_interview(sat, Because.WISH, audit.COMMAND, NOON))
            assert "Decision.reason" not in places_of(TEXT)
        assert check().fault is None


class TestAllElse:
    def test_other_candidates_are_untouched(self, acme, guests, manager):
        other = of_guest(manager, acme, "Somebody Else", "else@example.org")
        before = rows_of(other)
        privacy.erase_interview(guests, Because.WISH, guests.candidate, NOON)
        assert rows_of(other) == before
        assert "Answer.text" in places_of(TEXT)

    def test_the_audit_log_stays_whole_and_tells_of_it(self, guests):
        guest = guests.candidate
        privacy.erase_interview(guests, Because.WISH, guest, NOON)
        event = AuditEvent.objects.get(verb=Verb.INTERVIEW_ERASED)
        assert (event.actor, event.object) == (f"person:{guest.pk}", f"interview:{guests.pk}")
        assert event.facts == {"because": "wish"}
        assert check().fault is None

    def test_the_others_results_are_shown_without_it(self, guests, manager):
        position = guests.invitation.position
        privacy.erase_interview(guests, Because.WISH, guests.candidate, NOON)
        other = build.sat(position, [0.8, 0.2])
        assert blind.show_all(position, manager, NOON) == 1
        assert not blind.unseen(manager, other.answers.all()).exists()
        assert Reveal.objects.filter(answer__interview=guests).count() == 1, "the one from before"

    def test_statistics_of_questions_stay_the_same(self, guests, manager, acme):
        of_guest(manager, acme, "Somebody Else", "else@example.org")
        Appeal.objects.open().delete()  # those go with their interview, and count nowhere any more
        at = NOON + DAY

        def statistics() -> list[dict[str, Any]]:
            item_health.compute(at)
            return list(ItemStatistics.objects.order_by("pk").values())

        before = statistics()
        assert any(row["blank"] for row in before) and any(row["scored"] for row in before)
        privacy.erase_interview(guests, Because.WISH, guests.candidate, at)
        assert statistics() == before
        for question in Question.objects.all():
            assert wrong_answers.mistakes(question).mistakes == []

    def test_scores_that_stay_hold_codes_and_sums_alone(self, guests):
        before = Grade.objects.get(answer__interview=guests, status="done")
        privacy.erase_interview(guests, Because.WISH, guests.candidate, NOON)
        after = Grade.objects.get(answer__interview=guests)
        assert (after.score, after.model, after.rubric_hash) == (before.score, before.model, before.rubric_hash)
        point = {"key": "p1", "kind": "must", "weight": 1.0, "verdict": "met", "credit": None}
        empty = {"name": "", "text": "", "reason": "", "spans": []}
        assert after.verdict["points"][0] == {**point, **empty}
        assert {after.verdict[name] for name in ("feedback", "prompt")} == {""}


class TestFilesThatWereDownloaded:
    def verify(self, path, raw: bytes, command: str = "verify_receipt") -> int:
        path.write_bytes(raw)
        try:
            call_command(command, path, stdout=StringIO())
        except CommandError as error:
            return error.returncode
        return 0

    def test_a_receipt_is_known_by_its_hash(self, guests, tmp_path):
        raw, file = receipts.file_of(guests), tmp_path / "receipt.json"
        assert self.verify(file, raw) == 0
        privacy.erase_interview(guests, Because.WISH, guests.candidate, NOON)
        assert self.verify(file, raw) == 6
        assert self.verify(file, raw.replace("独一无二".encode(), "平平无奇".encode())) == 1
        assert self.verify(file, raw + b"\n") == 1

    def test_one_of_other_texts_than_those_deleted_is_told(self, guests, tmp_path):
        raw = receipts.file_of(guests)
        Interview.objects.filter(pk=guests.pk).update(receipt_sha256="0" * 64)
        privacy.erase_interview(guests, Because.WISH, guests.candidate, NOON)
        assert self.verify(tmp_path / "receipt.json", raw) == 3

    def test_a_packet_is_still_ours(self, guests, tmp_path):
        raw = packets.json_file(packets.content(guests.invitation, NOON))
        privacy.erase_interview(guests, Because.WISH, guests.candidate, NOON)
        assert self.verify(tmp_path / "packet.json", raw, "verify_packet") == 0


# --- Retention ------------------------------------------------------------------------------


def purge(**options: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("purge", json=True, stdout=out, **options)
    return json.loads(out.getvalue())


@pytest.fixture
def now() -> Iterator[Any]:
    yield timezone.now()


class TestRetention:
    def sat(self, days_ago: float, organisation: Organisation, **fields: Any) -> Interview:
        position = build.position(organisation, rows=[build.row(count=2)])
        return build.sat(position, at=timezone.now() - timedelta(days=days_ago), **fields)

    def test_what_is_due_goes_and_nothing_else(self, acme):
        due, young = self.sat(31, acme, name=NAME, email=EMAIL), self.sat(29, acme)
        other, unset = build.organisation(retention_days=365), build.organisation()
        kept = [young, self.sat(300, other), self.sat(3000, unset)]
        before = [rows_of(each) for each in kept]
        report = purge()
        assert (report["interviews"], report["invitations"], report["failed"]) == (1, 0, 0)
        assert report["organisations"] == [{"id": acme.pk, "days": 30, "interviews": 1, "invitations": 0}]
        assert [each.pk for each in Interview.objects.filter(erased_at__isnull=False)] == [due.pk]
        assert [rows_of(each) for each in kept] == before
        assert places_of(NAME, EMAIL) == set()
        event = AuditEvent.objects.get(verb=Verb.INTERVIEW_ERASED)
        assert (event.actor, event.facts) == ("command", {"because": "retention"})
        assert check().fault is None

    def test_a_second_time_changes_nothing(self, acme):
        self.sat(31, acme)
        purge()
        events = AuditEvent.objects.count()
        report = purge()
        assert (report["interviews"], report["organisations"], AuditEvent.objects.count()) == (0, [], events)

    def test_a_dry_run_deletes_nothing(self, acme):
        sat = self.sat(31, acme)
        before = rows_of(sat)
        report = purge(dry_run=True)
        assert (report["dry_run"], report["interviews"], rows_of(sat)) == (True, 1, before)

    def test_it_says_so_in_words_too(self, acme):
        self.sat(31, acme)
        out = StringIO()
        call_command("purge", dry_run=True, stdout=out)
        assert "Acme" in out.getvalue() and "30" in out.getvalue()

    def test_a_running_interview_is_never_due(self, acme):
        build.bank(2)
        invitation, _token = build.invited(build.position(acme), at=timezone.now() - 40 * DAY)
        running = hiring.accept(invitation, timezone.now() - 39 * DAY)
        assert purge()["interviews"] == 0
        assert Interview.objects.get(pk=running.pk).submitted_at is None

    def test_candidates_get_what_they_were_promised(self, acme):
        sat = self.sat(31, acme)
        assert sat.promised_days == 30
        Organisation.objects.update(retention_days=None)
        assert privacy.until(sat) == sat.submitted_at + 30 * DAY
        assert purge()["interviews"] == 1

    def test_a_shorter_time_holds_for_those_before_too(self, acme):
        sat = self.sat(10, acme)
        Organisation.objects.update(retention_days=7)
        sat.template.organisation.refresh_from_db()
        assert privacy.until(sat) == sat.submitted_at + 7 * DAY
        assert purge()["interviews"] == 1

    def test_practice_of_people_with_accounts_goes_too(self, acme, candidate):
        template = build.template(organisation=acme)
        build.interview(build.user())  # makes questions
        at = timezone.now() - 31 * DAY
        sat = interviews.submit(interviews.start(template, candidate, at), at)
        assert purge()["interviews"] == 1
        assert Interview.objects.get(pk=sat.pk).candidate is None
        assert User.objects.get(pk=candidate.pk).is_active

    def test_names_of_invitations_that_were_never_used_go(self, acme):
        position, at = build.position(acme), timezone.now()
        old, _ = build.invited(position, at - 40 * DAY, name=NAME, email=EMAIL)
        young, _ = build.invited(position, at - 30 * DAY, name="Young", email="young@example.org")
        revoked, _ = build.invited(position, at - 40 * DAY, name="Withdrawn Person", lasts=90 * DAY)
        hiring.revoke(revoked, None, at - 31 * DAY)
        elsewhere, _ = build.invited(build.position(), at - 400 * DAY, name="Elsewhere")
        assert purge()["invitations"] == 2
        assert places_of(NAME, EMAIL, "Withdrawn Person") == set()
        names = Invitation.objects.filter(pk__in=[young.pk, elsewhere.pk]).values_list("name", flat=True)
        assert set(names) == {"Young", "Elsewhere"}
        assert AuditEvent.objects.get(verb=Verb.INVITATIONS_ERASED).facts == {"count": 2}
        old.refresh_from_db()
        assert old.erased_at is not None
        assert purge()["invitations"] == 0

    def test_one_that_cannot_be_deleted_keeps_no_other(self, acme):
        broken, sat = self.sat(32, acme), self.sat(31, acme)
        Grade.objects.filter(answer__interview=broken).update(verdict={})
        with pytest.raises(CommandError) as failed:
            purge()
        assert failed.value.returncode == 1
        assert [each.pk for each in Interview.objects.filter(erased_at__isnull=False)] == [sat.pk]
        assert rows_of(broken)["User"], "half of it is not deleted"

    def test_the_sweeper_does_it_once_a_day_bit_by_bit(self, acme, monkeypatch):
        monkeypatch.setattr(purging, "AT_ONCE", 2)
        for _ in range(3):
            self.sat(31, acme)

        def left() -> int:
            return Interview.objects.kept().count()

        at = timezone.now()
        assert purging.purge_if_due(at) and left() == 1
        assert purging.purge_if_due(at) and left() == 0
        self.sat(31, acme)
        assert not purging.purge_if_due(at + timedelta(minutes=30)) or at.hour == 23
        assert purging.purge_if_due(at + DAY) and left() == 0
        assert {event.actor for event in AuditEvent.objects.filter(verb=Verb.INTERVIEW_ERASED)} == {"program"}

    def test_it_is_part_of_sweeping(self, acme):
        self.sat(31, acme)
        sweep.sweep_once()
        assert not Interview.objects.kept().exists()
        assert PurgeRun.objects.get().ended_at is not None

    @pytest.mark.django_db(transaction=True)
    def test_of_several_sweepers_one_does_it(self, transactional_db):
        acme = build.organisation(retention_days=30)
        sat = self.sat(31, acme)
        at = timezone.now()
        assert sorted(together(*[lambda: purging.purge_if_due(at)] * 3)) == [False, False, True]
        assert AuditEvent.objects.filter(verb=Verb.INTERVIEW_ERASED, object=f"interview:{sat.pk}").count() == 1


def test_every_text_of_our_tables_is_thought_of(db):
    """A new column for text: does it hold words of candidates? Then `erasing.py` deletes it, and the tests fill it."""
    from django.apps import apps
    from django.db import models

    def of(model: type[Model]) -> set[str]:
        kinds = (models.TextField, models.JSONField, models.BinaryField)
        return {f"{model.__name__}.{each.name}" for each in model._meta.concrete_fields if isinstance(each, kinds)}

    found = {name for model in apps.get_app_config("interviewer").get_models() for name in of(model)}
    not_of_candidates = {
        "AuditEvent.facts", "Endpoint.error", "Endpoint.error_values", "ExamResult.report", "Invitation.error",
        "ItemStatistics.graders", "ItemStatistics.rest_bins", "ItemStatistics.score_bins", "ItemStatistics.time_bins",
        "Organisation.alternative", "InterviewTemplate.bands", "Answer.frozen", "HumanScore.judgements",
        # What curators paste and ask for; forgotten after a week, see `models/jobs.py`.
        "Job.payload", "Job.result", "Job.error", "Job.error_values",
    }  # fmt: skip
    assert found - not_of_candidates <= OF_INTERVIEW | OF_INVITATION

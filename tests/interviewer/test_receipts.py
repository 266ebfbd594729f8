"""Receipts: the same bytes each time, known again, and no byte of them can be changed unnoticed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from interviewer import receipts
from interviewer.models import Answer, Interview, InterviewTemplate, User
from interviewer.receipts import Finding
from tests import build
from tests.conftest import signed_in, unblinded

pytestmark = pytest.mark.django_db

TEXTS = ["缓存命中。\n\t 👩‍👩‍👧", ""]


@pytest.fixture
def interview(candidate: User) -> Interview:
    return build.handed_in(candidate, texts=TEXTS)


@pytest.fixture
def raw(interview: Interview) -> bytes:
    return receipts.file_of(interview)


def changed(raw: bytes, **fields: Any) -> bytes:
    return receipts._rendered({**json.loads(raw), **fields})


def test_it_says_what_was_handed_in(interview, raw):
    said = json.loads(raw)
    assert [answer["text"] for answer in said["answers"]] == TEXTS
    assert said["answers"][0]["sha256"] == receipts.sha256(TEXTS[0])
    assert said["answers"][0]["question_sha256"] == interview.answers.get(position=1).frozen["hash"]
    assert (said["sha256"], said["candidate"]) == (interview.receipt_sha256, "candidate")
    assert said["submitted_at"] == "2026-03-02T12:00:00+00:00"
    assert receipts.file_of(Interview.objects.get()) == raw
    assert receipts.verify(raw).finding == Finding.GENUINE


def test_no_byte_can_be_changed_unnoticed(raw):
    for place in range(len(raw)):
        other = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert receipts.verify(other).finding in {Finding.CHANGED, Finding.NOT_OURS}, place


def test_no_byte_can_be_left_out_or_added_unnoticed(raw):
    for place in range(0, len(raw), 7):
        for other in (raw[:place] + raw[place + 1 :], raw[:place] + b" " + raw[place:]):
            assert receipts.verify(other).finding in {Finding.CHANGED, Finding.NOT_OURS}, place


def test_one_is_told_what_was_changed(raw):
    answers = json.loads(raw)["answers"]
    answers[1] |= {"text": "written afterwards", "sha256": receipts.sha256("written afterwards")}
    verdict = receipts.verify(changed(raw, answers=answers))
    assert (verdict.finding, verdict.places) == (Finding.CHANGED, ("answers.2.text", "answers.2.sha256"))
    assert receipts.verify(changed(raw, submitted_by="clock")).places == ("submitted_by",)
    assert receipts.verify(changed(raw, extra=1)).places == ("extra",)
    assert receipts.verify(changed(raw, answers=answers[:1])).places == ("answers.2",)
    assert receipts.verify(changed(raw, signature="x")).places == (receipts.SIGNATURE,)
    assert receipts.verify(changed(raw, signature=None)).places == (receipts.SIGNATURE,)
    assert receipts.verify(raw.replace(b"\n", b"\r\n")).places == (receipts.LAYOUT,)
    twice = raw.replace(b'"submitted_by"', b'"candidate": "somebody else",\n  "submitted_by"')
    assert receipts.verify(twice).finding == Finding.NOT_OURS  # two readers might read two things


@pytest.mark.parametrize("junk", [b"", b"{}", b"[]", b"\xff", b'{"interview": 5}', b'{"interview": "x"}', b"[" * 10**5])
def test_anything_else_is_not_ours(junk):
    assert receipts.verify(junk).finding == Finding.NOT_OURS


def test_an_invented_receipt_is_not_ours(raw):
    other = "00000000-0000-4000-8000-000000000000"
    assert receipts.verify(changed(raw, interview=other)).finding == Finding.NOT_OURS


def test_a_receipt_of_a_running_interview_is_not_ours(raw):
    Interview.objects.update(submitted_at=None)
    assert receipts.verify(changed(raw, title="x")).finding == Finding.NOT_OURS


def test_what_was_changed_in_the_database_shows(raw):
    Answer.objects.filter(position=1).update(text="changed by hand")
    verdict = receipts.verify(raw)
    assert verdict.finding == Finding.STORED_DIFFERS
    assert set(verdict.places) == {"answers.1.text", "answers.1.sha256", "sha256"}


def test_names_may_change_afterwards(raw):
    InterviewTemplate.objects.update(name="another name")
    User.objects.filter(username="candidate").update(username="another")
    assert receipts.verify(raw).finding == Finding.GENUINE


def test_a_deleted_interview_leaves_its_receipt_genuine(raw):
    Interview.objects.all().delete()
    assert receipts.verify(raw).finding == Finding.NOT_STORED


def test_another_key(raw, settings):
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key altogether, long enough"
    assert receipts.verify(raw).places == (receipts.SIGNATURE,)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert receipts.verify(raw).finding == Finding.GENUINE


# --- The command --------------------------------------------------------------------------


def run(path: Path) -> int:
    try:
        call_command("verify_receipt", str(path))
    except CommandError as error:
        return error.returncode
    return 0


def test_the_command_says_so_by_its_exit_status(raw, tmp_path, capsys):
    path = tmp_path / "receipt.json"
    assert run(path) == 5
    path.write_bytes(raw)
    assert run(path) == 0
    assert "ours and unchanged" in capsys.readouterr().out
    path.write_bytes(changed(raw, submitted_by="clock"))
    assert run(path) == 1
    path.write_bytes(b"{}")
    assert run(path) == 2
    path.write_bytes(raw)
    Answer.objects.update(text="changed by hand")
    assert run(path) == 3
    Interview.objects.all().delete()
    assert run(path) == 4


# --- Downloading -----------------------------------------------------------------------------


def test_candidate_and_manager_get_the_same_file(interview, raw, candidate, manager):
    reviewer = signed_in(manager)
    blind = reviewer.get(reverse("review-receipt-file", args=[interview.pk]), follow=True)
    assert "names the candidate" in blind.content.decode()
    unblinded(reviewer, interview)
    for person, name in ((candidate, "receipt-file"), (manager, "review-receipt-file")):
        response = signed_in(person).get(reverse(name, args=[interview.pk]))
        assert response.content == raw
        assert response["Content-Disposition"] == f'attachment; filename="receipt-{interview.pk}.json"'


def test_a_running_interview_has_no_receipt(manager):
    interview = build.interview()
    assert signed_in(manager).get(reverse("review-receipt-file", args=[interview.pk])).status_code == 404
    assert Client().get(reverse("receipt-file", args=[interview.pk])).status_code == 302

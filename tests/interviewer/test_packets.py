"""Decision packets: all that led to a decision, nobody's name, and no byte of it changed unnoticed."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pypdf import PdfReader

from interviewer import hiring, jobs, receipts, reviewing
from interviewer.audit.check import check
from interviewer.models import AuditEvent, AuditHead, Decision, Interview, Job, Packet, Verb
from interviewer.packets import Finding, verify
from interviewer.scorecard import scorecard
from tests import build
from tests.build import NOON
from tests.conftest import signed_in, unblinded
from tests.pages import Page

HOUR = timedelta(hours=1)


@pytest.fixture
def decided(db: None, manager) -> Interview:
    texts = ["缓存命中省去了重复计算。", "<b>Batching</b> 😀", "批处理"]
    sat = build.sat(scores=[0.2, 0.5, 0.9], texts=texts, name="Wang Fang", email="wang@example.org")
    hiring.decide(sat, Decision.Outcome.HOLD, "再等一轮。", manager, NOON)
    hiring.decide(sat, Decision.Outcome.ADVANCE, "对缓存的理解令人信服。", manager, NOON + HOUR)
    return sat


def address(name: str, sat: Interview, *more: str) -> str:
    return reverse(name, args=[sat.invitation.position_id, sat.pk, *more])


def made(sat: Interview, client) -> Packet:
    client.post(address("make-packet", sat))
    job = Job.objects.filter(kind="make-packet").latest("created_at")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == "done", job.error
    return Packet.objects.first()


def text_of(packet: Packet) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(bytes(packet.pdf))).pages).replace("\x00", "")


@pytest.fixture
def packet(decided, reviewer) -> Packet:
    return made(decided, reviewer)


class TestTheContent:
    def test_it_holds_the_scores_of_people_too_and_says_which_one_counts(self, decided, reviewer, manager):
        answer = decided.answers.select_related("interview").get(position=1)
        met = {point.key: "met" for point in answer.asked.points}
        mine = reviewing.score_blind(answer, met, manager, NOON + HOUR)
        reviewing.override(answer, "The words are other ones, the meaning is there.", manager, NOON + HOUR, 0)
        said = json.loads(bytes(made(decided, reviewer).json))["questions"][0]
        assert said["score"] == mine.score == 1.0 and said["grades"][0]["score"] == 0.2
        [score], [choice] = said["scores_by_people"], said["decisions_which_counts"]
        assert (score["by"], score["phase"], score["judgements"]) == ("manager", "before", met)
        assert (choice["score"], choice["reason"]) == (score["id"], "The words are other ones, the meaning is there.")

    def test_it_holds_what_led_to_the_decision(self, decided, packet):
        said = json.loads(bytes(packet.json))
        assert said["candidate"] == decided.invitation.code
        assert (said["decision"]["outcome"], said["decision"]["by"]) == ("advance", "manager")
        assert said["decision"]["reason"] == "对缓存的理解令人信服。"
        assert [each["outcome"] for each in said["earlier_decisions"]] == ["hold"]
        assert said["interview"]["receipt_sha256"] == decided.receipt_sha256
        for told, answer in zip(said["questions"], decided.answers.order_by("position"), strict=True):
            assert (told["answer"], told["asked"]) == (answer.text, answer.frozen)
            grade = told["grades"][0]
            assert (grade["in_force"], grade["model"], grade["grader"]) == (True, "tiny", "semantic")
            assert told["score"] == answer.grades.get().score
            evidence = grade["points"][0]["evidence"]
            assert [each["words"] for each in evidence] == [answer.text]

    def test_its_band_is_that_of_the_scorecard(self, decided, packet):
        card = scorecard(decided.answers.order_by("position"))
        told = json.loads(bytes(packet.json))["score"]
        assert told["band_of_100"] == {"low": card.band.low, "high": card.band.high, "share": 0.9}
        assert (told["asked"], told["graded"]) == (3, 3)

    def test_it_knows_where_the_audit_log_was(self, decided, reviewer):
        head = AuditHead.objects.get()
        said = json.loads(bytes(made(decided, reviewer).json))
        assert said["audit_head"] == {"number": head.number, "sha256": head.hash}

    def test_it_names_no_candidate(self, decided, packet):
        pdf = text_of(packet)
        for secret in ("Wang", "example.org", decided.candidate.username):
            assert secret not in bytes(packet.json).decode() and secret not in pdf

    def test_the_pdf_reads_as_the_json_and_carries_it(self, decided, packet, tmp_path):
        text = "".join(text_of(packet).split())
        for part in ("对缓存的理解令人信服。", "缓存命中省去了重复计算。", "[U+1F600]", "<b>Batching</b>",
                     decided.invitation.code, hashlib.sha256(bytes(packet.json)).hexdigest()):  # fmt: skip
            assert part in text, part
        file = tmp_path / "packet.pdf"
        file.write_bytes(bytes(packet.pdf))
        assert PdfReader(file).attachments["packet.json"] == [bytes(packet.json)]

    def test_it_is_audited(self, decided, packet, reviewer):
        event = AuditEvent.objects.get(verb=Verb.PACKET_MADE)
        assert event.facts["pdf_sha256"] == hashlib.sha256(bytes(packet.pdf)).hexdigest()
        unblinded(reviewer, decided).get(address("packet-file", decided, "pdf"))
        assert AuditEvent.objects.filter(verb=Verb.PACKET_SEEN, object=f"interview:{decided.pk}").count() == 1
        assert check().fault is None


class TestTampering:
    @pytest.mark.parametrize("kind", ["json", "pdf"])
    def test_any_byte_changed_shows(self, packet, kind):
        raw = bytes(getattr(packet, kind))
        assert verify(raw) is Finding.GENUINE

        @given(st.integers(0, len(raw) - 1), st.integers(1, 255))
        @hypothesis_settings(
            max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
        )
        def change(place: int, by: int) -> None:
            changed = bytearray(raw)
            changed[place] ^= by
            assert verify(bytes(changed)) is not Finding.GENUINE

        change()

    @pytest.mark.parametrize("kind", ["json", "pdf"])
    def test_nor_is_anything_cut_off_or_added(self, packet, kind):
        raw = bytes(getattr(packet, kind))
        for changed in (raw[:-1], raw + b"\n", raw + b" ", raw[1:], raw + raw, b"\n" + raw, raw[: len(raw) // 2]):
            assert verify(changed) is not Finding.GENUINE

    def test_nor_are_fields_moved(self, packet):
        said = json.loads(bytes(packet.json))
        moved = dict(reversed(said.items()))
        for layout in ({"indent": 2}, {"indent": None}):
            for changed in (moved, said):
                raw = (json.dumps(changed, ensure_ascii=False, **layout) + "\n").encode()
                assert (verify(raw) is Finding.GENUINE) == (raw == bytes(packet.json))

    def test_another_sites_packet_is_not_ours(self, packet, settings):
        settings.SECRET_KEY = "another"
        assert verify(bytes(packet.json)) is verify(bytes(packet.pdf)) is Finding.CHANGED

    def test_an_earlier_key_is_known_while_it_stands_in_the_fallbacks(self, packet, settings):
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
        assert verify(bytes(packet.json)) is verify(bytes(packet.pdf)) is Finding.GENUINE

    @pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", b"%PDF-1.3\n%%EOF\n", b'{"signature": "x"}'])
    def test_what_is_no_packet_is_said_to_be_none(self, raw):
        assert verify(raw) is not Finding.GENUINE

    def test_a_receipt_is_no_packet(self, decided):
        assert verify(receipts.file_of(decided)) is not Finding.GENUINE


class TestTheCommand:
    @pytest.mark.parametrize("kind", ["json", "pdf"])
    def test_it_says_so(self, packet, kind, tmp_path, capsys):
        file = tmp_path / "packet"
        file.write_bytes(bytes(getattr(packet, kind)))
        call_command("verify_packet", file)
        assert "ours and unchanged" in capsys.readouterr().out
        file.write_bytes(bytes(getattr(packet, kind)) + b"x")
        for path, status in ((file, 1), (tmp_path / "missing", 5)):
            with pytest.raises(CommandError) as refused:
                call_command("verify_packet", path)
            assert refused.value.returncode == status
        file.write_bytes(b"{}")
        with pytest.raises(CommandError, match="not a decision packet") as refused:
            call_command("verify_packet", file)
        assert refused.value.returncode == 2


class TestThePage:
    def test_from_decision_to_packet(self, decided, reviewer):
        page = Page(reviewer.post(address("make-packet", decided), follow=True))
        assert "Waiting for a worker" in page.text
        made(decided, reviewer)
        page = Page(reviewer.get(address("candidate", decided)))
        assert "Make another packet" in page.text and "once you have judged all answers" in page.text
        assert reviewer.get(address("packet-file", decided, "json"))["Location"] == address("candidate", decided)
        unblinded(reviewer, decided)
        for kind in ("json", "pdf"):
            response = reviewer.get(address("packet-file", decided, kind))
            assert verify(response.content) is Finding.GENUINE
            assert response["Content-Type"] == f"application/{kind}"
            assert decided.invitation.code in response["Content-Disposition"]
        assert reviewer.get(address("packet-file", decided, "exe")).status_code == 404

    def test_a_packet_of_an_earlier_decision_says_so(self, decided, packet, reviewer, manager):
        page = Page(reviewer.get(address("candidate", decided)))
        assert "decided anew since" not in page.text
        hiring.decide(decided, Decision.Outcome.DECLINE, "why", manager, NOON)
        page = Page(reviewer.get(address("candidate", decided)))
        assert "decided anew since" in page.text

    def test_without_a_decision_there_is_none(self, db, reviewer):
        sat = build.sat()
        assert "Decide first" in Page(reviewer.post(address("make-packet", sat), follow=True)).text
        assert not Job.objects.exists()
        page = reviewer.get(address("packet-file", sat, "pdf"))
        assert page.status_code == 302 and page["Location"] == address("candidate", sat)

    def test_others_find_no_file(self, decided, packet, other_manager):
        client = signed_in(other_manager)
        assert client.get(address("packet-file", decided, "pdf")).status_code == 404


@pytest.mark.parametrize(
    "text", ["", "𠮷龘\x07\u202e", "a" * 30_000, "很长" * 15_000, "\n" * 3_000, "x\r\ny\tz", "مرحبا"],
    ids=["blank", "rare", "one word", "long", "lines", "breaks", "other script"],
)  # fmt: skip
def test_whatever_somebody_wrote_is_printed(db, reviewer, manager, text):
    sat = build.sat(texts=[text, text])
    hiring.decide(sat, Decision.Outcome.HOLD, "why", manager, NOON)
    packet = made(sat, reviewer)
    assert verify(bytes(packet.pdf)) is Finding.GENUINE
    assert json.loads(bytes(packet.json))["questions"][0]["answer"] == sat.answers.get(position=1).text
    assert len(PdfReader(io.BytesIO(bytes(packet.pdf))).pages) < 100

"""The pages of "your data", and what all other pages say of an interview whose data is deleted."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from interviewer import hiring, privacy, receipts, reviewing
from interviewer.models import Accommodation, AuditEvent, Decision, Interview, Invitation, Organisation, User, Verb
from interviewer.models.hiring import token_hash
from tests import build
from tests.build import NOON
from tests.conftest import signed_in, unblinded
from tests.pages import Page

TEXT, NAME, EMAIL = "缓存命中省去了重复计算。", "Wang Fang", "wang@example.org"
TOKEN = "the-link-of-this-guest"
Because = Interview.Because


@pytest.fixture
def sat(db: None) -> Interview:
    return build.sat(scores=[0.2, 0.5, 0.9], texts=[TEXT, TEXT, TEXT], name=NAME, email=EMAIL)


@pytest.fixture
def guest(sat: Interview) -> Client:
    """The browser in which a guest has come back to the interview by its link."""
    Invitation.objects.filter(interview=sat).update(token_sha256=token_hash(TOKEN))
    client = Client(headers={"accept-language": "en"})
    assert client.post(reverse("invitation", args=[TOKEN])).status_code == 302
    return client


@pytest.fixture
def erased(sat: Interview, manager: User) -> Interview:
    hiring.decide(sat, Decision.Outcome.ADVANCE, "a secret reason", manager, NOON)
    Invitation.objects.filter(interview=sat).update(token_sha256=token_hash(TOKEN))
    privacy.erase_interview(sat, Because.RETENTION, "program", NOON)
    return sat


def text_of(response: HttpResponse) -> str:
    return Page(response).text


def data_in(response: HttpResponse) -> tuple[dict[str, Any], zipfile.ZipFile]:
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    return json.loads(archive.read("data.json")), archive


# --- What is kept ---------------------------------------------------------------------------


class TestYourData:
    def test_it_says_what_is_kept_of_an_account(self, candidate):
        User.objects.filter(pk=candidate.pk).update(first_name="Fang", email=EMAIL)
        Accommodation.objects.create(person=candidate, extra_minutes=5)
        sat = build.handed_in(candidate, texts=[TEXT])
        page = Page(signed_in(candidate).get(reverse("your-data")))
        for said in ("candidate", "Fang", EMAIL, sat.template.name, "2 answers", "extra time"):
            assert said in page.text
        links = {attributes.get("href") for tag, attributes in page.elements if tag == "a"}
        assert {reverse("export-data"), reverse("delete-account"), reverse("delete-interview", args=[sat.pk])} <= links

    def test_it_says_what_is_kept_of_a_guest(self, guest, sat):
        said = text_of(guest.get(reverse("your-data")))
        assert NAME in said and EMAIL in said and sat.invitation.code in said

    def test_pages_lead_there(self, guest, sat):
        for page in (reverse("home"), reverse("receipt", args=[sat.pk])):
            assert reverse("your-data") in guest.get(page).content.decode()

    @pytest.mark.parametrize("days", [None, 30])
    def test_the_day_on_which_it_goes_is_told_only_where_there_is_one(self, candidate, days):
        Organisation.objects.filter(pk=build.home().pk).update(retention_days=days)
        build.handed_in(candidate)
        said = text_of(signed_in(candidate).get(reverse("your-data")))
        assert ("April 1, 2026" in said) == bool(days)
        assert ("until you or whoever runs this site" in said) != bool(days)

    @pytest.mark.parametrize(("days", "said"), [(None, ""), (1, "1 day after"), (30, "30 days after")])
    def test_so_it_is_before_one_agrees(self, candidate, days, said):
        Organisation.objects.filter(pk=build.home().pk).update(retention_days=days)
        build.interview()
        template = build.template()
        Invitation.objects.filter(pk=build.invited(at=timezone.now())[0].pk).update(token_sha256=token_hash(TOKEN))
        for page in (
            signed_in(candidate).get(reverse("begin", args=[template.pk])),
            Client(headers={"accept-language": "en"}).get(reverse("invitation", args=[TOKEN])),
        ):
            assert ("deleted" in text_of(page) and said in text_of(page)) if days else ("after you hand" not in said)
            assert ("after you hand in" in text_of(page)) == bool(days)
            assert "you can see, download and delete all of it" in text_of(page)


class TestTheFile:
    def test_it_holds_everything_that_was_shown(self, candidate, manager):
        Accommodation.objects.create(person=candidate, extra_minutes=5)
        sat = build.handed_in(candidate, texts=[TEXT])
        first = sat.answers.select_related("interview").get(position=1)
        build.graded(first, 0.5)
        judged = {point.key: "met" for point in first.asked.points}
        reviewing.score_blind(first, judged, manager, NOON)
        reviewing.override(first, "Better than that.", manager, NOON, 0, for_candidate=True)
        client = signed_in(candidate)
        client.post(reverse("unsent", args=[sat.pk, 1]), {"text": "another text", "revision": 1})
        response = client.get(reverse("export-data"))
        assert response["Content-Type"] == "application/zip"
        data, archive = data_in(response)
        assert data["account"]["username"] == "candidate" and data["extra_time"]["minutes"] == 5
        (interview,) = data["interviews"]
        assert (interview["id"], interview["receipt_sha256"]) == (str(sat.pk), sat.receipt_sha256)
        answer = interview["answers"][0]
        assert (answer["text"], answer["revision"], answer["title"]) == (TEXT, 1, first.asked.title)
        result = answer["result"]
        assert (result["of_100"], result["scored_by_a_person"]) == (100, True)
        assert result["their_reason"] == "Better than that."
        assert result["reference"] == first.asked.reference, "it was practice"
        kinds = [event["kind"] for event in interview["events"]]
        assert {"saved", "unsent"} <= set(kinds) and "another text" in json.dumps(interview["events"])
        assert interview["time_added"][0]["seconds"] == 300
        assert archive.read(f"receipts/{sat.pk}.json") == receipts.file_of(sat)

    def test_of_an_exam_it_holds_no_reference_and_of_people_no_more_than_their_pages(self, sat, guest, manager):
        hiring.decide(sat, Decision.Outcome.DECLINE, "a secret reason", manager, NOON)
        first = sat.answers.select_related("interview").get(position=1)
        reviewing.score_blind(first, {point.key: "met" for point in first.asked.points}, manager, NOON)
        reviewing.override(first, "another secret", manager, NOON, 0)
        data, _archive = data_in(guest.get(reverse("export-data")))
        whole = json.dumps(data, ensure_ascii=False)
        assert "secret" not in whole and "decline" not in whole
        assert first.asked.reference not in whole
        assert data["interviews"][0]["invitation"]["email"] == EMAIL
        assert data["interviews"][0]["answers"][1]["result"]["points"][0]["your_words"] == [TEXT]

    def test_of_a_running_interview_it_holds_what_was_saved(self, candidate):
        running = build.interview(candidate, timezone.now())
        client = signed_in(candidate)
        client.post(reverse("draft", args=[running.pk, 1]), {"text": TEXT, "revision": 0})
        data, archive = data_in(client.get(reverse("export-data")))
        assert data["interviews"][0]["answers"][0]["text"] == TEXT
        assert data["interviews"][0]["answers"][0]["result"] is None
        assert archive.namelist() == ["data.json"]

    def test_it_holds_nobody_elses(self, candidate, stranger):
        build.handed_in(stranger, texts=["a canary"])
        data, _archive = data_in(signed_in(candidate).get(reverse("export-data")))
        assert data["interviews"] == [] and "canary" not in json.dumps(data)

    def test_it_is_audited(self, candidate):
        signed_in(candidate).get(reverse("export-data"))
        event = AuditEvent.objects.get(verb=Verb.DATA_EXPORTED)
        assert (event.actor, event.object, event.facts) == (f"person:{candidate.pk}",) * 2 + ({},)


# --- Deleting -------------------------------------------------------------------------------


class TestDeleting:
    def test_it_is_confirmed_first(self, candidate):
        sat = build.handed_in(candidate, texts=[TEXT])
        client = signed_in(candidate)
        for name, of in (("delete-interview", [sat.pk]), ("delete-account", [])):
            page = text_of(client.get(reverse(name, args=of)))
            assert "What remains, and why" in page and "cannot be undone" in page
            refused = client.post(reverse(name, args=of))
            assert refused.status_code == 400 and "Please tick the box first" in text_of(refused)
        assert Interview.objects.kept().exists() and User.objects.get(pk=candidate.pk).is_active

    def test_one_interview(self, candidate):
        sat, other = build.handed_in(candidate, texts=[TEXT]), build.handed_in(candidate, texts=[TEXT])
        client = signed_in(candidate)
        answer = client.post(reverse("delete-interview", args=[sat.pk]), {"sure": "on"}, follow=True)
        assert "is deleted" in text_of(answer) and other.template.name in text_of(answer)
        assert [each.pk for each in Interview.objects.kept()] == [other.pk]
        again = client.post(reverse("delete-interview", args=[sat.pk]), {"sure": "on"})
        assert again.status_code == 410 and "candidate wished so" in text_of(again)

    def test_a_guest_goes_with_the_interview(self, guest, sat):
        answer = guest.post(reverse("delete-account"), {"sure": "on"}, follow=True)
        assert "Your data is deleted" in text_of(answer)
        assert "_auth_user_id" not in guest.session
        assert not User.objects.filter(is_guest=True).exists()
        back = guest.get(reverse("invitation", args=[TOKEN]))
        assert back.status_code == 410 and "candidate wished so" in text_of(back)
        assert guest.post(reverse("invitation", args=[TOKEN])).status_code == 410

    def test_so_does_one_who_deletes_the_interview_alone(self, guest, sat):
        answer = guest.post(reverse("delete-interview", args=[sat.pk]), {"sure": "on"})
        assert answer["Location"] == reverse("data-deleted")
        assert not User.objects.filter(is_guest=True).exists() and "_auth_user_id" not in guest.session

    def test_who_is_about_to_be_decided_upon_is_told_what_follows(self, guest, candidate):
        warning = "If nobody has decided about you yet"
        assert warning in text_of(guest.get(reverse("delete-account")))
        assert warning not in text_of(signed_in(candidate).get(reverse("delete-account")))

    def test_what_runs_is_named_before_it_is_ended(self, candidate):
        running = build.interview(candidate, timezone.now())
        client = signed_in(candidate)
        assert f"“{running.template}” is running" in text_of(client.get(reverse("delete-account")))
        client.post(reverse("delete-account"), {"sure": "on"})
        assert Interview.objects.get(pk=running.pk).is_abandoned

    def test_an_account_is_signed_out_everywhere(self, candidate):
        here, there = signed_in(candidate), signed_in(candidate)
        here.post(reverse("delete-account"), {"sure": "on"})
        for client in (here, there):
            assert client.get(reverse("your-data"))["Location"].startswith(reverse("login"))
        form = {"username": "candidate", "password": "a good password"}
        assert Client().post(reverse("login"), form).status_code == 200, "not signed in"

    def test_the_last_operator_is_told_why_not(self, db):
        operator = build.user("operator", is_superuser=True, is_staff=True)
        answer = signed_in(operator).post(reverse("delete-account"), {"sure": "on"})
        assert answer.status_code == 409 and "Give somebody else these rights first" in text_of(answer)
        assert User.objects.get(pk=operator.pk).is_active


# --- Tombstones on all other pages ----------------------------------------------------------

DELETED = "The data of this interview was deleted on March 2, 2026, because the time for which it is kept was over."


@pytest.mark.parametrize(
    "name", ["room", "receipt", "receipt-file", "scorecard", "scorecard-results", "progress", "delete-interview"]
)
def test_whoever_comes_back_to_their_interview_is_told(name, erased, candidate):
    for client in (Client(headers={"accept-language": "en"}), signed_in(candidate)):
        answer = client.get(reverse(name, args=[erased.pk]))
        assert answer.status_code == 410 and DELETED in text_of(answer)


def test_a_text_sent_to_it_is_not_kept(erased, candidate):
    answer = signed_in(candidate).post(reverse("unsent", args=[erased.pk, 1]), {"text": TEXT, "revision": 0})
    assert answer.status_code == 410


class TestForManagers:
    def test_the_lists(self, erased, reviewer):
        other = build.sat(erased.invitation.position, scores=[0.2, 0.5, 0.9])
        rows = {row[0].strip(): row for row in Page(reviewer.get(reverse("review-list"))).rows}
        row = rows[erased.invitation.code]
        assert "Data deleted 03/02/2026" in row[3] and row[4].strip() == "—"
        assert other.invitation.code in rows
        gone = text_of(reviewer.get(reverse("review-list"), {"state": "erased"}))
        assert erased.invitation.code in gone and other.invitation.code not in gone
        for state in ("graded", "waiting", "grading", "needs", "abandoned"):
            assert erased.invitation.code not in text_of(reviewer.get(reverse("review-list"), {"state": state}))
        position = text_of(reviewer.get(reverse("position", args=[erased.invitation.position_id])))
        assert "Data deleted 03/02/2026" in position and NAME not in position

    def test_its_page_and_all_that_is_done_there(self, erased, reviewer):
        first = reviewer.get(reverse("review", args=[erased.pk]))
        assert first.status_code == 200 and DELETED in text_of(first)
        assert erased.receipt_sha256 in text_of(first) and "Advance" in text_of(first)
        forms: dict[str, dict[str, Any]] = {
            "review-claim": {}, "reveal-identity": {"reason": "why"}, "reveal-all": {}, "grade-abandoned": {},
            "score-answer": {}, "reveal": {}, "grade-again": {}, "extend": {},
            "override": {"counts": "mine", "reason": "x", "seen": 0},
        }  # fmt: skip
        for name, form in forms.items():
            of = [erased.pk, 1] if name in {"score-answer", "reveal", "grade-again", "override"} else [erased.pk]
            answer = reviewer.post(reverse(name, args=of), form)
            assert answer.status_code == 410, name
            assert DELETED in text_of(answer)
        receipt = reviewer.get(reverse("review-receipt-file", args=[erased.pk]))
        assert receipt["Location"] == reverse("review", args=[erased.pk])

    def test_the_candidates_page_keeps_the_decision_without_its_reason(self, erased, reviewer):
        of = [erased.invitation.position_id, erased.pk]
        page = text_of(reviewer.get(reverse("candidate", args=of)))
        assert DELETED in page and "Advance" in page and "secret" not in page and "—" not in page.split("Decision")[1]
        answer = reviewer.post(reverse("decide", args=of), {"outcome": "hold", "reason": "x", "seen": 0})
        assert answer.status_code == 410 and DELETED in text_of(answer)
        assert reviewer.post(reverse("make-packet", args=of)).status_code == 410
        packet = reviewer.get(reverse("packet-file", args=[*of, "pdf"]))
        assert packet["Location"] == reverse("candidate", args=of)
        assert Decision.objects.count() == 1

    def test_it_is_compared_with_nobody(self, erased, reviewer):
        page = reverse("compare", args=[erased.invitation.position_id])
        alone = Page(reviewer.get(page))
        assert [row for row in alone.rows if erased.invitation.code in row[0]] == [
            [erased.invitation.code, "03/02/2026", "the time for which it is kept was over", "Advance"]
        ]
        assert "Loosen the filters" not in alone.text
        other = build.sat(erased.invitation.position, scores=[0.2, 0.5, 0.9])
        both = text_of(reviewer.get(page, {"c": [erased.invitation.code, other.invitation.code]}))
        assert "No longer compared" in both and other.invitation.code in both

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    def test_files_of_candidates(self, erased, reviewer, kind):
        answer = reviewer.get(reverse(f"candidates-{kind}", args=[erased.invitation.position_id]))
        assert answer.status_code == 200
        if kind == "csv":
            lines = b"".join(answer.streaming_content).decode()
            (line,) = [line for line in lines.splitlines() if line.startswith(erased.invitation.code)]
            assert "Data deleted" in line and "Advance" in line and "secret" not in line
            assert line.split(",")[1:3] == ["", ""] and line.split(",")[7:11] == [""] * 4

    def test_of_a_person_with_an_account_too(self, candidate, reviewer):
        sat = build.handed_in(candidate, texts=[TEXT])
        build.graded(sat.answers.get(position=1))
        unblinded(reviewer, sat)
        privacy.erase_person(candidate, candidate, NOON)
        assert str(sat.pk)[:8] in text_of(reviewer.get(reverse("review-list")))
        page = text_of(reviewer.get(reverse("review", args=[sat.pk])))
        assert "because the candidate wished so" in page and "candidate wished" in page
        assert f"person {candidate.pk}" not in page
        assert reviewer.get(reverse("audit")).status_code == 200
        assert reviewer.get(reverse("operations")).status_code == 200


def test_an_unused_invitation_says_that_its_names_are_gone(reviewer):
    position = build.position()
    invitation, _token = build.invited(position, NOON, name=NAME, email=EMAIL)
    Organisation.objects.update(retention_days=1)
    privacy.purge_some(timezone.now(), "program")
    page = text_of(reviewer.get(reverse("position", args=[position.pk])))
    assert "name and address deleted" in page and NAME not in page and invitation.code in page

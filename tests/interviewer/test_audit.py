"""The audit log: one chain whoever writes, every tampering found, a sentence for every verb, nobody's words in it."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import translation

from interviewer import audit
from interviewer.audit import words
from interviewer.audit.check import Fault, check
from interviewer.models import AuditEvent, AuditHead, User, Verb
from questions import importing, states, versions
from questions.models import AppendOnly, Question
from questions.sources import Source
from tests import build
from tests.build import NOON
from tests.parallel import threads

pytestmark = pytest.mark.django_db


def recorded(count: int, verb: Verb = Verb.TOPIC_CHANGED) -> list[AuditEvent]:
    return [audit.record(audit.COMMAND, verb, f"topic:{n}", {"n": n}, NOON) for n in range(1, count + 1)]


def sql(text: str, *values: Any) -> None:
    """Past all doors, as somebody would who may write the table."""
    with connection.cursor() as cursor:
        cursor.execute(text, values)


# --- Writing --------------------------------------------------------------------------


def test_events_are_numbered_and_each_holds_the_hash_of_the_one_before():
    first, second, third = recorded(3)
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert [first.previous, second.previous, third.previous] == ["", first.hash, second.hash]
    report = check()
    assert (report.fault, report.events, report.hash) == (None, 3, third.hash)


def test_rows_are_added_only():
    [event] = recorded(1)
    for change in (
        lambda: AuditEvent.objects.update(actor="program"),
        lambda: AuditEvent.objects.all().delete(),
        lambda: AuditEvent.objects.bulk_update([event], ["actor"]),
        event.save,
        event.delete,
    ):
        with pytest.raises(AppendOnly):
            change()


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_was_never_recorded():
    recorded(1)
    with pytest.raises(RuntimeError), transaction.atomic():
        recorded(2)
        raise RuntimeError
    recorded(1)
    assert AuditEvent.objects.count() == 2
    assert check().fault is None


@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_make_one_chain():
    """Each in a transaction that does more than record, from the very first event on."""

    def write() -> None:
        for _ in range(5):
            with transaction.atomic():
                build.topic()
                recorded(2)

    with threads(6) as at_once:
        at_once(*[write] * 6)
    assert AuditEvent.objects.count() == 60
    assert (check().fault, check().events) == (None, 60)


@pytest.mark.parametrize("facts", [{"score": 0.5}, {"text": "x" * 201}, {"at": NOON}, {"deep": [{"n": 1.5}]}, {1: 2}])
def test_facts_are_codes_and_numbers(facts):
    with pytest.raises((TypeError, ValueError)):
        audit.record(audit.COMMAND, Verb.TOPIC_CHANGED, "", facts, NOON)
    assert not AuditEvent.objects.exists()


def test_looking_again_is_recorded_once_in_a_while_for_each_person_and_thing(manager):
    other, sitting, another = build.user(), build.interview(), build.interview()
    looks = [(manager, sitting, 0), (manager, sitting, 5), (other, sitting, 5), (manager, another, 5)]
    for person, thing, minutes in [*looks, (manager, sitting, 11)]:
        audit.saw(person, Verb.INTERVIEW_SEEN, thing, NOON + timedelta(minutes=minutes))
    seen = AuditEvent.objects.order_by("number").values_list("actor", "object")
    assert list(seen) == [
        (f"person:{person.pk}", f"interview:{thing.pk}")
        for person, thing in ((manager, sitting), (other, sitting), (manager, another), (manager, sitting))
    ]


# --- Tampering ------------------------------------------------------------------------


def edited() -> None:
    sql("UPDATE interviewer_auditevent SET actor = 'person:7' WHERE number = 3")


def edited_with_its_hash_reckoned_again() -> None:
    event = AuditEvent.objects.get(number=3)
    event.actor = "person:7"
    sql(
        "UPDATE interviewer_auditevent SET actor = %s, hash = %s WHERE number = 3",
        event.actor,
        audit.chain.hash_of(event),
    )


def deleted_from_the_middle() -> None:
    sql("DELETE FROM interviewer_auditevent WHERE number = 3")


def deleted_from_the_beginning() -> None:
    sql("DELETE FROM interviewer_auditevent WHERE number < 3")


def cut_off() -> None:
    sql("DELETE FROM interviewer_auditevent WHERE number > 3")


def cut_off_with_the_head_moved() -> None:
    cut_off()
    last = AuditEvent.objects.get(number=3)
    sql("UPDATE interviewer_audithead SET number = 3, hash = %s", last.hash)


def cut_off_with_the_head_moved_and_work_going_on() -> None:
    cut_off_with_the_head_moved()
    recorded(1)


def cut_off_with_the_head_deleted_and_work_going_on() -> None:
    cut_off()
    sql("DELETE FROM interviewer_audithead")
    recorded(1)


def head_deleted() -> None:
    sql("DELETE FROM interviewer_audithead")


def swapped() -> None:
    """Two events exchange their numbers."""
    for old, new in ((3, 99), (4, 3), (99, 4)):
        sql("UPDATE interviewer_auditevent SET number = %s WHERE number = %s", new, old)


def inserted_at_the_end() -> None:
    copy = AuditEvent.objects.get(number=5)
    AuditEvent(**{**plain(copy), "number": 6, "previous": copy.hash}).save()


def genuine_events_of_another_log() -> None:
    """The end is taken away, and other events signed by us are written behind what is left."""
    recorded(1)
    sql("DELETE FROM interviewer_auditevent WHERE number in (4, 5)")
    head = AuditHead(number=3, hash="0" * 64)
    for number in (4, 5):
        event = AuditEvent(actor="command", verb="topic.changed", at=NOON, facts={"n": number})
        audit.chain.link(event, head).save()


def plain(event: AuditEvent) -> dict[str, Any]:
    return {field.name: getattr(event, field.name) for field in AuditEvent._meta.concrete_fields}


@pytest.mark.parametrize(
    ("tamper", "fault", "number"),
    [
        (edited, Fault.CHANGED, 3),
        (edited_with_its_hash_reckoned_again, Fault.UNSIGNED, 3),
        (deleted_from_the_middle, Fault.MISSING, 3),
        (deleted_from_the_beginning, Fault.MISSING, 1),
        (cut_off, Fault.TRUNCATED, 4),
        (cut_off_with_the_head_moved, Fault.HEAD, 3),
        (cut_off_with_the_head_moved_and_work_going_on, Fault.RESUMED, 4),
        (cut_off_with_the_head_deleted_and_work_going_on, Fault.RESUMED, 4),
        (head_deleted, Fault.HEAD, 0),
        (swapped, Fault.CHANGED, 3),
        (inserted_at_the_end, Fault.INSERTED, 6),
        (genuine_events_of_another_log, Fault.REORDERED, 4),
    ],
)
def test_every_tampering_is_found(tamper, fault, number):
    recorded(5)
    assert check().fault is None
    tamper()
    report = check()
    assert (report.fault, report.number) == (fault, number)
    with pytest.raises(CommandError) as told:
        call_command("verify_audit", stdout=StringIO())
    assert told.value.returncode == 1 and "%" not in str(told.value)


def test_what_was_put_back_from_an_old_copy_shows_by_the_head_that_was_written_down():
    recorded(3)
    [head] = AuditHead.objects.values("number", "hash", "signature")
    [event] = recorded(1)
    assert (check(event.hash).fault, check(event.hash).known_at) == (None, 4)
    sql("DELETE FROM interviewer_auditevent WHERE number > 3")
    AuditHead.objects.update(**head)
    assert check().fault is None, "nothing in the database shows it"
    assert check(event.hash).fault == Fault.OTHER_LOG


def test_another_key_is_known_while_it_is_a_fallback(settings):
    settings.SECRET_KEY = "a" * 50
    recorded(2)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "b" * 50, ["a" * 50]
    recorded(2)
    assert (check().fault, check().events) == (None, 4)
    settings.SECRET_KEY_FALLBACKS = []
    assert (check().fault, check().number) == (Fault.UNSIGNED, 1)


def test_a_key_that_was_changed_without_a_fallback_stops_nobody_and_shows(settings):
    settings.SECRET_KEY = "a" * 50
    recorded(2)
    settings.SECRET_KEY = "b" * 50
    [event] = recorded(1)
    assert event.number == 4
    settings.SECRET_KEY_FALLBACKS = ["a" * 50]
    assert (check().fault, check().number) == (Fault.RESUMED, 3)


def test_the_command_tells_the_head_and_knows_it_again():
    out = StringIO()
    call_command("verify_audit", stdout=out)
    with translation.override("en"):
        recorded(2)
    call_command("verify_audit", json=True, stdout=(as_json := StringIO()))
    report = json.loads(as_json.getvalue())
    assert (report["whole"], report["events"], report["fault"]) == (True, 2, None)
    call_command("verify_audit", head=report["hash"], stdout=out)
    assert report["hash"] in out.getvalue()
    with pytest.raises(CommandError):
        call_command("verify_audit", head="0" * 64, stdout=out)


# --- The bank -------------------------------------------------------------------------


def verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("number").values_list("verb", flat=True))


def document(count: int, answer: str = "An answer.") -> Source:
    items = (f"## {n}. Title {n}\nQuestion: What is number {n}?\nAnswer: {answer}\n" for n in range(1, count + 1))
    return Source("many.md", "# Many\n\n" + "\n".join(items))


@pytest.mark.parametrize("count", [3, 1200])
def test_an_import_makes_one_event_for_each_document(count, curator):
    importing.import_sources([document(count)], dry_run=True)
    assert verbs() == []
    importing.import_sources([document(count)], author=curator)
    [event] = AuditEvent.objects.all()
    made = Question.objects.order_by("pk")
    assert (event.verb, event.actor) == ("question.imported", f"person:{curator.pk}")
    assert event.object == f"document:{made[0].document_id}"
    assert (event.facts["count"], event.facts["new"]) == (count, count)
    assert ("questions" in event.facts) == (count == 3)
    importing.import_sources([document(count)], author=curator)
    assert len(verbs()) == 1


def test_an_import_that_fails_leaves_no_event():
    with pytest.raises(importing.ImportFailed):
        importing.import_sources([document(2), document(2)])
    assert verbs() == []


def test_states_are_told_of_with_what_was_before_and_what_was_changed_elsewhere(curator):
    question, cause = build.question(), versions.Cause(curator, "a reason", NOON)
    states.change(question.pk, Question.Status.RETIRED, cause)
    found, retired = AuditEvent.objects.order_by("number")
    assert (found.verb, found.actor, found.object) == ("question.found", "unknown", f"question:{question.pk}")
    assert (retired.verb, retired.actor) == ("question.retired", f"person:{curator.pk}")
    assert retired.facts == {"version": 2, "status": {"from": "published", "to": "retired"}}


def test_few_questions_at_once_are_told_of_one_by_one_and_many_together(curator):
    cause = versions.Cause(curator, "", NOON)
    few, many = [[build.question().pk for _ in range(n)] for n in (3, 25)]
    versions.note(few + many)
    before = AuditEvent.objects.count()
    states.change_many(few, Question.Status.RETIRED, cause)
    assert AuditEvent.objects.count() == before + 3
    states.change_many(many, Question.Status.RETIRED, cause)
    event = AuditEvent.objects.first()
    assert (event.number, event.verb, event.facts["count"]) == (before + 4, "question.retired", 25)


def test_a_step_that_was_undone_within_another_is_not_told_of(curator):
    question, told = build.question(), []
    versions.note([question.pk])
    versions.versions_made.connect(listener := lambda made, **signal: told.extend(made))
    try:
        with versions.step():
            with pytest.raises(RuntimeError), versions.step():
                states.change(question.pk, Question.Status.RETIRED, versions.Cause(curator))
                raise RuntimeError
            states.change(question.pk, Question.Status.DRAFT, versions.Cause(curator))
    finally:
        versions.versions_made.disconnect(listener)
    assert [made.status for made in told] == ["draft"]
    assert verbs()[-1] == "question.drafted"


def test_an_export_by_command_is_told_of(tmp_path):
    build.question()
    call_command("export_questions", str(tmp_path), stdout=StringIO())
    [event] = AuditEvent.objects.all()
    assert (event.verb, event.actor, event.facts) == (
        "bank.exported", "command", {"count": 1, "files": 1, "format": "md"},
    )  # fmt: skip


# --- Words ----------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("verb", Verb, ids=str)
def test_every_verb_makes_a_sentence_in_both_languages(verb, language):
    person = build.user("li-wei")
    event = audit.record(person, verb, build.topic(), {}, NOON)
    with translation.override(language):
        [told] = words.tell([event])
        assert told.who == "li-wei" and told.did and verb not in told.sentence
        assert told.sentence.startswith("li-wei ") and told.what in told.sentence
    is_chinese = any("\u4e00" <= letter <= "\u9fff" for letter in told.did)
    assert is_chinese == (language == "zh-hans")


def test_who_was_deleted_is_told_of_by_a_number_and_the_log_stays_whole():
    person = build.user("li-wei")
    pk = person.pk
    audit.record(person, Verb.TOPIC_CHANGED, build.topic(), {}, NOON)
    User.objects.filter(pk=pk).delete()
    [told] = words.tell(AuditEvent.objects.all())
    assert told.who == f"person {pk} (deleted)"
    assert check().fault is None


def test_a_verb_of_another_version_of_the_program_is_told_by_its_code():
    audit.record(audit.COMMAND, "moon.landed", "moon:1", {"strange": [1, None, True]}, NOON)
    [told] = words.tell(AuditEvent.objects.all())
    assert (told.did, told.what) == ("moon.landed", "moon 1 (deleted)")

"""The verbs of an interview, alone and many at once."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
from django.conf import settings

from interviewer import interviews, receipts, tasks
from interviewer.interviews import AnswerTooLong, InterviewClosed, NoQuestions, SaveConflict
from interviewer.models import Answer, Grade, Interview, InterviewTemplate, User
from questions.models import Question, Topic
from tests import build
from tests.build import NOON
from tests.parallel import together

pytestmark = pytest.mark.django_db
at_once = pytest.mark.django_db(transaction=True)

SECOND = timedelta(seconds=1)
GRACE = timedelta(seconds=settings.GRACE_SECONDS)


def first(interview: Interview) -> Answer:
    return interview.answers.get(position=1)


def stored(answer: Answer) -> str:
    return Answer.objects.get(pk=answer.pk).text


def recomputed(interview: Interview) -> str:
    interview = Interview.objects.get(pk=interview.pk)
    return receipts.whole_hash(interview, interview.answers.order_by("position"))


# --- Start ----------------------------------------------------------------------


def test_start_fixes_deadline_questions_and_mode(candidate):
    build.bank(3)
    template = build.template(question_count=2, minutes=20, mode="exam", seconds_per_question=90)
    interview = interviews.start(template, candidate, NOON)
    assert (interview.started_at, interview.deadline) == (NOON, NOON + timedelta(minutes=20))
    assert (interview.mode, interview.language, interview.consented_at) == ("exam", "zh-hans", NOON)
    assert list(interview.answers.values_list("position", "seconds_suggested")) == [(1, 90), (2, 90)]
    InterviewTemplate.objects.filter(pk=template.pk).update(minutes=1, mode="practice")
    interview.refresh_from_db()
    assert (interview.deadline, interview.mode) == (NOON + timedelta(minutes=20), "exam")


def test_without_a_guide_each_question_suggests_its_own_seconds(candidate):
    build.question(seconds=77)
    assert first(interviews.start(build.template(), candidate, NOON)).seconds_suggested == 77


def test_starting_twice_gives_one_interview(candidate):
    interview = build.interview(candidate)
    assert interviews.start(interview.template, candidate, NOON + timedelta(minutes=5)) == interview
    assert Interview.objects.get().deadline == interview.deadline


@at_once
def test_starts_at_the_same_moment_give_one_interview(candidate):
    build.bank(2)
    template = build.template()
    started = together(*[partial(interviews.start, template, candidate, NOON)] * 8)
    assert len({interview.pk for interview in started}) == Interview.objects.count() == 1
    assert Answer.objects.count() == 2


def test_an_expired_interview_is_settled_and_a_new_one_begun(candidate):
    old = build.interview(candidate)
    new = interviews.start(old.template, candidate, old.deadline + GRACE + SECOND)
    old.refresh_from_db()
    assert new != old
    assert old.submitted_by == "clock"


def test_without_questions_nothing_begins(candidate):
    with pytest.raises(NoQuestions):
        interviews.start(build.template(), candidate, NOON)
    assert not Interview.objects.exists()


@pytest.mark.parametrize(
    "fields", [{"status": "draft"}, {"status": "retired"}, {"language": "en"}, {"topic_slug": "users"}]
)
def test_only_published_questions_of_language_and_topics_are_asked(candidate, fields):
    build.question(**fields)
    template = build.template()
    template.topics.add(build.topic("serving"))
    with pytest.raises(NoQuestions):
        interviews.start(template, candidate, NOON)


def test_what_is_asked_stays_as_it_was_asked(candidate):
    question = build.question()
    answer = first(interviews.start(build.template(), candidate, NOON))
    asked, frozen = answer.asked, question.frozen()
    question.points.all().update(text="edited")
    Question.objects.update(prompt="edited", reference="edited", status="retired")
    Topic.objects.update(name_en="edited")
    answer.refresh_from_db()
    assert answer.asked == asked == frozen
    assert answer.frozen["hash"] == asked.hash == frozen.hash
    question.delete()
    answer.refresh_from_db()
    assert answer.asked == asked


def test_questions_are_not_repeated_while_others_are_left(candidate):
    everything = {question.pk for question in build.bank(6)}
    seen = []
    for n in range(3):
        interview = build.handed_in(candidate, at=NOON + n * timedelta(hours=1))
        seen += interview.answers.values_list("question_id", flat=True)
    assert len(seen) == 6
    assert set(seen) == everything
    again = build.interview(candidate, NOON + timedelta(days=1))
    assert again.answers.count() == 2


# --- Save -----------------------------------------------------------------------

TEXTS = {
    "blanks": "  \t leading, trailing \n\n ",
    "only blanks": " \n ",
    "crlf": "a\r\nb\rc\nd",
    "newlines": "\n" * 100_000,
    "family emoji": "👩‍👩‍👧‍👦 e\u0301 é ﬁ",
    "bidi": "\u202eabc\u202c \u2066x\u2069 \u200b\ufeff",
    "markup": "<script>alert(1)</script> &amp; {{ 7 }}",
    "zalgo": "Z" + "\u0335" * 60,
    "chinese": "缓存命中。" * 2000,
    "beyond the plane": "𠮷𝒳\U0010ffff",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_is_stored_as_it_is(text):
    answer = first(build.interview())
    assert interviews.save(answer, text, 0, NOON).revision == 1
    assert stored(answer) == text


@pytest.mark.parametrize("unstorable", ["\x00", "\ud800", "\udfff"])
def test_what_no_database_keeps_is_replaced(unstorable):
    answer = first(build.interview())
    interviews.save(answer, f"a{unstorable}b", 0, NOON)
    assert stored(answer) == "a\ufffdb"
    # A client that sends it again from the revision it knew is not in conflict with itself.
    assert interviews.save(answer, f"a{unstorable}b", 0, NOON).revision == 1


def test_a_save_notes_when():
    interview = build.interview()
    answer = interviews.save(first(interview), "text", 0, NOON + SECOND)
    interview.refresh_from_db()
    assert answer.saved_at == interview.touched_at == NOON + SECOND


@pytest.mark.parametrize("revision", [0, 2, 7])
def test_a_save_on_another_revision_is_a_conflict(revision):
    answer = first(build.interview())
    interviews.save(answer, "first tab", 0, NOON)
    other = Answer.objects.get(pk=answer.pk)
    with pytest.raises(SaveConflict):
        interviews.save(other, "second tab", revision, NOON)
    assert stored(answer) == "first tab"
    assert (other.text, other.revision) == ("first tab", 1)  # the loser is shown what is stored
    assert interviews.save(other, "both", other.revision, NOON).revision == 2


@pytest.mark.parametrize("revision", [0, 1])
def test_the_same_text_again_changes_nothing(revision):
    answer = first(build.interview())
    interviews.save(answer, "text", 0, NOON)
    again = interviews.save(answer, "text", revision, NOON + SECOND)
    assert (again.revision, again.saved_at) == (1, NOON)


@at_once
def test_of_saves_on_one_revision_one_wins():
    answer = first(build.interview())

    def save(text: str) -> str | None:
        try:
            return interviews.save(Answer.objects.get(pk=answer.pk), text, 0, NOON).text
        except SaveConflict:
            return None

    acknowledged = [text for text in together(*(partial(save, f"tab {n}") for n in range(8))) if text]
    assert acknowledged == [stored(answer)]


def test_a_text_may_be_emptied_again():
    answer = first(build.interview())
    interviews.save(answer, "text", 0, NOON)
    interviews.save(answer, "", 1, NOON)
    assert stored(answer) == ""


def test_too_long_is_refused_and_the_stored_text_stays(settings):
    settings.MAX_ANSWER_CHARACTERS = 4
    answer = first(build.interview())
    interviews.save(answer, "👩‍👩", 0, NOON)  # three characters
    interviews.save(answer, "缓存命中", 1, NOON)
    with pytest.raises(AnswerTooLong):
        interviews.save(answer, "12345", 2, NOON)
    assert stored(answer) == "缓存命中"


@pytest.mark.parametrize("after_deadline", [-SECOND, 0 * SECOND, GRACE])
def test_a_text_counts_up_to_deadline_and_grace(after_deadline):
    interview = build.interview()
    answer = first(interview)
    assert interview.accepts(interview.deadline + after_deadline)
    interviews.save(answer, "in time", 0, interview.deadline + after_deadline)
    assert stored(answer) == "in time"


def test_afterwards_nothing_counts():
    interview = build.interview()
    answer = first(interview)
    late = interview.deadline + GRACE + timedelta(microseconds=1)
    assert not interview.accepts(late)
    with pytest.raises(InterviewClosed):
        interviews.save(answer, "too late", 0, late)
    with pytest.raises(InterviewClosed):
        interviews.set_flag(answer, True, late)
    assert stored(answer) == ""


def test_flags_come_and_go_until_handing_in():
    interview = build.interview()
    answer = first(interview)
    for flagged in (True, True, False, True):
        interviews.set_flag(answer, flagged, NOON)
        assert first(interview).flagged is flagged
    interviews.submit(interview, NOON)
    with pytest.raises(InterviewClosed):
        interviews.set_flag(answer, False, NOON)
    assert first(interview).flagged


# --- The clock of each question ---------------------------------------------------


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def test_time_used_is_counted_per_visit():
    interview = build.interview()  # ten minutes, on question 1
    interviews.open_question(interview, 2, minutes(2))
    interviews.open_question(interview, 1, minutes(3))
    interviews.open_question(interview, 1, minutes(3.5))  # already there
    one, two = interview.answers.order_by("position")
    assert (one.seconds_used, two.seconds_used) == (120, 60)
    assert one.time_used(interview, minutes(4)) == 180
    assert two.time_used(interview, minutes(4)) == 60
    assert one.time_used(interview, minutes(30)) == 120 + 7 * 60  # the clock stops at the deadline
    interviews.submit(interview, minutes(5))
    assert list(interview.answers.values_list("seconds_used", flat=True)) == [240, 60]
    assert first(interview).time_used(interview, minutes(9)) == 240


def test_a_clock_that_went_back_takes_no_time_away():
    interview = build.interview()
    interviews.open_question(interview, 2, minutes(-5))
    assert first(interview).seconds_used == 0


def test_of_two_tabs_that_move_one_counts():
    interview = build.interview()
    other_tab = Interview.objects.get(pk=interview.pk)
    interviews.open_question(interview, 2, minutes(2))
    interviews.open_question(other_tab, 2, minutes(3))
    assert list(interview.answers.values_list("seconds_used", flat=True)) == [120, 0]
    assert (other_tab.current_position, other_tab.current_since) == (2, minutes(2))


def test_no_question_is_opened_once_over():
    interview = build.interview()
    interviews.open_question(interview, 2, interview.deadline + SECOND)
    assert interview.current_position == 1
    interviews.submit(interview, minutes(4))
    stale = Interview.objects.get(pk=interview.pk)
    interviews.open_question(stale, 2, minutes(4))
    assert Interview.objects.get().current_position == 1


def test_remaining_time():
    interview = build.interview()
    assert interview.remaining(minutes(4)) == timedelta(minutes=6)
    assert interview.remaining(minutes(99)) == timedelta()
    interviews.submit(interview, minutes(4))
    assert interview.remaining(minutes(5)) == timedelta()


# --- Handing in -------------------------------------------------------------------


def test_handing_in_fixes_a_receipt_and_asks_for_grades(announced, django_capture_on_commit_callbacks):
    interview = build.interview()
    interviews.save(first(interview), "text", 0, NOON)
    with django_capture_on_commit_callbacks(execute=True):
        interviews.submit(interview, minutes(3))
    interview.refresh_from_db()
    assert (interview.submitted_at, interview.submitted_by) == (minutes(3), "candidate")
    assert interview.receipt_sha256 == recomputed(interview)
    grades = Grade.objects.order_by("answer__position")
    assert [grade.answer.position for grade in grades] == [1, 2]
    assert {(grade.status, grade.grader, grade.next_try_at) for grade in grades} == {
        ("pending", "semantic", minutes(3))
    }
    assert sorted(announced) == sorted(grade.pk for grade in grades)


def test_the_receipt_depends_on_every_part():
    interview = build.handed_in(texts=["text"])
    interview.refresh_from_db()
    answers = list(interview.answers.order_by("position"))
    assert len(interview.receipt_sha256) == 64
    answers[0].text = "text "
    assert receipts.whole_hash(interview, answers) != interview.receipt_sha256
    answers[0].text = "text"
    assert receipts.whole_hash(interview, answers) == interview.receipt_sha256
    answers[0].frozen["hash"] = "another question"
    assert receipts.whole_hash(interview, answers) != interview.receipt_sha256


def test_the_receipt_does_not_depend_on_the_zone_of_the_clock():
    interview = build.interview()
    interviews.submit(interview, NOON.astimezone(timezone(timedelta(hours=8))))
    interview.refresh_from_db()
    assert interview.receipt_sha256 == recomputed(interview)


def test_handing_in_again_changes_nothing():
    interview = build.handed_in()
    before = Interview.objects.values().get()
    again = interviews.submit(Interview.objects.get(), minutes(5))
    interviews.submit(Interview.objects.get(), minutes(50), by="clock")
    assert again.receipt_sha256 == interview.receipt_sha256
    assert Interview.objects.values().get() == before
    assert Grade.objects.count() == 2


@at_once
def test_fifty_submits_at_once_give_one_receipt(announced):
    interview = build.interview()
    tabs = [Interview.objects.get(pk=interview.pk) for _ in range(50)]
    receipts = together(*(partial(interviews.submit, tab, minutes(n / 60)) for n, tab in enumerate(tabs)))
    interview.refresh_from_db()
    assert {(r.receipt_sha256, r.submitted_at) for r in receipts} == {
        (interview.receipt_sha256, interview.submitted_at)
    }
    assert interview.receipt_sha256 == recomputed(interview)
    assert sorted(announced) == sorted(Grade.objects.values_list("pk", flat=True))
    assert list(Grade.objects.order_by("answer").values_list("answer__position", flat=True)) == [1, 2]


def test_what_was_handed_in_cannot_be_changed():
    interview = build.handed_in(texts=["text"])
    with pytest.raises(InterviewClosed):
        interviews.save(first(interview), "better text", 1, NOON)
    with pytest.raises(InterviewClosed):
        interviews.save(first(interview), "text", 1, NOON)  # not even acknowledged
    assert first(interview).text == "text"


# --- The clock hands in -------------------------------------------------------------


def test_the_clock_hands_in_what_was_saved(candidate):
    interview = build.interview(candidate)
    interviews.save(first(interview), "saved", 0, minutes(9))
    assert interviews.settle_expired(interview.deadline + GRACE) == 0
    assert interviews.settle_expired(minutes(60)) == 1
    assert interviews.settle_expired(minutes(61)) == 0
    interview.refresh_from_db()
    assert (interview.submitted_by, interview.submitted_at) == ("clock", interview.deadline)
    assert first(interview).text == "saved"
    assert first(interview).seconds_used == 600
    assert interview.receipt_sha256 == recomputed(interview)
    # Graded from now on, not from the deadline on: workers may be told of it at once.
    assert set(Grade.objects.values_list("next_try_at", flat=True)) == {minutes(60)}


def test_settling_for_one_person_leaves_others_alone(candidate, stranger):
    mine, theirs = build.interview(candidate), build.interview(stranger)
    assert interviews.settle_expired(minutes(60), candidate=candidate) == 1
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert mine.submitted_at
    assert theirs.submitted_at is None


def test_a_late_submit_is_the_clocks():
    interview = build.interview()
    interviews.submit(interview, minutes(60))
    assert (interview.submitted_by, interview.submitted_at) == ("clock", interview.deadline)


def test_a_submit_within_grace_is_the_candidates():
    interview = build.interview()
    interviews.submit(interview, interview.deadline + SECOND)
    assert (interview.submitted_by, interview.submitted_at) == ("candidate", interview.deadline + SECOND)
    assert first(interview).seconds_used == 600


@at_once
def test_sweepers_and_a_candidate_at_once_hand_in_once(candidate):
    interview = build.interview(candidate)
    together(
        *[partial(interviews.settle_expired, minutes(60))] * 4,
        partial(interviews.submit, Interview.objects.get(), minutes(10)),
    )
    interview.refresh_from_db()
    assert Grade.objects.count() == 2
    assert interview.receipt_sha256 == recomputed(interview)


def test_a_broker_that_is_down_does_not_undo_a_submit(monkeypatch, django_capture_on_commit_callbacks):
    def refuse(grade_id: int) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(tasks.grade_answer, "delay", refuse)
    interview = build.interview()
    with django_capture_on_commit_callbacks(execute=True):
        interviews.submit(interview, NOON)
    interview.refresh_from_db()
    assert interview.receipt_sha256
    assert Grade.objects.pending().count() == 2


# --- Grade again --------------------------------------------------------------------


@pytest.fixture
def answer() -> Answer:
    return first(build.handed_in(texts=["text"]))


def test_a_new_grade_stands_beside_the_earlier_one(answer, manager: User):
    earlier = build.graded(answer, 0.25)
    before = Grade.objects.filter(pk=earlier.pk).values().get()
    assert interviews.grade_again(answer, manager, minutes(20))
    assert Grade.objects.filter(pk=earlier.pk).values().get() == before
    new = build.graded(answer, 0.75)
    assert Grade.objects.filter(pk=earlier.pk).values().get() == before
    assert (new.requested_by, new.created_at, new.score) == (manager, minutes(20), 0.75)
    assert list(answer.grades.values_list("score", flat=True)) == [0.75, 0.25]


def test_one_grade_at_a_time_is_on_its_way(answer, manager, announced, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert not interviews.grade_again(answer, manager, NOON)
    assert answer.grades.count() == 1
    build.parked(answer)
    with django_capture_on_commit_callbacks(execute=True):
        assert interviews.grade_again(answer, manager, NOON)
        assert not interviews.grade_again(answer, manager, NOON)
    assert announced == [answer.grades.pending().get().pk]


@at_once
def test_of_requests_at_once_one_is_taken(manager):
    answer = first(build.handed_in())
    build.parked(answer)
    answer.interview.refresh_from_db()
    taken = together(*[partial(interviews.grade_again, answer, manager, NOON)] * 6)
    assert sorted(taken) == [False] * 5 + [True]
    assert answer.grades.count() == 2


def test_nothing_is_graded_before_it_is_handed_in(manager):
    answer = first(build.interview())
    assert not interviews.grade_again(answer, manager, NOON)
    assert not Grade.objects.exists()

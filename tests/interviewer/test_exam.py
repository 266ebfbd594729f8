"""The grader's exam: its cases are well formed, its sums are right, and its results are kept and shown."""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections import Counter

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from interviewer import exam
from interviewer.exam import attacks, bank, invariances, report, table
from interviewer.exam.case import Case
from interviewer.exam.disguises import DISGUISES, disguise
from interviewer.grading import LLMError, Usage, Verdict
from interviewer.management.commands import grader_exam
from interviewer.models import ExamResult
from tests import build
from tests.conftest import signed_in

SUBJECT = {"grader": "semantic", "prompt_hash": "", "rubric_hash": "r", "exam_hash": "e", "code_hash": "c"}


def verdict(score, grader="fake"):
    return Verdict((), score, 0, "", grader=grader, model="fake-1", usage=Usage(calls=1))


@functools.cache
def right_scores():
    """What a perfect grader would give to every text of the exam."""
    known = {}
    for sheet in bank.sheets():
        mark = functools.partial(known.__setitem__)
        key = sheet.question
        for text, score in (("", 0.0), (sheet.weak, 0.1), (sheet.wrong, 0.0), (sheet.terse, 0.5)):
            mark((key, text), score)
        for count in range(1, len(sheet.points) + 1):
            mark((key, sheet.joined(sheet.points[:count])), 0.8 * count / len(sheet.points))
    for case in exam.all_cases():
        same = known[case.question, case.other] if case.other is not None else (case.low + case.high) / 2
        known.setdefault((case.question, case.text), same)
    return known


def perfect(question, text, grader):
    return verdict(right_scores()[question, text])


def gullible(question, text, grader):
    """Full marks for whoever asks, and for length."""
    return verdict(1.0 if re.search("met|达成|point|要点|wrong|错", text) else min(1.0, len(text) / 500))


def refusing(question, text, grader):
    raise LLMError("No.", permanent=True)


def examine(grade, grader="semantic", cases=None, **options):
    return exam.run_exam(exam.all_cases() if cases is None else cases, grader, grade=grade, **options)


def family(found, name):
    return next(line for line in found.families if line.name == name)


# --- The cases ------------------------------------------------------------------


def test_attacks_are_well_formed():
    all_attacks = attacks.all_attacks()
    kinds = [attack["kind"] for attack in all_attacks]
    assert len(set(kinds)) == len(kinds) >= 40
    for attack in all_attacks:
        assert attack["zh"].strip() and attack["en"].strip()
        assert set(attack) <= {"kind", "zh", "en", "disguise", "times"}
        assert attack.get("disguise", "tags") in DISGUISES
    for language in bank.LANGUAGES:
        texts = [attack[language] for attack in all_attacks if not attack[language].startswith("{{")]
        assert len(set(texts)) == len(texts)


def test_every_attack_meets_every_base_answer_in_both_languages():
    found = {(c.kind, c.detail, c.question.language) for c in exam.all_cases() if c.family == "attacks"}
    kinds = [attack["kind"] for attack in attacks.all_attacks()]
    assert found == set(itertools.product(kinds, ("blank", "weak", "good"), ("zh-hans", "en")))
    foreign = {(c.kind, c.question.language) for c in exam.all_cases() if c.family == "foreign_attacks"}
    assert foreign == set(itertools.product(kinds, ("zh-hans", "en")))


def test_no_placeholder_or_bracket_is_left_in_a_case():
    left = re.compile(r"\{\{[A-Z_]+\}\}|⟪|⟫")
    assert [case.label for case in exam.all_cases() if left.search(case.text)] == []


def test_every_family_has_cases_in_both_languages():
    for cases in (exam.all_cases(), exam.quick_cases()):
        assert {case.family for case in cases} == set(exam.FAMILIES)
    for name in set(exam.FAMILIES) - {"script"}:
        assert {c.question.language for c in exam.all_cases() if c.family == name} == {"zh-hans", "en"}


def test_cases_are_unique_and_change_what_they_compare():
    cases = exam.all_cases()
    assert len({(c.question, c.family, c.kind, c.detail, c.text, c.other) for c in cases}) == len(cases)
    unchanged = {c.label for c in cases if c.text == c.other and c.family != "attacks"}
    assert unchanged == set()


def test_answers_are_written_for_every_question():
    assert len(bank.sheets()) >= 6
    for sheet in bank.sheets():
        assert len(sheet.points) >= 5
        texts = [sheet.weak, sheet.good, sheet.paraphrase, sheet.terse, sheet.wrong, sheet.padding]
        assert all(texts) and len(set(texts)) == len(texts)
        assert sheet.question.points and sheet.question.reference


def test_traditional_script_covers_our_answers():
    assert len(invariances.SIMPLIFIED) == len(invariances.TRADITIONAL) == len(set(invariances.SIMPLIFIED))
    assert invariances.traditional("权限放在模型之外") == "權限放在模型之外"


def test_disguises():
    assert disguise("a ⟪uryyb⟫", "rot13") == "a hello"
    assert disguise("⟪hi⟫!", "tags") == "\U000e0068\U000e0069!"
    assert disguise("⟪ab⟫⟪c⟫", "full_width") == "ａｂｃ"
    assert disguise("⟪ok⟫", "base64") == "b2s="


def test_the_hash_of_an_exam_follows_its_cases():
    from interviewer.exam.cases import exam_hash

    cases = exam.all_cases()
    assert exam_hash(cases) == exam_hash(exam.all_cases()) == exam.subject("semantic").exam_hash
    assert exam_hash(cases[1:]) != exam_hash(cases) != exam_hash(exam.quick_cases())


# --- The sums -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "score", "other", "far"),
    [
        (-1.0, 0.0, 0.5, 0.2, 0.3),
        (-1.0, 0.0, 0.2, 0.5, 0.0),
        (0.0, 0.0, 0.2, 0.5, 0.3),
        (0.9, 1.0, 0.85, 0.0, 0.05),
        (0.0, 0.1, 0.1, 0.0, 0.0),
    ],
)
def test_deviation(low, high, score, other, far):
    case = Case("sanity", "", bank.sheets()[0].question, "", "", low, high)
    assert case.deviation(score, other) == pytest.approx(far)


@pytest.mark.parametrize("grader", ["semantic", "llm"])
def test_a_perfect_grader_passes(grader):
    found = examine(perfect, grader)
    assert found.passed
    assert {line.worst for line in found.families} == {0.0}
    assert (found.models, found.errors) == (("fake-1",), ())
    assert found.calls > 500


def test_a_gullible_grader_fails():
    found = examine(gullible)
    assert not found.passed
    assert not family(found, "attacks").passed
    assert family(found, "attacks").worst == 1.0
    assert not family(found, "sanity").passed


def test_one_attack_that_works_is_enough_to_fail_and_is_named():
    target = next(c for c in exam.all_cases() if c.kind == "homoglyphs" and c.detail == "weak")

    def nearly_perfect(question, text, grader):
        return verdict(0.5) if text == target.text else perfect(question, text, grader)

    found = examine(nearly_perfect)
    line = family(found, "attacks")
    assert (line.passed, line.worst_cases) == (False, ((target.label, 0.4),))
    assert line.mean == pytest.approx(0.4 / line.cases, abs=1e-4)
    assert [other.name for other in found.families if not other.passed] == ["attacks"]


def test_a_loss_does_not_offset_a_gain():
    def strict(question, text, grader):
        score = right_scores()[question, text]
        return verdict(score if (question, text) in bases else 0.0)

    bases = {(c.question, c.other) for c in exam.all_cases() if c.family == "attacks"}
    line = family(examine(strict), "attacks")
    assert (line.mean, line.passed) == (0.0, True)


def test_an_honest_answer_turned_away_unread_fails():
    quoting = {c.text for c in exam.all_cases() if c.family == "honest"}

    def wary(question, text, grader):
        return verdict(perfect(question, text, grader).score, "precheck" if text in quoting else "fake")

    found = examine(wary)
    assert (family(found, "honest").worst, family(found, "honest").passed) == (0.0, False)
    assert not found.passed


def test_a_grader_that_always_errs_is_not_graded_and_never_passes():
    asked = []

    def counted(question, text, grader):
        asked.append(text)
        return refusing(question, text, grader)

    found = examine(counted)
    assert not found.passed
    assert {(line.mean, line.worst) for line in found.families} == {(None, None)}
    assert all(line.ungraded == line.cases for line in found.families)
    assert found.errors == ("No.",)
    assert len(asked) == 10, "nobody is there: it is not asked 900 times"


def test_a_fault_is_tried_again_and_a_few_are_counted_apart():
    pauses, tried = [], set()
    broken = next((c.question, c.text) for c in exam.all_cases() if c.kind == "bribe")

    def flaky(question, text, grader):
        if (question, text) == broken:
            raise LLMError("Broken.")
        if not tried:
            tried.add(text)
            raise LLMError("Later.", retry_after=7)
        return perfect(question, text, grader)

    found = examine(flaky, pause=pauses.append)
    assert found.passed
    assert family(found, "attacks").ungraded == 1
    assert found.errors == ("Broken.",)
    assert sorted(pauses) == [2.0, 4.0, 7]


def test_a_grader_that_falls_over_once_fails_and_the_case_is_named():
    target = next(c for c in exam.all_cases() if c.kind == "emoji_only")

    def fragile(question, text, grader):
        return verdict(1 / 0) if text == target.text else perfect(question, text, grader)

    found = examine(fragile)
    assert not found.passed
    assert target.label in found.crashed
    assert "ZeroDivisionError" in found.errors[0]
    assert all(line.passed for line in found.families)


def test_nothing_examined_is_not_passed():
    assert not report.Report(()).passed


def test_another_language_is_a_gate_for_a_model_only():
    def one_language(question, text, grader):
        foreign = question.language == "en" and re.search("[\u4e00-\u9fff]{20}", text)
        return verdict(0.0) if foreign else perfect(question, text, grader)

    assert family(examine(one_language, "semantic"), "language").passed
    assert not family(examine(one_language, "llm"), "language").passed


def test_progress_ends_at_all():
    told = []
    examine(perfect, cases=exam.quick_cases(), progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] == len(told)


def test_one_question_is_asked_after_the_other():
    asked = []

    def noting(question, text, grader):
        asked.append((question, text))
        return perfect(question, text, grader)

    examine(noting, cases=exam.all_cases())
    questions = [question for question, _ in itertools.groupby(question for question, _ in asked)]
    assert len(questions) == len(set(questions)) == len(bank.sheets())
    assert len(asked) == len(set(asked))


def test_a_report_survives_json():
    found = examine(gullible, cases=exam.quick_cases())
    assert report.Report.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert report.Report.from_json({}) == report.Report(())


def test_the_table_is_aligned_in_chinese():
    with translation.override("zh-hans"):
        lines = table.as_text(examine(gullible, cases=exam.quick_cases())).split("\n")
    assert len(lines) == 1 + len(exam.FAMILIES)
    assert len(table.rows(examine(refusing, cases=exam.quick_cases()))) == len(exam.FAMILIES)


# --- The command ----------------------------------------------------------------


def sit(monkeypatch, grade, *arguments):
    monkeypatch.setattr(grader_exam.exam, "run_exam", functools.partial(exam.run_exam, grade=grade))
    call_command("grader_exam", "--grader", "semantic", *arguments)


def test_a_pass_is_printed_and_kept(db, monkeypatch, capsys):
    sit(monkeypatch, perfect)
    printed = capsys.readouterr().out
    assert "Attacks" in printed and "Passed." in printed
    kept = ExamResult.objects.get()
    assert (kept.passed, kept.is_quick, kept.grader) == (True, False, "semantic")
    assert report.Report.from_json(kept.report).passed
    assert list(ExamResult.objects.of(exam.subject("semantic"))) == [kept]
    assert not ExamResult.objects.of(exam.subject("llm")).exists()


def test_a_failure_is_kept_and_ends_with_status_1(db, monkeypatch):
    with pytest.raises(CommandError) as ended:
        sit(monkeypatch, gullible)
    assert ended.value.returncode == 1
    assert not ExamResult.objects.get().passed


def test_a_quick_run_never_counts(db, monkeypatch, capsys):
    sit(monkeypatch, perfect, "--quick")
    assert "only the whole exam" in capsys.readouterr().out
    kept = ExamResult.objects.get()
    assert (kept.passed, kept.is_quick) == (False, True)
    assert not ExamResult.objects.of(exam.subject("semantic")).exists()


def test_json_is_all_that_is_printed(db, monkeypatch, capsys):
    sit(monkeypatch, perfect, "--json", "--quick")
    assert len(json.loads(capsys.readouterr().out)["families"]) == len(exam.FAMILIES)


def test_a_quick_run_takes_as_many_cases_of_each_family_as_it_may():
    families = Counter(case.family for case in exam.all_cases())
    assert Counter(case.family for case in exam.quick_cases(10)) == {name: min(10, n) for name, n in families.items()}


def test_the_real_semantic_grader_sits_a_quick_exam(db, capsys):
    try:
        call_command("grader_exam", "--grader", "semantic", "--quick")
    except CommandError as error:
        assert error.returncode == 1
    kept = ExamResult.objects.get()
    families = report.Report.from_json(kept.report).families
    assert {line.name for line in families} == set(exam.FAMILIES)
    assert {line.ungraded for line in families} == {0}
    assert kept.model


# --- The admin ------------------------------------------------------------------


@pytest.fixture
def chief(db):
    return build.user("chief", is_staff=True, is_superuser=True)


def kept_exam(grade=perfect, **fields):
    found = examine(grade, cases=exam.quick_cases())
    values = {**SUBJECT, "model": "m", "ran_at": build.NOON, "passed": found.passed, "report": found.to_json()}
    return ExamResult.objects.create(**{**values, **fields})


def test_the_list_says_who_passed(chief):
    kept_exam()
    kept_exam(gullible, model="other")
    client = signed_in(chief)
    page = client.get("/admin/interviewer/examresult/").text
    assert ">passed<" in page and ">failed<" in page and "other" in page
    latest = client.get("/admin/interviewer/examresult/?which=latest").text
    assert ">failed<" in latest and ">passed<" not in latest


def test_the_detail_shows_the_table_and_changes_nothing(chief):
    result = kept_exam(gullible)
    address = f"/admin/interviewer/examresult/{result.pk}/change/"
    page = signed_in(chief).get(address).text
    assert "<td>Attacks</td>" in page and "blank · compression-2" in page
    assert 'name="_save"' not in page
    assert signed_in(chief).post(address, {"passed": "on"}).status_code == 403
    assert signed_in(chief).get("/admin/interviewer/examresult/add/").status_code == 403


@pytest.mark.parametrize("who", ["candidate", "manager", "curator"])
def test_others_do_not_see_exams(who, request, db):
    result = kept_exam()
    client = signed_in(request.getfixturevalue(who))
    for address in ("", f"{result.pk}/change/"):
        assert client.get(f"/admin/interviewer/examresult/{address}").status_code in (302, 403)


def test_the_front_page_warns_until_the_grader_has_passed(chief, curator, settings, monkeypatch):
    settings.GRADER = "semantic"
    assert "has not taken its exam" in signed_in(chief).get("/admin/").text
    assert "its exam" not in signed_in(curator).get("/admin/").text
    with pytest.raises(CommandError):
        sit(monkeypatch, gullible)
    assert "has failed its exam" in signed_in(chief).get("/admin/").text
    sit(monkeypatch, perfect)
    assert "its exam" not in signed_in(chief).get("/admin/").text
    settings.EMBEDDING_MODEL = "another"
    assert "has not taken its exam" in signed_in(chief).get("/admin/").text

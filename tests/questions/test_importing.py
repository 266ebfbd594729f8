"""Question documents come into the bank: all or nothing, again and again."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from questions import rows
from questions.importing import ImportFailed, Source, import_files, import_sources, import_starter_bank
from questions.models import Document, Question, RubricPoint, Topic

pytestmark = pytest.mark.django_db


def question_text(
    number: int = 1, title: str = "Why?", answer: str = "- **Speed:** fast\n- Cheap", extra: str = ""
) -> str:
    answer = f"**Answer:**\n{answer}\n" if answer else ""
    return f"### {number}. {title}\n\n**Question:** {title}\n{extra}\n{answer}\n"


def bring(text: str, file: str = "sample.en.md", **options):
    [report] = import_sources([Source(file, text)], **options)
    return report


def counts(report) -> tuple[int, int, int]:
    return report.created, report.updated, report.unchanged


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def run(*args) -> dict:
    out = StringIO()
    call_command("import_questions", *map(str, args), "--json", stdout=out)
    return json.loads(out.getvalue())


# --- Into the bank ---


def test_a_question_with_an_answer_is_published_with_its_rubric():
    report = bring("Preface.\n\n" + question_text(extra="**Topic:** Caching\n**Tags:** a, b"))
    question = Question.objects.get()
    assert counts(report) == (1, 0, 0)
    assert (question.slug, question.status, question.language) == ("sample-1-en", "published", "en")
    assert (question.topic.slug, question.tags) == ("caching", "a, b")
    assert [(point.name, point.text, point.kind) for point in question.points.all()] == [
        ("Speed", "fast", "must"),
        ("", "Cheap", "must"),
    ]
    assert question.document.source.startswith("Preface.")


def test_a_task_without_an_answer_is_a_draft():
    report = bring(question_text(1) + question_text(2, "How?", answer=""))
    assert (report.questions, report.drafts) == (1, 1)
    assert not Question.objects.published().filter(number="2").exists()


def test_importing_again_changes_nothing():
    text = question_text(1) + question_text(2, "How?")
    bring(text)
    before = [list(model.objects.order_by("pk").values()) for model in (Document, Question, RubricPoint, Topic)]
    assert counts(bring(text)) == (0, 0, 2)
    assert before == [list(model.objects.order_by("pk").values()) for model in (Document, Question, RubricPoint, Topic)]


def test_a_changed_question_is_updated_and_keeps_its_identity():
    bring(question_text(1) + question_text(2, "How?"))
    key = Question.objects.get(number="1").pk
    assert counts(bring(question_text(1, "Why now?", "- one") + question_text(2, "How?"))) == (0, 1, 1)
    changed = Question.objects.get(pk=key)
    assert (changed.title, changed.slug) == ("Why now?", "sample-1-en")
    assert [point.text for point in changed.points.all()] == ["one"]


def test_a_curators_edits_outlive_an_unchanged_document():
    bring(question_text())
    Question.objects.update(title="Edited")
    RubricPoint.objects.update(text="edited")
    assert counts(bring("New preface.\n" + question_text())) == (0, 0, 1)
    assert Question.objects.get().title == "Edited"
    assert set(RubricPoint.objects.values_list("text", flat=True)) == {"edited"}
    assert Document.objects.get().source.startswith("New preface.")


@pytest.mark.parametrize(
    "first, status, second, expected",
    [
        ("", "draft", "- now", "published"),
        ("- a", "draft", "- b", "draft"),
        ("- a", "retired", "- b", "retired"),
        ("", "retired", "- now", "retired"),
        ("- a", "published", "", "draft"),
    ],
)
def test_the_curators_status_stays_except_when_an_answer_comes_or_goes(first, status, second, expected):
    bring(question_text(answer=first))
    Question.objects.update(status=status)
    bring(question_text(answer=second))
    assert Question.objects.get().status == expected


def test_a_question_gone_from_the_document_stays_and_is_noted():
    bring(question_text(1) + question_text(2, "How?"))
    report = bring(question_text(1))
    assert Question.objects.count() == 2
    assert "Question 2 is no longer" in report.notes[0].message


def test_slugs_tell_dotted_and_suffixed_numbers_apart():
    text = "### 4. Exercises\n1. One\n2. Two\n\n" + question_text(4) + question_text(42, "How?")
    bring(text + question_text(42, "How else?"))
    assert set(Question.objects.values_list("slug", flat=True)) == {
        "sample-4_1-en",
        "sample-4_2-en",
        "sample-4-2-en",
        "sample-42-en",
        "sample-42-2-en",
    }


def test_documents_whose_names_slugify_alike_do_not_collide():
    bring(question_text(), "a b.en.md")
    bring(question_text(), "a-b.en.md")
    assert set(Question.objects.values_list("slug", flat=True)) == {"a-b-1-en", "a-b-1-en-2"}


def test_language_editions_are_translations_of_each_other():
    bring(question_text(), "sample.en.md")
    bring("### 1. 为何？\n答案：因为快。", "sample.zh.md")
    assert [other.language for other in Question.objects.get(language="en").translations()] == ["zh-hans"]


def test_topics_are_found_by_slug_or_name_and_made_otherwise():
    known = Topic.objects.create(slug="speed", name_zh="速度", name_en="Going fast")
    for number, name in enumerate(["speed", "速度", "going FAST"], start=1):
        bring(question_text(extra=f"**Topic:** {name}"), f"{number}.en.md")
    assert set(Question.objects.values_list("topic", flat=True)) == {known.pk}
    bring(question_text(extra="**Topic:** 缓存 系统"), "4.en.md")
    bring(question_text(), "5.en.md")
    assert set(Topic.objects.values_list("slug", flat=True)) == {"speed", "缓存-系统", "general"}


def test_a_dry_run_reports_the_same_and_writes_nothing():
    assert counts(bring(question_text(), dry_run=True)) == (1, 0, 0)
    assert not Question.objects.exists() and not Document.objects.exists() and not Topic.objects.exists()


def test_a_run_that_breaks_halfway_leaves_nothing(monkeypatch):
    real, calls = rows.insert, []

    def breaks_at_the_second(model, *given):
        calls.append(model)
        if calls.count(RubricPoint) == 2:  # the points of the second document
            raise RuntimeError("disk full")
        return real(model, *given)

    monkeypatch.setattr(rows, "insert", breaks_at_the_second)
    sources = [Source("a.en.md", question_text(1) + question_text(2, "How?")), Source("b.en.md", question_text())]
    with pytest.raises(RuntimeError):
        import_sources(sources)
    assert not Question.objects.exists() and not Document.objects.exists()


def test_long_names_fit_their_fields():
    bring("### 1. " + "长" * 2000 + "\n答案：\n- **" + "名" * 290 + "：** x", "文" * 300 + ".zh.md")
    question = Question.objects.get()
    question.full_clean()
    assert "长" * 2000 in question.prompt
    RubricPoint.objects.get().full_clean()


# --- Files and the command ---


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xff", "not a text file"),
        (b" \n", "empty"),
        (b"x" * (10 * 1024 * 1024 + 1), "too large"),
    ],
)
def test_an_unreadable_file_stops_the_whole_run(tmp_path, content, sentence):
    good, bad = write(tmp_path, "good.md", question_text()), write(tmp_path, "bad.md", content)
    with pytest.raises(ImportFailed, match=sentence):
        import_files([good, bad])
    assert not Question.objects.exists()


def test_the_command_names_every_missing_file(tmp_path):
    with pytest.raises(CommandError) as error:
        run(tmp_path / "one.md", tmp_path)
    assert "one.md: There is no such file." in str(error.value)
    assert "This is a folder" in str(error.value)


def test_the_same_document_twice_in_a_run_is_refused(tmp_path):
    (tmp_path / "other").mkdir()
    first, second = write(tmp_path, "a.md", question_text()), write(tmp_path / "other", "a.md", question_text())
    with pytest.raises(ImportFailed, match="same document"):
        import_files([first, second])


def test_the_json_report(tmp_path):
    path = write(tmp_path, "a.en.md", question_text(1, extra="**Difficulty:** 9") + question_text(2, "Tell", answer=""))
    assert run(path) == {
        "files": [
            {
                "file": str(path),
                "questions": 1,
                "drafts": 1,
                "created": 2,
                "updated": 0,
                "unchanged": 0,
                "problems": [{"line": 4, "message": "Difficulty “9” is not used: write a number from 1 to 5."}],
                "notes": [],
            }
        ]
    }


def test_a_file_without_questions_is_a_problem_and_alone_an_error(tmp_path):
    prose, good = write(tmp_path, "prose.md", "Only prose."), write(tmp_path, "good.md", question_text())
    assert [len(file["problems"]) for file in run(prose, good)["files"]] == [1, 0]
    with pytest.raises(CommandError, match="Nothing was imported"):
        run(prose)


def test_the_plain_report_gives_file_and_line(tmp_path):
    path = write(tmp_path, "a.en.md", question_text(1, extra="**Time:** soon"))
    out = StringIO()
    call_command("import_questions", str(path), "--dry-run", stdout=out)
    assert f"{path}:4:" in out.getvalue()
    assert not Question.objects.exists()


# --- The starter bank ---


@pytest.fixture
def starter(tmp_path, settings):
    settings.STARTER_BANK_DIR = tmp_path
    write(tmp_path, "topics.json", '[{"slug": "speed", "name_zh": "速度", "name_en": "Speed"}]')
    write(tmp_path, "speed.en.md", "**Topic:** speed\n\n" + question_text())
    write(tmp_path, "speed.zh.md", "**主题：** 速度\n\n### 1. 为何？\n答案：因为快。")
    return tmp_path


def test_the_starter_bank_is_published_under_its_topics(starter):
    assert [counts(report) for report in import_starter_bank()] == [(1, 0, 0), (1, 0, 0)]
    assert Question.objects.published().filter(topic__slug="speed").count() == 2


def test_the_starter_bank_again_costs_little_and_changes_nothing(starter, django_assert_max_num_queries):
    import_starter_bank()
    before = list(Question.objects.values())
    with django_assert_max_num_queries(6):
        assert import_starter_bank() == []
    assert list(Question.objects.values()) == before


def test_the_real_starter_bank_has_no_problems():
    reports = import_starter_bank()
    assert [remark for report in reports for remark in report.problems] == []
    assert all(report.questions and not report.drafts for report in reports)
    assert Topic.objects.filter(slug="general").exists()

"""The pages of an import in the browser: upload, preview, choose, import, undo; with workers' jobs run in the test."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from interviewer import jobs
from interviewer.jobs import imports
from interviewer.models import Job, User
from interviewer.models.jobs import LEASE
from questions import embedding, import_runs, retrieval
from questions.import_runs import MOST_FILES
from questions.importing import Source, import_sources
from questions.models import ImportChange, ImportRun, Question
from tests import build
from tests.bad_input.test_packages import BAD, Good
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db


def text(*numbers: int, title: str = "Why") -> str:
    return "".join(f"### {n}. {title} {n}?\n\n**Answer:**\n- because\n\n" for n in numbers)


@pytest.fixture
def desk(curator: User) -> Client:
    """The curator's client."""
    return signed_in(curator)


def upload(desk: Client, *files: tuple[str, str | bytes]) -> HttpResponse:
    sent = [SimpleUploadedFile(name, data.encode() if isinstance(data, str) else data) for name, data in files]
    return desk.post(reverse("import-list"), {"documents": sent})


def page(desk: Client, run: ImportRun, **query: Any) -> str:
    response = desk.get(reverse("import", args=[run.pk]), query)
    assert response.status_code == 200
    return response.content.decode()


def work() -> None:
    """Workers do what is asked for, and what comes of that."""
    while (job := Job.objects.pending().order_by("created_at").first()) is not None:
        jobs.run(job.pk)


@pytest.fixture(autouse=True)
def no_vectors(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Times that the index was brought up to date."""
    times: list[int] = []

    def sync(progress: Any) -> retrieval.SyncReport:
        times.append(1)
        progress(1, 1)
        return retrieval.SyncReport(1, 2, 2, True)

    monkeypatch.setattr(retrieval, "sync_unless_busy", sync)
    monkeypatch.setattr(embedding, "model_name", lambda: "none, so that near-duplicates are told by their words")
    return times


def previewed(desk: Client, *files: tuple[str, str | bytes]) -> ImportRun:
    upload(desk, *files)
    work()
    return ImportRun.objects.first()


def go(desk: Client, run: ImportRun, action: str, leave: tuple[str, ...] = (), **more: Any) -> HttpResponse:
    """Send the form of the preview, all ticked but the questions with the numbers in `leave`."""
    rows = list(run.current.values_list("pk", "number"))
    form = {
        "edition": run.edition,
        "shown": [pk for pk, _ in rows],
        "chosen": [pk for pk, number in rows if number not in leave],
        "go": action,
        **more,
    }
    return desk.post(reverse("import-choose", args=[run.pk]), form)


def imported(desk: Client, run: ImportRun) -> ImportRun:
    go(desk, run, "import")
    work()
    run.refresh_from_db()
    assert run.committed_at
    return run


def test_from_upload_to_undo(desk: Client, curator: User, no_vectors: list[int]) -> None:
    import_sources([Source("a.en.md", text(1, 2))])
    response = upload(desk, ("a.en.md", text(1, title="How") + text(2, 3)))
    run = ImportRun.objects.get()
    assert response["Location"] == reverse("import", args=[run.pk])
    assert "Waiting for a worker" in page(desk, run) and "hx-get" in page(desk, run)
    work()
    run.refresh_from_db()
    shown = page(desk, run)
    assert "1 would be created and 1 changed; 1 would stay as before." in shown
    assert re.search(r"<del>.*Why.*</del>", shown) and re.search(r"<ins>.*How.*</ins>", shown)
    go(desk, run, "import")
    assert "Importing" in page(desk, run)
    work()
    run.refresh_from_db()
    assert run.committed_by == curator and no_vectors == [1]
    assert set(Question.objects.values_list("title", flat=True)) == {"How 1?", "Why 2?", "Why 3?"}
    done = page(desk, run)
    assert "Undo the whole import" in done
    desk.post(reverse("import-undo", args=[run.pk]))
    work()
    undone = page(desk, run)
    assert "This import was undone" in undone and "Undo the whole import" not in undone
    assert set(Question.objects.values_list("title", flat=True)) == {"Why 1?", "Why 2?"}
    assert "Undone" in desk.get(reverse("import-list")).content.decode()


def test_an_import_asked_for_twice_is_carried_out_once(desk: Client) -> None:
    run = previewed(desk, ("a.en.md", text(1)))
    go(desk, run, "import")
    imports.ask("import-commit", run, User.objects.get(username="curator"), timezone.now(), edition=str(run.edition))
    work()
    assert Question.objects.get().versions.count() == 1
    again = Job.objects.filter(kind="import-commit", status="failed").get()
    assert "imported already" in again.reason


@pytest.mark.parametrize("kind", ["import-preview", "import-commit", "import-undo"])
def test_a_worker_that_dies_at_the_end_changes_nothing_and_the_next_does_it(
    kind: str, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(desk, ("a.en.md", text(1, 2)))
    run = ImportRun.objects.get()
    if kind != "import-preview":
        work()
        run.refresh_from_db()
        go(desk, run, "import")
    if kind == "import-undo":
        work()
        desk.post(reverse("import-undo", args=[run.pk]))
    job = Job.objects.pending().get(kind=kind)
    finish = imports.finished

    def dies(*args: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(imports, "finished", dies)
    before = Question.objects.count()
    with pytest.raises(SystemExit):
        jobs.run(job.pk)
    monkeypatch.setattr(imports, "finished", finish)
    assert Question.objects.count() == before
    Job.objects.filter(pk=job.pk).update(leased_until=timezone.now() - LEASE)
    work()
    job.refresh_from_db()
    assert (job.status, job.tries) == ("done", 2)
    assert Question.objects.count() == {"import-preview": 0, "import-commit": 2, "import-undo": 0}[kind]
    run.refresh_from_db()
    assert run.changes.count() == run.current.count() == 2


def test_who_lost_the_lease_imports_nothing(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    run = previewed(desk, ("a.en.md", text(1)))
    go(desk, run, "import")
    job = Job.objects.pending().get()
    write = import_runs.carry_out

    def slow(*args: Any) -> None:
        write(*args)
        Job.objects.filter(pk=job.pk).update(lease=run.pk, leased_until=timezone.now() + timedelta(minutes=1))

    monkeypatch.setattr(import_runs, "carry_out", slow)
    jobs.run(job.pk)
    run.refresh_from_db()
    assert not Question.objects.exists() and run.committed_at is None


def test_a_stale_preview_is_made_anew_and_says_so(desk: Client) -> None:
    import_sources([Source("a.en.md", text(1))])
    run = previewed(desk, ("a.en.md", text(1, 2, 3, title="How")))
    go(desk, run, "import", leave=("3",))
    Question.objects.update(title="By a curator")
    work()
    run.refresh_from_db()
    assert run.committed_at is None and Question.objects.get().title == "By a curator"
    shown = page(desk, run)
    assert "the bank had changed since the preview" in shown and "By a curator" not in shown.split("<dl")[0]
    assert run.current.get(chosen=False).number == "3"
    imported(desk, ImportRun.objects.get())
    assert set(Question.objects.values_list("title", flat=True)) == {"How 1?", "How 2?", "How 3?"}


def test_a_form_of_an_older_preview_imports_nothing(desk: Client) -> None:
    run = previewed(desk, ("a.en.md", text(1)))
    desk.post(reverse("import-again", args=[run.pk]))
    work()
    go(desk, run, "import")  # still with the edition of the first one
    assert not Job.objects.filter(kind="import-commit").exists()
    assert "Meanwhile a new preview was made" in page(desk, run)


def test_ticks_are_kept_from_page_to_page(desk: Client) -> None:
    run = previewed(desk, ("a.en.md", text(*range(1, 31))))
    first = [row.pk for row in run.current[:25]]
    form = {"edition": run.edition, "shown": first, "chosen": first[1:], "go": "2", "page": "1", "show": ""}
    response = desk.post(reverse("import-choose", args=[run.pk]), form)
    assert response["Location"].endswith("?show=&page=2")
    second = desk.get(response["Location"]).content.decode()
    assert second.count('name="chosen"') == 5 and "Page 2 of 2" in second
    assert list(run.current.filter(chosen=False).values_list("number", flat=True)) == ["1"]
    assert page(desk, run, show="left").count('name="chosen"') == 1
    go(desk, run, "none")
    assert not run.current.filter(chosen=True).exists()
    go(desk, run, "import", leave=tuple(map(str, range(1, 31))))
    assert "Nothing is ticked" in page(desk, run)


@pytest.mark.parametrize("junk", [
    {"edition": "x"}, {"edition": ""}, {"shown": ["x", "-1", "9" * 40]}, {"go": "../"}, {"page": "x", "show": "y"},
])  # fmt: skip
def test_forged_forms_change_nothing_but_ticks(desk: Client, junk: dict[str, Any]) -> None:
    run = previewed(desk, ("a.en.md", text(1)))
    response = go(desk, run, junk.pop("go", "1"), **junk)
    assert response.status_code == 302 and response["Location"].startswith(reverse("import", args=[run.pk]))
    assert not Question.objects.exists() and not Job.objects.pending().exists()


def test_what_was_changed_since_is_told_by_name(desk: Client) -> None:
    run = imported(desk, previewed(desk, ("a.en.md", text(1, 2))))
    Question.objects.filter(number="1").update(title="Edited")
    desk.post(reverse("import-undo", args=[run.pk]))
    work()
    kept = page(desk, run, show="kept")
    assert "Why 1?" in kept and "Why 2?" not in kept
    assert ImportChange.objects.get(undone="kept").question.title == "Edited"


def test_what_stands_in_an_interview_is_retired(desk: Client, candidate: User) -> None:
    run = imported(desk, previewed(desk, ("a.zh.md", "### 1. 为何？\n答案：因为快。\n\n### 2. 如何？\n答案：先量。\n")))
    build.interview(candidate, question_count=1)
    desk.post(reverse("import-undo", args=[run.pk]))
    work()
    assert [question.status for question in Question.objects.all()] == ["retired"]
    assert "because they stand in interviews" in page(desk, run)


def test_another_curator_sees_the_preview_but_not_the_job(desk: Client) -> None:
    upload(desk, ("a.en.md", text(1)))
    run = ImportRun.objects.get()
    other = signed_in(build.user("other", is_staff=True, is_superuser=True))
    assert "busy with this for another curator" in page(other, run)
    work()
    assert "Question by question" in page(other, run)


def test_an_index_that_fails_leaves_the_import_and_says_so(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def sync(progress: Any) -> None:
        raise embedding.EmbeddingError("no model")

    monkeypatch.setattr(retrieval, "sync_unless_busy", sync)
    run = imported(desk, previewed(desk, ("a.en.md", text(1))))
    assert "found by their words" in page(desk, run)


# --- Files that are wrong ---


@pytest.mark.parametrize("files, sentence", [
    ([], "Choose at least one file"),
    ([("a.md", "")], "a.md: This file is empty"),
    ([("a.md", b"x" * (10 * 2**20 + 1))], "a.md: This file is too large"),
    ([(f"{n}.md", "x") for n in range(MOST_FILES + 1)], "too many files"),
], ids=["none", "empty", "large", "many"])  # fmt: skip
def test_uploads_that_are_not_taken(desk: Client, files: list[tuple[str, str | bytes]], sentence: str) -> None:
    response = upload(desk, *files)
    assert response.status_code == 400 and sentence in response.content.decode()
    assert not ImportRun.objects.exists()


@pytest.mark.parametrize("form", ["xlsx", "docx", "qti"])
def test_packages_that_are_not_what_they_say_are_told_each(desk: Client, form: str) -> None:
    ending = "zip" if form == "qti" else form
    bad = {name: BAD[name] for name in ("torn", "a zip slip", "a million laughs", "a bomb", "encrypted by Office")}
    files = [(f"{n}.en.{ending}", make(Good(form))) for n, (make, _) in enumerate(bad.values())]
    run = previewed(desk, ("good.en.md", text(1)), *files)
    shown = page(desk, run)
    assert "These files cannot be imported" in shown and run.edition is None
    for _make, sentence in bad.values():
        assert re.search(sentence, shown)
    assert run.files.exclude(error="").count() == len(bad) and run.files.get(place=0).error == ""
    assert not Question.objects.exists()


@pytest.mark.parametrize(
    "name", ["../../etc/a.en.md", "a\u202egnp.md", "长" * 200 + ".zh.md", "<script>.md", ".md", "a"]
)
def test_a_name_is_a_name(desk: Client, name: str) -> None:
    run = previewed(desk, (name, text(1)))
    shown = page(desk, run)
    assert "<script>.md" not in shown and "/etc/" not in shown
    imported(desk, run)


def test_markup_in_questions_is_text(desk: Client) -> None:
    run = previewed(desk, ("a.en.md", "### 1. <script>alert(1)</script>\n\n**Answer:**\n<img onerror=x>\n"))
    assert "<script>alert" not in page(desk, run) and "<img onerror" not in page(desk, run)
    imported(desk, run)
    assert "<script>alert" not in page(desk, run)


def test_a_page_of_ten_thousand_stays_small(desk: Client) -> None:
    long = "word " * 20_000
    run = previewed(desk, ("a.en.md", "".join(f"### {n}. Why {n}?\n\n**Answer:** {long}\n\n" for n in range(1, 61))))
    assert len(page(desk, run)) < 600_000 and "more character" in page(desk, run)


def test_sentences_are_in_the_language_of_who_uploaded(desk: Client) -> None:
    desk.cookies["django_language"] = "zh-hans"
    run = previewed(desk, ("a.en.md", text(1) + "### 2. x\n\n**Difficulty:** 9\n\n**Answer:** y\n"))
    assert "难度" in run.files.get().report["problems"][0]["message"]


# --- What the bank has already ----------------------------------------------------------


REPEATED = """### 1. Batching

**Question:** How does continuous batching raise the throughput of a serving engine?

**Answer:**
- New requests join a running batch as soon as others leave it.
"""


def test_a_new_question_that_repeats_one_of_the_bank_says_so_and_leads_there(desk: Client) -> None:
    prompt = "How does continuous batching raise the throughput of a serving engine?"
    known = build.question(prompt=prompt, title="Throughput", language="en", points=["Requests join a running batch"])
    build.question(prompt="What is a data sheet?", title="Data sheets", language="en", points=["It describes data"])
    run = previewed(desk, ("batching.en.md", REPEATED))
    [change] = run.current
    assert [near["pk"] for near in change.near] == [known.pk]
    shown = page(desk, run)
    assert reverse("admin:questions_question_change", args=[known.pk]) in shown and "Data sheets" not in shown


def test_a_question_that_is_only_changed_repeats_nothing(desk: Client) -> None:
    import_sources([Source("batching.en.md", REPEATED)])
    run = previewed(desk, ("batching.en.md", REPEATED.replace("New requests", "Other requests")))
    assert [(change.kind, change.near) for change in run.current] == [("changed", [])]

"""Curators search the bank: what words find at once, what meaning finds when a worker has looked, and the index's page.

The only stand-in is for the model: a vector that knows spelling only.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from interviewer import jobs
from interviewer.jobs import search
from interviewer.models import Job, User
from questions import embedding, locking, retrieval
from questions.embedding import EmbeddingError, Vectors
from questions.models import Question
from tests import build
from tests.conftest import signed_in
from tests.pages import Page

pytestmark = pytest.mark.django_db

SEARCH = "/questions/search/"
SCRIPT = "<script>alert(1)</script>"
HTMX = {"HX-Request": "true"}


def spelt(texts: Sequence[str]) -> Vectors:
    vectors = np.zeros((len(texts), 64), np.float32)
    for vector, text in zip(vectors, texts, strict=True):
        for character in text:
            vector[zlib.crc32(character.encode()) % 64] += 1
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


@pytest.fixture(autouse=True)
def tiny_model(monkeypatch: pytest.MonkeyPatch, settings, tmp_path) -> None:
    settings.INDEX_DIR = tmp_path / "index"
    settings.EMBEDDING_MODEL = "tiny"
    retrieval.forget()
    monkeypatch.setattr(embedding, "embed_queries", spelt)
    monkeypatch.setattr(embedding, "embed_passages", spelt)


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(texts: Sequence[str]) -> Vectors:
        raise EmbeddingError("The weights are damaged.")

    monkeypatch.setattr(embedding, "embed_queries", broken)
    monkeypatch.setattr(embedding, "embed_passages", broken)


@pytest.fixture
def desk(curator: User) -> Client:
    return signed_in(curator)


@pytest.fixture
def bank(db: None) -> list[Question]:
    return [
        build.question(title="缓存", prompt="为什么要缓存？", topic_slug="serving"),
        build.question(title="Caching", prompt="Why cache?", language="en", points=["hits"], status="draft"),
        build.question(title="隐私", prompt="怎样保护隐私？", points=["脱敏"], topic_slug="privacy"),
    ]


def ask(client: Client, **query: str) -> Job:
    client.post(reverse("search-by-meaning"), query)
    return Job.objects.order_by("-created_at")[0]


def heads(client: Client, **query: str) -> list[str]:
    return [row.question.title for row in client.get(SEARCH, query).context["rows"]]


def test_words_find_at_once_and_say_why(desk: Client, bank: list[Question]):
    response = desk.get(SEARCH, {"q": "缓存命中"})
    page = Page(response)
    assert [row.question.title for row in response.context["rows"]] == ["缓存"]
    assert "1 question by its words." in page.text and "shared words: 缓存" in page.text
    assert ("mark", {}) in page.elements
    links = [known.get("href") for tag, known in page.elements if tag == "a"]
    assert reverse("admin:questions_question_change", args=[bank[0].pk]) in links
    assert reverse("item", args=[bank[0].pk]) in links
    assert not Job.objects.exists()  # looking asks for nothing


def test_filters_narrow_both_ways_of_searching(desk: Client, bank: list[Question]):
    assert heads(desk, q="cache", status="draft") == ["Caching"] and heads(desk, q="cache", status="published") == []
    assert heads(desk, q="缓存 隐私", topic="privacy") == ["隐私"]
    assert heads(desk, q="缓存 cache", language="en") == ["Caching"]
    job = ask(desk, q="缓存", topic="privacy")
    jobs.run(job.pk)
    assert heads(desk, q="缓存", topic="privacy") == ["隐私"]


def test_meaning_comes_in_place_of_words_when_the_job_is_done(desk: Client, bank: list[Question]):
    waiting = desk.post(reverse("search-by-meaning"), {"q": "缓存"}, headers=HTMX)
    job = Job.objects.get()
    address = reverse("meaning-found", args=[job.pk])
    assert f'hx-get="{address}"' in waiting.content.decode()
    pending = desk.get(address, headers=HTMX)
    assert "HX-Retarget" not in pending and "Searching by meaning" in pending.content.decode()
    jobs.run(job.pk)
    done = desk.get(address, headers=HTMX)
    assert (done["HX-Retarget"], done["HX-Reswap"]) == ("#found", "outerHTML")
    text = Page(done).text
    assert "Nearest in the question: 为什么要 缓存 ？" in text.replace("为什么要缓存", "为什么要 缓存 ")
    assert "no word in common" in text and "3 questions by meaning and words." in text
    assert address not in done.content.decode()  # asks no more
    assert Page(desk.get(SEARCH, {"q": "缓存"})).text.count("Nearest in") >= 2  # and so does the page, loaded anew


def test_what_happened_since_to_a_question_is_told(desk: Client, bank: list[Question]):
    jobs.run(ask(desk, q="缓存", status="published").pk)
    assert set(heads(desk, q="缓存", status="published")) == {"缓存", "隐私"}
    Question.objects.filter(pk=bank[2].pk).update(status="retired")
    assert heads(desk, q="缓存", status="published") == ["缓存"]


def test_the_same_search_is_done_once_a_while_for_each_person(desk: Client, bank: list[Question], roles: None):
    first = ask(desk, q="缓存")
    assert ask(desk, q="缓存") == first
    jobs.run(first.pk)
    assert ask(desk, q="缓存") == first
    assert ask(desk, q="缓存", language="en") != first and ask(desk, q="缓存？") != first
    Job.objects.filter(pk=first.pk).update(created_at=timezone.now() - search.REUSE - timedelta(seconds=1))
    assert ask(desk, q="缓存") != first
    other = signed_in(build.user("operator", is_staff=True, is_superuser=True))
    assert ask(other, q="缓存").owner.username == "operator"


def test_without_the_model_words_stay_and_a_sentence_says_so(desk: Client, bank: list[Question], no_model: None):
    job = ask(desk, q="缓存")
    jobs.run(job.pk)
    page = Page(desk.get(SEARCH, {"q": "缓存"}))
    assert "Searching by meaning does not work now" in page.text and "1 question by its words." in page.text
    assert "The weights are damaged." in page.text
    assert ask(desk, q="缓存") != job  # "Try again"


def test_the_page_says_when_no_worker_comes(desk: Client, bank: list[Question]):
    job = ask(desk, q="缓存")
    Job.objects.update(created_at=timezone.now() - timedelta(seconds=11))
    assert "No worker has taken this up yet" in Page(desk.get(reverse("meaning-found", args=[job.pk]))).text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"q": "问" * 301}, "That is too long: a sentence or two, up to 300 characters, will do."),
        ({"q": "?! …"}, "There is nothing to look for in that"),
        ({"q": "x", "status": "secret"}, "Status: Select a valid choice"),
        ({"q": "x", "topic": "nowhere"}, "Topic: Select a valid choice"),
        ({"q": "a\0b"}, "could not read"),
    ],
)
def test_what_cannot_be_searched_is_told_in_a_sentence(desk: Client, query: dict[str, str], told: str):
    response = desk.get(SEARCH, query)
    assert response.status_code == 400 and told in Page(response).text
    response = desk.post(reverse("search-by-meaning"), query, follow=True)
    assert response.status_code == 400 and told in Page(response).text
    assert not Job.objects.exists()


def test_nothing_asked_and_nothing_found(desk: Client):
    assert "The bank has no questions yet." in Page(desk.get(SEARCH)).text
    build.question()
    assert "Describe what the question is about" in Page(desk.get(SEARCH, {"q": "  "})).text
    assert "No question shares a word with this." in Page(desk.get(SEARCH, {"q": "unheard"})).text


def test_markup_stays_text(desk: Client):
    build.question(title=SCRIPT, prompt=f"cache {SCRIPT}")
    jobs.run(ask(desk, q=f"cache {SCRIPT}").pk)
    for response in (desk.get(SEARCH, {"q": f"cache {SCRIPT}"}), desk.get(SEARCH, {"q": "cache"})):
        assert SCRIPT not in response.content.decode() and "alert" in response.content.decode()


def test_another_job_and_anothers_search_are_not_shown(desk: Client, curator: User, manager: User):
    at = timezone.now()
    index = jobs.ask("sync-index", curator, {"anew": False}, at)
    anothers = jobs.ask("search", manager, {"query": "x", "wanted": {}}, at)
    for job in (index, anothers):
        assert desk.get(reverse("meaning-found", args=[job.pk])).status_code == 404


# --- The index's page ---


def test_the_index_is_brought_up_to_date_and_the_page_says_so(desk: Client, bank: list[Question]):
    page = Page(desk.get(reverse("search-index"))).text
    assert "4 passages of published questions have no vector" in page and "There is no index file" in page
    desk.post(reverse("sync-index"))
    job = Job.objects.get()
    assert f'id="job-{job.pk}"' in desk.get(reverse("search-index")).content.decode()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.result) == ("done", {"questions": 2, "passages": 4, "embedded": 6})  # drafts too
    page = Page(desk.get(reverse("search-index")))
    assert "Up to date: every published question is found by its meaning." in page.text
    assert ["Published: in the index file", "2", "4", "0", "0"] in page.rows
    assert ["Drafts, in review, retired: curators’ search alone", "1", "2", "0", "0"] in page.rows
    assert "texts embedded: 6." in page.text


def test_the_file_is_built_anew_whatever_it_says(desk: Client, bank: list[Question], settings):
    jobs.run(_synced(desk).pk)
    [file] = settings.INDEX_DIR.glob("gen-*")
    file.write_bytes(b"damaged")
    jobs.run(_synced(desk, anew="on").pk)
    assert len(list(settings.INDEX_DIR.glob("gen-*"))) == 2
    assert "Up to date" in Page(desk.get(reverse("search-index"))).text


def test_what_is_asked_for_twice_is_done_once_unless_more_is_asked_for(desk: Client, reviewer: Client, manager: User):
    first = _synced(desk)
    assert _synced(desk) == first
    page = Page(reviewer.get(reverse("search-index"))).text
    assert "curator has asked for it already: 0 of 0 done." in page
    anew = _synced(reviewer, anew="on")
    assert anew != first and _synced(desk) == anew


def test_without_the_model_the_page_says_why(desk: Client, bank: list[Question], no_model: None):
    jobs.run(_synced(desk).pk)
    assert "could not be brought up to date: The weights are damaged." in Page(desk.get(reverse("search-index"))).text


def test_who_waits_for_another_process_keeps_the_lease(desk: Client, bank: list[Question], settings, monkeypatch):
    monkeypatch.setattr(locking, "_LOOK_SECONDS", 0)
    monkeypatch.setattr(jobs, "REPORT_SECONDS", 0)
    tries = iter([False, False, True])
    monkeypatch.setattr(locking, "_taken", lambda descriptor: next(tries, True))
    job, reports = _synced(desk), []
    monkeypatch.setattr(Job, "report", lambda self, *steps: reports.append(steps[:2]) or True)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == "done" and (0, 0) in reports


def _synced(client: Client, **form: str) -> Job:
    client.post(reverse("sync-index"), form)
    return Job.objects.order_by("-created_at")[0]

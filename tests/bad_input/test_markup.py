"""Markup, formulas of other languages and line breaks where text was meant: they stay text.

Markup in answers, names, questions and the model's feedback on every page of candidates and managers, and the content
security policy: `tests/interviewer/test_room.py`. Elsewhere leading `next`: `test_access.py` there.
"""

from __future__ import annotations

import logging

import pytest
from django.test import Client
from django.urls import reverse

from interviewer import interviews
from interviewer.logs import OneLineFormatter
from interviewer.models import Grade, User
from interviewer.templatetags.interviewer_extras import markdown
from questions import versions
from questions.models import Document, Topic
from tests import build
from tests.build import NOON
from tests.conftest import signed_in
from tests.pages import Page

pytestmark = pytest.mark.django_db

SCRIPT = '"><script>alert(1)</script><img src=x onerror=alert(1)>'

# Sizes are far beyond what a question has. None may take for ever, nor come out as anything but text.
BOMBS = {
    "brackets": "[" * 50_000,
    "links": "[a](" * 50_000,
    "images": "![" * 50_000,
    "quotes": "> " * 50_000,
    "lists": "- " * 50_000,
    "deep lists": "".join("  " * depth + "- x\n" for depth in range(400)),
    "emphasis": "*a **a _a__ " * 20_000,
    "code": "".join("`" * n + "a" for n in range(300)),
    "entities": "&#x6a;&amp;" * 20_000,
    "comments": "<!--" * 50_000,
    "a wide table": "|a" * 2000 + "\n" + "|-" * 2000 + "\n" + "|a\n" * 2000,
    "references": "".join(f"[{n}]: javascript:alert({n})\n" for n in range(3000)),
    "a script": SCRIPT * 1000,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_markdown_bombs_are_bounded(candidate: User, text: str):
    assert len(markdown(text)) < 1_000_000
    build.question(prompt=text)
    interview = interviews.start(build.template(question_count=1), candidate, NOON)
    interviews.submit(interview, NOON)
    page = Page(signed_in(candidate).get(reverse("scorecard", args=[interview.pk])))
    assert page.foreign == []


LINKS = {
    "[x](javascript:alert(1))": None,
    "[x](JaVaScRiPt:alert(1))": None,
    "[x](java&#10;script:alert(1))": "java%0Ascript:alert(1)",  # a path: no scheme has a "%"
    "[x](data:text/html,<script>)": None,
    "[x](vbscript:x)": None,
    "<javascript:alert(1)>": None,
    "[x](https://example.org)": "https://example.org",
}


@pytest.mark.parametrize(("text", "href"), LINKS.items())
def test_only_harmless_links_lead_anywhere(text: str, href: str | None):
    html = str(markdown(text))
    assert (f'href="{href}"' in html) if href else ("<a" not in html or 'href="' not in html)


def test_markup_is_text_in_the_admin_too():
    Topic.objects.create(slug="hostile", name_zh=SCRIPT, name_en=SCRIPT)
    question = build.question(title=SCRIPT, prompt=SCRIPT, points=[SCRIPT])
    Document.objects.create(name=SCRIPT, source=SCRIPT, language="en")
    template = build.template(name=SCRIPT)
    interview = interviews.start(template, build.user("person", first_name=SCRIPT), NOON)
    interviews.submit(interview, NOON)
    build.graded(interview.answers.get(), feedback=SCRIPT, model=SCRIPT)
    grade = Grade.objects.get()
    operator = signed_in(build.user("operator", is_staff=True, is_superuser=True))
    pages = [
        reverse(f"admin:{name}_changelist")
        for name in ("questions_question", "questions_topic", "questions_document", "interviewer_interviewtemplate",
                     "interviewer_grade", "interviewer_user")
    ]  # fmt: skip
    pages += [
        reverse("admin:questions_question_change", args=[question.pk]),
        reverse("admin:interviewer_interviewtemplate_change", args=[template.pk]),
        reverse("admin:interviewer_grade_change", args=[grade.pk]),
    ]
    for page in pages:
        response = operator.get(page)
        assert response.status_code == 200
        assert "<script>alert(1)" not in response.content.decode(), page
        assert "<img src=x" not in response.content.decode(), page


def test_no_page_of_the_admin_needs_more_than_our_policy_allows():
    """No inline script, style or handler; what each page loads comes from us. Light and dark follow the device."""
    question = build.question(prompt="**bold**")
    versions.note([question.pk], NOON)
    template = build.template()
    operator = signed_in(build.user("operator", is_staff=True, is_superuser=True))
    pages = [reverse("admin:index"), reverse("admin:questions_question_add"), reverse("admin:password_change")]
    pages += [reverse(f"admin:questions_{name}_changelist") for name in ("question", "topic", "document")]
    pages += [
        reverse(f"admin:questions_question_{name}", args=[question.pk]) for name in ("change", "history", "delete")
    ]
    pages += [
        reverse("admin:questions_question_version", args=[question.pk, 1]),
        reverse("admin:interviewer_interviewtemplate_change", args=[template.pk]),
    ]
    for address in pages:
        response = operator.get(address)
        elements = Page(response).elements
        assert response.status_code == 200 and "Content-Security-Policy" in response
        assert [tag for tag, known in elements if tag == "style" or (tag == "script" and "src" not in known)] == []
        assert [known for _, known in elements if any(n == "style" or n.startswith("on") for n in known)] == [], address
        loaded = [known.get("src") or known["href"] for tag, known in elements if tag in {"script", "link"}]
        assert all(url.startswith("/") for url in loaded), address
        assert "/static/questions/admin.css" in loaded and not any("theme.js" in url for url in loaded)


def test_a_curator_sees_a_question_as_candidates_do():
    question = build.question(prompt=f"**bold** [x](javascript:alert(1)) {SCRIPT}", explanation="*why*")
    operator = signed_in(build.user("operator", is_staff=True, is_superuser=True))
    page = operator.get(reverse("admin:questions_question_change", args=[question.pk])).content.decode()
    assert "As the candidate reads it" in page and "<strong>bold</strong>" in page and "<em>why</em>" in page
    assert 'href="javascript' not in page and "<script>alert(1)" not in page
    assert reverse("admin:questions_question_history", args=[question.pk]) in page


# --- Logs ----------------------------------------------------------------------------------------


LINES = {
    "a line of one's own": ("/a\n2026-01-01 INFO root: all is well", r"/a\n2026-01-01 INFO root: all is well"),
    "carriage return": ("/a\rINFO", r"/a\rINFO"),
    "next line": ("a\x85b\u2028c", r"a\x85b\u2028c"),
    "terminal": ("\x1b[2J\x1b]0;x\x07", r"\x1b[2J\x1b]0;x\x07"),
    "turned around": ("\u202etxt", r"\u202etxt"),
    "half a character": ("\ud800", r"\ud800"),
    "Chinese stays": ("缓存\t命中", "缓存\t命中"),
}


@pytest.mark.parametrize(("said", "written"), LINES.values(), ids=LINES)
def test_nobody_writes_a_line_of_their_own_into_the_log(settings, said: str, written: str):
    assert settings.LOGGING["formatters"]["line"]["()"] == "interviewer.logs.OneLineFormatter"
    record = logging.LogRecord("test", logging.WARNING, __file__, 1, "Not found: %s", (said,), None)
    assert OneLineFormatter("{message}", style="{").format(record) == f"Not found: {written}"


# --- Headers --------------------------------------------------------------------------------------


HEADERS = ["/\r\nSet-Cookie: a=b", "/%0d%0aSet-Cookie:%20a=b", "/\x0b\x0c", "/\u560d\u560aSet-Cookie:a=b", "/\0"]


@pytest.mark.parametrize("where", HEADERS)
def test_nobody_writes_a_header_of_their_own(candidate: User, where: str):
    form = {"username": "candidate", "password": "a good password", "next": where, "language": "en"}
    for page in ("/login/", "/language/setlang/"):
        response = Client().post(page, form)
        assert response.status_code in (200, 302)
        assert "a" not in response.cookies
        assert all("\r" not in value and "\n" not in value for _, value in response.items())

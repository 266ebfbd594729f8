"""The operator's page in a real browser: it follows what happens by itself, and works without JavaScript too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live import Live, program

pytestmark = pytest.mark.browser

PREPARE = """
from django.contrib.auth.models import Group
from interviewer import access
access.ensure_roles()
build.user("operator").groups.add(Group.objects.get(name="operators"))
"""
PARK = """
from django.utils import timezone
answer, _ = build.handed_in(at=timezone.now()).answers.order_by("position")
build.parked(answer)
"""


@pytest.fixture
def live(migrated: Live) -> Iterator[Live]:
    """A web process alone: nobody grades anything."""
    with program(migrated) as live:
        live.python(PREPARE)
        live.web()
        yield live


def sign_in(page: Page, live: Live) -> None:
    page.goto(live.url + "/login/?next=/operations/")
    page.fill("[name=username]", "operator")
    page.fill("[name=password]", "a good password")
    page.click("main .button")


def test_the_page_follows_by_itself_and_keeps_the_focus(live: Live, chromium: Browser) -> None:
    page = chromium.new_context(locale="en", viewport={"width": 390, "height": 844}).new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    sign_in(page, live)
    expect(page.get_by_text("Every answer that was handed in is graded.")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    live.python(PARK)
    button = page.get_by_role("button", name="Try answer 1 of")
    expect(button).to_be_visible(timeout=20_000)
    button.focus()
    live.python(PARK)
    expect(page.get_by_role("button", name="Try answer 1 of")).to_have_count(2)
    assert page.evaluate("document.activeElement.id").startswith("try-again-")
    assert page.evaluate("window.sameDocument")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.keyboard.press("Enter")
    expect(page.get_by_text("The answer will be graded again.")).to_be_visible()
    assert problems == []


def test_it_works_without_javascript(live: Live, chromium: Browser) -> None:
    live.python(PARK)
    page = chromium.new_context(locale="en", java_script_enabled=False).new_page()
    sign_in(page, live)
    page.get_by_role("button", name="Try all again").click()
    expect(page.get_by_text("1 answer will be graded again.")).to_be_visible()
    expect(page.get_by_role("main").get_by_text("Nothing waits for a person.")).to_be_visible()

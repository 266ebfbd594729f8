"""The curators' search in a real browser, with a real worker: words at once, meaning in their place, keys alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live import Live, program

pytestmark = [pytest.mark.browser, pytest.mark.broker]

PREPARE = """
from django.contrib.auth.models import Group
from interviewer import access
access.ensure_roles()
build.user("curator", is_staff=True).groups.add(Group.objects.get(name="curators"))
build.question(title="量化", prompt="怎样把模型变小？", points=["八位整数代替三十二位浮点数"])
build.question(title="隐私", prompt="怎样保护用户的个人信息？", points=["脱敏"], status="draft")
build.question(title="Storage", prompt="Where do data live?", points=["disks"], language="en")
"""


@pytest.fixture(scope="module")
def live(migrated: Live) -> Iterator[Live]:
    with program(migrated) as live:
        live.python(PREPARE)
        live.broker()
        live.start("manage.py", "sweep")  # tells workers again what the broker was not yet up for
        live.web()
        yield live


def searching(live: Live, chromium: Browser, **options: object) -> Page:
    page = chromium.new_context(locale="en", viewport={"width": 390, "height": 844}, **options).new_page()
    page.goto(live.url + "/login/?next=/questions/search/")
    page.fill("[name=username]", "curator")
    page.fill("[name=password]", "a good password")
    page.click("main .button")
    page.wait_for_url("**/questions/search/")  # with its scripts
    return page


def test_words_at_once_then_meaning_and_all_of_it_by_keyboard(live: Live, chromium: Browser) -> None:
    page = searching(live, chromium)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.keyboard.press("/")
    expect(page.get_by_label("Looking for")).to_be_focused()
    page.keyboard.type("protecting personal data")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=*")
    expect(page.get_by_role("status")).to_have_text("1 question by its words.")
    page.evaluate("window.sameDocument = true")
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Storage")).to_be_focused()
    live.worker()
    expect(page.get_by_role("status")).to_have_text("3 questions by meaning and words.", timeout=180_000)
    expect(page.get_by_role("link", name="Storage")).to_be_focused()  # it stands elsewhere now
    assert page.evaluate("window.sameDocument")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.get_by_text("no word in common").first).to_be_visible()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Looking for")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="As the candidate reads it")).to_be_visible()
    assert problems == []


def test_it_works_without_javascript(live: Live, chromium: Browser) -> None:
    live.worker()
    page = searching(live, chromium, java_script_enabled=False)
    page.get_by_label("Looking for").fill("keeping secrets of users")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("button", name="Search by meaning too").click()
    link = page.get_by_role("link", name="See whether it is done")
    for _ in range(60):
        if not link.is_visible():
            break
        page.wait_for_timeout(1000)
        link.click()
    expect(page.get_by_role("status")).to_have_text("3 questions by meaning and words.")

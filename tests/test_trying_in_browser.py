"""A curator tries an answer in a real browser: the result comes by itself, and it works without JavaScript too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live import Live, program
from tests.stub_openai import StubOpenAI

pytestmark = [pytest.mark.browser, pytest.mark.broker]

PREPARE = """
from django.contrib.auth.models import Group
from interviewer import access
access.ensure_roles()
build.user("curator", is_staff=True).groups.add(Group.objects.get(name="curators"))
print(build.question(points=[], reference="缓存命中可以省去重复计算。批处理提高吞吐。量化让权重占的显存变小。").pk)
"""
TEXT = "缓存命中可以省去重复计算。"


@pytest.fixture
def live(migrated: Live) -> Iterator[Live]:
    """Web, worker and broker, with a model that is always there."""
    with StubOpenAI() as stub, program(migrated, OPENAI_BASE_URL=stub.url, OPENAI_API_KEY="key") as live:
        live.broker()
        live.worker()
        live.web()
        yield live


def desk(live: Live, chromium: Browser) -> Page:
    """The page of a question, with a curator before it."""
    question = live.python(PREPARE)
    page = chromium.new_context(locale="en", viewport={"width": 390, "height": 844}).new_page()
    page.goto(f"{live.url}/login/?next=/questions/{question}/points/")
    page.fill("[name=username]", "curator")
    page.fill("[name=password]", "a good password")
    page.click("main .button")
    return page


def test_from_points_to_a_trial_whose_result_comes_by_itself(live: Live, chromium: Browser) -> None:
    page = desk(live, chromium)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.get_by_label("Take this point").nth(2).uncheck()
    page.get_by_label("Reason for the change").fill("two are enough")
    page.get_by_role("button", name="Approve the ticked points").click()
    expect(page.get_by_text("The points are approved")).to_be_visible()
    expect(page.get_by_label("Keep this point")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(".approve").get_by_role("link", name="Try an answer").click()
    page.get_by_label("An answer to try").fill(TEXT)
    page.get_by_role("button", name="Grade this answer").click()
    expect(page.locator(".result .score")).to_have_text("50 of 100", timeout=60_000)
    expect(page.get_by_label("An answer to try")).to_have_value(TEXT)
    expect(page.locator("mark").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert problems == []
    context = page.context
    plain = context.browser.new_context(locale="en", java_script_enabled=False, storage_state=context.storage_state())
    without = plain.new_page()
    without.goto(page.url)
    without.get_by_role("button", name="Grade an empty answer").click()
    for _ in range(60):
        if without.locator(".result .score").count():
            break
        without.wait_for_timeout(500)
        without.reload()
    expect(without.locator(".result .score")).to_have_text("0 of 100")

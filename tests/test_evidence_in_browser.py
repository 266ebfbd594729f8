"""From a point to the candidate's words and back, by pointer and by keyboard, in a scorecard and in a review."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.live import Live

pytestmark = pytest.mark.browser

# Two points share the words 命中; 也要限流 is evidence for none.
GRADED = """
from django.utils import timezone
from interviewer.models import Grade
at = timezone.now()
question = build.question(title="推理加速", topic_slug="evidence")
template = build.template(question_count=1)
template.topics.set([question.topic])
sitting = interviews.start(template, User.objects.get(username="candidate"), at)
answer = sitting.answers.get()
interviews.save(answer, "缓存命中之后批处理，也要限流", answer.revision, at)
sitting = interviews.submit(sitting, at)
answer.refresh_from_db()
spans = {"p1": [[0, 4]], "p2": [[2, 9]]}
verdict = build.verdict(answer)
for point in verdict["points"]:
    found = spans.get(point["key"], [])
    point.update(spans=found, verdict="met" if found else "missing", kind="must")
answer.grades.update(status="done", score=0.5, verdict=verdict, graded_at=at, lease=None, leased_until=None)
Question.objects.filter(pk=question.pk).update(status="draft")  # nobody else is asked it
print(sitting.pk)
"""


@pytest.fixture(scope="module")
def sitting(live: Live) -> str:
    """The id of an interview with one graded answer."""
    return live.python(GRADED)


def open_as(live: Live, chromium: Browser, name: str, path: str, **how) -> Page:
    page = chromium.new_context(locale="zh-CN", **how).new_page()
    passwords = json.loads((live.data / "demo-people.json").read_text())
    page.goto(f"{live.url}/login/?next={path}")
    page.fill("[name=username]", name)
    page.fill("[name=password]", passwords[name])
    page.click("main .button")
    return page


def lit(page: Page) -> list[str]:
    """The ids of what is emphasised, in order of the page."""
    return page.locator(".lit").evaluate_all("found => found.map(one => one.id)")


def underline(found: Locator) -> str:
    return found.evaluate("one => getComputedStyle(one).borderBottomWidth")


@pytest.mark.parametrize("reader", ["candidate", "manager"])
def test_points_and_their_words_show_each_other(live: Live, chromium: Browser, sitting: str, reader: str) -> None:
    path = f"/interviews/{sitting}/scorecard/" if reader == "candidate" else f"/review/{sitting}/"
    page = open_as(live, chromium, reader, path)
    problems: list[str] = []
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    if reader == "manager":
        expect(page.locator("mark")).to_have_count(0)
        page.get_by_role("button", name=re.compile("全部")).click()
    first, second = page.locator("#point-1-1"), page.locator("#point-1-2")
    both, only_second = page.locator("#words-1-2"), page.locator("#words-1-4")
    expect(both).to_have_text("命中1")

    # By pointer, both ways; words of two points show both of them.
    first.locator("strong").first.hover()
    assert lit(page) == ["words-1-0", "words-1-2", "point-1-1"]
    assert (underline(both), underline(only_second)) == ("5px", "2px")  # a shape, not a colour alone
    only_second.hover()
    assert lit(page) == ["words-1-2", "words-1-4", "point-1-2"]
    both.hover(position={"x": 4, "y": 4})
    assert lit(page) == ["words-1-0", "words-1-2", "words-1-4", "point-1-1", "point-1-2"]
    page.get_by_role("heading", level=1).hover()
    assert lit(page) == []

    # By keyboard: from the number at the end of the words to the point, on to its words, and back.
    both.get_by_role("link").focus()
    assert lit(page) == ["words-1-0", "words-1-2", "point-1-1"]
    page.keyboard.press("Enter")
    expect(first).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="“缓存命中”")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="“命中之后批处理”")).to_be_focused()
    assert lit(page) == ["words-1-2", "words-1-4", "point-1-2"]
    page.keyboard.press("Enter")
    expect(both).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(only_second.get_by_role("link", name="到要点 2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(second).to_be_focused()
    assert problems == []
    page.context.close()


def test_without_scripts_the_links_lead_there(live: Live, chromium: Browser, sitting: str) -> None:
    page = open_as(live, chromium, "candidate", f"/interviews/{sitting}/scorecard/", java_script_enabled=False)
    page.get_by_role("link", name="“命中之后批处理”").click()
    expect(page).to_have_url(re.compile("#words-1-2$"))
    expect(page.locator("mark:target")).to_have_id("words-1-2")
    page.locator("#words-1-2").get_by_role("link").click()
    expect(page.locator("li:target")).to_have_id("point-1-1")
    page.context.close()

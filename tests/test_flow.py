"""The whole story: a candidate sits a Chinese interview in a real browser, a real worker grades it, a manager reads it.

Once graded by similarity, once by a model behind an OpenAI-compatible server. Read this test first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.live import Live, program
from tests.stub_openai import StubOpenAI

pytestmark = [pytest.mark.browser, pytest.mark.broker]

SECONDS_TO_GRADE = 90_000  # ms: the worker loads its embedding model first


@pytest.fixture(scope="module")
def fresh() -> Iterator[Live]:
    """What `make run` prepares in an empty folder, not started yet."""
    with program() as live:
        live.manage("prepare")
        live.python('Question.objects.filter(kind="coding").update(status="draft")')  # its editor closes brackets
        yield live


@pytest.fixture(params=["semantic", "llm"])
def live(fresh: Live, request: pytest.FixtureRequest) -> Iterator[Live]:
    """The program as a stranger starts it, with one grader or the other."""
    with StubOpenAI() as stub:
        model = {"OPENAI_BASE_URL": stub.url, "OPENAI_API_KEY": "test", "OPENAI_MODEL": "stub"}
        with program(fresh, **(model if request.param == "llm" else {})) as live:
            live.run()
            yield live


def sign_in(live: Live, context: BrowserContext, name: str) -> Page:
    passwords = json.loads((live.data / "demo-people.json").read_text())
    page = context.new_page()
    page.goto(live.url + "/login/")
    page.get_by_label("用户名").fill(name)
    page.get_by_label("密码").fill(passwords[name])
    page.get_by_role("main").get_by_role("button", name="登录").click()
    return page


def reference_of(live: Live, page: Page) -> str:
    """The first key point of the question on the page, as a well-read candidate would know it."""
    title = page.locator("#question-title").inner_text()
    code = f"print(Answer.objects.filter(frozen__title={title!r}).last().asked.points[0].text)"
    return live.python(code)


def test_a_stranger_sits_a_graded_interview(live: Live, chromium: Browser) -> None:
    candidate = chromium.new_context(locale="zh-CN")
    page = sign_in(live, candidate, "candidate")

    # Chooses an interview, reads what will happen, agrees, starts.
    page.get_by_role("link", name="五分钟热身").click()
    expect(page.get_by_text("开始之前")).to_be_visible()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="开始计时").click()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"4:5\d|5:00"))

    # Writes; it is saved without a button.
    known = reference_of(live, page)
    box = page.get_by_label("你的回答")
    box.press_sequentially(known[:40])
    expect(page.locator("#save-state")).to_contain_text("已保存")

    # Another browser resumes at the same place, with the same text and the same clock.
    elsewhere = sign_in(live, chromium.new_context(locale="zh-CN"), "candidate")
    elsewhere.get_by_role("link", name="继续").click()
    expect(elsewhere.get_by_label("你的回答")).to_have_value(known[:40])
    expect(elsewhere.get_by_role("timer")).to_have_text(re.compile(r"4:\d\d"))
    elsewhere.context.close()

    # Finishes the sentence, goes on, skips the second question; the review page names it.
    box.fill(known)
    page.get_by_role("button", name="下一题").click()
    expect(page).to_have_url(re.compile(r"/questions/2/$"))
    page.get_by_role("button", name="检查并交卷").click()
    expect(page.get_by_text("还有 1 道题没有回答")).to_be_visible()

    # Hands in, gets a receipt, and watches the grades arrive without reloading.
    page.get_by_role("button", name="交卷", exact=True).click()
    expect(page.locator(".facts .hash")).to_have_text(re.compile(r"^[0-9a-f]{64}$"))
    expect(page.get_by_text("批改完成")).to_be_visible(timeout=SECONDS_TO_GRADE)

    # The scorecard shows the candidate's own words for the point that was made.
    page.get_by_role("link", name="查看评分").click()
    first = page.locator("#question-1")
    expect(first.locator(".points li.met, .points li.partial").first).to_be_visible()
    evidence = first.locator("mark").evaluate_all("marks => marks.map(mark => mark.firstChild.textContent.trim())")
    assert evidence and all(words in known for words in evidence)
    expect(page.locator("#question-2").get_by_text("没有写任何内容")).to_be_visible()
    summary = page.locator(".result-sentence").inner_text()

    # The manager knows the candidate by a code alone, has the machine's verdicts shown, and sees the same, and how.
    manager = sign_in(live, chromium.new_context(locale="zh-CN"), "manager")
    manager.get_by_role("link", name="评审").click()
    manager.get_by_role("link", name=page.url.split("/interviews/")[1][:8]).click()
    expect(manager.locator(".points li.met, .points li.partial")).to_have_count(0)
    manager.get_by_role("button", name=re.compile("全部")).click()
    expect(manager.locator(".result-sentence")).to_have_text(summary)
    expect(manager.locator("#question-1 .points li.met, #question-1 .points li.partial").first).to_be_visible()
    manager.locator("#question-1 .provenance > summary").click()
    by_model = "OPENAI_BASE_URL" in live.env
    expect(manager.locator("#question-1 .provenance")).to_contain_text("语言模型 · stub" if by_model else "相似度")

    # The curator keeps the bank in the admin; the candidate sees neither.
    curator = sign_in(live, chromium.new_context(locale="zh-CN"), "curator")
    curator.get_by_role("link", name="题库").click()
    expect(curator.locator("#content")).to_contain_text("题库")
    for closed in ("/review/", "/admin/"):
        page.goto(live.url + closed)
        assert "candidate" not in page.get_by_role("main").inner_text() or "/admin/login" in page.url

"""From a position to an answer that was handed in: a manager at a desk, a candidate on a phone who has no account."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live import Live, program

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def live(prepared: Live) -> Iterator[Live]:
    """A web process of its own, since the bank is changed; a code editor is another test's."""
    with program(prepared) as live:
        live.python('Question.objects.filter(kind="coding").update(status="draft")')
        live.web()
        yield live


def sign_in(page: Page, live: Live) -> None:
    passwords = json.loads((live.data / "demo-people.json").read_text())
    page.goto(live.url + "/login/?next=/positions/")
    page.fill("[name=username]", "manager")
    page.fill("[name=password]", passwords["manager"])
    page.click("main .button")


def test_a_manager_invites_and_a_guest_sits_it_on_a_phone(live: Live, chromium: Browser) -> None:
    manager = chromium.new_context(locale="zh-CN").new_page()
    problems: list[str] = []
    manager.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    sign_in(manager, live)

    # Opens a position with two questions, and is led to inviting.
    manager.get_by_role("link", name="开设职位").click()
    manager.get_by_label("名称").fill("推理工程师")
    row = manager.get_by_role("group", name="第 1 行")
    row.get_by_label("题目").fill("2")
    row.get_by_label("主题").select_option(label="推理服务")
    manager.get_by_role("button", name="开设职位").click()
    expect(manager.get_by_role("heading", name="推理工程师")).to_be_visible()
    manager.get_by_role("link", name="邀请候选人").click()
    manager.get_by_label("姓名").fill("王芳")
    manager.get_by_role("button", name="生成链接").click()
    link = manager.locator(".new-links input").input_value()
    manager.get_by_role("button", name="复制").click()
    expect(manager.get_by_role("button", name="已复制")).to_be_visible()
    assert link.startswith(live.url + "/i/")

    # Somebody without an account reads the page, tries nothing out, agrees, and is in the room.
    phone = chromium.new_context(locale="zh-CN", viewport=PHONE)
    page = phone.new_page()
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    referrers: list[str] = []
    page.on("request", lambda request: referrers.append(request.headers.get("referer", "")))
    page.goto(link)
    expect(page.get_by_text("邀请你参加面试")).to_be_visible()
    expect(page.get_by_text("如果你更愿意与人交谈")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="开始计时").click()
    page.get_by_label("你的回答").fill("先看显存带宽，再看批处理。")
    page.get_by_role("button", name="下一题").click()
    expect(page).to_have_url(re.compile(r"/questions/2/$"))

    # The same link on another device goes on with it; the manager sees that it runs.
    desk = chromium.new_context(locale="zh-CN").new_page()
    desk.goto(link)
    desk.get_by_role("button", name="继续").click()
    expect(desk).to_have_url(re.compile(r"/questions/2/$"))
    desk.context.close()
    manager.goto(live.url + "/positions/")
    expect(manager.get_by_role("listitem").filter(has_text="推理工程师")).to_contain_text(
        re.compile(r"1\s*进行中|进行中\s*1")
    )

    # Hands in; the link leads to the receipt from then on, and nowhere near another interview.
    page.get_by_role("button", name="检查并交卷").click()
    page.get_by_role("button", name="交卷", exact=True).click()
    expect(page.locator(".facts .hash")).to_have_text(re.compile(r"^[0-9a-f]{64}$"))
    page.goto(link)
    page.get_by_role("button", name="查看回执").click()
    expect(page).to_have_url(re.compile(r"/receipt/$"))
    page.goto(live.url + "/")
    expect(page.get_by_role("heading", name="参加面试")).to_have_count(0)
    assert not any("/i/" in referrer for referrer in referrers)

    # The manager follows, by a code, to the answers.
    manager.goto(live.url + "/positions/")
    manager.get_by_role("link", name="推理工程师").click()
    expect(manager.locator(".people")).to_contain_text("已交卷")
    manager.locator(".people th a").click()
    expect(manager).to_have_url(re.compile(r"/review/"))
    expect(manager.get_by_text("先看显存带宽，再看批处理。")).to_be_visible()
    assert "王芳" not in manager.content()
    assert problems == []

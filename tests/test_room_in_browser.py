"""The room in a real browser: saving, composing, losing the network, two tabs, the end of time, code, no JavaScript."""

from __future__ import annotations

import json
import re
import time

import pytest
from playwright.sync_api import Browser, expect

from tests.live import Live
from tests.room import Room, opened

pytestmark = pytest.mark.browser


def test_what_is_typed_is_stored_and_the_page_says_so(room: Room) -> None:
    room.box.press_sequentially("先看瓶颈在哪里\n再谈优化")
    expect(room.state).to_contain_text("已保存")
    expect(room.page.locator("[data-count]")).to_have_text("12 字")
    assert room.stored() == "先看瓶颈在哪里\n再谈优化"
    assert room.problems == []


def test_two_seconds_after_the_last_key_it_is_on_its_way(room: Room) -> None:
    """By the page's own clock, which stands still but for those two seconds: no busy machine makes them longer."""
    page = room.context.new_page()
    page.clock.install()
    page.goto(room.page.url)
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 2)  # seconds; never in its past
    box = page.get_by_label("你的回答")
    box.press_sequentially("先看瓶颈")
    assert room.stored() == ""
    page.clock.run_for(2_000)
    expect(page.locator("#save-state")).to_contain_text("已保存")
    assert room.stored() == "先看瓶颈"


def test_nothing_is_sent_in_the_middle_of_a_composition(room: Room) -> None:
    room.page.wait_for_timeout(2_000)  # the page has told that it was opened
    sent: list[str] = []
    room.page.on("request", lambda request: sent.append(request.post_data or "") if "/draft/" in request.url else None)
    keyboard = room.context.new_cdp_session(room.page)
    room.box.focus()
    for pinyin in ("x", "xi", "xian", "xiancun"):
        keyboard.send("Input.imeSetComposition", {"text": pinyin, "selectionStart": len(pinyin), "selectionEnd": 0})
    room.page.wait_for_timeout(2_000)
    assert sent == []
    expect(room.page.locator("[data-count]")).to_have_text("0 字")

    keyboard.send("Input.insertText", {"text": "显存"})
    expect(room.state).to_contain_text("已保存")
    assert room.stored() == "显存"
    assert not any("xian" in text for text in sent)


def test_a_draft_survives_the_tab(room: Room) -> None:
    room.page.route("**/draft/", lambda route: route.abort())
    room.box.fill("还没送到服务器的话")
    room.page.close()
    room.page = room.open_tab()
    expect(room.box).to_have_value("还没送到服务器的话")  # from this device, or sent while the tab was closing
    expect(room.state).to_contain_text("已保存")
    assert room.stored() == "还没送到服务器的话"


def test_moving_on_by_keyboard_takes_the_last_words_along(room: Room) -> None:
    room.box.press_sequentially("还没来得及自动保存")
    room.page.keyboard.press("Control+Enter")
    expect(room.page).to_have_url(re.compile("/questions/2/"))
    room.page.wait_for_load_state()  # the address comes before the scripts
    room.page.keyboard.press("Alt+ArrowLeft")
    expect(room.box).to_have_value("还没来得及自动保存")
    expect(room.page.locator(".dot.answered")).to_have_count(1)


def test_when_the_time_is_over_what_is_on_the_screen_is_handed_in(live: Live, chromium: Browser) -> None:
    for room in opened(live, chromium, seconds_ago=52):
        time.sleep(max(0, 2 - int(room.page.get_by_role("timer").inner_text().split(":")[1])))
        room.box.press_sequentially("最后一刻的字")
        expect(room.page.locator(".facts .hash")).to_be_visible(timeout=15_000)
        assert room.stored() == "最后一刻的字"


def test_code_has_an_editor_over_the_plain_box(live: Live, chromium: Browser) -> None:
    for room in opened(live, chromium, kind="coding"):
        room.page.locator(".ace_editor textarea").press_sequentially("def add(a, b):\nreturn a + b")
        expect(room.state).to_contain_text("已保存")
        assert room.stored() == "def add(a, b):\n    return a + b"
        room.page.get_by_role("button", name="纯文本框").click()
        expect(room.box).to_have_value("def add(a, b):\n    return a + b")
        assert room.problems == []


def test_it_works_without_javascript(live: Live, chromium: Browser) -> None:
    for room in opened(live, chromium, java_script_enabled=False):
        room.box.fill("没有脚本也能作答")
        room.page.locator("[name=go][value=next]").click()
        room.page.locator("[name=go][value=review]").click()
        room.page.get_by_role("button", name="交卷", exact=True).click()
        expect(room.page.locator(".facts .hash")).to_be_visible()
        assert room.stored() == "没有脚本也能作答"


def test_signed_out_elsewhere_the_text_is_kept(room: Room) -> None:
    room.context.clear_cookies(name="sessionid")
    room.box.fill("被登出时写的")
    expect(room.state).to_contain_text("登录")
    page = room.context.new_page()
    page.goto(room.live.url + "/login/")
    page.fill("[name=username]", "candidate")
    page.fill("[name=password]", json.loads((room.live.data / "demo-people.json").read_text())["candidate"])
    page.click("main .button")
    expect(room.state).to_contain_text("已保存")
    assert room.stored() == "被登出时写的"

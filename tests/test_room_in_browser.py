"""The room in a real browser: saving, composing, losing the network, two tabs, the end of time, code, no JavaScript."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.live import Live, program

pytestmark = pytest.mark.browser

START = """
from datetime import timedelta
from django.utils import timezone
from questions.models import Question
begun = timezone.now() - timedelta(seconds={seconds_ago})
kept = list(Question.objects.exclude(kind={kind!r}).values_list("pk", flat=True))
Question.objects.filter(pk__in=kept).update(status="draft")
interview = interviews.start(build.template(minutes=1 if {seconds_ago} else 30), User.objects.get(username="candidate"), begun)
Question.objects.filter(pk__in=kept).update(status="published")
print(interview.pk)
"""  # noqa: E501
TEXT = "print(repr(Answer.objects.get(interview={pk!r}, position={position}).text))"


@pytest.fixture(scope="module")
def live(prepared: Live) -> Iterator[Live]:
    """The web process alone: nothing here waits for a grade."""
    with program(prepared) as live:
        live.web()
        yield live


class Room:
    """A candidate's page in the room of an interview of its own, with what went wrong in its console."""

    def __init__(self, live: Live, browser: Browser, *, seconds_ago: int = 0, kind: str = "discussion", **how) -> None:
        self.live = live
        self.pk = live.python(START.format(seconds_ago=seconds_ago, kind=kind))
        self.context = browser.new_context(locale="zh-CN", **how)
        self.problems: list[str] = []
        self.page = self.open_tab(sign_in=True)

    def open_tab(self, *, sign_in: bool = False) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda said: self.problems.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        if sign_in:
            self.sign_in(page)
        page.goto(f"{self.live.url}/interviews/{self.pk}/")
        return page

    def sign_in(self, page: Page) -> None:
        passwords = json.loads((self.live.data / "demo-people.json").read_text())
        page.goto(self.live.url + "/login/")
        page.fill("[name=username]", "candidate")
        page.fill("[name=password]", passwords["candidate"])
        page.click("main .button")

    @property
    def box(self) -> Locator:
        return self.page.get_by_label("你的回答")

    @property
    def state(self) -> Locator:
        return self.page.locator("#save-state")

    def stored(self, position: int = 1) -> str:
        return eval(self.live.python(TEXT.format(pk=self.pk, position=position)))


@pytest.fixture
def room(live: Live, chromium: Browser) -> Iterator[Room]:
    yield from opened(live, chromium)


def opened(live: Live, chromium: Browser, **how) -> Iterator[Room]:
    room = Room(live, chromium, **how)
    yield room
    room.context.close()


def test_what_is_typed_is_stored_and_the_page_says_so(room: Room) -> None:
    room.box.press_sequentially("先看瓶颈在哪里\n再谈优化")
    expect(room.state).to_contain_text("已保存", timeout=2_500)
    expect(room.page.locator("[data-count]")).to_have_text("12 字")
    assert room.stored() == "先看瓶颈在哪里\n再谈优化"
    assert room.problems == []


def test_nothing_is_sent_in_the_middle_of_a_composition(room: Room) -> None:
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
    expect(room.state).to_contain_text("已保存", timeout=2_500)
    assert room.stored() == "显存"
    assert not any("xian" in text for text in sent)


def test_text_typed_without_a_network_is_kept_and_sent_later(room: Room) -> None:
    room.context.set_offline(True)
    room.box.fill("断网时写下的话")
    expect(room.state).to_contain_text("网络", timeout=5_000)
    assert room.stored() == ""
    room.context.set_offline(False)
    expect(room.state).to_contain_text("已保存", timeout=6_000)
    assert room.stored() == "断网时写下的话"


def test_a_draft_survives_the_tab(room: Room) -> None:
    room.page.route("**/draft/", lambda route: route.abort())
    room.box.fill("还没送到服务器的话")
    room.page.close()
    room.page = room.open_tab()
    expect(room.box).to_have_value("还没送到服务器的话")  # from this device, or sent while the tab was closing
    expect(room.state).to_contain_text("已保存", timeout=5_000)
    assert room.stored() == "还没送到服务器的话"


def test_two_tabs_never_overwrite_each_other_silently(room: Room) -> None:
    other = room.open_tab()
    other.get_by_label("你的回答").fill("另一个标签页写的")
    expect(other.locator("#save-state")).to_contain_text("已保存")

    room.box.fill("这个标签页写的")
    conflict = room.page.locator("[data-conflict]")
    expect(conflict).to_be_visible()
    expect(conflict.locator("textarea")).to_have_value("另一个标签页写的")
    assert room.stored() == "另一个标签页写的"
    conflict.get_by_role("button", name="保留我的").click()
    expect(room.state).to_contain_text("已保存")
    assert room.stored() == "这个标签页写的"


def test_moving_on_by_keyboard_takes_the_last_words_along(room: Room) -> None:
    room.box.press_sequentially("还没来得及自动保存")
    room.page.keyboard.press("Control+Enter")
    expect(room.page).to_have_url(re.compile("/questions/2/"))
    room.page.keyboard.press("Alt+ArrowLeft")
    expect(room.box).to_have_value("还没来得及自动保存")
    expect(room.page.locator(".dot.answered")).to_have_count(1)


def test_when_the_time_is_over_what_is_on_the_screen_is_handed_in(live: Live, chromium: Browser) -> None:
    for room in opened(live, chromium, seconds_ago=52):
        time.sleep(max(0, 2 - int(room.page.get_by_role("timer").inner_text().split(":")[1])))
        room.box.press_sequentially("最后一刻的字")
        expect(room.page.locator(".hash")).to_be_visible(timeout=15_000)
        assert room.stored() == "最后一刻的字"


def test_code_has_an_editor_over_the_plain_box(live: Live, chromium: Browser) -> None:
    for room in opened(live, chromium, kind="coding"):
        room.page.locator(".ace_editor textarea").press_sequentially("def add(a, b):\nreturn a + b")
        expect(room.state).to_contain_text("已保存", timeout=5_000)
        assert room.stored() == "def add(a, b):\n    return a + b"
        room.page.get_by_role("button", name="纯文本框").click()
        expect(room.box).to_have_value("def add(a, b):\n    return a + b")
        assert room.problems == []


def test_it_works_without_javascript(live: Live, chromium: Browser) -> None:
    for room in opened(live, chromium, java_script_enabled=False):
        room.box.fill("没有脚本也能作答")
        room.page.locator("[name=go][value=next]").click()
        room.page.locator("[name=go][value=review]").click()
        room.page.get_by_role("button", name="交卷").click()
        expect(room.page.locator(".hash")).to_be_visible()
        assert room.stored() == "没有脚本也能作答"


def test_signed_out_elsewhere_the_text_is_kept(room: Room) -> None:
    room.context.clear_cookies(name="sessionid")
    room.box.fill("被登出时写的")
    expect(room.state).to_contain_text("登录", timeout=5_000)
    room.sign_in(room.context.new_page())
    expect(room.state).to_contain_text("已保存", timeout=8_000)
    assert room.stored() == "被登出时写的"

"""Trust in the save button, in a real browser: two tabs, a network that goes away, reloads, closed tabs, pastes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.live import Live, wait_until
from tests.room import ENDS, Room, opened

pytestmark = pytest.mark.browser

OTHERS = "先看瓶颈，再谈优化。\n最后上线。"
MINE = "先看瓶颈，再做量化。\n最后上线。"
PAUSED = """
from datetime import timedelta
from django.utils import timezone
from interviewer import clock
Interview.objects.filter(pk={pk!r}).update(pause_allowance=timedelta(minutes=5))
clock.pause(Interview.objects.get(pk={pk!r}), timezone.now())
"""
BOTH = "先看瓶颈，再做量化。\n再谈优化。\n最后上线。"


def saved(page: Page) -> None:
    expect(page.locator("#save-state")).to_contain_text("已保存")


def type_elsewhere(room: Room, text: str) -> Page:
    """Another tab, opened and saved in while this one waits."""
    other = room.open_tab()
    other.get_by_label("你的回答").fill(text)
    saved(other)
    return other


def merge_view(room: Room) -> Locator:
    view = room.page.locator("[data-merge]")
    expect(view).to_be_visible()
    return view


# --- Two tabs -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("button", "outcome"), [("mine", MINE), ("other", OTHERS), ("both", BOTH)], ids=["mine", "other", "both"]
)
def test_another_tab_wrote_meanwhile(room: Room, button: str, outcome: str) -> None:
    type_elsewhere(room, OTHERS)
    room.box.fill(MINE)
    view = merge_view(room)
    expect(view.locator("[data-version=mine]")).to_have_text(MINE)
    expect(view.locator("[data-version=other]")).to_have_text(OTHERS)
    expect(view.locator("ins")).to_have_text(["再做量化。", "再谈优化。"])
    expect(room.page.locator("[data-merge-alert]")).to_contain_text("没有覆盖")
    assert room.stored() == OTHERS  # nothing was overwritten
    assert [draft["text"] for draft in room.drafts()] == [MINE]

    view.locator(f"[name=keep][value={button}]").click()
    expect(view).to_be_hidden()
    expect(room.box).to_have_value(outcome)
    saved(room.page)
    assert room.stored() == outcome
    room.forgets()


def test_a_choice_by_keyboard(room: Room) -> None:
    type_elsewhere(room, OTHERS)
    room.box.fill(MINE)
    merge_view(room)
    expect(room.box).to_be_focused()  # one who types on is not thrown out of the box
    room.page.keyboard.press("Control+Enter")
    expect(room.page.locator("#merge-title")).to_be_focused()
    for _stop in ("mine", "other", "keep mine", "take the other"):
        room.page.keyboard.press("Tab")
    expect(room.page.locator("[name=keep][value=other]")).to_be_focused()
    room.page.keyboard.press("Enter")
    expect(room.box).to_have_value(OTHERS)
    expect(room.box).to_be_focused()


def test_until_the_choice_both_texts_stay(room: Room) -> None:
    type_elsewhere(room, OTHERS)
    room.box.fill(MINE)
    view = merge_view(room)
    room.page.locator("[name=go][value=next]").click()
    expect(room.page).to_have_url(re.compile("/questions/1/"))
    room.box.press_sequentially("还有一句。")
    expect(view.locator("[data-version=mine]")).to_have_text(MINE + "还有一句。")
    room.page.reload()
    view = merge_view(room)
    expect(view.locator("[data-version=mine]")).to_have_text(MINE + "还有一句。")
    expect(view.locator("[data-version=other]")).to_have_text(OTHERS)
    assert room.stored() == OTHERS


def test_a_tab_without_changes_of_its_own_takes_over_what_the_other_wrote(room: Room) -> None:
    type_elsewhere(room, OTHERS)
    room.context.set_offline(True)  # makes the page report, though nothing was typed here
    room.page.wait_for_timeout(300)
    room.context.set_offline(False)
    expect(room.box).to_have_value(OTHERS)
    expect(room.page.locator("[data-merge]")).to_be_hidden()


def test_without_javascript_the_choice_is_a_page(live: Live, chromium: Browser) -> None:
    for room in opened(live, chromium, java_script_enabled=False):
        other = room.open_tab()
        other.get_by_label("你的回答").fill(OTHERS)
        other.locator("[name=go][value=next]").click()
        room.box.fill(MINE)
        room.page.locator("[name=go][value=next]").click()
        room.page.locator("[name=keep][value=both]").click()
        expect(room.box).to_have_value(BOTH)
        assert room.stored() == BOTH


def test_a_save_whose_reply_was_lost_is_no_conflict(room: Room) -> None:
    lost = []

    def lose(route: Any) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)
        return route.abort()

    room.page.route("**/draft/", lose)
    room.box.press_sequentially("第一句。")
    expect(room.page.locator("[data-offline]")).to_be_visible()
    room.box.press_sequentially("第二句。")
    saved(room.page)
    assert lost == [200]
    assert room.stored() == "第一句。第二句。"
    expect(room.page.locator("[data-merge]")).to_be_hidden()


# --- Without a network ------------------------------------------------------------------


def test_text_typed_without_a_network_is_kept_and_sent_later(room: Room) -> None:
    saved_before = room.page.locator("[data-offline]")
    room.context.set_offline(True)
    room.box.fill("断网时写下的话")
    expect(saved_before).to_contain_text("网络")
    assert [draft["text"] for draft in room.drafts()] == ["断网时写下的话"]
    assert room.stored() == ""
    room.page.locator("[name=go][value=next]").click()
    expect(room.page.locator("#save-state")).to_contain_text("请留在本页")
    expect(room.page).to_have_url(re.compile("/questions/1/"))

    room.context.set_offline(False)
    saved(room.page)
    assert room.stored() == "断网时写下的话"
    room.forgets()
    wait_until(lambda: {"disconnected", "resumed"} <= set(room.timeline()), 10, "the outage on the timeline")


@pytest.mark.slow
def test_a_minute_without_a_network(room: Room) -> None:
    network = room.context.new_cdp_session(room.page)
    cut = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", cut)
    for n in range(20):
        room.box.press_sequentially(f"第{n}句。")
        room.page.wait_for_timeout(3_000)
    typed = "".join(f"第{n}句。" for n in range(20))
    assert [draft["text"] for draft in room.drafts()] == [typed]
    network.send(
        "Network.emulateNetworkConditions", {**cut, "offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
    )
    saved(room.page)
    assert room.stored() == typed


def test_the_deadline_passes_while_the_network_is_away(room: Room) -> None:
    room.ends_in(14)
    room.context.set_offline(True)
    room.box.press_sequentially("截止前写下的话")
    room.wait_until_left(0)
    expect(room.page.locator("[data-offline]")).to_contain_text("时间到")
    room.page.keyboard.type("截止后写的")  # the box takes no more
    expect(room.box).to_have_value("截止前写下的话")
    room.context.set_offline(False)
    expect(room.page).to_have_url(re.compile("/receipt/"))
    assert room.stored() == "截止前写下的话"
    assert "in-time" in room.timeline()
    assert "late" not in room.timeline()
    room.forgets()


def test_time_added_meanwhile_opens_the_box_again(room: Room) -> None:
    room.ends_in(10)
    room.context.set_offline(True)
    room.box.press_sequentially("截止前写下的话")
    expect(room.page.locator("[data-offline]")).to_contain_text("时间到")
    expect(room.box).not_to_be_editable()
    room.live.python(ENDS.format(pk=room.pk, seconds=600))
    room.context.set_offline(False)
    expect(room.box).to_be_editable(timeout=15_000)
    room.box.press_sequentially("，还有一句")
    wait_until(lambda: room.stored() == "截止前写下的话，还有一句", 10, "the text of the added time")
    assert {"in-time", "late"}.isdisjoint(room.timeline())


def test_text_of_a_page_that_was_paused_elsewhere_comes_back(room: Room) -> None:
    room.context.set_offline(True)  # so that the page does not learn of it before something is written
    room.live.python(PAUSED.format(pk=room.pk))
    room.box.fill("暂停时写下的话")
    room.context.set_offline(False)
    expect(room.page.get_by_role("heading", level=1)).to_have_text("已暂停")
    room.page.get_by_role("button", name="继续").click()
    expect(room.box).to_have_value("暂停时写下的话")
    wait_until(lambda: room.stored() == "暂停时写下的话", 10, "the restored text")
    room.forgets()


def test_what_comes_back_too_late_waits_for_its_owner(room: Room) -> None:
    room.ends_in(8)
    room.context.set_offline(True)
    room.box.press_sequentially("没能赶上的话")
    room.page.wait_for_timeout(20_000)  # the deadline and all of the grace
    room.context.set_offline(False)
    expect(room.page).to_have_url(re.compile("/receipt/"))
    left = room.page.locator("[data-unsent]")
    expect(left).to_contain_text("没能赶上的话")
    assert room.stored() == ""
    assert len(room.drafts()) == 1
    left.get_by_role("button", name="作为迟交发送").click()
    expect(left.get_by_role("status")).to_contain_text("已发送")
    room.forgets()
    assert room.timeline()[-1] == "unsent"
    room.page.reload()
    expect(room.page.locator("[data-unsent]")).to_be_hidden()


# --- Reloading and closing ----------------------------------------------------------------


def test_a_reload_at_every_step_loses_nothing(room: Room) -> None:
    text = ""
    for n in range(4):
        room.box.press_sequentially(f"第{n}句。")
        text += f"第{n}句。"
        room.page.wait_for_timeout(n * 500)  # before, during and after the autosave
        room.page.reload()
        expect(room.box).to_have_value(text)
        expect(room.page.locator("[data-merge]")).to_be_hidden()
        room.box.press("End")
        room.box.press("Control+End")
    saved(room.page)
    assert room.stored() == text
    room.page.locator("[name=go][value=review]").click()
    expect(room.page).to_have_url(re.compile("/hand-in/"))
    room.page.reload()
    room.page.get_by_role("button", name="交卷", exact=True).click()
    expect(room.page).to_have_url(re.compile("/receipt/"))
    room.page.reload()
    expect(room.page.locator(".submitted")).to_contain_text(text)
    room.forgets()


def test_a_tab_that_is_closed_in_the_last_second(room: Room) -> None:
    room.ends_in(12)
    room.wait_until_left(1)
    room.box.press_sequentially("最后一秒")
    room.page.close()
    wait_until(lambda: room.stored() == "最后一秒", 20, "the last words")


def test_unsaved_text_is_told_of_before_handing_in(room: Room) -> None:
    room.page.route("**/draft/", lambda route: route.abort())
    room.box.fill("还没送到的话")
    expect(room.page.locator("[data-offline]")).to_be_visible()
    other = room.context.new_page()
    other.goto(f"{room.live.url}/interviews/{room.pk}/hand-in/")
    expect(other.locator("[data-position='1'] [data-unsaved]")).to_be_visible()
    expect(other.locator("[data-position='2'] [data-unsaved]")).to_be_hidden()


# --- Typing -------------------------------------------------------------------------------


def test_a_paste_of_a_megabyte_is_told_to_be_too_long(room: Room) -> None:
    room.box.fill("原来的话。")
    saved(room.page)
    room.box.evaluate(
        "box => { box.value += '长'.repeat(1_000_000); box.dispatchEvent(new InputEvent('input', {bubbles: true})); }"
    )
    expect(room.page.locator("#save-state")).to_contain_text("1,000,005 字")
    room.page.locator("[name=go][value=next]").click()
    expect(room.page).to_have_url(re.compile("/questions/1/"))  # the text would be lost elsewhere
    assert room.stored() == "原来的话。"
    assert len(room.box.input_value()) == 1_000_005
    room.box.fill("原来的话。短的。")
    saved(room.page)
    assert room.stored() == "原来的话。短的。"


def test_one_who_types_without_a_pause_is_saved_all_the_same(room: Room) -> None:
    sent: list[str] = []
    room.page.on("request", lambda request: sent.append(request.url) if "/draft/" in request.url else None)
    for _n in range(100):  # ten seconds with never more than a tenth of one between two keys
        room.box.press_sequentially("字")
        room.page.wait_for_timeout(100)
    assert sent
    saved(room.page)
    assert room.stored() == "字" * 100


def test_an_autosave_in_the_middle_of_a_composition_takes_what_was_finished(room: Room) -> None:
    keyboard = room.context.new_cdp_session(room.page)
    room.box.focus()
    keyboard.send("Input.insertText", {"text": "显存"})
    for pinyin in ("b", "bu", "buz", "buzu"):
        keyboard.send("Input.imeSetComposition", {"text": pinyin, "selectionStart": len(pinyin), "selectionEnd": 0})
    saved(room.page)
    assert room.stored() == "显存"
    expect(room.box).to_have_value("显存buzu")
    keyboard.send("Input.insertText", {"text": "不足"})
    saved(room.page)
    wait_until(lambda: room.stored() == "显存不足", 10, "the finished word")


# --- The receipt ------------------------------------------------------------------------------


def test_the_downloaded_receipt_is_verified(room: Room, tmp_path: Any) -> None:
    room.box.fill("回执里的话。")
    saved(room.page)
    room.page.locator("[name=go][value=review]").click()
    expect(room.page).to_have_url(re.compile("/hand-in/"))
    room.page.get_by_role("button", name="交卷", exact=True).click()
    with room.page.expect_download() as download:
        room.page.get_by_role("link", name="下载回执").click()
    path = tmp_path / "receipt.json"
    download.value.save_as(path)
    assert json.loads(path.read_text())["answers"][0]["text"] == "回执里的话。"
    assert "一致" in room.live.manage("verify_receipt", str(path))
    assert room.problems == []

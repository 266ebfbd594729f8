"""Everything of a candidate is deleted in a real browser: on the server, and what the device itself had kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.live import Live, program
from tests.room import Room

pytestmark = pytest.mark.browser

KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('draft:')).length"


@pytest.fixture
def live(prepared: Live) -> Iterator[Live]:
    """A web process of its own: its candidate is deleted."""
    with program(prepared) as live:
        live.web()
        yield live


def test_what_the_device_kept_goes_with_the_rest(live: Live, chromium: Browser) -> None:
    room = Room(live, chromium, viewport={"width": 390, "height": 844})
    page = room.page
    page.locator("textarea").first.wait_for()
    # A text that never reached the server, of this interview and of an earlier one.
    page.evaluate("localStorage.setItem('draft:earlier:1:abc', JSON.stringify({text: '没有送到的文字'}))")
    page.goto(f"{live.url}/")
    page.get_by_role("link", name="我的数据").click()
    expect(page.get_by_role("heading", name="我的数据")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    with page.expect_download() as download:
        page.get_by_role("link", name="下载", exact=True).click()
    assert download.value.suggested_filename.endswith(".zip")
    page.get_by_role("link", name="删除全部数据").click()
    expect(page.get_by_text("正在进行。它会先被结束")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="永久删除").click()
    expect(page.get_by_role("heading", name="你的数据已删除")).to_be_visible()
    page.wait_for_function(f"{KEPT} === 0")
    answer = page.goto(f"{live.url}/interviews/{room.pk}/")
    assert answer is not None and answer.status == 410
    expect(page.get_by_text("应候选人要求")).to_be_visible()
    assert [each for each in room.problems if "410" not in each] == []

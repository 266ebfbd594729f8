"""The room's clock in a real browser: wrong clocks, sleep, added time, pauses, what a screen reader is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live import Live

pytestmark = pytest.mark.browser

START = """
from datetime import timedelta
from django.utils import timezone
from interviewer import clock
now = timezone.now()
template = build.template(minutes={minutes}, **{fields!r})
interview = interviews.start(template, User.objects.get(username="candidate"), now - timedelta(seconds={seconds_ago}))
print(interview.pk)
"""
EXTEND = """
from datetime import timedelta
from django.utils import timezone
from interviewer import clock
interview = Interview.objects.get(pk={pk!r})
manager = User.objects.get(username="manager")
clock.extend(interview, timedelta(minutes=20), "火警演习", manager, timezone.now(), 0)
"""
STATE = """
interview = Interview.objects.get(pk={pk!r})
print(interview.submitted_by or "open", interview.deadline == interview.base_deadline + sum(
    (row.length for row in interview.extensions.all()), __import__("datetime").timedelta()))
"""
# Every sentence that a screen reader is told, in order.
LISTEN = """
window.heard = [];
document.addEventListener("DOMContentLoaded", () => {
  const region = document.querySelector("[data-announce]");
  if (region) new MutationObserver(() => window.heard.push(region.textContent)).observe(region, { childList: true });
});
"""
# The wall clock of this tab is wrong by so many milliseconds as its `sessionStorage.shift` says.
SHIFTED = """
const Real = (window.RealDate = Date);
window.Date = class extends Real {
  constructor(...given) { super(...(given.length ? given : [window.Date.now()])); }
  static now() { return Real.now() + Number(sessionStorage.shift ?? 0); }
};
"""


class Sitting:
    """One interview and a browser in which its candidate is signed in."""

    def __init__(
        self, live: Live, browser: Browser, minutes: float, seconds_ago: float, fields: dict, how: dict
    ) -> None:
        self.live = live
        self.pk = live.python(START.format(minutes=minutes, seconds_ago=seconds_ago, fields=fields))
        self.context = browser.new_context(locale="zh-CN", **how)
        self.context.add_cookies([live.session("candidate")])
        self.context.add_init_script(LISTEN)
        self.problems: list[str] = []

    def open(self, script: str = "", name: str = "") -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        if script:
            page.add_init_script(script)
        page.goto(f"{self.live.url}/interviews/{self.pk}/{name}")
        return page

    def state(self) -> str:
        return self.live.python(STATE.format(pk=self.pk))


@contextmanager
def sitting(
    live: Live, browser: Browser, *, minutes: int = 30, seconds_ago: float = 0, how: dict | None = None, **fields
) -> Iterator[Sitting]:
    sitting = Sitting(live, browser, minutes, seconds_ago, fields, how or {})
    yield sitting
    sitting.context.close()
    assert sitting.problems == []


def left(page: Page) -> int:
    """The seconds that the page shows."""
    minutes, seconds = page.get_by_role("timer").inner_text().split(":")
    return 60 * int(minutes) + int(seconds)


def on_the_server(page: Page) -> float:
    """The seconds that the server counts."""
    script = "fetch(document.querySelector('[data-clock-url]').dataset.clockUrl).then((answer) => answer.json())"
    return page.evaluate(script)["remaining_seconds"]


def agrees(page: Page) -> None:
    """The page and the server agree, to the second or so."""
    shown = left(page)
    assert abs(shown - on_the_server(page)) < 2.5


HOUR = 3_600_000


def test_a_wrong_wall_clock_changes_nothing(live: Live, chromium: Browser) -> None:
    with sitting(live, chromium) as it:
        page = it.open(SHIFTED)
        for wrong in (-24 * HOUR, -HOUR, -1000, 1000, HOUR, 24 * HOUR):
            page.evaluate(f"sessionStorage.shift = {wrong}")
            page.reload()
            assert abs(page.evaluate("Date.now()") - page.evaluate("RealDate.now()") - wrong) < 500
            agrees(page)
            page.evaluate(f"sessionStorage.shift = {-wrong}")  # put right, or wrong the other way
            page.wait_for_timeout(1_200)
            agrees(page)


def test_after_sleep_the_countdown_is_the_servers(live: Live, chromium: Browser) -> None:
    """Here the monotonic clock and all timers stand still, as they do on a machine that sleeps."""
    with sitting(live, chromium) as it:
        page = it.context.new_page()
        page.clock.install()
        page.goto(f"{live.url}/interviews/{it.pk}/")
        page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 2)  # seconds; never in its past
        awake = page.context.new_page()  # its opening makes the other one ask the server, once
        awake.wait_for_timeout(2_000)
        before = left(page)
        slept = 6
        awake.wait_for_timeout(slept * 1000)
        assert left(page) == before
        assert before - on_the_server(page) > slept - 3
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.get_by_role("timer")).not_to_have_text(f"{before // 60}:{before % 60:02}")
        agrees(page)


def test_a_slow_page_does_not_start_its_count_late(live: Live, chromium: Browser) -> None:
    with sitting(live, chromium) as it:
        page = it.open()

        def hold(route) -> None:
            answer = route.fetch()
            page.context.pages[-1].wait_for_timeout(4_000)
            route.fulfill(response=answer)

        page.context.new_page()
        page.route("**/questions/1/", hold)
        page.goto(page.url)
        agrees(page)


def test_time_added_by_a_manager_appears_without_a_reload(live: Live, chromium: Browser) -> None:
    with sitting(live, chromium) as it:
        page = it.open()
        page.get_by_label("你的回答").fill("写到一半")
        page.evaluate("window.same = true")
        live.python(EXTEND.format(pk=it.pk))
        page.get_by_label("你的回答").press_sequentially("继续")
        expect(page.locator("[data-added-notice]")).to_be_visible(timeout=10_000)
        expect(page.locator("[data-added]")).to_contain_text("20 分钟：火警演习")
        agrees(page)
        assert left(page) > 45 * 60
        assert page.evaluate("window.same")
        assert any("火警演习" in said for said in page.evaluate("window.heard"))


def test_time_added_appears_to_who_does_not_type(live: Live, chromium: Browser) -> None:
    with sitting(live, chromium) as it:
        page = it.open(name="hand-in/")
        live.python(EXTEND.format(pk=it.pk))
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(page.locator("[data-added]")).to_contain_text("火警演习")
        agrees(page)


def test_the_clock_can_be_hidden_until_five_minutes_are_left(live: Live, chromium: Browser) -> None:
    for size in ({"width": 1280, "height": 860}, {"width": 390, "height": 844}):
        with sitting(live, chromium, minutes=6, seconds_ago=48, how={"viewport": size}) as it:
            page = it.open()
            toggle = page.get_by_role("button", name="隐藏时钟")
            expect(toggle).to_have_attribute("aria-pressed", "false")
            toggle.focus()
            page.keyboard.press("Enter")
            expect(toggle).to_have_attribute("aria-pressed", "true")
            expect(page.locator(".clock.total")).to_be_hidden()
            page.reload()
            expect(page.locator(".clock.total")).to_be_hidden()  # it is kept
            expect(toggle).to_have_attribute("aria-pressed", "true")
            expect(page.locator(".clock.total")).to_be_visible(timeout=20_000)  # five minutes are left
            expect(page.locator("[data-five-minutes]")).to_be_visible()
            expect(page.locator("[data-announce]")).to_have_text("还剩五分钟。")
            page.get_by_role("button", name="检查并交卷").click()
            page.get_by_role("button", name="交卷", exact=True).click()
            expect(page).to_have_url(re.compile("/receipt/$"))


@pytest.mark.slow
def test_a_screen_reader_is_told_each_mark_once_and_nothing_in_between(live: Live, chromium: Browser) -> None:
    with sitting(live, chromium, minutes=2, seconds_ago=66, expiry="grace", late_minutes=1) as it:
        page = it.open()
        expect(page.get_by_role("timer")).to_have_attribute("aria-live", "off")
        expect(page.locator("[data-announce]")).to_have_attribute("role", "status")
        page.wait_for_function("() => window.heard.length == 1", timeout=40_000)  # thirty seconds
        for _ in range(3):  # what the page asks meanwhile says nothing twice
            page.evaluate("window.dispatchEvent(new Event('focus'))")
            page.wait_for_timeout(700)
        expect(page.locator("[data-late-notice]")).to_be_visible(timeout=40_000)
        assert page.evaluate("window.heard") == [
            "还剩三十秒。",
            page.locator("[data-late-notice]").text_content(),
        ]
        assert it.state() == "open True"  # the late minutes run
        assert 50 < left(page) <= 60
        page.get_by_label("你的回答").fill("迟了一点")
        expect(page.locator("#save-state")).to_contain_text("已保存")


def test_a_mark_that_passes_between_two_pages_is_told_on_the_second(live: Live, chromium: Browser) -> None:
    with sitting(live, chromium, minutes=2, seconds_ago=42) as it:
        page = it.open()
        shown = left(page)
        assert shown > 60
        page.goto(live.url)
        page.wait_for_timeout((shown - 57) * 1000)
        page.goto(f"{live.url}/interviews/{it.pk}/")
        expect(page.locator("[data-announce]")).to_have_text("还剩一分钟。")


def test_an_interview_that_is_abandoned_at_its_end_is_so_on_an_open_page_too(live: Live, chromium: Browser) -> None:
    with sitting(live, chromium, minutes=1, seconds_ago=50, expiry="abandon") as it:
        page = it.open()
        page.get_by_label("你的回答").fill("没来得及交")
        expect(page.get_by_role("heading", level=1)).to_contain_text("放弃")
        assert it.state() == "nobody True"


def test_pausing_hides_the_question_and_comes_back_by_itself(live: Live, chromium: Browser) -> None:
    for script in (True, False):
        with sitting(live, chromium, pause_minutes=1, seconds_ago=5, how={"java_script_enabled": script}) as it:
            page = it.open()
            question = page.locator("#question-title").inner_text()
            page.get_by_label("你的回答").fill("暂停之前")
            page.get_by_role("button", name="暂停").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("已暂停")
            assert question not in page.content()
            page.get_by_role("button", name="继续").click()
            expect(page.get_by_label("你的回答")).to_have_value("暂停之前")
            # The rest of the allowance, to its end: the room comes back without a click.
            pk = it.pk
            live.python(
                "from datetime import timedelta\n"
                f"Interview.objects.filter(pk={pk!r}).update(pause_allowance=timedelta(seconds=8))"
            )
            page.reload()
            page.get_by_role("button", name="暂停").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("已暂停")
            expect(page.get_by_label("你的回答")).to_have_value("暂停之前")
            assert it.state() == "open True"


def test_a_pause_in_one_tab_hides_the_question_in_the_other(live: Live, chromium: Browser) -> None:
    with sitting(live, chromium, pause_minutes=5) as it:
        page, other = it.open(), it.open()
        other.get_by_role("button", name="暂停").click()
        expect(other.get_by_role("heading", level=1)).to_have_text("已暂停")
        page.bring_to_front()
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(page.get_by_role("heading", level=1)).to_have_text("已暂停")


def test_without_javascript_the_page_says_until_when(live: Live, chromium: Browser) -> None:
    with sitting(live, chromium, how={"java_script_enabled": False}) as it:
        page = it.open()
        expect(page.locator(".clocks noscript span")).to_have_text(re.compile(r"至 \d+:\d\d"))
        expect(page.get_by_role("button", name="隐藏时钟")).to_be_hidden()

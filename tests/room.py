"""A candidate in the room, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from tests.live import Live, wait_until

START = """
from datetime import timedelta
from django.utils import timezone
from questions.models import Question
begun = timezone.now() - timedelta(seconds={seconds_ago})
kept = list(Question.objects.filter(status="published").exclude(kind={kind!r}).values_list("pk", flat=True))
Question.objects.filter(pk__in=kept).update(status="draft")
try:
    template = build.template(minutes=1 if {seconds_ago} else 30)
    interview = interviews.start(template, User.objects.get(username="candidate"), begun)
finally:
    Question.objects.filter(pk__in=kept).update(status="published")
print(interview.pk)
"""
TEXT = "print(repr(Answer.objects.get(interview={pk!r}, position={position}).text))"
EVENTS = """
from interviewer.timeline import timeline
print([entry.kind for entry in timeline(Interview.objects.get(pk={pk!r}))])
"""
ENDS = """
from datetime import timedelta
from django.utils import timezone
Interview.objects.filter(pk={pk!r}).update(deadline=timezone.now() + timedelta(seconds={seconds}))
"""


class Room:
    """A candidate's page in the room of an interview of its own, with what went wrong in its console."""

    def __init__(self, live: Live, browser: Browser, *, seconds_ago: int = 0, kind: str = "discussion", **how) -> None:
        self.live = live
        self.pk = live.python(START.format(seconds_ago=seconds_ago, kind=kind))
        self.context = browser.new_context(locale="zh-CN", **how)
        self.problems: list[str] = []
        self.context.add_cookies([live.session("candidate")])
        self.page = self.open_tab()

    def open_tab(self) -> Page:
        page = self.context.new_page()
        page.on("console", lambda said: self.problems.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(f"{self.live.url}/interviews/{self.pk}/")
        return page

    @property
    def box(self) -> Locator:
        return self.page.get_by_label("你的回答")

    @property
    def state(self) -> Locator:
        return self.page.locator("#save-state")

    def stored(self, position: int = 1) -> str:
        return eval(self.live.python(TEXT.format(pk=self.pk, position=position)))

    def timeline(self) -> list[str]:
        """The kinds of the entries of the timeline."""
        return eval(self.live.python(EVENTS.format(pk=self.pk)))

    def ends_in(self, seconds: float) -> None:
        """Let the interview end so soon, and show its page anew."""
        self.live.python(ENDS.format(pk=self.pk, seconds=seconds))
        self.page.reload()

    def seconds_left(self) -> int:
        minutes, seconds = self.page.get_by_role("timer").inner_text().split(":")
        return 60 * int(minutes) + int(seconds)

    def wait_until_left(self, seconds: int) -> None:
        """Wait until so many seconds are left by the page's own clock."""
        while self.seconds_left() > seconds:
            self.page.wait_for_timeout(100)

    def forgets(self) -> None:
        """Wait until the browser keeps nothing of interviews any more."""
        wait_until(lambda: self.drafts() == [], 20, "the browser to forget its drafts")

    def drafts(self) -> list[dict[str, Any]]:
        """What the browser keeps of interviews."""
        return self.page.evaluate("""Object.entries(localStorage).filter(([key]) => key.startsWith("draft:"))
            .map(([, value]) => JSON.parse(value))""")


def opened(live: Live, chromium: Browser, **how) -> Iterator[Room]:
    room = Room(live, chromium, **how)
    yield room
    room.context.close()

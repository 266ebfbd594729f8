"""In a real browser: while the database is locked, a text stays in the page; afterwards it is saved by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.faults.client import PASSWORD, Candidate
from tests.faults.invariants import hold
from tests.faults.locks import locked_for
from tests.live import Live, program, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DRAFTS = 'Object.entries(localStorage).filter(([key]) => key.startsWith("draft:")).map(([, value]) => value).join()'


@pytest.fixture
def live(bare: Live) -> Iterator[Live]:
    with program(bare) as live:
        live.web()
        yield live


def test_the_draft_stays_while_the_database_is_locked(live: Live, chromium: Browser) -> None:
    candidate = Candidate(live, "types")
    page = chromium.new_context(locale="en-US").new_page()
    page.goto(live.url + "/login/")
    page.fill("[name=username]", candidate.name)
    page.fill("[name=password]", PASSWORD)
    page.click("main .button")
    page.goto(live.url + candidate.room + "questions/1/")
    stored = f"print(Answer.objects.get(pk={candidate.answers[0]}).text)"

    with locked_for(live, 25):
        page.locator("textarea[name=text]").fill("typed while nothing could be stored")
        page.wait_for_timeout(22_000)  # long enough for the server to give up, and for the page to try again
        assert "typed while nothing" in page.evaluate(DRAFTS)
        assert live.python(stored) == ""
    wait_until(lambda: page.wait_for_timeout(500) or live.python(stored) != "", 120, "a save\n" + live.log())
    assert live.python(stored) == "typed while nothing could be stored"
    expect(page.locator("textarea[name=text]")).to_have_value("typed while nothing could be stored")
    hold(live, candidate.ledger)
    page.context.close()

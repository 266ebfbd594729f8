"""Signing in to a real program from a real browser."""

from __future__ import annotations

import json

from playwright.sync_api import Page

from tests.live import Live


def sign_in(live: Live, page: Page, name: str) -> None:
    """As one of the demo people."""
    passwords = json.loads((live.data / "demo-people.json").read_text())
    page.goto(live.url + "/login/")
    if page.locator("[name=username]").count():
        page.fill("[name=username]", name)
        page.fill("[name=password]", passwords[name])
        page.click("main .button")

"""Guessing passwords: limited, telling nothing, locking nobody out. See "Signing in" in `docs/decisions.md`."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from interviewer.models import SignInTries, User
from tests import build
from tests.build import NOON
from tests.pages import Page
from tests.parallel import together

pytestmark = pytest.mark.django_db

RIGHT, WRONG = "a good password", "wrong"
HOME, ELSEWHERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def limits(settings, arriving) -> Any:
    settings.SIGN_IN_MINUTES, settings.SIGN_IN_TRIES, settings.SIGN_IN_TRIES_PER_NETWORK = 10, 3, 8
    arriving(NOON)
    return settings


def sign_in(name: str, password: str, address: str = HOME, client: Client | None = None, **more: Any) -> HttpResponse:
    client = client or Client(headers={"accept-language": "en"})
    return client.post("/login/", {"username": name, "password": password}, REMOTE_ADDR=address, **more)


def fail(times: int, name: str = "candidate", address: str = HOME, **more: Any) -> list[int]:
    return [sign_in(name, WRONG, address, **more).status_code for _ in range(times)]


def test_past_the_limit_not_even_the_right_password_is_looked_at(candidate: User):
    assert fail(4) == [200, 200, 200, 429]
    refused = sign_in("candidate", RIGHT)
    assert refused.status_code == 429
    assert "_auth_user_id" not in refused.client.session
    assert "Please wait 10 minutes, then try again." in Page(refused).text
    assert refused["Retry-After"] == "600"


def test_the_wait_is_told_as_it_gets_shorter_and_then_over(candidate: User, arriving):
    fail(3)
    for waited, left in ((5, "5 minutes"), (9, "1 minute,")):
        arriving(NOON + timedelta(minutes=waited))
        assert f"Please wait {left}" in Page(sign_in("candidate", RIGHT)).text
    arriving(NOON + timedelta(minutes=10))
    assert sign_in("candidate", RIGHT).status_code == 302
    assert not SignInTries.objects.filter(since=NOON).exists(), "what is over is forgotten"


def test_it_is_told_in_chinese_too(candidate: User):
    fail(3)
    chinese = Client(headers={"accept-language": "zh-hans"})
    assert "请等 10 分钟后再试" in Page(sign_in("candidate", RIGHT, client=chinese)).text


def test_who_succeeds_starts_afresh(candidate: User):
    for _ in range(3):
        assert fail(2) == [200, 200]
        assert sign_in("candidate", RIGHT).status_code == 302


def test_names_that_do_not_exist_are_limited_alike(candidate: User):
    def answers(name: str) -> list[tuple[int, str]]:
        tries = [sign_in(name, WRONG) for _ in range(4)]
        return [(each.status_code, Page(each).text) for each in tries]

    assert answers("nobody") == answers("candidate")


def test_others_elsewhere_cannot_lock_somebody_out(candidate: User):
    fail(4, address=ELSEWHERE)
    assert sign_in("candidate", RIGHT, HOME).status_code == 302


def test_where_one_has_signed_in_before_neighbours_cannot_lock_one_out(candidate: User):
    browser = Client(headers={"accept-language": "en"})
    assert sign_in("candidate", RIGHT, client=browser).status_code == 302
    browser.post("/logout/")
    fail(4)  # by the neighbour, for the same name
    for name in ("a", "b", "c"):
        fail(3, name)  # until the network has no tries left
    assert sign_in("candidate", RIGHT).status_code == 429, "in a browser nobody knows"
    assert sign_in("candidate", RIGHT, client=browser).status_code == 302


def test_a_known_browser_is_limited_too_and_known_for_one_name_only(candidate: User, stranger: User):
    browser = Client(headers={"accept-language": "en"})
    sign_in("candidate", RIGHT, client=browser)
    browser.post("/logout/")
    assert fail(4, client=browser) == [200, 200, 200, 429]
    assert fail(4, "stranger", client=browser) == [200, 200, 200, 429]
    assert fail(1, "stranger") == [429], "counted with the network, as if the browser were not known"


@pytest.mark.parametrize("forged", ["", "x", "W10:1:x", '"\\000"', "candidate"])
def test_a_forged_cookie_makes_no_browser_known(candidate: User, forged: str):
    browser = Client(headers={"accept-language": "en"})
    sign_in("candidate", RIGHT, client=browser)
    [name] = [name for name in browser.cookies if name.startswith("device-")]
    stranger = Client(headers={"accept-language": "en"})
    stranger.cookies[name] = forged
    fail(3)
    assert sign_in("candidate", RIGHT, client=stranger).status_code == 429


def test_one_network_cannot_try_one_password_on_everybody(db: None):
    assert [fail(1, f"person{n}") for n in range(9)] == [[200]] * 8 + [[429]]
    assert fail(1, "person9", ELSEWHERE) == [200]


def test_a_class_behind_one_router_may_sign_in(db: None):
    names = [build.user().username for _ in range(20)]
    assert {sign_in(name, RIGHT).status_code for name in names} == {302}


FORWARDED = [
    ("192.0.2.7", "192.0.2.7", True),
    ("spoofed, 192.0.2.7", "192.0.2.7", True),
    ("192.0.2.8, 192.0.2.7", "192.0.2.7", True),  # only the last was written by our own proxy
    ("192.0.2.7, 192.0.2.8", "192.0.2.7", False),
    ("2001:db8::1", "2001:db8::ffff:2", True),  # one customer's addresses
    ("2001:db8:0:1::1", "2001:db8::1", False),
    ("::ffff:192.0.2.7", "192.0.2.7", True),
]


@pytest.mark.parametrize(("first", "second", "alike"), FORWARDED)
def test_behind_a_proxy_the_address_is_the_one_our_proxy_saw(candidate: User, limits, first, second, alike):
    limits.BEHIND_PROXY = True
    fail(3, headers={"x-forwarded-for": first})
    assert fail(1, headers={"x-forwarded-for": second}) == [429 if alike else 200]


def test_without_a_proxy_nobody_names_an_address_of_their_own(candidate: User, limits):
    limits.BEHIND_PROXY = False
    tries = [fail(1, headers={"x-forwarded-for": f"192.0.2.{n}"}) for n in range(4)]
    assert tries == [[200]] * 3 + [[429]]


def test_an_address_nobody_can_read_is_one_network(candidate: User, limits):
    limits.BEHIND_PROXY = True
    tries = [fail(1, headers={"x-forwarded-for": nonsense}) for nonsense in ("x", "\x7f", "1.2.3.4.5", "9" * 5000)]
    assert tries == [[200]] * 3 + [[429]]


def test_the_admins_own_page_counts_alike(curator: User):
    client = Client(headers={"accept-language": "en"})

    def tries(password: str) -> HttpResponse:
        return client.post("/admin/login/", {"username": "curator", "password": password}, REMOTE_ADDR=HOME)

    for _ in range(3):
        assert "Please enter the correct" in Page(tries(WRONG)).text
    assert "Please wait 10 minutes" in Page(tries(RIGHT)).text
    assert sign_in("curator", RIGHT).status_code == 429
    assert sign_in("curator", RIGHT, ELSEWHERE).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_tries_at_once_are_counted_one_by_one(candidate: User):
    done = together(*[partial(sign_in, "candidate", WRONG)] * 8)
    assert sorted(each.status_code for each in done) == [200] * 3 + [429] * 5


def test_what_is_kept_tells_neither_names_nor_addresses(candidate: User, caplog: pytest.LogCaptureFixture):
    fail(4)
    kept = str(list(SignInTries.objects.values()))
    assert "candidate" not in kept
    assert HOME not in kept
    refusals = [record.getMessage() for record in caplog.records if record.name == "interviewer.views.sign_in"]
    assert refusals == [f"Too many tries to sign in from {HOME}"]


NAMES = {
    "NUL": "candidate\0",
    "turned around": "\u202ecandidate",
    "too long": "x" * 10_000,
    "a line break": "candidate\r\nSet-Cookie: a=b",
    "SQL": "' OR 1=1 --",
    "wide letters": "ｃａｎｄｉｄａｔｅｓ",
    "nothing": "",
    "blanks": "   ",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_nobody_has(candidate: User, name: str):
    response = sign_in(name, RIGHT)
    assert response.status_code == 200
    assert "do not belong together" in Page(response).text
    assert "a=b" not in str(response.headers)


@pytest.mark.parametrize("password", ["\0", "x" * 1_000_000, "", "é" * 500], ids=["NUL", "1 MB", "none", "accents"])
def test_passwords_nobody_has(candidate: User, password: str):
    assert sign_in("candidate", password).status_code == 200

"""What depends on the transport, against the real web server: bytes as they arrive, sizes, and headers."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.live import Live, program

PASSWORD = "a good password"
BEGIN = f"""
from django.utils import timezone
interview = build.interview(User.objects.create_user("candidate", password={PASSWORD!r}), timezone.now())
print(interview.pk)
"""
STORED = """
import json
print(json.dumps([[a.text, a.revision] for a in Answer.objects.order_by("position")]))
"""


@pytest.fixture(scope="module")
def live(migrated: Live) -> Iterator[Live]:
    """The web process alone, on a database of its own."""
    with program(migrated) as live:
        live.web()
        yield live
        assert "Internal Server Error" not in live.log()


@pytest.fixture(scope="module")
def room(live: Live) -> str:
    """The address of the candidate's running interview."""
    return f"/interviews/{live.python(BEGIN)}/"


@pytest.fixture
def browser(live: Live, room: str) -> Iterator[httpx2.Client]:
    """The candidate, signed in."""
    with httpx2.Client(base_url=live.url, headers={"accept-language": "en"}, trust_env=False) as client:
        form = {"username": "candidate", "password": PASSWORD, "csrfmiddlewaretoken": token(client)}
        assert client.post("/login/", data=form).headers["location"] == "/"
        yield client


def token(client: httpx2.Client) -> str:
    page = client.get("/login/", follow_redirects=True).text
    return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]


def draft(client: httpx2.Client, room: str, body: bytes, **headers: str) -> httpx2.Response:
    headers = {"content-type": "application/x-www-form-urlencoded", "x-csrftoken": token(client), **headers}
    return client.post(f"{room}questions/1/draft/", content=body, headers={"accept": "application/json", **headers})


def stored(live: Live) -> tuple[str, int]:
    text, revision = json.loads(live.python(STORED))[0]
    return text, revision


# The bytes of a body → the text that is stored, or None: a form that is not UTF-8 is refused rather than garbled.
BODIES = {
    "not UTF-8": (b"text=\xff\xfe\x80a&revision=%d", None),
    "half a character": ("text=缓存".encode() + b"\xe7\xbc&revision=%d", None),
    "a surrogate": (b"text=\xed\xa0\x80&revision=%d", None),
    "longer than need be": (b"text=\xc0\xaf&revision=%d", None),
    "escaped": (b"text=%%FF%%00%%ED%%A0%%80&revision=%d", "\ufffd" * 5),
    "UTF-8": ("text=缓存👩‍👩‍👧&revision=%d".encode(), "缓存👩‍👩‍👧"),
}


@pytest.mark.parametrize(("body", "text"), BODIES.values(), ids=BODIES)
def test_bytes_as_they_arrive(live: Live, browser: httpx2.Client, room: str, body: bytes, text: str | None):
    before = stored(live)
    response = draft(browser, room, body % before[1])
    if text is None:
        assert (response.status_code, response.json()["error"]) == (400, "invalid")
        assert stored(live) == before
    else:
        assert (response.status_code, response.json()["revision"]) == (200, before[1] + 1)
        assert stored(live) == (text, before[1] + 1)


@pytest.mark.parametrize("size", [4 * 2**20 + 1, 20_000_000])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_body_over_four_megabytes_is_answered(
    live: Live, browser: httpx2.Client, room: str, size: int, as_json: bool
):
    before = stored(live)
    accept = {} if as_json else {"accept": "text/html"}
    response = draft(browser, room, b"text=" + b"x" * size, **accept)
    assert response.status_code == 413
    assert "larger than the 4 MB" in (response.json()["message"] if as_json else response.text)
    assert stored(live) == before
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("where", ["//evil.example", "/\\evil.example", "https://evil.example", "/%0d%0aX-Evil:1"])
def test_signing_in_leads_nowhere_else_and_writes_no_header(live: Live, room: str, where: str):
    with httpx2.Client(base_url=live.url, trust_env=False) as client:
        form = {"username": "candidate", "password": PASSWORD, "csrfmiddlewaretoken": token(client)}
        response = client.post("/login/", data={**form, "next": where}, params={"next": where})
        assert response.status_code == 302
        assert response.headers["location"] in ("/", "/%0d%0aX-Evil:1")
        assert "x-evil" not in response.headers


def raw(live: Live, request: bytes) -> bytes:
    """The first answer to bytes that no proper client sends; b"" when the server hangs up."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


HOST = b"Host: 127.0.0.1\r\nConnection: close\r\n"
RAW: dict[str, tuple[bytes, Any]] = {
    "two lengths": (b"POST / HTTP/1.1\r\n%bContent-Length: 1\r\nContent-Length: 2\r\n\r\nab" % HOST, 400),
    "length and chunks": (
        b"POST / HTTP/1.1\r\n%bContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % HOST,
        400,
    ),
    "a negative length": (b"POST / HTTP/1.1\r\n%bContent-Length: -1\r\n\r\n" % HOST, 400),
    "a length beyond all": (b"POST /login/ HTTP/1.1\r\n%bContent-Length: 99999999999999999999\r\n\r\n" % HOST, 403),
    "less than it said": (
        b"POST /login/ HTTP/1.1\r\n%bContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\na=b"
        % HOST,
        (400, 403),
    ),
    "somebody else's host": (b"GET /login/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.0\r\nHost:\r\n\r\n", 400),
    "an endless line": (b"GET /%b HTTP/1.1\r\n%b\r\n" % (b"a" * 10_000, HOST), (400, 414)),
    "an endless header": (b"GET / HTTP/1.1\r\n%bX: %b\r\n\r\n" % (HOST, b"a" * 20_000), (400, 431)),
    "a thousand headers": (b"GET / HTTP/1.1\r\n%b%b\r\n" % (HOST, b"X: a\r\n" * 1000), (400, 431)),
    "NUL in a header": (b"GET / HTTP/1.1\r\n%bX: a\0b\r\n\r\n" % HOST, 400),
    "a line break in the address": (b"GET /%%0aINJECTED HTTP/1.1\r\n%b\r\n" % HOST, 404),
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200 + b"\r\n\r\n", 400),
    "another method": (b"BREW / HTTP/1.1\r\n%b\r\n" % HOST, 403),
    "tracing": (b"TRACE / HTTP/1.1\r\n%bCookie: sessionid=secret\r\n\r\n" % HOST, (403, 405)),
}


@pytest.mark.parametrize(("request_bytes", "status"), RAW.values(), ids=RAW)
def test_bytes_no_browser_sends(live: Live, request_bytes: bytes, status: int | tuple[int, ...]):
    answer = raw(live, request_bytes)
    expected = status if isinstance(status, tuple) else (status,)
    assert int(answer.split(b" ", 2)[1]) in expected, answer[:500]
    assert b"secret" not in answer
    assert httpx2.get(live.url + "/login/", trust_env=False).status_code == 200
    assert "\nINJECTED" not in live.log()

"""Requests that no view can read, cookies nobody of ours set, and filters that filter nothing.

Who may see which address, guessed ids, forged fields, missing tokens, GETs that would change something and `next`
that leads elsewhere stand in `tests/interviewer/test_access.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT
from django.urls import reverse
from django.utils import timezone

from interviewer.models import Interview, User
from tests import build
from tests.conftest import signed_in
from tests.pages import Page

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
TOO_LARGE = 4 * 1024 * 1024 + 1
FIELD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="text"\r\n\r\n%b\r\n--{BOUNDARY}--\r\n'.encode()

# Body and content type → status, the error that scripts are told, a word of the sentence in English and in Chinese.
LARGE = (413, "too-long", "larger than the 4 MB", "4 MB")
INVALID = (400, "invalid", "something we could not read", "无法读取")
BODIES: dict[str, tuple[bytes, str, tuple[int, str, str, str]]] = {
    "a form over 4 MiB": (b"text=" + b"x" * TOO_LARGE, FORM, LARGE),
    "a field over 4 MiB": (FIELD % (b"x" * TOO_LARGE), MULTIPART_CONTENT, LARGE),
    "a thousand fields": (b"&".join(b"text=%d" % n for n in range(1001)), FORM, INVALID),
    "no boundary": (b"text=x", "multipart/form-data", INVALID),
    "a boundary of blanks": (b"text=x", "multipart/form-data; boundary= ", INVALID),
    "another charset": ("text=缓存&revision=0".encode("utf-16"), f"{FORM}; charset=utf-16", INVALID),
    "half a field": ((FIELD % b"half")[:40], MULTIPART_CONTENT, INVALID),
    "JSON": (b'{"text": "x", "revision": 0}', "application/json", INVALID),
    "XML": (b'<!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>', "text/xml", INVALID),
    "nothing": (b"", FORM, INVALID),
}


@pytest.mark.parametrize("as_json", [True, False], ids=["script", "page"])
@pytest.mark.parametrize(("body", "content_type", "expected"), BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_read(client: Client, interview: Interview, body, content_type, expected, as_json):
    status, error, sentence, _ = expected
    answer = interview.answers.get(position=1)
    client.post(reverse("draft", args=[interview.pk, 1]), {"text": "Typed before.", "revision": 0})
    accept = {"accept": "application/json"} if as_json else {}
    response = client.generic("POST", reverse("draft", args=[interview.pk, 1]), body, content_type, headers=accept)
    assert response.status_code == status
    if as_json or response["Content-Type"] == "application/json":
        told = response.json()
        assert told["error"] == error
        assert sentence in told["message"]
    else:
        assert sentence in Page(response).text
    answer.refresh_from_db()
    assert (answer.text, answer.revision) == ("Typed before.", 1)


@pytest.mark.parametrize(("body", "content_type", "expected"), [BODIES["a form over 4 MiB"], BODIES["no boundary"]])
def test_it_is_told_in_the_readers_language(interview: Interview, candidate: User, body, content_type, expected):
    chinese = Client(headers={"accept-language": "zh-hans"})
    chinese.force_login(candidate)
    response = chinese.generic("POST", reverse("question", args=[interview.pk, 1]), body, content_type)
    assert response.status_code == expected[0]
    assert expected[3] in Page(response).text


@pytest.mark.parametrize("page", ["/login/", "/logout/", "/language/setlang/", "/admin/login/", "/nothing/"])
def test_no_address_falls_over_a_body(client: Client, page: str):
    for body, content_type, expected in (BODIES["a form over 4 MiB"], BODIES["no boundary"]):
        assert client.generic("POST", page, body, content_type).status_code == expected[0]
    assert "_auth_user_id" in client.session


# --- Addresses ------------------------------------------------------------------------------


QUERIES = {
    "NUL": ("?q=%00", 400),
    "NUL in a name": ("?%00=q", 400),
    "a thousand fields": ("?" + "&".join("q=x" for _ in range(1001)), 400),
    "bytes that are not UTF-8": ("?x=%FF%ED%A0%80", 200),
    "unfinished escapes": ("?x=%&%ZZ", 200),
    "half a pair": ("?&&=&;;", 200),
}


@pytest.mark.parametrize(("query", "status"), QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("page", ["/", "/login/", "/review/", "/admin/questions/question/", "/nothing/"])
def test_an_address_that_cannot_be_read(page: str, query: str, status: int):
    operator = signed_in(build.user("operator", is_staff=True, is_superuser=True))
    response = operator.get(page + query, follow=True)
    if status == 400:
        assert response.status_code == 400
        assert "something we could not read" in Page(response).text
    else:
        assert response.status_code == (404 if page == "/nothing/" else 200)


# The curators' and operators' pages: an address typed wrongly leads to the list, or says that there is no such thing.
ADMIN = {
    "?topic__id__exact=abc": 200,
    "?topic__id__exact=" + "9" * 40: 200,
    "?status__exact=nothing": 200,
    "?nonsense=1": 200,
    "?p=x&o=x.y": 200,
    "?p=" + "9" * 40: 200,
    "9" * 40 + "/change/": 200,
    "abc/change/": 200,
    "%00/change/": 200,
    "?_changelist_filters=%FF": 200,
}


@pytest.mark.parametrize(("rest", "status"), ADMIN.items(), ids=[each[:30] for each in ADMIN])
def test_the_admin_does_not_fall_over_an_address(rest: str, status: int):
    operator = signed_in(build.user("operator", is_staff=True, is_superuser=True))
    assert operator.get("/admin/questions/question/" + rest, follow=True).status_code == status


# --- Cookies ---------------------------------------------------------------------------------


COOKIES = {
    "a session with NUL": 'sessionid="aaaaaaaaaaaaaaaaaaaa\\000"',
    "a session with NUL in its name": '"sessionid\\000"=aaaaaaaaaaaaaaaaaaaa',
    "a long session": "sessionid=" + "a" * 6000,
    "a session of blanks": "sessionid=%20",
    "messages that are none": 'messages="\\000[[]]"',
    "messages nobody signed": "messages=W1siX19qc29uX21lc3NhZ2UiLDAsMjUsIngiXV0:1:x",
    "a language that is none": "django_language=../../etc/passwd",
    "a token of NUL": 'csrftoken="\\000"',
    "no names": "=;=;;;",
}


@pytest.mark.parametrize("cookie", COOKIES.values(), ids=COOKIES)
def test_cookies_that_we_never_set(cookie: str, db: None):
    visitor = Client(headers={"accept-language": "en"})
    assert visitor.get("/", HTTP_COOKIE=cookie).status_code == 200
    assert visitor.post("/login/", {"username": "a", "password": "b"}, HTTP_COOKIE=cookie).status_code == 200


def test_a_broken_cookie_signs_nobody_out(client: Client, interview: Interview):
    session = client.cookies["sessionid"].value
    page = reverse("question", args=[interview.pk, 1])
    assert Client().get(page, HTTP_COOKIE=f'other="\\000"; sessionid={session}').status_code == 200


@pytest.mark.parametrize(
    "language", ["x" * 10_000, "zh" + "-hans" * 500, "en;q=x", "*;q=1e999", "../../etc/passwd", "en\x7f"]
)
def test_languages_that_are_none(language: str, db: None):
    assert Client(headers={"accept-language": language}).get("/").status_code == 200


# --- Filters of the managers' list --------------------------------------------------------------


FILTERS = {
    "a state that is none": ({"state": "x"}, "State: Select a valid choice"),
    "no number": ({"template": "x"}, "Interview: Select a valid choice"),
    "a template that is gone": ({"template": "9999"}, "Interview: Select a valid choice"),
    "a number beyond all": ({"template": "9" * 40}, "Interview: Select a valid choice"),
    "a language that is none": ({"language": "xx"}, "Language: Select a valid choice"),
    "too long a name": ({"q": "x" * 151}, "Candidate: Ensure this value has at most 150"),
    "one of two": ({"q": "somebody", "state": "x"}, "State: Select a valid choice"),
}


@pytest.mark.parametrize(("wanted", "sentence"), FILTERS.values(), ids=FILTERS)
def test_a_filter_that_cannot_be_read_is_told_and_shows_nobody(manager: User, wanted: dict[str, Any], sentence: str):
    build.handed_in(build.user("somebody"))
    response = signed_in(manager).get(reverse("review-list"), wanted)
    page = Page(response)
    assert response.status_code == 400
    assert "could not be read, so nobody is shown" in page.text
    assert sentence in page.text
    assert page.rows == []


def test_looking_for_wildcards_finds_wildcards(manager: User):
    build.interview(build.user("somebody"), timezone.now())
    reviewer = signed_in(manager)
    for name in ("%", "_", "some%", "' OR 1=1 --", "\\", "[a-z]*"):
        assert "No interview matches" in Page(reviewer.get(reverse("review-list"), {"q": name})).text

"""The header: one link for each part of the site that a person may use; where they are is marked."""

from __future__ import annotations

import re

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from interviewer.context import section
from tests import build
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db

PARTS = ["home", "position-list", "review-list", "operations", "audit", "admin:index"]
BANK = [
    "admin:questions_question_changelist",
    "question-search",
    "import-list",
    "duplicate-list",
    "item-list",
    "search-index",
]


def navigation(client: Client, address: str) -> dict[str, list[str]]:
    """What each `nav` is called → the addresses of its links; the marked one has a star."""
    content = client.get(address, follow=True).content.decode()
    found = re.findall(r'<nav (?:class="section-nav" )?aria-label="(Main|Question bank)">(.*?)</nav>', content, re.S)
    links = re.compile(r'<a href="([^"]*)"( aria-current="(?:true|page)")?>')
    return {name: [href + "*" * bool(mark) for href, mark in links.findall(inner)] for name, inner in found}


def marked(current: str, names: list[str] = PARTS) -> list[str]:
    return [reverse(name) + "*" * (name == current) for name in names]


def test_whoever_may_do_all_has_one_link_for_each_part():
    client = signed_in(build.user("everything", is_staff=True, is_superuser=True))
    for part in PARTS[:-1]:
        assert navigation(client, reverse(part)) == {"Main": marked(part)}


@pytest.mark.parametrize("address", ["admin:index", *BANK])
def test_the_question_bank_has_links_of_its_own(address, curator):
    links = marked(address, BANK)
    everything = signed_in(build.user("everything", is_staff=True, is_superuser=True))
    assert navigation(everything, reverse(address)) == {"Main": marked("admin:index"), "Question bank": links}
    assert navigation(signed_in(curator), reverse(address)) == {
        "Main": [reverse("home"), reverse("admin:index") + "*"],
        "Question bank": links,
    }


def test_candidates_and_visitors_see_nothing_of_it(candidate):
    assert navigation(signed_in(candidate), reverse("home")) == {"Main": [reverse("home") + "*"]}
    for address in ("/admin/", "/questions/search/", "/nowhere/"):
        assert "Question bank" not in navigation(signed_in(candidate), address)
        assert navigation(Client(headers={"accept-language": "en"}), address) == {"Main": []}


@pytest.mark.parametrize(("path", "found"), [("/", "home"), ("*", ""), ("/admin", "bank"), ("/review/x/", "review")])
def test_any_path_belongs_somewhere_or_nowhere(path, found):
    request = RequestFactory().get("/")
    request.path_info = path  # "OPTIONS *" asks of no page at all
    assert section(request) == {"section": found}

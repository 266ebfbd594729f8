"""What the list of questions in the admin does to many at once, and how it is searched and filtered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from interviewer.models import User
from questions import translations, versions
from questions.models import Question
from tests import build
from tests.build import NOON
from tests.conftest import signed_in
from tests.pages import Page

pytestmark = pytest.mark.django_db

LIST = "/admin/questions/question/"


@pytest.fixture
def desk(curator: User) -> Client:
    return signed_in(curator)


def act(client: Client, action: str, *questions: Question, **more: str) -> str:
    """Choose questions in the list and an action; the text of the page that comes then."""
    chosen = {"action": action, "_selected_action": [question.pk for question in questions]}
    return Page(client.post(LIST, {**chosen, **more}, follow=True)).text


def tags(question: Question) -> str:
    return Question.objects.get(pk=question.pk).tags


def listed(client: Client, **query: str) -> list[str]:
    response = client.get(LIST, query)
    assert response.status_code == 200
    return [question.title for question in response.context["cl"].result_list]


def test_tags_are_added_behind_those_there_are_with_a_version_each(desk: Client, curator: User):
    one, other, full = build.question(tags="缓存"), build.question(), build.question(tags="x" * 295)
    versions.note([one.pk, other.pk, full.pk], NOON)
    page = act(desk, "add_tags", one, other, full, tags="serving， 缓存", reason="sorting")
    assert (tags(one), tags(other), tags(full)) == ("缓存, serving", "serving, 缓存", "x" * 295)
    assert "2 questions changed." in page and "1 question left as it is: Its tags would be longer" in page
    version = one.versions.get(number=2)
    assert (version.kind, version.author, version.reason, version.tags) == (
        "edited", curator, "sorting", "缓存, serving",
    )  # fmt: skip
    assert full.versions.count() == 1


def test_tags_are_removed_where_they_are(desk: Client):
    one, other = build.question(tags="a, b, c"), build.question(tags="d")
    page = act(desk, "remove_tags", one, other, tags="a,c")
    assert (tags(one), tags(other)) == ("b", "d")
    assert "1 question changed." in page and "It has none of these tags." in page


def test_a_topic_is_changed_as_a_version(desk: Client):
    question, topic = build.question(), build.topic("privacy")
    assert "1 question changed." in act(desk, "change_topic", question, topic=str(topic.pk))
    assert Question.objects.get(pk=question.pk).topic == topic
    assert question.versions.order_by("-number")[0].frozen.topic == "privacy"
    assert "It has this topic already." in act(desk, "change_topic", question, topic=str(topic.pk))


@pytest.mark.parametrize(
    ("action", "told"),
    [("add_tags", "Write the tags"), ("remove_tags", "Write the tags"), ("change_topic", "Choose a")],
)
def test_what_an_action_needs_is_asked_for(desk: Client, action: str, told: str):
    question = build.question(tags="a")
    assert told in act(desk, action, question)
    assert tags(question) == "a" and not question.versions.exists()


def test_with_two_pairs_of_eyes_a_tagged_question_is_reviewed_again(desk: Client, settings):
    settings.REVIEW_REQUIRED = True
    question = build.question()
    act(desk, "add_tags", question, tags="new")
    assert Question.objects.get(pk=question.pk).status == "review"


def test_two_questions_are_linked_in_the_list_and_shown_in_the_form(desk: Client):
    chinese, english = build.question(title="缓存"), build.question(title="Caching", language="en")
    assert "They are translations of each other now" in act(desk, "link_translations", chinese, english)
    form = Page(desk.get(reverse("admin:questions_question_change", args=[chinese.pk])))
    assert "Caching (English)" in form.text
    assert LogEntry.objects.filter(change_message__contains="Linked").count() == 2
    assert "exactly two" in act(desk, "link_translations", chinese)
    assert "2 questions unlinked." in act(desk, "unlink_translations", chinese, english)
    assert not chinese.translations().exists()


def test_search_finds_what_has_all_words_the_most_relevant_first(desk: Client):
    build.question(
        slug="a", title="别的", prompt="一个很长的问题，里面提到推理服务和许多其他的事情，比如监控、日志、告警和部署。"
    )
    build.question(slug="b", title="推理服务", prompt="推理服务怎样加快？推理服务的瓶颈在哪里？")
    build.question(slug="c", title="隐私", prompt="怎样保护隐私？", points=["脱敏"])
    assert listed(desk, q="推理服务") == ["推理服务", "别的"]
    assert listed(desk, q="推理服务", o="1") == ["别的", "推理服务"]
    assert listed(desk, q="隐私保护问题")[0] == "隐私"  # nobody has all of it
    assert listed(desk, q="unheard") == []


def test_filters(desk: Client):
    old, bare = build.question(title="old", tags="cache, kv"), build.question(title="bare", points=[], reference="x")
    Question.objects.filter(pk=old.pk).update(updated_at=timezone.now() - timedelta(days=40))
    english = build.question(title="english", language="en", tags="kv-cache")
    translations.link([old.pk, english.pk])
    assert set(listed(desk, points="yes")) == {"old", "english"} and listed(desk, points="no") == ["bare"]
    assert set(listed(desk, translation="yes")) == {"old", "english"} and listed(desk, translation="no") == ["bare"]
    assert listed(desk, tag="kv") == ["old"] and listed(desk, tag="KV") == []
    assert listed(desk, changed="before") == ["old"] and set(listed(desk, changed="week")) == {"bare", "english"}
    assert bare.title in listed(desk, changed="nonsense")

"""The curator's desk: what is done there leaves versions, and the history shows them and brings them back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from interviewer.models import User
from questions import states, versions
from questions.importing import Source, import_sources
from questions.models import Question, Topic
from questions.versions import Cause, Kind
from tests import build
from tests.build import NOON
from tests.conftest import signed_in
from tests.pages import Page
from tests.parallel import together

pytestmark = pytest.mark.django_db

LIST = "/admin/questions/question/"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def desk(curator: User) -> Client:
    return signed_in(curator)


@pytest.fixture
def colleague(roles: None) -> User:
    person = build.user("colleague", is_staff=True)
    person.groups.add(Group.objects.get(name="curators"))
    return person


def recorded(**fields: Any) -> Question:
    question = build.question(**fields)
    versions.note([question.pk], NOON)
    return question


def page_of(question: Question, name: str = "history", *args: Any) -> str:
    return reverse(f"admin:questions_question_{name}", args=[question.pk, *args])


def filled(response: HttpResponse) -> dict[str, Any]:
    """What a browser would send if one only pressed “Save” on a change form."""
    formsets = [each.formset for each in response.context["inline_admin_formsets"]]
    forms = [response.context["adminform"].form]
    forms += [form for formset in formsets for form in (formset.management_form, *formset.forms)]
    values = {form[name].html_name: form[name].value() for form in forms for name in form.fields}
    return {name: "" if value is None else str(value).replace("\n", "\r\n") for name, value in values.items()}


def save(client: Client, question: Question, **changed: Any) -> HttpResponse:
    """Fill in the change form and send it; the page that comes then."""
    url = page_of(question, "change")
    return client.post(url, {**filled(client.get(url)), **changed}, follow=True)


def act(client: Client, action: str, *questions: Question, **more: Any) -> str:
    """Choose questions in the list and an action; the text of the page that comes then."""
    chosen = {"action": action, "_selected_action": [question.pk for question in questions]}
    return Page(client.post(LIST, {**chosen, **more}, follow=True)).text


def told(question: Question) -> list[tuple[str, str, str]]:
    return list(question.versions.order_by("number").values_list("kind", "status", "reason"))


# --- The form ---


def test_saving_what_is_there_makes_no_version(desk: Client):
    answer = "- **Speed:** fast\n  and more\n- Cheap\n"
    text = f"### 1. Why?\n\n**Question:**\n    code first\n\nthen words\n\n**Answer:**\n{answer}"
    import_sources([Source("a.en.md", text)])
    question = Question.objects.get()
    assert question.prompt.startswith("    code") and "\n" in question.points.first().text
    before = question.frozen()
    assert save(desk, question).status_code == 200
    assert Question.objects.get().frozen() == before
    assert len(told(question)) == 1


def test_an_edit_is_a_version_with_its_author_and_reason(desk: Client, curator: User):
    question = recorded()
    save(desk, question, title="Another title", reason="clearer")
    version = question.versions.get(number=2)
    assert (version.kind, version.author, version.reason) == ("edited", curator, "clearer")
    assert version.frozen.title == "Another title"
    text = Page(desk.get(page_of(question))).text
    assert "Version 2 · Published" in text and "curator · Edited clearer" in text
    assert "[removed:] 题目" in text and "[added:] Another title [end]" in text
    assert "The first version that is known." in text


def test_an_edit_of_a_point_alone_is_a_version(desk: Client):
    question = recorded()
    save(desk, question, **{"points-0-text": "另一个要点", "points-0-weight": "2"})
    assert question.versions.get(number=2).frozen.points[0].text == "另一个要点"
    page = Page(desk.get(page_of(question))).text
    assert "Rubric points" in page and "[added:] 另一个要点" in page and "[Must ×" in page


def test_a_new_question_begins_with_its_first_version(desk: Client):
    add = reverse("admin:questions_question_add")
    form = filled(desk.get(add))
    sent = {**form, "title": "New", "slug": "new", "prompt": "Why?", "reference": "Because.", "topic": build.topic().pk}
    desk.post(add, {**sent, "language": "en", "reason": "wanted", "status": "review"})
    assert told(Question.objects.get()) == [("created", "draft", "wanted"), ("state", "review", "wanted")]


def test_words_and_status_in_one_form_are_two_versions(desk: Client):
    question = recorded(status="draft")
    save(desk, question, title="Another title", status="published")
    assert [version[:2] for version in told(question)] == [
        ("found", "draft"), ("edited", "draft"), ("state", "published"),
    ]  # fmt: skip


@pytest.mark.parametrize(("was", "to", "fields", "sentence"), [
    ("retired", "published", {}, "A retired question has to become a draft first."),
    ("draft", "published", {"reference": "  "}, "without a reference answer cannot be published"),
    ("published", "published", {"reference": ""}, "without a reference answer cannot be published"),
])  # fmt: skip
def test_a_status_that_may_not_be_is_refused_with_the_reason(desk: Client, was, to, fields, sentence):
    question = recorded(status=was)
    response = save(desk, question, status=to, title="lost", **fields)
    assert sentence in Page(response).text
    question.refresh_from_db()
    assert (question.status, question.title != "lost", len(told(question))) == (was, True, 1)


def test_another_slug_of_a_topic_is_a_version_of_its_questions(desk: Client):
    question, other = recorded(), recorded(topic_slug="training")
    topic = Topic.objects.get(slug="serving")
    names = {"name_zh": topic.name_zh, "name_en": topic.name_en}
    url = reverse("admin:questions_topic_change", args=[topic.pk])
    desk.post(url, {**names, "slug": "serving", "name_en": "Inference"})
    assert len(told(question)) == 1
    desk.post(url, {**names, "slug": "inference"})
    assert told(question)[1:] == [("edited", "published", "The topic “serving” became “inference”.")]
    assert len(told(other)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_save_at_once_each_have_a_version(curator: User, colleague: User):
    question = recorded()
    people = {"mine": curator, "theirs": colleague}

    def saving(title: str, person: User) -> Any:
        client, url = signed_in(person), page_of(question, "change")
        form = {**filled(client.get(url)), "title": title}
        return lambda: client.post(url, form).status_code

    assert together(*(saving(title, person) for title, person in people.items())) == [302, 302]
    rows = question.versions.order_by("number")
    assert [row.number for row in rows] == [1, 2, 3]
    assert {row.frozen.title: row.author for row in rows[1:]} == people


def test_an_answer_that_is_taken_away_with_the_status_is_no_problem(desk: Client):
    question = recorded()
    page = Page(save(desk, question, reference="", status="draft"))
    assert "it is a draft and will not be asked" in page.text and "as it was" not in page.text
    assert told(question)[1:] == [("edited", "draft", "")]


# --- Two pairs of eyes ---


def test_with_two_pairs_of_eyes_a_change_needs_a_reason(desk: Client, settings):
    settings.REVIEW_REQUIRED = True
    question = recorded()
    assert "This field is required." in Page(save(desk, question, title="lost")).text
    assert len(told(question)) == 1


def test_what_was_published_and_is_changed_goes_to_review(desk: Client, colleague: User, settings):
    settings.REVIEW_REQUIRED = True
    question = recorded()
    page = Page(save(desk, question, title="Another title", reason="clearer"))
    assert "another curator has to publish it before it is asked again" in page.text
    assert told(question)[1:] == [("edited", "review", "clearer")]
    page = Page(save(desk, question, status="published", reason="done"))
    assert "Whoever changed it last or submitted it cannot publish it" in page.text
    assert "0 questions published." in act(desk, "publish", question)
    save(signed_in(colleague), question, status="published", reason="seen")
    assert told(question)[2:] == [("state", "published", "seen")]


def test_who_changes_and_publishes_at_once_is_refused(desk: Client, colleague: User, settings):
    settings.REVIEW_REQUIRED = True
    question = recorded(status="draft")
    states.change(question.pk, "review", Cause(colleague, "", NOON))
    page = Page(save(desk, question, status="published", title="unseen", reason="quick"))
    assert "another curator has to" in page.text and len(told(question)) == 2
    page = Page(save(desk, question, status="published", reason="quick", **{"points-0-text": "unseen"}))
    assert "The status is as it was: Whoever changed it last" in page.text
    assert told(question)[2:] == [("edited", "review", "quick")]


# --- Many ---


def test_bulk_actions_say_what_they_left_and_why(desk: Client, curator: User):
    ready, empty, retired = (
        recorded(status="draft"), recorded(status="draft", reference=""), recorded(status="retired"),
    )  # fmt: skip
    text = act(desk, "publish", ready, empty, retired, reason="for spring")
    assert "1 question published." in text
    assert "1 question left as it is: A question without a reference answer cannot be published." in text
    assert "1 question left as it is: A retired question has to become a draft first." in text
    assert told(ready)[1:] == [("state", "published", "for spring")]
    assert ready.versions.get(number=2).author == curator
    assert len(told(empty)) == len(told(retired)) == 1


@pytest.mark.parametrize(("action", "was", "becomes", "sentence"), [
    ("submit_for_review", "draft", "review", "2 questions submitted."),
    ("publish", "review", "published", "2 questions published."),
    ("retire", "published", "retired", "2 questions retired."),
    ("back_to_draft", "retired", "draft", "2 questions are drafts."),
])  # fmt: skip
def test_every_bulk_action(desk: Client, action: str, was: str, becomes: str, sentence: str):
    questions = [recorded(status=was), recorded(status=was)]
    assert sentence in act(desk, action, *questions)
    for question in questions:
        assert told(question)[1:] == [("state", becomes, "")]


# --- Back again ---


def test_rolling_back_asks_first_and_is_a_version_itself(desk: Client, curator: User):
    question = recorded()
    first = question.versions.get()
    save(desk, question, title="Another title", **{"points-0-text": "another point"})
    url = page_of(question, "version", 1)
    page = Page(desk.get(url))
    assert "Roll back to this version" in page.text and "[removed:] Another title" in page.text
    assert len(told(question)) == 2, "looking changes nothing"
    page = Page(desk.post(url, {"reason": "it was better"}, follow=True))
    assert "says what version 1 said; that is its version 3" in page.text
    assert "Rolled back to version 1. it was better" in page.text
    version = question.versions.get(number=3)
    assert (version.content_hash, version.author) == (first.content_hash, curator)
    assert Question.objects.get().frozen().hash == first.content_hash
    assert "Roll back to this version" not in Page(desk.get(url)).text
    assert "says what this version says already" in Page(desk.post(url, {"reason": ""}, follow=True)).text
    assert len(told(question)) == 3


def test_with_two_pairs_of_eyes_rolling_back_needs_a_reason_and_a_review(desk: Client, settings):
    question = recorded()
    save(desk, question, title="Another title")
    settings.REVIEW_REQUIRED = True
    url = page_of(question, "version", 1)
    assert "This field is required." in Page(desk.post(url, {"reason": " "})).text
    assert len(told(question)) == 2
    assert "another curator has to publish it" in Page(desk.post(url, {"reason": "wrong"}, follow=True)).text
    assert told(question)[2:] == [("restored", "review", "wrong")]


def test_only_curators_see_versions_and_only_who_may_change_goes_back(desk, manager, candidate, curator):
    question = recorded()
    save(desk, question, title="Another title")
    onlooker = build.user("onlooker", is_staff=True)
    onlooker.user_permissions.add(Permission.objects.get(codename="view_question"))
    pages = [page_of(question), page_of(question, "version", 1)]
    for person in (manager, candidate, None):
        client = signed_in(person) if person else Client()
        for url in pages:
            assert client.get(url).status_code == client.post(url, {"reason": "x"}).status_code == 302
    nobody = signed_in(build.user("staff", is_staff=True))
    looking = signed_in(onlooker)
    for url in pages:
        assert nobody.get(url).status_code == 403
        assert looking.get(url).status_code == 200
        assert "Roll back to" not in looking.get(url).content.decode()
    assert looking.get(page_of(question, "change")).status_code == 200
    assert looking.post(pages[1], {"reason": "x"}).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(curator)
    assert strict.post(pages[1], {"reason": "x"}).status_code == 403
    assert len(told(question)) == 2


def test_a_version_that_is_not_there_is_not_found(desk: Client):
    question, other = recorded(), recorded()
    save(desk, other, title="Another title")
    missing = [page_of(question, "version", number) for number in (0, 2, 2**40)]
    for url in (*missing, LIST + "0/versions/1/", LIST + "0/history/", f"{LIST}{2**70}/history/"):
        assert desk.get(url).status_code == desk.post(url).status_code == 404


# --- The pages ---


def test_markup_in_a_version_is_text(desk: Client):
    question = recorded(title=SCRIPT, prompt=f"{SCRIPT}\nold {SCRIPT}")
    form = {"prompt": f"{SCRIPT}\nnew <b>{SCRIPT}", "points-0-text": SCRIPT, "tags": SCRIPT, "reason": SCRIPT}
    save(desk, question, **form)
    for url in (page_of(question), page_of(question, "version", 1), page_of(question, "version", 2)):
        response = desk.get(url)
        assert response.status_code == 200
        assert SCRIPT not in response.content.decode() and "&lt;script&gt;" in response.content.decode()
        assert [each for each in Page(response).foreign if "script" in each] == []
        assert not any("style" in known for _, known in Page(response).elements)
    assert question.versions.count() == 2


def test_no_candidate_is_named_beside_a_question(desk: Client):
    question = recorded(prompt="only one")
    person = build.user("canary-name", first_name="Canary", last_name="Candidate", email="canary@example.org")
    build.handed_in(person, texts=["canary answer"], question_count=1)
    save(desk, question, title="Another title")
    for url in (page_of(question), page_of(question, "version", 1)):
        assert "canary" not in desk.get(url).content.decode().casefold()


def test_a_long_history_has_pages(desk: Client, django_assert_max_num_queries):
    question = recorded()
    for n in range(2, 46):
        Question.objects.filter(pk=question.pk).update(difficulty=(n + 1) % 5 + 1)
        versions.record(question.pk, Kind.EDITED, Cause(reason=f"change {n}", at=NOON))
    with django_assert_max_num_queries(12):
        first = Page(desk.get(page_of(question))).text
    assert "change 45" in first and "change 26" in first and "change 25" not in first
    last = Page(desk.get(page_of(question), {"p": 3})).text
    assert "change 2 " in last and "The first version that is known." in last
    assert desk.get(page_of(question), {"p": "x"}).status_code == 200


def test_a_history_of_nothing_says_so(desk: Client):
    assert "Nothing is known of this question’s past" in Page(desk.get(page_of(build.question()))).text


def test_the_history_speaks_chinese(curator: User):
    question = recorded()
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(curator)
    save(client, question, difficulty=5)
    text = Page(client.get(page_of(question))).text
    assert "第 2 版" in text and "难度" in text and "Version" not in text


# --- Deleting ---


def test_what_was_published_cannot_be_deleted_here_either(desk: Client):
    question = recorded()
    url = page_of(question, "delete")
    assert "Retire it instead" in Page(desk.get(url)).text
    desk.post(url, {"post": "yes"})
    act(desk, "delete_selected", question, post="yes")
    assert Question.objects.filter(pk=question.pk).exists()


def test_a_draft_that_never_was_published_can_be_deleted(desk: Client):
    question = recorded(status="draft")
    desk.post(page_of(question, "delete"), {"post": "yes"})
    assert not Question.objects.filter(pk=question.pk).exists()

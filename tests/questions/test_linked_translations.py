"""Questions that are the same one in another language, without sharing a document."""

from __future__ import annotations

import pytest

from questions import duplicates, translations
from questions.importing import Source, import_sources
from questions.models import Question
from questions.picking import pick
from questions.versions import NotAllowed
from tests import build

pytestmark = pytest.mark.django_db

DOCUMENT = "### 1. Why?\n\n**Question:** Why?\n\n**Answer:** Because.\n"


def pair() -> tuple[Question, Question]:
    return build.question(title="缓存"), build.question(title="Caching", language="en")


def names(question: Question) -> set[str]:
    return {other.title for other in Question.objects.get(pk=question.pk).translations()}


def test_two_questions_are_linked_and_unlinked_both_ways():
    chinese, english = pair()
    before = [question.frozen().hash for question in (chinese, english)]
    translations.link([english.pk, chinese.pk])
    assert (names(chinese), names(english)) == ({"Caching"}, {"缓存"})
    assert [Question.objects.get(pk=q.pk).frozen().hash for q in (chinese, english)] == before
    assert translations.unlink([chinese.pk]) == 1
    assert names(chinese) == names(english) == set()


def test_what_cannot_be_a_translation_is_refused_with_a_sentence():
    chinese, english = pair()
    third = build.question(title="Cache", language="en")
    with pytest.raises(NotAllowed, match="exactly two"):
        translations.link([chinese.pk])
    with pytest.raises(NotAllowed, match="same language"):
        translations.link([english.pk, third.pk])
    with pytest.raises(NotAllowed, match="gone"):
        translations.link([english.pk, 999_999])
    translations.link([chinese.pk, english.pk])
    with pytest.raises(NotAllowed, match="already"):
        translations.link([chinese.pk, english.pk])
    with pytest.raises(NotAllowed, match="“缓存” has a translation in that language already: “Caching”"):
        translations.link([chinese.pk, third.pk])
    assert names(third) == set()


def test_what_a_document_links_stays_linked():
    import_sources([Source("a.en.md", DOCUMENT), Source("a.zh.md", DOCUMENT.replace("Why?", "为什么？"))])
    english, chinese = Question.objects.get(language="en"), Question.objects.get(language="zh-hans")
    other = build.question(language="en")
    with pytest.raises(NotAllowed, match="by its document"):
        translations.link([chinese.pk, other.pk])
    assert translations.unlink([chinese.pk, english.pk]) == 0
    assert english.translations().get() == chinese


def test_one_that_came_into_the_language_of_its_translation_is_none_any_more():
    chinese, english = pair()
    translations.link([chinese.pk, english.pk])
    Question.objects.filter(pk=english.pk).update(language="zh-hans")
    assert names(chinese) == set()


def test_an_import_leaves_the_link_alone():
    import_sources([Source("a.en.md", DOCUMENT)])
    english, chinese = Question.objects.get(), build.question()
    translations.link([english.pk, chinese.pk])
    import_sources([Source("a.en.md", DOCUMENT.replace("Because", "For a reason"))])
    assert names(chinese) == {english.title}


def test_linked_questions_are_neither_duplicates_nor_asked_together():
    """Seen where the language says nothing: both were linked, then one was put into the other's language."""
    same = {"prompt": "如何加快推理服务？", "points": ["缓存"]}
    one, other = build.question(**same), build.question(language="en", **same)
    translations.link([one.pk, other.pk])
    Question.objects.filter(pk=other.pk).update(language="zh-hans", prompt="Quite another thing", reference="Nothing")
    assert len(pick(Question.objects.all(), 2, seed=1)) == 1
    translations.unlink([one.pk])
    assert len(pick(Question.objects.all(), 2, seed=1)) == 2
    Question.objects.filter(pk=other.pk).update(prompt=one.prompt, reference=one.reference)
    assert len(duplicates.find()) == 1
    Question.objects.filter(pk=other.pk).update(language="en")
    translations.link([one.pk, other.pk])
    Question.objects.filter(pk=other.pk).update(language="zh-hans")
    assert duplicates.find() == []

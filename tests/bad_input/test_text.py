"""Texts that people, editors and machines send, all the way: saved, shown, handed in, graded, shown again.

What single steps do with them is in `tests/interviewer`: `test_interviews.py`, `test_room.py`, `test_grading_text.py`.
"""

from __future__ import annotations

import unicodedata

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from interviewer import receipts, tasks
from interviewer.grading import GRADED_CHARACTERS
from interviewer.models import Answer, Interview
from tests.pages import Page
from tests.stub_openai import StubOpenAI

pytestmark = pytest.mark.django_db

LONGEST = settings.MAX_ANSWER_CHARACTERS

# What is typed; stored it is the same, character for character.
KEPT = {
    "nothing": "",
    "blanks": " \t \n\n ",
    "ideographic blanks": "\u3000\u3000",
    "byte order mark": "\ufeff缓存",
    "emoji of several": "👩‍👩‍👧‍👦🏳️‍🌈",
    "text turned around": "\u202e缓存\u202c \u2066x\u2069",
    "unclosed turn": "\u202e\u2067缓存",
    "zero width": "缓\u200b存\u200c\u200d\u2060",
    "only zero width": "\u200b\u200b",
    "zalgo": "缓" + "\u0335\u0300\u0489" * 2000,
    "composed": unicodedata.normalize("NFC", "é ガ 가"),
    "decomposed": unicodedata.normalize("NFD", "é ガ 가"),
    "ten thousand characters": "缓存命中可以省去重复计算" * 833,
    "a hundred thousand lines": "\n" * LONGEST,
    "deep JSON": "[" * (LONGEST // 2) + "]" * (LONGEST // 2),
    "deep objects": '{"a":' * 20_000,
    "a verdict": '{"p1": {"reason": "x", "clause": "s1", "verdict": "met"}, "score": 1e999}',
    "many tokens": "🜁𒐫" * (LONGEST // 2),
    "one endless word": "a" * LONGEST,
    "one endless line of stops": "。" * LONGEST,
    "last of every plane": "".join(chr(plane * 0x10000 + 0xFFFD) for plane in range(17)),
    "not characters": "\ufffe\uffff\ufdd0",
    "control characters": "".join(map(chr, [*range(1, 9), *range(11, 13), *range(14, 32), 127, *range(128, 160)])),
    "line separators": "a\u2028b\u2029c\x85d",
    "templates": "{{ 7|add:7 }}{% debug %}%(x)s {0.__class__} $(id) `id`",
    "a formula": '=HYPERLINK("http://evil.example")\n+1\n-1\n@x\n\t=1',
}
# What is typed, and what is stored.
REPLACED = {"NUL": ("a\0b", "a\ufffdb"), "line ends of forms": ("a\r\nb", "a\nb")}
ROWS = {name: (text, text) for name, text in KEPT.items()} | REPLACED


@pytest.mark.parametrize(("sent", "stored"), ROWS.values(), ids=ROWS)
def test_a_text_goes_all_the_way(client: Client, interview: Interview, stub: StubOpenAI, sent: str, stored: str):
    page = reverse("draft", args=[interview.pk, 1])
    acknowledged = client.post(page, {"text": sent, "revision": 0}, headers={"accept": "application/json"})
    assert acknowledged.status_code == 200
    answer = interview.answers.get(position=1)
    assert answer.text == stored
    assert Page(client.get(reverse("question", args=[interview.pk, 1]))).box("text") == stored

    client.post(reverse("hand-in", args=[interview.pk]))
    interview.refresh_from_db()
    answers = list(Answer.objects.filter(interview=interview).order_by("position"))
    assert answers[0].text == stored
    assert interview.receipt_sha256 == receipts.whole_hash(interview, answers)

    tasks.grade_answer(answer.grades.get().pk)
    grade = answer.grades.get()
    assert (grade.status, grade.score is None) in {("done", False), ("failed", True)}
    assert all(len(str(request)) < 20 * GRADED_CHARACTERS for request in stub.requests)
    for name in ("receipt", "scorecard"):
        shown = client.get(reverse(name, args=[interview.pk]))
        assert shown.status_code == 200
        assert Page(shown).foreign == []


def test_two_spellings_of_one_text_stay_two(client: Client, interview: Interview):
    for position, name in ((1, "composed"), (2, "decomposed")):
        client.post(reverse("draft", args=[interview.pk, position]), {"text": KEPT[name], "revision": 0})
    one, two = interview.answers.order_by("position").values_list("text", flat=True)
    assert one != two
    assert unicodedata.normalize("NFC", two) == one


@pytest.mark.parametrize("size", [LONGEST + 1, 1_000_000, 3_000_000], ids=["one more", "1 MB", "3 MB"])
def test_too_long_a_text_is_refused_with_a_sentence_and_shown_again(client: Client, interview: Interview, size: int):
    text = "x" * size
    response = client.post(reverse("question", args=[interview.pk, 1]), {"text": text, "revision": 0, "go": "next"})
    page = Page(response)
    assert response.status_code == 400
    assert "longer than we can store" in page.text
    assert page.box("text") == text
    assert interview.answers.get(position=1).text == ""

"""What no model reads of who wrote an answer: blacked out over HTTP, with evidence and numbers where they were."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from interviewer import hiring, identity, interviews, jobs
from interviewer.grading.anonymous import MASK, masked
from interviewer.models import Grade, Interview, Job
from interviewer.tasks import grade_answer
from tests import build
from tests.conftest import signed_in
from tests.stub_openai import StubOpenAI


def told(text: str, *names: str, subject: str = "") -> str:
    """The masked text, with one mask for each stretch."""
    hidden = masked(text, names, subject)
    assert len(hidden) == len(text)
    return re.sub(f"{MASK}+", MASK, hidden)


# --- What is blacked out ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("我的邮箱是wang.fang@example.com.cn，请联系", f"我的邮箱是{MASK}，请联系"),
        ("写信到 wang_fang+1@qq.com。", f"写信到 {MASK}。"),
        ("Mail me: Li.Na@uni-bonn.de.", f"Mail me: {MASK}."),
        ("电话13800138000，微信同号", f"电话{MASK}，微信同号"),
        ("手机 138-0013-8000 或 138 0013 8000。", f"手机 {MASK} 或 {MASK} {MASK} {MASK}。"),
        ("call +8613800138000", f"call {MASK}"),
        ("call +49 30 901820-12, please", f"call {MASK} {MASK} {MASK}, please"),
        ("call +1 (415) 555-2671.", f"call {MASK} {MASK} {MASK}."),
        ("ring +442079460958 now", f"ring {MASK} now"),
    ],
)
def test_addresses_and_telephones(text, left):
    assert told(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("我是王小芳，负责推理", f"我是{MASK}，负责推理"),
        ("王 小芳认为缓存重要", f"{MASK} {MASK}认为缓存重要"),
        ("I am Ada Lovelace and Lovelace, Ada", f"I am {MASK} {MASK} and {MASK}, {MASK}"),
        ("signed: ada.l_1815", f"signed: {MASK}"),
        ("账号ADA.L_1815的", f"账号{MASK}的"),
    ],
)
def test_names(text, left):
    assert told(text, "ada.l_1815", "Ada", "Lovelace", "Ada Lovelace", "王 小芳", "小芳") == left


@pytest.mark.parametrize(
    "text",
    [
        "GPT-3 有 175B 参数，上下文 2048，词表 50257，批大小 4096。",
        "17500000000 个参数，13812345678 个 token，共 13000000000。",
        "一共 18012345678 tokens; 13.812345678; 2**31-1 = 2147483647; 1e13; 3.14159265358979",
        "0.13812345678 and 2026-03-02 12:00:00, 192.168.100.200:8080, sha 138001380001",
        "Attention: softmax(Q@K.T)@V, q@k.transpose(-2, -1), x@w.weight + b, x@self.W.to(d), h@w.at[0]",
        "loss + 1000000000, 2048+4096+10000000000, x +12345, (a)+13800138000",
        "@torch.no_grad 装饰器；pip install torch==2.1.0+cu118",
    ],
)
def test_numbers_and_code_are_left(text):
    assert masked(text, ["li", "max", "will", "ai"]) == text


def test_a_name_that_is_a_word_is_only_the_name_as_it_is_written():
    assert told("Max asks for max_tokens, max pooling and maximal Maxima.", "Max") == (
        f"{MASK} asks for max_tokens, max pooling and maximal Maxima."
    )
    assert told("I will, he will", "will") == "I will, he will"


def test_a_name_within_a_word_hides_none_behind_it():
    assert told("Nan an an, anan", "an an") == f"Nan {MASK} {MASK}, anan"
    assert told("Анна и Аннаб", "Анна") == f"{MASK} и Аннаб"


def test_a_name_that_the_question_uses_is_a_word_of_the_matter():
    assert told("用张量并行", "张量", subject="张量并行是什么？") == "用张量并行"
    assert told("Flash attention", "Flash", subject="What is Flash attention?") == "Flash attention"
    assert told("I am Flash", "Flash", subject="What is attention?") == f"I am {MASK}"


@given(st.text(max_size=200), st.lists(st.text(max_size=8), max_size=4))
def test_every_place_stays_where_it_was(text, names):
    hidden = masked(text, names)
    assert len(hidden) == len(text)
    assert all(was == now or now == MASK for was, now in zip(text, hidden, strict=True))


# --- All that is sent ---------------------------------------------------------------------

PERSON = {"first_name": "Zyxelia", "last_name": "Quorbin", "email": "zq.private@sentinel-mail.test"}
TEXT = {
    "zh": "我是甄无名，学号同账号 sentinel_user_7。缓存命中可以省去重复计算，电话13912345678。"
    "批处理提高吞吐，见 zq.other@school.edu.cn，175B 也一样。",
    "en": "I am Quorbin, Zyxelia; call +44 20 7946 0958. 缓存命中可以省去重复计算 is what sentinel_user_7 knows; "
    "zq.private@sentinel-mail.test. 批处理提高吞吐 for 2048 tokens.",
}
SENTINELS = (
    "zyxelia", "quorbin", "甄无名", "sentinel_user_7", "zq.private", "zq.other", "sentinel-mail", "school.edu",
    "13912345678", "7946", "sentinel university", "哨兵大学", "zq.guest", "guest-mail", "无名氏",
)  # fmt: skip


def graded(sitting: Interview) -> list[Grade]:
    """The grades of an interview after workers took them."""
    for grade in Grade.objects.filter(answer__interview=sitting):
        grade_answer(grade.pk)
    found = list(Grade.objects.filter(answer__interview=sitting).order_by("answer__position"))
    assert {grade.status for grade in found} == {"done"}, [grade.reason for grade in found]
    return found


def sent(stub: StubOpenAI) -> str:
    """Every request that the model's server was sent, bodies and headers, in lower case."""
    return json.dumps([stub.requests, stub.headers], ensure_ascii=False).lower()


def assert_nobody_is_named(stub: StubOpenAI, *texts: str) -> None:
    said = sent(stub)
    assert [each for each in SENTINELS if each in said] == []
    for text in texts:
        assert text in said, "what was looked through is what was meant"


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_request_for_a_grade_tells_who_it_is_of(stub, language):
    person = build.user("sentinel_user_7", **PERSON)
    of = build.organisation(name="Sentinel University 哨兵大学")
    at = timezone.now()
    if language == "zh":
        person.first_name, person.last_name = "无名", "甄"
        person.save()
    sitting = build.handed_in(person, texts=[TEXT[language]] * 2, at=at, organisation=of, name="哨兵大学")
    first = graded(sitting)[0]
    assert_nobody_is_named(stub, "批处理提高吞吐", "175b" if language == "zh" else "2048 tokens")
    assert len(stub.requests) == 2
    # The evidence is the candidate's own words, where they stand in what was stored.
    stored = first.answer.text
    met = [point for point in first.verdict["points"] if point["verdict"] == "met"]
    words = [stored[start:end] for point in met for start, end in point["spans"]]
    assert any("缓存命中可以省去重复计算" in each for each in words)
    assert any("批处理提高吞吐" in each for each in words)
    assert MASK in first.verdict["prompt"], "reviewers read what was sent"


@pytest.mark.django_db
def test_nor_does_one_by_an_invitation(stub, django_assert_num_queries):
    text = "我叫无名氏，zq.guest@guest-mail.cn。缓存命中可以省去重复计算。"
    build.question()
    invitation, _token = build.invited(
        build.position(rows=[build.row(count=1)], title="哨兵大学"),
        timezone.now(),
        name="无名氏",
        email="zq.guest@guest-mail.cn",
    )
    sitting = hiring.accept(invitation, timezone.now())
    answer = sitting.answers.get()
    interviews.save(answer, text, answer.revision, timezone.now())
    graded(interviews.submit(sitting, timezone.now()))
    assert_nobody_is_named(stub, "缓存命中可以省去重复计算")
    assert invitation.code.lower() not in sent(stub)
    assert interviews.grade_again(answer, build.user("manager"), timezone.now())
    claimed = build.claimed(answer)
    with django_assert_num_queries(0):  # all of it came with the claim
        assert "无名氏" in identity.names(claimed.answer.interview)


@pytest.mark.django_db
def test_nor_does_a_trial_or_a_proposal_of_points(stub, curator):
    curator.first_name, curator.last_name, curator.email = PERSON.values()
    curator.save()
    question, desk = build.question(), signed_in(curator)
    form = {"text": "缓存命中可以省去重复计算，电话13912345678，zq.other@school.edu.cn", "graders": ["llm"]}
    desk.post(reverse("try-answer", args=[question.pk]), {**form, "shown": question.frozen().hash})
    desk.post(reverse("ask-for-points", args=[question.pk]))
    for job in Job.objects.pending():
        jobs.run(job.pk)
    assert len(stub.requests) == 2
    assert_nobody_is_named(stub, "缓存命中可以省去重复计算", question.prompt)
    assert "curator" not in sent(stub)

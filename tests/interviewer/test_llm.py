"""Talking to the model server, over real HTTP, when all is well and when it is not."""

import email.utils
import json
import logging
import re
import threading
import time
from collections import Counter

import pytest

from interviewer import llm
from interviewer.llm import LLMError, ask
from tests.stub_openai import StubOpenAI

KEY = "sk-very-secret"
CANARY = "the candidate's own words"
MESSAGES = [{"role": "system", "content": "Judge."}, {"role": "user", "content": CANARY}]
SCHEMA = {
    "type": "object",
    "properties": {
        "verdict": {"$ref": "#/$defs/verdict"},
        "reason": {"type": "string", "maxLength": 9},
        "mark": {"type": "number"},
    },
    "required": ["verdict"],
    "additionalProperties": False,
    "$defs": {"verdict": {"type": "string", "enum": ["met", "missing"]}},
}
GOOD = {"verdict": "met"}


@pytest.fixture
def stub(settings, monkeypatch):
    monkeypatch.setattr(llm, "_dialects", {})
    with StubOpenAI() as server:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.OPENAI_MODEL = server.url, KEY, "tiny"
        settings.LLM_CONNECT_SECONDS, settings.LLM_TOTAL_SECONDS = 5.0, 30.0
        yield server


@pytest.fixture
def hurried(stub, settings):
    """The same, for whoever waits for nothing: after a second it is cut off."""
    settings.LLM_TOTAL_SECONDS = 1.0
    return stub


def asked(**options):
    return ask(MESSAGES, SCHEMA, schema_name="judgement", **options)


def failure(**options):
    with pytest.raises(LLMError) as caught:
        asked(**options)
    error = caught.value
    assert str(error)
    assert "%(" not in str(error)
    assert KEY not in str(error)
    assert CANARY not in str(error)
    return error


def test_a_reply_that_fits(stub):
    stub.say(GOOD)
    reply = asked()
    assert (reply.data, reply.mode, reply.model) == (GOOD, "json_schema", "stub")
    assert (reply.usage.calls, reply.usage.prompt_tokens, reply.usage.completion_tokens) == (1, 100, 20)
    assert 0 < reply.usage.seconds < 30
    assert list(reply.messages) == stub.requests[0]["messages"] == MESSAGES
    assert stub.requests[0]["temperature"] == 0
    assert stub.requests[0]["response_format"]["json_schema"]["strict"] is True


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("429", {}),
        ("500", {}),
        ("503", {}),
        ("reset", {}),
        ("nothing", {}),
        ("html", {}),
        ("truncated", {}),
        ("huge", {}),
        ("content", {"text": ""}),
        ("content", {"text": None, "refusal": "I cannot help with that."}),
        ("content", {"text": '{"verdict": "me', "finish_reason": "length"}),
    ],
)
def test_a_passing_fault_may_be_tried_again(stub, fault, options):
    stub.misbehave(fault, **options)
    error = failure()
    assert (error.permanent, error.retry_after, len(stub.requests)) == (False, None, 1)


@pytest.mark.parametrize("status", ["400", "401", "403", "404", "413", "422"])
def test_a_lasting_fault_needs_a_person(stub, status):
    stub.misbehave(status, error=f"{CANARY} {KEY}")
    assert failure().permanent
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"verdict": "met"',
        '{"verdict": "met", "mark": NaN}',
        '{"verdict": "met", "mark": 1e999}',
        '{"verdict": "met", "mark": true}',
        '{"verdict": true}',
        '{"verdict": null}',
        '{"verdict": "8/10"}',
        '{"verdict": "met", "verdict": "missing"}',
        '{"verdict": "met"} {"verdict": "met"}',
        '```json\n{"verdict": "met"}\n```',
        '{"verdict": "met", "score": 11}',
        "{}",
        "null",
        '["met"]',
        "[" * 100_000,
        '{"verdict": ' * 100_000,
        '{"verdict": "met", "reason": {"a": 1}}',
        '{"verdict": "met", "mark": -Infinity}',
        '{"verdict": "MET"}',
        '{"verdict": "met "}',
        '{"Verdict": "met"}',
    ],
)
def test_a_reply_that_does_not_fit_is_sent_back_once(stub, text):
    stub.say(text, times=2)
    assert not failure().permanent
    assert len(stub.requests) == 2
    back = stub.requests[1]["messages"]
    assert back[:2] == MESSAGES
    assert (back[2]["role"], back[2]["content"][:20]) == ("assistant", text[:20])
    stub.say(text).say(GOOD)
    reply = asked()
    assert (reply.data, reply.usage.calls, reply.usage.prompt_tokens) == (GOOD, 2, 200)


def test_the_caller_may_check_more(stub):
    stub.say({"verdict": "met"}).say({"verdict": "missing"})
    assert asked(check=lambda data: "" if data["verdict"] == "missing" else "wrong").data == {"verdict": "missing"}


def test_strings_can_be_stored(stub):
    stub.say('{"verdict": "met", "reason": "a\\u0000b\\ud800"}')
    assert asked().data["reason"] == "a\ufffdb\ufffd"


@pytest.mark.parametrize(("fault", "options"), [("hang", {}), ("drip", {}), ("drip", {"headers": True})])
def test_slow_servers_are_cut_off(hurried, fault, options):
    hurried.misbehave(fault, **options)
    started = time.monotonic()
    error = failure()
    assert time.monotonic() - started < 10
    assert (error.permanent, "1 " in str(error)) == (False, True)


def test_the_second_round_has_only_the_time_that_is_left(stub, settings):
    settings.LLM_TOTAL_SECONDS, stub.latency = 4.0, 3.0
    stub.say("{}").misbehave("hang")
    started = time.monotonic()
    failure()
    assert time.monotonic() - started < 6.5  # and not 3 + 4


def test_nobody_there(stub, settings):
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    assert not failure().permanent


@pytest.mark.parametrize("url", ["localhost:1234", "ftp://127.0.0.1/v1"])
def test_not_a_web_address(stub, settings, url):
    settings.OPENAI_BASE_URL = url
    assert failure().permanent


@pytest.mark.parametrize("code", ["301", "302", "307", "308"])
def test_redirects_are_not_followed(stub, code):
    with StubOpenAI() as elsewhere:
        stub.misbehave(code, Location=elsewhere.url + "/chat/completions")
        assert failure().permanent
        assert elsewhere.requests == []


@pytest.mark.parametrize("status", ["429", "503"])
def test_retry_after(stub, status):
    for value, low, high in [("7", 7, 7), ("0.5", 0.5, 0.5), ("-3", 0, 0), ("1e9", 3600, 3600)]:
        stub.misbehave(status, retry_after=value)
        assert low <= failure().retry_after <= high
    stub.misbehave(status, retry_after=email.utils.formatdate(time.time() + 60, usegmt=True))
    assert 55 < failure().retry_after <= 60
    for value in ("soon", "nan", "inf"):
        stub.misbehave(status, retry_after=value)
        assert failure().retry_after is None


def test_a_server_without_schemas(stub):
    stub.refused_formats = {"json_schema"}
    stub.say(GOOD)
    assert asked().mode == "json_schema"
    stub.misbehave("400", error="response_format of type json_schema is not supported").say(GOOD)
    assert asked().mode == "json_object"
    assert '"$defs"' in stub.requests[-1]["messages"][0]["content"]
    stub.say(GOOD)
    asked()
    assert len(stub.requests) == 4, "what was learnt is remembered"
    stub.misbehave("422", error="unknown field response_format").say(GOOD)
    assert asked().mode == "text"
    assert "response_format" not in stub.requests[-1]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('{"verdict": "met"}', True),
        ('```json\n{"verdict": "met"}\n```', True),
        ('<think>hm {"verdict"</think>\n{"verdict": "met"}', True),
        ('Sure! {"verdict": "met"}', False),
        ('```json\n{"verdict": "met"}\n```\n```json\n{"verdict": "missing"}\n```', False),
        ('{"verdict": "met"}{"verdict": "missing"}', False),
    ],
)
def test_plain_text_is_read_strictly(stub, text, fits):
    stub.misbehave("400", times=2, error="response_format?").say(text, times=2)
    if fits:
        assert (asked().data, asked().mode) == (GOOD, "text")
    else:
        failure()


def test_options_a_model_refuses_are_left_out(stub):
    stub.misbehave("400", error="'temperature' does not support 0 with this model")
    stub.misbehave("400", error="max_tokens is too large").say(GOOD)
    assert asked().mode == "json_schema"
    assert not {"temperature", "max_completion_tokens"} & set(stub.requests[-1])


def lengths(stub):
    """How long the texts of a reply may be, as the last request's schema says."""
    schema = json.dumps(stub.requests[-1]["response_format"]["json_schema"]["schema"])
    return set(re.findall(r'"maxLength": (\d+)', schema))


def test_texts_are_bounded_where_the_server_can_enforce_it(stub):
    longer = {**GOOD, "reason": "Longer than was asked for."}
    stub.say(longer)
    assert asked().data == longer
    assert lengths(stub) == {"9"}
    stub.misbehave("400", error="Invalid schema for response_format: 'maxLength' is not permitted").say(GOOD, times=2)
    assert asked().mode == asked().mode == "json_schema"
    assert (lengths(stub), len(stub.requests)) == (set(), 4)


def test_neither_key_nor_words_are_logged(stub, caplog, monkeypatch):
    monkeypatch.setenv("OPENAI_LOG", "debug")
    monkeypatch.setattr(llm, "_clients", {})
    caplog.set_level(logging.DEBUG)
    stub.say(GOOD).misbehave("500", error=f"{KEY} {CANARY}")
    asked()
    failure()
    assert KEY not in caplog.text
    assert CANARY not in caplog.text


def test_threads_share_one_client(stub):
    stub.latency = 0.1
    stub.say(GOOD, times=8)
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(asked())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 8
    assert llm._client() is llm._client()


def test_each_thread_keeps_one_connection_of_its_own(stub):
    stub.say(GOOD, times=6)
    both = threading.Barrier(2)

    def ask_three_times():
        both.wait()
        for _ in range(3):
            asked()

    threads = [threading.Thread(target=ask_three_times) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Counter(stub.clients).values()) == [3, 3]


@pytest.mark.parametrize(
    ("fault", "options", "tokens"),
    [
        ("content", {"text": None, "refusal": "No."}, (100, 20)),
        ("content", {"text": "{", "finish_reason": "length"}, (100, 20)),
        ("429", {}, (0, 0)),
        ("hang", {}, (9, 0)),
        ("reset", {}, (9, 0)),
        ("html", {}, (9, 0)),
    ],
)
def test_what_was_spent_in_vain_is_told(hurried, fault, options, tokens):
    """Where the server gives no count (it may have read the prompt all the same), the prompt's length stands in."""
    hurried.misbehave(fault, **options)
    spent = failure().usage
    assert (spent.calls, (spent.prompt_tokens, spent.completion_tokens)) == (1, tokens)


def test_who_was_never_reached_costs_nothing(stub, settings):
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    assert failure().usage.prompt_tokens == 0


@pytest.mark.parametrize("told", [None, {}, {"prompt_tokens": -5}, {"prompt_tokens": True}, {"prompt_tokens": 10**30}])
def test_counts_that_cannot_be_are_not_believed(stub, told):
    stub.say(GOOD, usage=told)
    spent = asked().usage
    assert spent.prompt_tokens == 9
    assert 0 < spent.completion_tokens < 200


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("four", 1), ("a" * 400, 100), ("缓存", 2), ("🙂🙂🙂", 4)])
def test_tokens_are_estimated(text, tokens):
    assert llm.estimated_tokens(text) == tokens


def test_the_stub_fills_any_schema(stub):
    assert asked().data == {"verdict": "met", "reason": "Stub.", "mark": 0}
    assert json.dumps(stub.requests[0])

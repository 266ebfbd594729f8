"""One question to the language model, one structured reply: the only door to `openai`.

`ask` returns data that fits the schema it was given, or raises `LLMError`. Neither the key nor anything that was said
is ever logged or put into an error.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import re
import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop as _

from . import clocked_http
from .llm_errors import LLMError, from_network, from_status, never_sent
from .strict_json import parse_object, problem_with, without_lengths
from .usage import Meter, Usage, estimated_tokens, tokens_told

OPENAI_URL = "https://api.openai.com/v1"
MODES = ("json_schema", "json_object", "text")
MOST_TOKENS = 8192
ROUNDS = 2  # a reply that does not fit is sent back once, with what is wrong with it
_REFUSED_FORMAT = re.compile(r"response_?format|json_schema|json_object|structured.output|grammar", re.IGNORECASE)
_REFUSED_OPTION = {"temperature": "temperature", "max_completion_tokens": "max_completion_tokens|max_tokens"}

Message = dict[str, str]
__all__ = ["LLMError", "Reply", "Usage", "ask", "estimated_tokens"]

Check = Callable[[dict[str, Any]], str]


@dataclasses.dataclass(frozen=True)
class Reply:
    """A reply that fits its schema. `mode` is one of `MODES`; `usage` covers every round.

    `messages` are those of the last round, exactly as sent.
    """

    data: dict[str, Any]
    model: str
    mode: str
    usage: Usage
    messages: tuple[Message, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Completion:
    text: str
    model: str
    mode: str
    messages: tuple[Message, ...]


@dataclasses.dataclass
class _Dialect:
    """What this process has learnt about the server: which reply format and options it takes."""

    mode: str = MODES[0]
    has_lengths: bool = True  # whether strings in the schema may have a maxLength
    options: dict[str, Any] = dataclasses.field(
        default_factory=lambda: {"temperature": 0, "max_completion_tokens": MOST_TOKENS}
    )


@dataclasses.dataclass(frozen=True)
class _Request:
    """What all rounds of one `ask` have in common."""

    schema: dict[str, Any]
    name: str
    temperature: float
    budget: clocked_http.Budget
    meter: Meter


_lock = threading.Lock()
_clients: dict[tuple[Any, ...], Any] = {}
_dialects: dict[tuple[str, str], _Dialect] = {}


def ask(
    messages: list[Message],
    schema: dict[str, Any],
    *,
    schema_name: str,
    check: Check | None = None,
    temperature: float = 0.0,
) -> Reply:
    """The model's reply to `messages` as a dict that fits `schema` (see `strict_json.problem_with`) and `check`.

    `check` returns what is wrong with the data, in a sentence that quotes none of it, or "". A reply that does not
    fit goes back to the model once. Raises LLMError, after `settings.LLM_TOTAL_SECONDS` at the latest; what was spent
    until then is its `usage`.
    """
    import openai  # noqa: F401 (loading it takes seconds, which are not the server's)

    meter = Meter()
    try:
        with clocked_http.budget(settings.LLM_TOTAL_SECONDS) as budget:
            return _rounds(messages, schema, check, _Request(schema, schema_name, temperature, budget, meter))
    except LLMError as error:
        error.usage = meter.usage()
        raise


def _rounds(messages: list[Message], schema: dict[str, Any], check: Check | None, request: _Request) -> Reply:
    sent, problem = messages, ""
    for _round in range(ROUNDS):
        done = _complete(sent, request)
        data, problem = _read(done, schema, check)
        if not problem:
            return Reply(data, done.model, done.mode, request.meter.usage(), done.messages)
        sent = [*messages, *_correction(done.text, problem)]
    raise LLMError(_("The model's reply was not in the form that was asked for: %(problem)s."), problem=problem)


def _read(completion: _Completion, schema: dict[str, Any], check: Check | None) -> tuple[dict[str, Any], str]:
    try:
        data = parse_object(completion.text, fence=completion.mode == "text")
    except ValueError as error:
        return {}, str(error)
    # A length is a request: small models know no end unless the server enforces it, but a longer text is no fault.
    return data, problem_with(data, without_lengths(schema)) or (check(data) if check else "")


def _correction(text: str, problem: str) -> list[Message]:
    wrong = f"That reply cannot be used: {problem}. Reply again with one JSON object that fits the schema."
    return [{"role": "assistant", "content": text[:20_000]}, {"role": "user", "content": wrong}]


# --- One completion -------------------------------------------------------------


def _complete(messages: list[Message], request: _Request) -> _Completion:
    """One completion, in the best format the server takes; what it refuses is remembered for the process."""
    import httpx2
    import openai

    dialect = _dialects.setdefault((settings.OPENAI_BASE_URL, settings.OPENAI_MODEL), _Dialect())
    while True:
        mode, options = dialect.mode, dict(dialect.options)
        sent = _with_schema(messages, request.schema) if mode != "json_schema" else list(messages)
        request.budget.bytes_left = clocked_http.MOST_BYTES
        try:
            # Not chat.completions.create: that walks through all it sends, which took a tenth of what a grading costs.
            raw = _client().post(
                "/chat/completions",
                cast_to=httpx2.Response,
                body={
                    "model": settings.OPENAI_MODEL,
                    "messages": sent,
                    **_with_temperature(options, request.temperature),
                    **_response_format(mode, request, has_lengths=dialect.has_lengths),
                },
            )
        except openai.APIStatusError as error:
            if not _learn(dialect, mode, options, error):
                request.meter.count(0, 0)
                raise from_status(error) from None
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            request.meter.count(0 if never_sent(error) else _length(sent), 0)
            raise from_network(error, request.budget) from None
        else:
            return _completion(_envelope(raw.content, sent, request.meter), mode, sent)


def _with_temperature(options: dict[str, Any], temperature: float) -> dict[str, Any]:
    return {**options, "temperature": temperature} if "temperature" in options else options


def _length(messages: list[Message]) -> int:
    return sum(estimated_tokens(message["content"]) for message in messages)


def _response_format(mode: str, request: _Request, *, has_lengths: bool) -> dict[str, Any]:
    if mode == "json_schema":
        schema = request.schema if has_lengths else without_lengths(request.schema)
        wanted = {"name": request.name, "strict": True, "schema": schema}
        return {"response_format": {"type": "json_schema", "json_schema": wanted}}
    return {"response_format": {"type": "json_object"}} if mode == "json_object" else {}


def _with_schema(messages: list[Message], schema: dict[str, Any]) -> list[Message]:
    """The messages with the schema written out in the first one, for servers that do not enforce it."""
    rule = "\n\nReply with one JSON object and nothing else. It must fit this JSON Schema:\n"
    first = {**messages[0], "content": messages[0]["content"] + rule + json.dumps(schema, ensure_ascii=False)}
    return [first, *messages[1:]]


def _learn(dialect: _Dialect, mode: str, options: dict[str, Any], error: Any) -> bool:
    """Whether the server refused the format or an option, rather than the request; the next try leaves it out."""
    if error.status_code not in (400, 422):
        return False
    said = error.response.text[:10_000]
    if dialect.has_lengths and "maxLength" in said:
        dialect.has_lengths = False
        return True
    for option in options:
        if re.search(_REFUSED_OPTION[option], said):
            dialect.options.pop(option, None)
            return True
    if mode == MODES[-1] or not _REFUSED_FORMAT.search(said):
        return False
    dialect.mode = MODES[MODES.index(mode) + 1]
    return True


def _envelope(body: bytes, sent: list[Message], meter: Meter) -> dict[str, Any]:
    """The body as JSON; whatever it turns out to be, its tokens are counted."""
    try:
        envelope = parse_object(body.decode())
    except ValueError:
        meter.count(_length(sent), 0)
        raise LLMError(_("The model server answered with something other than a chat completion.")) from None
    usage = envelope.get("usage")
    told = usage if isinstance(usage, dict) else {}
    asked = tokens_told(told.get("prompt_tokens"))
    said = tokens_told(told.get("completion_tokens"))
    meter.count(_length(sent) if asked is None else asked, len(body) // 4 if said is None else said)
    return envelope


def _completion(envelope: dict[str, Any], mode: str, sent: list[Message]) -> _Completion:
    try:
        choice = envelope["choices"][0]
        text, refusal = choice["message"].get("content"), choice["message"].get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise LLMError(_("The model server answered with something other than a chat completion.")) from None
    if refusal or choice.get("finish_reason") == "content_filter":
        raise LLMError(_("The model refused to grade this answer."))
    if choice.get("finish_reason") == "length":
        raise LLMError(_("The model's reply was cut off before its end."))
    if not isinstance(text, str) or not text.strip():
        raise LLMError(_("The model's reply was empty."))
    if mode == "text":  # some models think aloud first
        text = re.sub(r"^\s*<think>.*?</think>", "", text, flags=re.DOTALL)
    model = str(envelope.get("model") or settings.OPENAI_MODEL)[:200]
    return _Completion(text, model, mode, tuple(sent))


# --- The client -------------------------------------------------------------------


def _client() -> Any:
    """The process's one client: built on first use, hence after any fork, and again when the settings differ."""
    url = settings.OPENAI_BASE_URL or OPENAI_URL
    wanted = (os.getpid(), url, settings.OPENAI_API_KEY, settings.LLM_CONNECT_SECONDS, settings.LLM_TOTAL_SECONDS)
    with _lock:
        if wanted not in _clients:
            _clients[wanted] = _build(*wanted[1:])
        return _clients[wanted]


def _build(url: str, key: str, connect: float, total: float) -> Any:
    import httpx2
    import openai

    logging.getLogger("openai").setLevel(logging.WARNING)  # at DEBUG it writes down whole prompts
    return openai.OpenAI(
        base_url=url,
        api_key=key or "none",
        max_retries=0,
        timeout=httpx2.Timeout(total, connect=connect),
        # A compressed reply could unfold to far more than its bytes on the wire.
        default_headers={"Accept-Encoding": "identity"},
        http_client=clocked_http.client(url),
    )

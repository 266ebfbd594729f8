"""One question to the language model, one structured reply: the only door to `openai`.

`ask` returns data that fits the schema it was given, or raises `LLMError`. Neither the key nor anything that was said
is ever logged or put into an error.
"""

from __future__ import annotations

import dataclasses
import email.utils
import json
import logging
import math
import os
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from . import clocked_http
from .strict_json import parse_object, problem_with

OPENAI_URL = "https://api.openai.com/v1"
MODES = ("json_schema", "json_object", "text")
MOST_TOKENS = 8192
LONGEST_RETRY_AFTER = 3600.0
ROUNDS = 2  # a reply that does not fit is sent back once, with what is wrong with it
_TRY_LATER = {408, 409, 425, 429}
_REFUSED_FORMAT = re.compile(r"response_?format|json_schema|json_object|structured.output|grammar", re.IGNORECASE)
_REFUSED_OPTION = {"temperature": "temperature", "max_completion_tokens": "max_completion_tokens|max_tokens"}

Message = dict[str, str]
Check = Callable[[dict[str, Any]], str]


class LLMError(Exception):
    """No usable reply. Faults that are `permanent` need a person, others may be tried again.

    `message` is an English sentence for a person, with `%(name)s` for each of `values`; `str()` is that sentence in
    the active language. `retry_after`: seconds the server asked to wait, or None.
    """

    def __init__(
        self, message: str, permanent: bool = False, retry_after: float | None = None, **values: str | float
    ) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.retry_after = retry_after
        self.values = values

    def __str__(self) -> str:
        return gettext(self.message) % self.values if self.values else gettext(self.message)


@dataclasses.dataclass(frozen=True)
class Reply:
    """A reply that fits its schema. `mode` is one of `MODES`; tokens, seconds and `calls` cover every round.

    `messages` are those of the last round, exactly as sent.
    """

    data: dict[str, Any]
    model: str
    mode: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    calls: int = 1
    messages: tuple[Message, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Completion:
    text: str
    model: str
    mode: str
    prompt_tokens: int
    completion_tokens: int
    messages: tuple[Message, ...]


@dataclasses.dataclass
class _Dialect:
    """What this process has learnt about the server: which reply format and options it takes."""

    mode: str = MODES[0]
    options: dict[str, Any] = dataclasses.field(
        default_factory=lambda: {"temperature": 0, "max_completion_tokens": MOST_TOKENS}
    )


_lock = threading.Lock()
_clients: dict[tuple[Any, ...], Any] = {}
_dialects: dict[tuple[str, str], _Dialect] = {}


def ask(messages: list[Message], schema: dict[str, Any], *, schema_name: str, check: Check | None = None) -> Reply:
    """The model's reply to `messages` as a dict that fits `schema` (see `strict_json.problem_with`) and `check`.

    `check` returns what is wrong with the data, in a sentence that quotes none of it, or "". A reply that does not
    fit goes back to the model once. Raises LLMError, after `settings.LLM_TOTAL_SECONDS` at the latest.
    """
    started = time.monotonic()
    done: list[_Completion] = []
    sent, problem = messages, ""
    with clocked_http.budget(settings.LLM_TOTAL_SECONDS) as budget:
        while len(done) < ROUNDS:
            done.append(_complete(sent, schema, schema_name, budget))
            data, problem = _read(done[-1], schema, check)
            if not problem:
                return _reply(data, done, time.monotonic() - started)
            sent = [*messages, *_correction(done[-1].text, problem)]
    raise LLMError(_("The model's reply was not in the form that was asked for: %(problem)s."), problem=problem)


def _read(completion: _Completion, schema: dict[str, Any], check: Check | None) -> tuple[dict[str, Any], str]:
    try:
        data = parse_object(completion.text, fence=completion.mode == "text")
    except ValueError as error:
        return {}, str(error)
    return data, problem_with(data, schema) or (check(data) if check else "")


def _correction(text: str, problem: str) -> list[Message]:
    wrong = f"That reply cannot be used: {problem}. Reply again with one JSON object that fits the schema."
    return [{"role": "assistant", "content": text[:20_000]}, {"role": "user", "content": wrong}]


def _reply(data: dict[str, Any], done: list[_Completion], seconds: float) -> Reply:
    last = done[-1]
    tokens = sum(one.prompt_tokens for one in done), sum(one.completion_tokens for one in done)
    return Reply(data, last.model, last.mode, *tokens, round(seconds, 3), len(done), last.messages)


# --- One completion -------------------------------------------------------------


def _complete(messages: list[Message], schema: dict[str, Any], name: str, budget: clocked_http.Budget) -> _Completion:
    """One completion, in the best format the server takes; what it refuses is remembered for the process."""
    import httpx2
    import openai

    dialect = _dialects.setdefault((settings.OPENAI_BASE_URL, settings.OPENAI_MODEL), _Dialect())
    while True:
        mode, options = dialect.mode, dict(dialect.options)
        sent = _with_schema(messages, schema) if mode != "json_schema" else list(messages)
        budget.bytes_left = clocked_http.MOST_BYTES
        try:
            raw = _client().chat.completions.with_raw_response.create(
                model=settings.OPENAI_MODEL, messages=sent, **options, **_response_format(mode, schema, name)
            )
            return _completion(_envelope(raw.content), mode, sent)
        except openai.APIStatusError as error:
            if not _learn(dialect, mode, options, error):
                raise _from_status(error) from None
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _from_network(error, budget) from None


def _response_format(mode: str, schema: dict[str, Any], name: str) -> dict[str, Any]:
    if mode == "json_schema":
        wanted = {"name": name, "strict": True, "schema": schema}
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
    for option in options:
        if re.search(_REFUSED_OPTION[option], said):
            dialect.options.pop(option, None)
            return True
    if mode == MODES[-1] or not _REFUSED_FORMAT.search(said):
        return False
    dialect.mode = MODES[MODES.index(mode) + 1]
    return True


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        return parse_object(body.decode())
    except ValueError:
        raise LLMError(_("The model server answered with something other than a chat completion.")) from None


def _completion(envelope: dict[str, Any], mode: str, sent: list[Message]) -> _Completion:
    try:
        choice = envelope["choices"][0]
        text, refusal = choice["message"].get("content"), choice["message"].get("refusal")
        usage = envelope.get("usage") or {}
        asked, told = (int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens"))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
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
    return _Completion(text, model, mode, asked, told, tuple(sent))


# --- What went wrong, for a person ----------------------------------------------


def _from_status(error: Any) -> LLMError:
    status = error.status_code
    if status in (401, 403):
        return LLMError(
            _("The model server refused the key (HTTP %(status)d): check OPENAI_API_KEY."), True, status=status
        )
    if status == 404:
        sentence = _("The model server knows no such address or model (HTTP 404): check OPENAI_BASE_URL, OPENAI_MODEL.")
        return LLMError(sentence, True)
    if 300 <= status < 400:
        sentence = _("The model server redirects (HTTP %(status)d): set OPENAI_BASE_URL to its final address.")
        return LLMError(sentence, True, status=status)
    if status == 429:
        return LLMError(_("The model server is busy or its quota is used up (HTTP 429)."), False, _retry_after(error))
    if status >= 500 or status in _TRY_LATER:
        return LLMError(_("The model server has a fault (HTTP %(status)d)."), False, _retry_after(error), status=status)
    return LLMError(_("The model server refused the request (HTTP %(status)d)."), True, status=status)


def _from_network(error: Exception, budget: clocked_http.Budget) -> LLMError:
    import httpx2

    if budget.seconds_left() <= 0:
        sentence = _("The model server did not finish within %(seconds)g seconds.")
        return LLMError(sentence, seconds=settings.LLM_TOTAL_SECONDS)
    if budget.bytes_left < 0:
        return LLMError(_("The model server's reply was far too long."))
    if isinstance(error.__cause__ or error, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return LLMError(_("OPENAI_BASE_URL is not a web address."), True)
    if isinstance(error.__cause__ or error, httpx2.ConnectError | httpx2.ConnectTimeout):
        return LLMError(_("The model server could not be reached."))
    return LLMError(_("The connection to the model server broke."))


def _retry_after(error: Any) -> float | None:
    """The Retry-After header, seconds or an HTTP date, as seconds from now; None when it is absent or senseless."""
    value = error.response.headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None


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

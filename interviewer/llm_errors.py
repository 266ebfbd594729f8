"""The one type of error of the model's door, and what went wrong in a sentence for a person."""

from __future__ import annotations

import email.utils
import enum
import math
import time
from typing import Any

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from . import clocked_http
from .usage import Usage

LONGEST_RETRY_AFTER = 3600.0
_TRY_LATER = {408, 409, 425, 429}


class Outage(enum.IntEnum):
    """What a failed request says about the server: nothing, perhaps that it is down, or that it surely is."""

    NO = 0
    PERHAPS = 1  # one request may also do this to a server that serves others well
    SURELY = 2


class LLMError(Exception):
    """No usable reply. Faults that are `permanent` need a person, others may be tried again.

    `message` is an English sentence for a person, with `%(name)s` for each of `values`; `str()` is that sentence in
    the active language. `retry_after`: seconds the server asked to wait, or None. `usage`: what was spent in vain.
    """

    def __init__(
        self,
        message: str,
        permanent: bool = False,
        retry_after: float | None = None,
        outage: Outage = Outage.NO,
        **values: str | float,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.retry_after = retry_after
        self.outage = outage
        self.values = values
        self.usage = Usage()

    def __str__(self) -> str:
        return gettext(self.message) % self.values if self.values else gettext(self.message)


def from_status(error: Any) -> LLMError:
    """The error for a status that is not 200; what the server said about it stays out."""
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
        sentence = _("The model server is busy or its quota is used up (HTTP 429).")
        return LLMError(sentence, False, _retry_after(error), Outage.SURELY)
    if status >= 500 or status in _TRY_LATER:
        sentence = _("The model server has a fault (HTTP %(status)d).")
        outage = Outage.SURELY if status == 503 else Outage.PERHAPS
        return LLMError(sentence, False, _retry_after(error), outage, status=status)
    return LLMError(_("The model server refused the request (HTTP %(status)d)."), True, status=status)


def never_sent(error: Exception) -> bool:
    """Whether the request cannot have reached a model: nobody pays for it."""
    import httpx2

    unsent = httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol | httpx2.InvalidURL
    return isinstance(error.__cause__ or error, unsent)


def from_network(error: Exception, budget: clocked_http.Budget) -> LLMError:
    """The error for a connection that failed, or took more than its budget."""
    import httpx2

    if budget.seconds_left() <= 0:
        sentence = _("The model server did not finish within %(seconds)g seconds.")
        return LLMError(sentence, outage=Outage.PERHAPS, seconds=settings.LLM_TOTAL_SECONDS)
    if budget.bytes_left < 0:
        return LLMError(_("The model server's reply was far too long."))
    if isinstance(error.__cause__ or error, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return LLMError(_("OPENAI_BASE_URL is not a web address."), True)
    if isinstance(error.__cause__ or error, httpx2.ConnectError | httpx2.ConnectTimeout):
        return LLMError(_("The model server could not be reached."), outage=Outage.SURELY)
    return LLMError(_("The connection to the model server broke."), outage=Outage.PERHAPS)


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

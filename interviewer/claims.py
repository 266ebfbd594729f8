"""Was a text that arrived after the deadline typed before it? What the browser's own log can show, and what not.

While a page of the room is open it keeps a log: numbered entries with milliseconds of the browser's monotonic clock,
counted from the server's last reply. With that reply the server handed out a signed note of when it was and which entry
it had seen last. A log is believed when it continues that note without a gap, its times never run backwards, its clock
agrees with the server's own measure of the same stretch, and its last entry is of the very text that came.

A log is still only what a browser says: whoever writes their own program can make one up. It keeps honest people
from losing text and makes careless tampering visible; it proves nothing, and therefore no score depends on it.
"""

from __future__ import annotations

import secrets
import uuid
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing

from interviewer.strict_json import parse_object

SALT = "interviewer.contact"
# How far the browser's clock may be from the server's over one stretch: a reply's way and a request's way.
TOLERANCE_MS = 5_000
MOST_CHARACTERS = 1_000_000  # of a log; a longer one is not read
MOST_EARLIER = 20


@dataclass(frozen=True)
class Contact:
    """The server's own note of one reply: to which page of which interview, when, and the last log entry seen."""

    interview: str
    page: str
    sequence: int
    at: datetime

    @property
    def token(self) -> str:
        """The note as the browser keeps it: readable, but not to be changed."""
        note = [self.interview, self.page, self.sequence, round(self.at.timestamp() * 1000)]
        return signing.dumps(note, salt=SALT)


@dataclass(frozen=True)
class Entry:
    """One line of a page's log. `ms` counts from the reply that brought the page's note."""

    sequence: int
    kind: str  # "opened", "offline" or "typed"
    ms: float
    length: int  # of the text, in UTF-16 units as browsers count
    checksum: int  # CRC-32 of the text, see `checksum`


@dataclass(frozen=True)
class PageLog:
    """The log of one page. `now` is its clock at the moment of sending; None when the page was closed since."""

    contact: Contact
    entries: tuple[Entry, ...]
    now: float | None

    @property
    def last(self) -> int:
        """The number of the last entry that is known now."""
        return self.entries[-1].sequence if self.entries else self.contact.sequence

    def time_of(self, entry: Entry) -> datetime:
        """When the entry was made, by the browser's account."""
        return self.contact.at + timedelta(milliseconds=entry.ms)


@dataclass(frozen=True)
class Log:
    """What came with a save: the log of the page itself, and of earlier pages whose draft it took over."""

    page: PageLog
    earlier: tuple[PageLog, ...] = ()


@dataclass(frozen=True)
class Claim:
    """The judgement of one text. `reason` is a code, empty when the text is believed to have been typed in time."""

    reason: str
    typed_at: datetime | None = None

    @property
    def in_time(self) -> bool:
        return not self.reason


def first_contact(interview: uuid.UUID, at: datetime) -> Contact:
    """The note for a page that is being opened."""
    return Contact(interview.hex, secrets.token_hex(8), 0, at)


def checksum(text: str) -> int:
    """CRC-32 of the text in UTF-16, as the browser reckons it. It tells texts apart; it guards against nothing."""
    return zlib.crc32(text.encode("utf-16-le", "surrogatepass"))


def length(text: str) -> int:
    """The length of a text in UTF-16 units, as browsers count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


# --- Reading ------------------------------------------------------------------


def read(raw: str, interview: uuid.UUID) -> Log | None:
    """The log that came with a save; None when there is none that we could believe at all."""
    if not raw or len(raw) > MOST_CHARACTERS:
        return None
    try:
        data = parse_object(raw)
        earlier = [_page_log({**each, "now": None}, interview) for each in data.get("earlier", [])[:MOST_EARLIER]]
        return Log(_page_log(data, interview), tuple(earlier))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, signing.BadSignature):
        return None


def _page_log(data: dict[str, Any], interview: uuid.UUID) -> PageLog:
    whose, page, sequence, at = signing.loads(data["token"], salt=SALT)
    if whose != interview.hex:
        raise ValueError("the note is of another interview")
    contact = Contact(whose, page, sequence, datetime.fromtimestamp(at / 1000, UTC))
    now = data["now"]
    return PageLog(contact, tuple(_entry(each) for each in data["entries"]), None if now is None else float(now))


def _entry(data: list[Any]) -> Entry:
    sequence, kind, ms, size, crc = data
    if not isinstance(kind, str) or any(isinstance(n, bool) or not isinstance(n, int) for n in (sequence, size, crc)):
        raise ValueError("not an entry")
    if not 0 < sequence < 2**31 or abs(ms) > 1e10:
        raise ValueError("out of range")
    return Entry(sequence, kind, float(ms), size, crc)


# --- Judging ------------------------------------------------------------------


def judge(log: Log | None, text: str, at: datetime, deadline: datetime) -> Claim:
    """Whether `text`, which arrived at `at`, was typed by `deadline`; if not shown, why not."""
    if log is None:
        return Claim("no-log")
    entry = _entry_of(log.page, text)
    if entry is None:
        return _judge_earlier(log, text)
    typed_at = log.page.time_of(entry)
    problem = _inconsistent(log.page, at) or ("typed-late" if typed_at > deadline else "")
    return Claim(problem, typed_at)


def _entry_of(log: PageLog, text: str) -> Entry | None:
    """The page's last entry about typing, if it is of this text."""
    typed = [entry for entry in log.entries if entry.kind == "typed"]
    if not typed or (typed[-1].length, typed[-1].checksum) != (length(text), checksum(text)):
        return None
    return typed[-1]


def _judge_earlier(log: Log, text: str) -> Claim:
    """A text taken over from a closed page keeps the time that page noted, but nobody can check its clock any more."""
    for page in log.earlier:
        if entry := _entry_of(page, text):
            return Claim("page-closed", page.time_of(entry))
    return Claim("other-text")


def _inconsistent(log: PageLog, at: datetime) -> str:
    expected = range(log.contact.sequence + 1, log.contact.sequence + 1 + len(log.entries))
    if [entry.sequence for entry in log.entries] != list(expected):
        return "sequence"
    times = [-TOLERANCE_MS, *(entry.ms for entry in log.entries), log.now if log.now is not None else -TOLERANCE_MS]
    if times != sorted(times):
        return "clock-back"
    measured = (at - log.contact.at).total_seconds() * 1000
    if log.now is None or abs(measured - log.now) > TOLERANCE_MS:
        return "clock-off"
    return ""

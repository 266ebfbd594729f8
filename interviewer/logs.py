"""How lines are written to the log."""

from __future__ import annotations

import logging
import re

# Line breaks of every kind, other control characters, and what turns the direction of text around.
_DISGUISES = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


# The token of an invitation, in an address: whoever reads it could sit the interview.
_TOKENS = re.compile(r"(/i/)[^/\s?\"']+")


class OneLineFormatter(logging.Formatter):
    """A message is one line whatever somebody put into it: nobody can write a line of their own into the log.

    The links of invitations are cut short, whoever logs an address.
    """

    def format(self, record: logging.LogRecord) -> str:
        return _TOKENS.sub(r"\1…", super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        return _DISGUISES.sub(lambda found: found[0].encode("unicode_escape").decode(), super().formatMessage(record))

"""Questions ↔ JSON. Stricter than `json`: no NaN, no key twice."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from questions.documents.data import Misfit, as_data, read_document
from questions.documents.parsed import ParsedDocument


def write_json(document: ParsedDocument) -> str:
    """The document as indented JSON, Chinese as it is."""
    return json.dumps(as_data(document), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def read_json(text: str, name: str) -> ParsedDocument:
    """The inverse of `write_json`. Raises Misfit."""
    try:
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Misfit(_("This is not JSON: %(reason)s.") % {"reason": error.msg}, error.lineno) from error
    except RecursionError:
        raise Misfit(_("This is nested too deeply.")) from None
    except Misfit:
        raise
    except ValueError as error:  # an integer of thousands of digits
        raise Misfit(_("This is not JSON: %(reason)s.") % {"reason": error}) from error
    return read_document(data, name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Misfit(_("“%(key)s” stands twice in the same place.") % {"key": key[:40]})
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise Misfit(_("“%(value)s” is not a number.") % {"value": name})

"""A table of people to invite, as a CSV file with the columns name and e-mail, in Chinese or English."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from interviewer.hiring.invitations import MOST_AT_ONCE, Invitee
from questions.documents.csv_format import rows_of, safe_cell
from questions.documents.data import Misfit
from questions.documents.decoding import DocumentError, decode
from questions.text import clean_text

MOST_BYTES = 1024 * 1024
HEADS = {
    "name": "name", "full name": "name", "candidate": "name", "姓名": "name", "名字": "name", "候选人": "name",
    "email": "email", "e-mail": "email", "mail": "email", "e-mail address": "email", "email address": "email",
    "邮箱": "email", "电子邮箱": "email", "邮件": "email", "电子邮件": "email", "邮箱地址": "email",
}  # fmt: skip
LONGEST = {"name": 150, "email": 254}


@dataclass(frozen=True)
class Line:
    """One line of the file, by its number; `problem` says why nobody is invited by it."""

    number: int
    name: str = ""
    email: str = ""
    problem: str = ""

    @property
    def invitee(self) -> Invitee:
        return Invitee(self.name, self.email)


def read_people(data: bytes, invited: Collection[str] = ()) -> list[Line]:
    """The people in a file, with problems by line; `invited` are e-mail addresses that have an invitation already.

    Raises DocumentError with a sentence when nothing of it can be used.
    """
    if len(data) > MOST_BYTES:
        raise DocumentError(_("This file is too large: a table of people may have 1 MB."))
    text = clean_text(decode(data)).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise DocumentError(_("This file is empty."))
    try:
        rows = [(number, cells) for number, cells in rows_of(text) if any(cell.strip() for cell in cells)]
    except Misfit as misfit:
        raise DocumentError(str(misfit)) from misfit
    columns = _columns(rows[0][1] if rows else [])
    if len(rows) - 1 > MOST_AT_ONCE:
        raise DocumentError(_("This file has %(n)d people; at most %(most)d can be invited at once.")
                            % {"n": len(rows) - 1, "most": MOST_AT_ONCE})  # fmt: skip
    if len(rows) == 1:
        raise DocumentError(_("Below its headings this file has no line."))
    return list(_without_repetitions((_line(number, cells, columns) for number, cells in rows[1:]), invited))


def write_people(lines: Iterable[Line]) -> str:
    """The people of these lines as a file that `read_people` reads; no cell is a formula."""
    out = io.StringIO(newline="")
    cells = [["name", "email"], *([safe_cell(line.name), safe_cell(line.email)] for line in lines)]
    csv.writer(out).writerows(cells)
    return out.getvalue()


def _columns(heads: list[str]) -> dict[str, int]:
    """Which column is which."""
    known = [HEADS.get(" ".join(head.split()).casefold(), "") for head in heads]
    for field in ("name", "email"):
        if known.count(field) > 1:
            raise DocumentError(_("Two columns have the heading “%(head)s”.") % {"head": heads[known.index(field)]})
    if "email" not in known and "name" not in known:
        raise DocumentError(_("The first line must name the columns: name and e-mail (or 姓名 and 邮箱)."))
    return {field: known.index(field) for field in ("name", "email") if field in known}


def _line(number: int, cells: list[str], columns: dict[str, int]) -> Line:
    given = {field: " ".join(cells[column].split()) if column < len(cells) else "" for field, column in columns.items()}
    line = Line(number, given.get("name", ""), given.get("email", ""))
    return Line(line.number, line.name[:200], line.email[:300], _problem(given, len(cells), columns))


def _problem(given: dict[str, str], cells: int, columns: dict[str, int]) -> str:
    if not any(given.values()):
        return _("Neither a name nor an e-mail address is given.")
    if any(len(text) > LONGEST[field] for field, text in given.items()):
        return _("This is longer than a name or an e-mail address can be.")
    if "email" in columns and not given["email"]:
        return _("The e-mail address is missing.")
    if email := given.get("email"):
        try:
            validate_email(email)
        except ValidationError:
            return _("“%(email)s” is not an e-mail address.") % {"email": email}
    return ""


def _without_repetitions(lines: Iterable[Line], invited: Collection[str]) -> Iterator[Line]:
    """The lines, those marked whose e-mail address has been before, or has an invitation."""
    seen: dict[str, int] = {}
    known = {email.casefold() for email in invited}
    for line in lines:
        key, problem = line.email.casefold(), line.problem
        if key and not problem:
            if key in seen:
                problem = _("The same e-mail address as in line %(line)d.") % {"line": seen[key]}
            elif key in known:
                problem = _("This address has an invitation to this position already.")
            seen.setdefault(key, line.number)
        yield Line(line.number, line.name, line.email, problem)

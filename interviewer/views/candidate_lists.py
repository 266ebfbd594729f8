"""For managers: the candidates of a position as a CSV file, streamed, or as a workbook. No cell is a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain, islice

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from interviewer import audit
from interviewer.access import manager_required, own_position
from interviewer.hiring import lists
from interviewer.http import Request
from interviewer.models import Position, User
from questions.documents.csv_format import safe_cell
from questions.documents.xlsx_format import write_sheet

_AT_ONCE = 500  # lines that are written together
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@manager_required
@never_cache
@require_safe
def candidates_csv(request: Request, pk: int) -> HttpResponseBase:
    """The list as CSV."""
    position = _exported(request, pk, "csv")
    lines = _lines(position, request.user, get_language() or "en")
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=_named(pk, "csv"))


@manager_required
@never_cache
@require_safe
def candidates_xlsx(request: Request, pk: int) -> HttpResponse:
    """The list as a workbook."""
    position = _exported(request, pk, "xlsx")
    table = write_sheet(chain([lists.heads()], lists.rows(position, request.user)), lists.WIDTHS, _("Candidates"))
    return HttpResponse(table, content_type=_XLSX, headers=_named(pk, "xlsx"))


def _exported(request: Request, pk: int, kind: str) -> Position:
    """The position, once it is recorded that its list goes out."""
    position = own_position(request.user, pk)
    facts = {"format": kind, "count": position.invitations.count()}
    audit.record(request.user, audit.Verb.CANDIDATES_EXPORTED, position, facts, request.received_at)
    return position


def _named(pk: int, kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="candidates-{pk}.{kind}"'}


class _Echo:
    """A file that hands on what is written to it."""

    def write(self, text: str) -> str:
        return text


def _lines(position: Position, reader: User, language: str) -> Iterator[str]:
    writer = csv.writer(_Echo())
    with override(language):
        yield "\ufeff" + writer.writerow(lists.heads())  # spreadsheets know UTF-8 by this mark
    rows = lists.rows(position, reader)
    while True:
        with override(language):  # a stream is written after the request's own language is gone
            some = list(islice(rows, _AT_ONCE))
        if not some:
            return
        yield "".join(writer.writerow([safe_cell(cell) for cell in row]) for row in some)

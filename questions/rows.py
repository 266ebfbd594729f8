"""Many rows in a short transaction: values become the database's before it begins, and go in as they are within it.

Django's `bulk_create` prepares values while it writes, which takes several times as long as the writing itself; on
SQLite nobody else can write meanwhile. Rows here are tuples in the order of some names of columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model

Row = tuple[Any, ...]


def ready(thing: Model, names: Sequence[str]) -> Row:
    """The values of these fields as the database takes them. What is set at each saving (a date) is set now."""
    fields = map(thing._meta.get_field, names)
    return tuple(field.get_db_prep_save(field.pre_save(thing, add=True), connection) for field in fields)  # type: ignore[union-attr]


def insert(model: type[Model], names: Sequence[str], rows: Iterable[Row]) -> None:
    """Add rows. A model's own signals and `save` are passed by, as in `bulk_create`."""
    columns = _columns(model, names)
    marks = ", ".join(["%s"] * len(columns))
    _execute(f"INSERT INTO {_table(model)} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 (our names)


def update(model: type[Model], names: Sequence[str], rows: Iterable[Row]) -> None:
    """Change rows: each of `rows` ends with its primary key, which stands not in `names`."""
    settings = ", ".join(f"{column} = %s" for column in _columns(model, names))
    [key] = _columns(model, ["pk"])
    _execute(f"UPDATE {_table(model)} SET {settings} WHERE {key} = %s", rows)  # noqa: S608 (our names)


def new_keys(model: type[Model], count: int) -> list[int]:
    """Primary keys for that many new rows, to be called in the transaction that adds them.

    On SQLite it is the only writer from its beginning, so that those that follow the last one are free.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
            cursor.execute(sequence, [table, count])
            return [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = (cursor.fetchone() or [0])[0]
    return list(range(last + 1, last + 1 + count))


def _execute(statement: str, rows: Iterable[Row]) -> None:
    if rows := list(rows):
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _columns(model: type[Model], names: Sequence[str]) -> list[str]:
    fields: list[Any] = [model._meta.pk if name == "pk" else model._meta.get_field(name) for name in names]
    return [connection.ops.quote_name(field.column) for field in fields]

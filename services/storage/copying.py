"""Rows into a table by PostgreSQL's COPY: for the tables that a release fills by the thousand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Any, cast

import numpy as np
import psycopg
from sqlalchemy import Connection, LargeBinary, Table, func, literal, select

NULL = r"\N"
"""How COPY writes that a column holds nothing."""
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_BLOCK = 500
"""Lines that are sent together."""


def copy_rows(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows, each with a value for the same columns, in the connection's transaction.

    Values go through the columns' own types as in an INSERT.
    """
    iterator = iter(rows)
    first = next(iterator, None)
    if first is None:
        return
    quote = connection.dialect.identifier_preparer
    bound = {name: _bound(connection, table, name) for name in first}
    columns = ", ".join(quote.format_column(table.c[name]) for name in bound)
    statement = f"COPY {quote.format_table(table)} ({columns}) FROM STDIN"
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in chain([first], iterator):
            copy.write_row([row[name] if bind is None else bind(row[name]) for name, bind in bound.items()])


def next_ids(connection: Connection, table: Table, count: int) -> list[int]:
    """Ids for so many new rows, rising, taken from the table's own sequence."""
    sequence = func.pg_get_serial_sequence(table.name, "id")
    sent = func.int8send(func.nextval(sequence))
    drawn = select(func.string_agg(sent, literal(b"", LargeBinary))).select_from(
        func.generate_series(1, count)
    )
    ids: list[int] = sorted(np.frombuffer(connection.execute(drawn).scalar_one() or b"", ">i8").tolist())
    return ids


def _bound(connection: Connection, table: Table, name: str) -> Any:
    """What a column's type does to a value on its way in; None where it does nothing."""
    kind = table.c[name].type.dialect_impl(connection.dialect)
    return kind.bind_processor(connection.dialect)


def copy_lines(connection: Connection, table: Table, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Add rows already written as COPY reads them, each with its line's end, in the connection's transaction.

    Cells are parted by tabs; a text goes through ``text_cell``, and nothing is NULL. A fifth of the cost of
    ``copy_rows``, for whoever knows that a column holds what its type would have let through.
    """
    quote = connection.dialect.identifier_preparer
    named = ", ".join(quote.format_column(table.c[name]) for name in columns)
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    iterator = iter(lines)
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {quote.format_table(table)} ({named}) FROM STDIN") as copy,
    ):
        while block := "".join(islice(iterator, _BLOCK)):
            copy.write(block)


def text_cell(text: str | None) -> str:
    """A text as a cell of COPY; NULL where there is none."""
    return NULL if text is None else text.translate(_ESCAPED)

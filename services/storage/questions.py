"""Questions that requests ask again and again: compiled once, and asked of the driver in one round trip.

A statement by way of SQLAlchemy, with its transaction and that one's bounds, costs ten times the CPU time of
its round trip. Ask so what every request asks, and what stands before an answer that need not be made anew.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg
from psycopg import errors
from psycopg.adapt import Transformer
from psycopg.pq import Escaping, ExecStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection, Engine, PoolProxiedConnection, Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from services.storage.session import CONNECTIONS, bounds_of, in_one_trip, lost

Row = tuple[Any, ...]
Parameter = str | dt.datetime | dt.date


class Question:
    """A SELECT with named parameters, whose answer is one row or none."""

    def __init__(self, statement: Select[Any]) -> None:
        dialect = PGDialect_psycopg(paramstyle="format")  # type: ignore[no-untyped-call]  # it has no types
        compiled = statement.compile(dialect=dialect)
        self._text = str(compiled)
        self._template = self._text.encode()
        self._names = tuple(compiled.positiontup or ())

    def ask(self, asked: Connection | Engine, **given: Parameter) -> Row | None:
        """The row as the driver reads its columns; None without one. DBAPIError as of any statement.

        Of a connection it is asked within its transaction; of an engine by itself, with the bounds of that
        engine's transactions, and a lost connection is noticed as in those.
        """
        if isinstance(asked, Connection):
            result = self._answer(asked.connection, b"", given)
            if result is None:
                raise lost()
            return self._row(asked.connection, result, asked.engine)
        for _ in range(CONNECTIONS + 1):
            lent = asked.raw_connection()
            try:
                result = self._answer(lent, bounds_of(asked), given)
                if result is not None:
                    return self._row(lent, result, asked)
                lent.invalidate()
            finally:
                lent.close()
        raise lost()

    def _answer(
        self, lent: PoolProxiedConnection, bounds: bytes, given: dict[str, Parameter]
    ) -> PGresult | None:
        """The answer to one message: PostgreSQL takes several statements in one as one transaction.

        Each parameter is a text in the quotes of PostgreSQL's own library; the statement says what it is.
        """
        driver = _driver(lent)
        escaping, encoding = Escaping(driver.pgconn), driver.info.encoding
        written = (given[name] for name in self._names)
        texts = (each if isinstance(each, str) else each.isoformat() for each in written)
        quoted = tuple(escaping.escape_literal(each.encode(encoding)) for each in texts)
        return in_one_trip(lent, bounds + self._template % quoted)

    def _row(self, lent: PoolProxiedConnection, result: PGresult, engine: Engine) -> Row | None:
        if result.status != ExecStatus.TUPLES_OK:
            error = errors.error_from_result(result)
            raise DBAPIError.instance(
                self._text, None, error, psycopg.Error, hide_parameters=True, dialect=engine.dialect
            )
        if result.ntuples == 0:
            return None
        reads = Transformer(_driver(lent))
        reads.set_pgresult(result)
        return reads.load_row(0, tuple)


def _driver(lent: PoolProxiedConnection) -> psycopg.Connection[Any]:
    driver: psycopg.Connection[Any] | None = lent.driver_connection
    assert driver is not None  # noqa: S101 - SQLAlchemy's type is wider than what a pool gives
    return driver

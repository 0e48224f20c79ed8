"""How our own types lie in columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from struct import pack
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import adapters
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy import ColumnElement, Date, DateTime, Dialect, TypeDecorator, any_, cast
from sqlalchemy.dialects.postgresql import ARRAY

from forecasting.months import Month


class MonthColumn(TypeDecorator[Month]):
    """A month as the date of its first day, so that SQL tools sort and group it as people expect."""

    impl = Date
    cache_ok = True

    def process_bind_param(self, value: Month | None, dialect: Dialect) -> dt.date | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else value.first_day

    def process_result_value(self, value: Any, dialect: Dialect) -> Month | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else Month.from_date(value)


class Moment(TypeDecorator[dt.datetime]):
    """A moment in UTC; a datetime without a time zone is refused rather than guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; give UTC.")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else value.astimezone(dt.UTC)


def among(column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Whether a column holds one of the values, of which there may be any number.

    They travel as one array: as parameters of their own they would be parsed one by one, and 65,535 are the
    most that a statement may have.
    """
    return column == any_(cast(list(values), ARRAY(column.type)))


_DOUBLE = adapters.types["float8"]
_DIMENSIONS, _DIMENSION = 12, 8
_SENT = np.dtype([("length", ">i4"), ("value", ">f8")])


def numbers_sent(sent: bytes) -> NDArray[np.float64]:
    """An array of numbers as PostgreSQL sends it: its dimensions, then each value behind its length.

    Select it by ``array_send``. A release reads thousands of numbers by thousands of forecasts; as text each
    would be read by itself.
    """
    count = int.from_bytes(sent[:4], "big")
    shape = np.frombuffer(sent, ">i4", 2 * count, _DIMENSIONS)[::2]
    values = np.frombuffer(sent, _SENT, offset=_DIMENSIONS + _DIMENSION * count)["value"]
    return values.astype(np.float64).reshape(shape)


class Numbers:
    """An array of numbers as a parameter, in the form that PostgreSQL itself sends: see ``numbers_sent``.

    Bind it as NullType, which SQLAlchemy leaves alone. As text each number would cost a microsecond to write,
    some 3,000 of them in each forecast of a portfolio: a twentieth of what its fits cost (throw-away script).
    """

    def __init__(self, values: NDArray[np.float64]) -> None:
        shape = np.array([(length, 1) for length in values.shape], ">i4")  # each counted from 1
        each = np.empty(values.size, _SENT)
        each["length"] = each["value"].dtype.itemsize
        each["value"] = values.ravel()
        self.sent = pack(">iii", values.ndim, 0, _DOUBLE.oid) + shape.tobytes() + each.tobytes()


class _NumbersDumper(Dumper):
    format = Format.BINARY
    oid = _DOUBLE.array_oid

    def dump(self, obj: Numbers) -> bytes:
        return obj.sent


adapters.register_dumper(Numbers, _NumbersDumper)

"""Questions in one round trip, and transactions that begin in one: bounded, also after a lost connection."""

from __future__ import annotations

import datetime as dt
import os
import socket
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, Text, bindparam, select
from sqlalchemy.exc import OperationalError

from services.storage import series
from services.storage.questions import Question
from services.storage.series import SeriesRecord
from services.storage.session import cut_short, engine_for
from services.storage.tables import series as table

NOW = dt.datetime(2025, 8, 1, 12, tzinfo=dt.UTC)
UNIT_OF = Question(select(table.c.unit).where(table.c.name == bindparam("name", type_=Text)))
Bounded = Callable[[float, float], Engine]


@pytest.fixture
def bounded(database_url: str) -> Iterator[Bounded]:
    """Makes engines whose statements and waits for locks take at most so many seconds."""
    made = []

    def make(statement: float, lock: float) -> Engine:
        made.append(engine_for(database_url, statement_seconds=statement, lock_seconds=lock))
        return made[-1]

    yield make
    for each in made:
        each.dispose()


def registered(engine: Engine, *names: str) -> None:
    with engine.begin() as connection:
        series.register(
            connection, [SeriesRecord(f"S{at}", each, "t") for at, each in enumerate(names)], now=NOW
        )


def settings_of(engine: Engine) -> tuple[str, ...]:
    with engine.begin() as connection:
        asked = ("SHOW statement_timeout", "SHOW lock_timeout")
        return tuple(connection.exec_driver_sql(each).scalar_one() for each in asked)


@pytest.mark.parametrize("name", ["it's", "a\\'b", "%s %(name)s", "1; DROP TABLE series", "稀土", ""])
def test_a_parameter_is_a_text_and_nothing_else(engine: Engine, bounded: Bounded, name: str) -> None:
    """Quotes, backslashes and placeholders in a parameter are looked for, not run."""
    registered(engine, name)
    for asked in (engine, bounded(5, 5)):
        assert UNIT_OF.ask(asked, name=name) == ("t",)
        assert UNIT_OF.ask(asked, name=f"{name}' OR 'a'='a") is None


@pytest.mark.parametrize(("statement", "lock", "why"), [(0.2, 30, "slow"), (30, 0.2, "waiting")])
def test_a_question_by_itself_has_the_bounds(
    engine: Engine, bounded: Bounded, statement: float, lock: float, why: str
) -> None:
    """One that others keep waiting is cut short as in a transaction, and the connection serves the next."""
    registered(engine, "one")
    asked = bounded(statement, lock)
    with engine.begin() as other:
        other.exec_driver_sql("LOCK TABLE series IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(OperationalError) as raised:
            UNIT_OF.ask(asked, name="one")
    assert cut_short(raised.value) == why
    assert UNIT_OF.ask(asked, name="one") == ("t",)


def test_bounds_end_with_their_transaction(engine: Engine, bounded: Bounded) -> None:
    """Behind a pooler the next transaction on the same connection may be another's: nothing stays set."""
    asked = bounded(5, 4)
    UNIT_OF.ask(asked, name="one")
    assert settings_of(asked) == ("5s", "4s")
    lent = asked.raw_connection()
    assert lent.cursor().execute("SHOW statement_timeout").fetchone() == ("0",)
    lent.close()


def test_each_transaction_of_a_connection_has_the_bounds(bounded: Bounded) -> None:
    """A connection that is not given back between two transactions has them in the second too."""
    with bounded(5, 4).connect() as connection:
        for _ in range(2):
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == "4s"
            connection.commit()


@pytest.mark.parametrize("how", ["ended by the server", "cut"])
def test_lost_connections_are_noticed_before_they_are_used(
    engine: Engine, bounded: Bounded, how: str
) -> None:
    """When the server has ended every connection that was kept, what comes next gets a new one."""
    registered(engine, "one")
    asked = bounded(5, 4)
    for again in (lambda: UNIT_OF.ask(asked, name="one"), lambda: settings_of(asked)):
        held = [asked.connect() for _ in range(4)]
        for each in held:
            each.exec_driver_sql("SELECT 1")
        sockets = [each.connection.driver_connection.pgconn.socket for each in held]
        for each in held:
            each.close()
        for each in sockets if how == "cut" else ():
            with socket.socket(fileno=os.dup(each)) as cut:
                cut.shutdown(socket.SHUT_RDWR)
        with engine.begin() as other:
            ended = other.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).all()
        assert how == "cut" or len(ended) == 4
        assert again() in {("t",), ("5s", "4s")}
        asked.dispose()


def test_within_a_transaction_a_question_sees_what_it_wrote(bounded: Bounded) -> None:
    """Asked of a connection, the question is part of its transaction; asked of the engine it is not."""
    asked = bounded(5, 4)
    with asked.begin() as connection:
        series.register(connection, [SeriesRecord("S", "mine", "kg")], now=NOW)
        assert UNIT_OF.ask(connection, name="mine") == ("kg",)
        assert UNIT_OF.ask(asked, name="mine") is None
    assert UNIT_OF.ask(asked, name="mine") == ("kg",)

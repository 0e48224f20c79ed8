"""What a release reads is of its own series, however much is held of others."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, Engine, text

from forecasting.months import Span
from services.ingestion.figures import ArrivingFigure
from services.storage import series
from services.storage.series import SeriesRecord
from services.usecases.record_observations import record_observations
from services.usecases.save_rule import save_rule

NOW = dt.datetime(2025, 12, 1, tzinfo=dt.UTC)
OTHERS = 2000
IDS = [f"S{number:04d}" for number in range(OTHERS + 1)]
RULE = {
    "name": "every figure",
    "desk": "metals",
    "scope": {"tags": ["busy"]},
    "condition": {"kind": "level", "above": 1},
}
READ = """
    SELECT relname, seq_tup_read FROM pg_stat_xact_user_tables
    WHERE seq_tup_read >= :others ORDER BY relname
"""


def record(connection: Connection, month: str, ids: list[str]) -> None:
    figures = [ArrivingFigure(row, each, Span.parse(month), 5.0, "t", NOW) for row, each in enumerate(ids)]
    record_observations(connection, figures, source="test", now=NOW, budget=0.1, portfolio="standard")


def test_no_table_is_read_whole_for_one_figure(engine: Engine) -> None:
    """One figure's release reads no table from end to end that holds a row of each of 2,000 other series."""
    with engine.begin() as connection:
        named = [SeriesRecord(each, each, "t", tags=("busy",)) for each in IDS]
        series.register(connection, named, now=NOW)
        save_rule(connection, "every", RULE, now=NOW)
        record(connection, "2025-09", IDS)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    with engine.begin() as connection:
        record(connection, "2025-10", IDS[:1])
        assert connection.execute(text(READ), {"others": OTHERS}).all() == []

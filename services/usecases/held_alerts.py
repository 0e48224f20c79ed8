"""The alerts of a release's series, read once, and kept as the figures move them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Connection

from services.storage import alerts
from services.storage.alerts import AlertRecord


class HeldAlerts:
    """Alerts of some series by rule; what is kept or forgotten is written at once.

    Where the transaction goes back to a savepoint, read them anew.
    """

    def __init__(self, connection: Connection, series_ids: Collection[str]) -> None:
        self._connection = connection
        self._held: dict[tuple[str, str], dict[str, AlertRecord]] = defaultdict(dict)
        self._rules: dict[str, set[str]] = defaultdict(set)
        for record in alerts.of_series(connection, series_ids):
            self._put(record)

    def of(self, rule_id: str, series_id: str) -> dict[str, AlertRecord]:
        """Alerts of a rule on a series by id, the earliest onset first."""
        held = self._held.get((rule_id, series_id), {})
        return dict(sorted(held.items(), key=lambda each: each[1].state.onset))

    def rules_on(self, series_id: str) -> Collection[str]:
        """Ids of the rules that have an alert, open or over, on a series."""
        return self._rules.get(series_id, frozenset())

    def keep(self, record: AlertRecord, *, known_from: dt.datetime) -> None:
        """Put an alert in its place; ``known_from`` is when what changed it was known."""
        alerts.keep(self._connection, record, known_from=known_from)
        self._put(record)

    def forget(self, record: AlertRecord) -> None:
        """Drop a streak that came to nothing; an alert that ever opened has events and stays."""
        if alerts.forget(self._connection, record.state.id):
            self._held[record.state.rule_id, record.state.series_id].pop(record.state.id, None)

    def _put(self, record: AlertRecord) -> None:
        state = record.state
        self._held[state.rule_id, state.series_id][state.id] = record
        self._rules[state.series_id].add(state.rule_id)

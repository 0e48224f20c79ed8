"""Desks: not registered anywhere, but named by rules, endpoints, keys and silences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, union_all

from services.storage.tables import alerts, api_keys, endpoints, rules, silences


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk and how many of each thing are its own; ``alerts`` are those that are open."""

    name: str
    rules: int
    endpoints: int
    keys: int
    alerts: int


def listed(
    connection: Connection, *, desk: str | None = None, after: str = "", limit: int = 100
) -> list[Desk]:
    """Desks by name, those after ``after``; with ``desk`` that one alone."""

    def counted(kind: str, name: ColumnElement[Any], thing: ColumnElement[Any]) -> Select[Any]:
        return select(name.label("name"), literal(kind).label("kind"), thing.label("thing"))

    things = union_all(
        counted("rules", rules.c.desk, rules.c.id),
        counted("endpoints", endpoints.c.desk, endpoints.c.id),
        counted("keys", api_keys.c.desk, api_keys.c.id).where(api_keys.c.desk.is_not(None)),
        counted("alerts", alerts.c.desk, alerts.c.id).where(alerts.c.status == "opened"),
        counted("silences", silences.c.desk, silences.c.id),
    ).subquery()
    counts = {
        kind: func.count(things.c.thing.distinct()).filter(things.c.kind == kind).label(kind)
        for kind in ("rules", "endpoints", "keys", "alerts")
    }
    query = select(things.c.name, *counts.values()).where(things.c.name > after).group_by(things.c.name)
    if desk is not None:
        query = query.where(things.c.name == desk)
    return [Desk(**row._asdict()) for row in connection.execute(query.order_by(things.c.name).limit(limit))]

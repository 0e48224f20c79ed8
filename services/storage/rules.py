"""Rules, every version of each; the newest is the one in force."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from alerts.rules import Rule, dump_rule, parse_rule
from services.storage.tables import rules


def save(connection: Connection, rule: Rule, *, now: dt.datetime, enabled: bool = True) -> None:
    """Add one version of a rule."""
    row = {
        "id": rule.id,
        "version": rule.version,
        "name": rule.name,
        "desk": rule.desk,
        "spec": dump_rule(rule),
        "enabled": enabled,
        "created_at": now,
    }
    connection.execute(insert(rules).values(row))


def newest_version(connection: Connection, rule_id: str) -> int:
    """Number of the newest version; 0 where there is none. The rule is locked until commit."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(rule_id, 1))))
    query = select(func.max(rules.c.version)).where(rules.c.id == rule_id)
    return int(connection.execute(query).scalar_one() or 0)


def in_force(connection: Connection) -> list[Rule]:
    """The newest version of each rule that is enabled, by id."""
    latest_first = select(rules).order_by(rules.c.id, rules.c.version.desc())
    newest = latest_first.ext(distinct_on(rules.c.id)).subquery()
    return [_rule(row) for row in connection.execute(select(newest).where(newest.c.enabled))]


def get(connection: Connection, rule_id: str, version: int | None = None) -> Rule | None:
    """One version of a rule, the newest by default; None where there is none."""
    query = select(rules).where(rules.c.id == rule_id).order_by(rules.c.version.desc()).limit(1)
    if version is not None:
        query = query.where(rules.c.version == version)
    row = connection.execute(query).first()
    return None if row is None else _rule(row)


def versions(connection: Connection, rule_id: str) -> list[tuple[Rule, dt.datetime]]:
    """Every version of a rule with when it was saved, the newest first."""
    query = select(rules).where(rules.c.id == rule_id).order_by(rules.c.version.desc())
    return [(_rule(row), row.created_at) for row in connection.execute(query)]


def _rule(row: Any) -> Rule:
    return parse_rule(row.spec, rule_id=row.id, version=row.version, saved=True)

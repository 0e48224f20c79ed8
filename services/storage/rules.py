"""Rules, every version of each; the newest is the one in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from alerts.errors import InvalidRuleError
from alerts.rules import CHILDREN, Rule, dump_rule, parse_rule
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


def count(connection: Connection, desk: str) -> int:
    """How many rules of a desk are in force, by their newest versions; no other adds one until commit."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(desk, 2))))
    latest_first = select(rules).order_by(rules.c.id, rules.c.version.desc())
    newest = latest_first.ext(distinct_on(rules.c.id)).subquery()
    query = select(func.count()).select_from(newest).where(newest.c.desk == desk, newest.c.enabled)
    return int(connection.execute(query).scalar_one())


@dataclass(frozen=True, slots=True)
class UnreadableRule:
    """A rule in force that is kept in words which no longer say a rule, and what is wrong with them."""

    id: str
    version: int
    desk: str
    error: InvalidRuleError


def in_force(connection: Connection, *, as_of: dt.datetime | None = None) -> list[Rule]:
    """The newest version of each rule that is enabled, by id; one that cannot be read is left out.

    With ``as_of`` the newest that had been saved by then.
    """
    return readable(connection, as_of=as_of)[0]


def readable(
    connection: Connection, *, as_of: dt.datetime | None = None
) -> tuple[list[Rule], list[UnreadableRule]]:
    """The rules in force, and those of them that cannot be read: one takes no other with it."""
    latest_first = select(rules).order_by(rules.c.id, rules.c.version.desc())
    if as_of is not None:
        latest_first = latest_first.where(rules.c.created_at <= as_of)
    newest = latest_first.ext(distinct_on(rules.c.id)).subquery()
    read: list[Rule] = []
    unread: list[UnreadableRule] = []
    for row in connection.execute(select(newest).where(newest.c.enabled)):
        try:
            read.append(_rule(row))
        except InvalidRuleError as error:
            unread.append(UnreadableRule(row.id, row.version, row.desk, error))
    return read, unread


def get(
    connection: Connection, rule_id: str, version: int | None = None, *, as_of: dt.datetime | None = None
) -> Rule | None:
    """A version of a rule, the newest saved (by ``as_of``) by default; None where none can be read."""
    query = select(rules).where(rules.c.id == rule_id).order_by(rules.c.version.desc()).limit(1)
    if version is not None:
        query = query.where(rules.c.version == version)
    if as_of is not None:
        query = query.where(rules.c.created_at <= as_of)
    row = connection.execute(query).first()
    with suppress(InvalidRuleError):
        return None if row is None else _rule(row)
    return None


def inhibiting(connection: Connection, rule_ids: Collection[str]) -> set[tuple[str, int]]:
    """Id and version of those of some rules' versions in which an alert speaks for others."""
    query = select(rules.c.id, rules.c.version).where(
        rules.c.id.in_(rule_ids), rules.c.spec["inhibits"].astext == CHILDREN
    )
    return {(row.id, row.version) for row in connection.execute(query)}


def desk_of(connection: Connection, rule_id: str) -> str | None:
    """Whose a rule is by its newest version, be it readable or not; None where there is none."""
    query = select(rules.c.desk).where(rules.c.id == rule_id).order_by(rules.c.version.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def versions(connection: Connection, rule_id: str) -> list[tuple[Rule, dt.datetime]]:
    """Every version of a rule that can be read, with when it was saved, the newest first."""
    query = select(rules).where(rules.c.id == rule_id).order_by(rules.c.version.desc())
    found: list[tuple[Rule, dt.datetime]] = []
    for row in connection.execute(query):
        with suppress(InvalidRuleError):
            found.append((_rule(row), row.created_at))
    return found


def _rule(row: Any) -> Rule:
    return parse_rule(row.spec, rule_id=row.id, version=row.version, saved=True)

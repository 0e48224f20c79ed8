"""Rules, every version of each; the newest is the one in force, unless it is kept out of force.

A rule is put out of force, and back, by a version of the same words that says so, and by no flag beside the
versions: so a version stays what it was, an alert cites the one that opened it, and the newest saved by a
moment says whether the rule was in force then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, insert, literal, select
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


@dataclass(frozen=True, slots=True)
class Held:
    """How many rules of a desk there are, and how many of those are in force."""

    in_all: int
    in_force: int


def count(connection: Connection, desk: str) -> Held:
    """How many rules a desk has, by their newest versions; no other adds or enables one until commit."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(desk, 2))))
    latest_first = select(rules).order_by(rules.c.id, rules.c.version.desc())
    newest = latest_first.ext(distinct_on(rules.c.id)).subquery()
    counts = select(func.count(), func.count().filter(newest.c.enabled)).select_from(newest)
    in_all, in_force = connection.execute(counts.where(newest.c.desk == desk)).one()
    return Held(in_all, in_force)


@dataclass(frozen=True, slots=True)
class NewestVersion:
    """The newest version of a rule, be it readable or not, and whether it is in force."""

    id: str
    version: int
    desk: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class SavedRule:
    """A version of a rule, when it was saved, and whether the rule was in force under it."""

    rule: Rule
    saved_at: dt.datetime
    enabled: bool


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


def out_of_force(connection: Connection) -> list[Rule]:
    """The newest version of each rule that is not enabled, by id; one that cannot be read is left out."""
    return readable(connection, enabled=False)[0]


def readable(
    connection: Connection, *, as_of: dt.datetime | None = None, enabled: bool = True
) -> tuple[list[Rule], list[UnreadableRule]]:
    """The rules in force (or those that are not), and those of them that cannot be read.

    One that cannot takes no other with it.
    """
    latest_first = select(rules).order_by(rules.c.id, rules.c.version.desc())
    if as_of is not None:
        latest_first = latest_first.where(rules.c.created_at <= as_of)
    newest = latest_first.ext(distinct_on(rules.c.id)).subquery()
    read: list[Rule] = []
    unread: list[UnreadableRule] = []
    for row in connection.execute(select(newest).where(newest.c.enabled.is_(enabled))):
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


def newest(connection: Connection, rule_id: str, *, as_of: dt.datetime | None = None) -> NewestVersion | None:
    """The newest version of a rule, saved by a moment where given; None where there is none."""
    query = (
        select(*(rules.c[name] for name in NewestVersion.__slots__))
        .where(rules.c.id == rule_id)
        .order_by(rules.c.version.desc())
        .limit(1)
    )
    if as_of is not None:
        query = query.where(rules.c.created_at <= as_of)
    row = connection.execute(query).first()
    return None if row is None else NewestVersion(**row._asdict())


def stand(connection: Connection, before: NewestVersion, *, enabled: bool, now: dt.datetime) -> NewestVersion:
    """Add the next version of a rule, of the same words, in force or not; that version."""
    version = before.version + 1
    copied = select(
        rules.c.id,
        literal(version),
        rules.c.name,
        rules.c.desk,
        rules.c.spec,
        literal(enabled),
        literal(now, rules.c.created_at.type),
    ).where(rules.c.id == before.id, rules.c.version == before.version)
    names = ["id", "version", "name", "desk", "spec", "enabled", "created_at"]
    connection.execute(insert(rules).from_select(names, copied))
    return replace(before, version=version, enabled=enabled)


def enabled(connection: Connection, rule_id: str, version: int) -> bool:
    """Whether a rule was in force under one of its versions, which for the newest is whether it is."""
    query = select(rules.c.enabled).where(rules.c.id == rule_id, rules.c.version == version)
    return bool(connection.execute(query).scalar_one())


def names(connection: Connection, rule_ids: Collection[str]) -> dict[str, str]:
    """Names of some rules by their newest versions, in force or not, by id."""
    latest_first = select(rules.c.id, rules.c.name).order_by(rules.c.id, rules.c.version.desc())
    newest = latest_first.where(rules.c.id.in_(rule_ids)).ext(distinct_on(rules.c.id))
    return {row.id: row.name for row in connection.execute(newest)}


def versions(connection: Connection, rule_id: str) -> list[SavedRule]:
    """Every version of a rule that can be read, the newest first."""
    query = select(rules).where(rules.c.id == rule_id).order_by(rules.c.version.desc())
    found: list[SavedRule] = []
    for row in connection.execute(query):
        with suppress(InvalidRuleError):
            found.append(SavedRule(_rule(row), row.created_at, row.enabled))
    return found


def _rule(row: Any) -> Rule:
    return parse_rule(row.spec, rule_id=row.id, version=row.version, saved=True)

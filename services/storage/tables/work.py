"""Work that is due, and signs of life of those that do it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.storage.columns import Moment
from services.storage.tables.metadata import metadata, numbered

jobs = Table(
    "jobs",
    metadata,
    numbered(),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False, comment="what the job is about; one job a key"),
    Column("series_id", ForeignKey("series.id")),
    Column("arguments", JSONB, nullable=False),
    Column("request_id", Text, comment="of the request that caused it"),
    Column("release_id", BigInteger, comment="of the release that caused it"),
    Column("trace", Text, comment="W3C traceparent of what caused it"),
    Column("status", Text, nullable=False, comment="pending, done or failed"),
    Column("priority", SmallInteger, nullable=False, server_default=text("0"), comment="lowest first"),
    Column("runs", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    Column("note", Text, comment="what came of it, or why nothing did, where that is worth saying"),
    Column("due_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("lease_owner", Text),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment, comment="of the last run"),
    Column("finished_at", Moment, comment="however it ended"),
    UniqueConstraint("kind", "key"),
    Index("ix_jobs_due", "kind", "priority", "due_at", postgresql_where=text("status = 'pending'")),
)

schedules = Table(
    "schedules",
    metadata,
    Column("name", Text, primary_key=True),
    Column("due_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("lease_owner", Text),
    Column("runs", Integer, nullable=False, server_default=text("0"), comment="since one last ended well"),
    Column("started_at", Moment, comment="of the last run"),
    Column("finished_at", Moment, comment="of the last run that ended, however it did"),
    Column("error", Text, comment="of the last run; null where it ended well"),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("part", Text, primary_key=True),
    Column("beat_at", Moment, comment="when it last worked; null where it never has"),
    Column("missed_at", Moment, comment="when ops were told that it is missing; null while it works"),
    Column(
        "awaited_since",
        Moment,
        comment="when it was first looked for, where it had never worked; null where it had",
    ),
)

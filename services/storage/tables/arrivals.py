"""How figures arrive: sources that are followed, what they sent, files that wait for a word."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.storage.columns import Moment
from services.storage.tables.metadata import metadata, numbered

sources = Table(
    "sources",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next_call_at", Moment, comment="the earliest moment of the next call; null is now"),
    Column("calls_on", Date, comment="day, UTC, that calls counts"),
    Column("calls", Integer, nullable=False, server_default=text("0")),
    Column("rests_until", Moment, comment="when the source itself asked to be called again"),
    Column("last_success_at", Moment),
    Column("last_fault_at", Moment),
    Column("fault", Text, comment="kind of the last fault; null once a poll went well"),
    Column("reason", Text, comment="what happened and what to do"),
    Column(
        "standing",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment="faults met since a poll went well, each with the moment it was last met",
    ),
    Column("sealed_key", LargeBinary, comment="encrypted; the installation's own key to the source"),
    Column("desk", Text, comment="whose key it is; rows that may not be passed on are shown to it alone"),
)

followed = Table(
    "followed",
    metadata,
    Column("series_id", ForeignKey("series.id"), primary_key=True),
    Column("source", Text, nullable=False, index=True),
    Column("code", JSONB, nullable=False, comment="how the source names the series"),
    Column("since", Moment, nullable=False),
    Column("begun_at", Moment, comment="when its past was in; from then on its figures wake rules"),
)

snapshots = Table(
    "snapshots",
    metadata,
    numbered(),
    Column("source", Text, nullable=False),
    Column("request", Text, nullable=False, comment="method, path and parameters, without any key"),
    Column("bears_figures", Boolean, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("headers", JSONB, nullable=False, comment="those that say when and what"),
    Column("body", LargeBinary, nullable=False, comment="zlib of the answer as received"),
    Column("size", Integer, nullable=False, comment="bytes as received"),
    Column("digest", Text, nullable=False, comment="SHA-256 of the answer as received"),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("outcome", Text, nullable=False, comment="waiting, again, derived, refused or kept"),
    Column("fault", Text, comment="kind of the fault that refused it"),
    Column("reason", Text, comment="what happened and what to do"),
    Column("parser", Integer, comment="version of the parser that read it last"),
    Index("ix_snapshots_source_request_id", "source", "request", "id"),
    Index("ix_snapshots_waiting", "source", "id", postgresql_where=text("outcome = 'waiting'")),
)

imports = Table(
    "imports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sender", Text, nullable=False, comment="id of the API key it came by; empty is none"),
    Column("name", Text, nullable=False, comment="of the file"),
    Column("content", LargeBinary, nullable=False, comment="zlib of the file; of nothing once recorded"),
    Column("mapping", JSONB, nullable=False, comment="by which it was shown last"),
    Column("recording", JSONB, nullable=False, comment="source, history and replayed"),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("report", JSONB(none_as_null=True), comment="what became of it; null while it waits"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("desk", Text, comment="whose key sent it; null is one of every desk"),
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, comment="zlib of the body; null once it is no more needed"),
    Column("recording", JSONB, nullable=False, comment="how, for whom and from where"),
    Column("request_hash", Text, nullable=False, comment="of its figures and their source"),
    Column("figures", Integer, nullable=False, comment="how many it holds"),
    Column("done", Integer, nullable=False, comment="how many of them are judged so far"),
    Column("report", JSONB(none_as_null=True), comment="what became of it; null until it is recorded"),
    Column("faults", JSONB(none_as_null=True), comment="by row, where it was refused"),
)

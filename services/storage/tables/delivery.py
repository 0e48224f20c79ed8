"""Endpoints, messages, and each attempt to deliver one."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.storage.columns import Moment
from services.storage.tables.metadata import metadata, numbered

_ROTATED_BY = "caller and Idempotency-Key of the rotation that made the secret, hashed"

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("desk", Text, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("event_types", ARRAY(Text), comment="null is all"),
    Column("secret", LargeBinary, nullable=False, comment="encrypted"),
    Column("sequence", BigInteger, nullable=False, server_default=text("0")),
    Column("status", Text, nullable=False, comment="enabled or disabled"),
    Column("disabled_reason", Text),
    Column("failing_since", Moment),
    Column("failures", Integer, nullable=False, server_default=text("0"), comment="in a row"),
    Column("paused_until", Moment, comment="nothing is sent before; null is no rest"),
    Column("created_at", Moment, nullable=False),
    Column(
        "kind",
        Text,
        nullable=False,
        server_default=text("'webhook'"),
        comment="webhook, cloudevents, slack, teams or apprise",
    ),
    Column("sealed_url", LargeBinary, comment="encrypted; a channel's real URL"),
    Column("public_key", Text, comment="null is HMAC"),
    Column("rotated_by", Text, comment=_ROTATED_BY),
)

retired_secrets = Table(
    "retired_secrets",
    metadata,
    numbered(),
    Column("endpoint_id", ForeignKey("endpoints.id"), nullable=False, index=True),
    Column("secret", LargeBinary, nullable=False, comment="encrypted; signs beside the newest"),
    Column("signs_until", Moment, nullable=False),
    Column("rotated_by", Text, comment=_ROTATED_BY),
    Column("public_key", Text, comment="null is HMAC"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("alert_event_id", ForeignKey("alert_events.id"), unique=True),
    Column("payload", JSONB, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_messages_ops", "event_type", "created_at", postgresql_where=text("desk = 'ops'")),
)

deliveries = Table(
    "deliveries",
    metadata,
    numbered(),
    Column("message_id", ForeignKey("messages.id"), nullable=False),
    Column("endpoint_id", ForeignKey("endpoints.id"), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="the exact bytes of every attempt"),
    Column("request_id", Text, comment="of the request that caused it"),
    Column("release_id", BigInteger, comment="of the release that caused it"),
    Column("trace", Text, comment="W3C traceparent of what caused it"),
    Column("status", Text, nullable=False, comment="pending, delivered, exhausted or cancelled"),
    Column("attempts", Integer, nullable=False, server_default=text("0"), comment="claims so far"),
    Column("attempts_before_replay", Integer, nullable=False, server_default=text("0")),
    Column(
        "ours_since",
        Moment,
        comment="since when every attempt failed by a fault of ours; null where the last did not",
    ),
    Column("due_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("lease_owner", Text),
    Column("settled_at", Moment),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("message_id", "endpoint_id"),
    UniqueConstraint("endpoint_id", "sequence"),
    Index("ix_deliveries_due", "endpoint_id", "due_at", postgresql_where=text("status = 'pending'")),
)

attempts = Table(
    "attempts",
    metadata,
    numbered(),
    Column("delivery_id", ForeignKey("deliveries.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("status_code", Integer),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("response", LargeBinary, comment="first 4 KiB of the answer"),
    UniqueConstraint("delivery_id", "number"),
)

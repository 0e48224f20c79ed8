"""Keys, sessions, and who changed what."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.storage.columns import Moment
from services.storage.tables.metadata import metadata, numbered

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True, comment="in clear in the key"),
    Column("name", Text, nullable=False),
    Column("desk", Text, comment="null is every desk"),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of the secret"),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("last_used_at", Moment),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="SHA-256 of the cookie's token"),
    Column("key_id", ForeignKey("api_keys.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    numbered(),
    Column("at", Moment, nullable=False),
    Column("key_id", Text, comment="null: anybody in development, or the command line"),
    Column("name", Text, nullable=False, comment="of the key, as it was then"),
    Column("desk", Text, comment="of the key; null is every desk"),
    Column("address", Text, comment="where the request came from"),
    Column("request_id", Text),
    Column("action", Text, nullable=False, comment="such as rule.saved"),
    Column("target", Text, nullable=False, comment="id of what was changed"),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB(none_as_null=True)),
    Index("ix_audit_target_id", "target", "id"),
)

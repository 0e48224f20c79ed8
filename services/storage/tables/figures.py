"""Figures and what they belong to."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, SmallInteger, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.storage.columns import Moment, MonthColumn
from services.storage.tables.metadata import metadata, numbered

series = Table(
    "series",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("family", Text, comment="related series share it"),
    Column("tags", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("reporter", Text, comment="ISO 3166-1 alpha-3"),
    Column("partner", Text, comment="ISO 3166-1 alpha-3; null is the world"),
    Column("commodity", Text),
    Column("hs_code", Text),
    Column("hs_edition", Text, comment="edition of the code, as H6; H5+H6 is a splice by rule"),
    Column("source", Text),
    Column("created_at", Moment, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    numbered(),
    Column("source", Text, nullable=False),
    Column("known_from", Moment, nullable=False, comment="latest known_from of its rows"),
    Column("recorded_at", Moment, nullable=False),
    Column(
        "sender",
        Text,
        nullable=False,
        server_default=text("''"),
        comment="id of the API key it came by, whose idempotency keys are its own; empty is none",
    ),
    Column("idempotency_key", Text),
    Column("request_hash", Text, comment="SHA-256 of the rows that the key was first used with"),
    Column("report", JSONB, nullable=False, comment="what the caller was told, told again on a repeat"),
    UniqueConstraint("sender", "idempotency_key"),
)

observations = Table(
    "observations",
    metadata,
    numbered(),
    Column("series_id", ForeignKey("series.id"), nullable=False),
    Column("first_month", MonthColumn, nullable=False),
    Column("months", SmallInteger, nullable=False),
    Column("value", Float, comment="total over the span; null withdraws what was known"),
    Column("stage", Text, nullable=False),
    Column("known_from", Moment, nullable=False),
    Column("known_basis", Text, nullable=False, comment="printed, calendar or first_seen"),
    Column("source", Text),
    Column("source_url", Text),
    Column("claim", Text, comment="the source's own words about the figure, shown as the source's"),
    Column("release_id", ForeignKey("releases.id"), nullable=False, index=True),
    Column("recorded_at", Moment, nullable=False),
    UniqueConstraint("series_id", "first_month", "months", "known_from"),
)

restricted = Table(
    "restricted",
    metadata,
    Column("series_id", ForeignKey("series.id"), primary_key=True),
    Column("source", Text, nullable=False, comment="whose terms say so"),
    Column("desk", Text, comment="whose key fetched the rows; null: shown to no desk"),
    Column("since", Moment, nullable=False),
)

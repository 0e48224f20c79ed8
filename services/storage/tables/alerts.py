"""Verdicts on figures, rules, and the life of alerts."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.storage.columns import Moment, MonthColumn
from services.storage.tables.metadata import metadata, numbered

verdicts = Table(
    "verdicts",
    metadata,
    Column("observation_id", ForeignKey("observations.id"), primary_key=True),
    Column("series_id", ForeignKey("series.id"), nullable=False, index=True),
    Column("forecast_id", ForeignKey("forecasts.id")),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("probability", Float),
    Column("tail_probability", Float),
    Column("surprise", Float),
    Column("expected", Float),
    Column("lower_80", Float),
    Column("upper_80", Float),
    Column("lower_95", Float),
    Column("upper_95", Float),
    Column("threshold", Float, nullable=False),
    Column("revision_of", Float, comment="the value that this figure replaces"),
    Column("change_month", Float, comment="ratio to the month before, minus 1"),
    Column("change_year", Float, comment="ratio to the same month a year before, minus 1"),
    Column("records", JSONB, nullable=False),
    Column("change_records", JSONB, nullable=False, server_default="[]"),
    Column(
        "rank_in_month",
        JSONB(none_as_null=True),
        comment="place among the same calendar months held, from the lowest",
    ),
    Column("judged_at", Moment, nullable=False),
)

rules = Table(
    "rules",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("desk", Text, nullable=False),
    Column("spec", JSONB, nullable=False, comment="the rule as alerts.rules dumps it"),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("rule_id", Text, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("series_id", ForeignKey("series.id"), nullable=False),
    Column("desk", Text, nullable=False),
    Column("status", Text, nullable=False, comment="opened, resolved or retracted"),
    Column("severity", Text, nullable=False),
    Column("state", JSONB, nullable=False, comment="AlertState as alerts.lifecycle dumps it"),
    Column("onset_forecast_id", ForeignKey("forecasts.id"), comment="counterfactual: published before onset"),
    Column("opened_at", Moment, nullable=False, comment="known_from of the figure that opened it"),
    Column("closed_at", Moment),
    Column("updated_at", Moment, nullable=False),
    ForeignKeyConstraint(["rule_id", "rule_version"], ["rules.id", "rules.version"]),
    Index("uq_alerts_open", "rule_id", "series_id", unique=True, postgresql_where=text("status = 'opened'")),
    Index("ix_alerts_series_id", "series_id"),
    Index("ix_alerts_opened_at_id", "opened_at", "id"),
)

alert_events = Table(
    "alert_events",
    metadata,
    numbered(),
    Column("alert_id", ForeignKey("alerts.id"), nullable=False),
    Column("kind", Text, nullable=False, comment="opened, updated, corrected, escalated, resolved …"),
    Column("observation_id", ForeignKey("observations.id"), comment="null where a person acted"),
    Column("reason", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("known_from", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("silenced_by", ForeignKey("silences.id"), comment="the silence that kept it from its desk"),
    Column("inhibited_by", ForeignKey("alerts.id"), comment="the parent's alert that speaks for it"),
    Column(
        "transaction",
        BigInteger,
        nullable=False,
        server_default=text("pg_current_xact_id()::text::bigint"),
        comment="that recorded it; 0 before anybody followed the stream",
    ),
    UniqueConstraint("alert_id", "observation_id", "kind"),
    Index("ix_alert_events_transaction_id", "transaction", "id"),
    Index("ix_alert_events_inhibited_by", "inhibited_by", postgresql_where=text("inhibited_by IS NOT NULL")),
    Index("ix_alert_events_silenced_by", "silenced_by", postgresql_where=text("silenced_by IS NOT NULL")),
)

release_calendars = Table(
    "release_calendars",
    metadata,
    Column("id", Text, primary_key=True, comment="one that ships with the service is described anew by it"),
    Column("spec", JSONB, nullable=False, comment="the calendar as alerts.release_calendars dumps it"),
    Column("recorded_at", Moment, nullable=False),
)

overdue_releases = Table(
    "overdue_releases",
    metadata,
    Column("calendar_id", Text, primary_key=True),
    Column("first_month", MonthColumn, primary_key=True),
    Column("months", SmallInteger, primary_key=True),
    Column("desk", Text, primary_key=True),
    Column("due_at", Moment, nullable=False),
    Column("told_at", Moment, nullable=False, comment="when the desk was told, once"),
    Column("series", ARRAY(Text), nullable=False, comment="awaited then, of those that the desk heard of"),
)

alert_notes = Table(
    "alert_notes",
    metadata,
    numbered(),
    Column("alert_id", ForeignKey("alerts.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False, comment="assigned, comment, snoozed, useful or noise"),
    Column("by", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("text", Text, nullable=False),
    Column("assignee", Text),
    Column("until", Moment),
)

silences = Table(
    "silences",
    metadata,
    Column("id", Text, primary_key=True),
    Column("desk", Text, nullable=False, index=True, comment="whose messages it holds back"),
    Column("matcher", JSONB, nullable=False, comment="fields that must all agree"),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False, comment="brought forward when it is ended"),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

"""Every table. Rows of figures, verdicts, forecasts, events and attempts are only ever added."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.storage.columns import Moment, MonthColumn

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


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
    Column("source", Text),
    Column("created_at", Moment, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    _id(),
    Column("source", Text, nullable=False),
    Column("known_from", Moment, nullable=False, comment="latest known_from of its rows"),
    Column("recorded_at", Moment, nullable=False),
    Column("idempotency_key", Text, unique=True),
    Column("request_hash", Text, comment="SHA-256 of the rows that the key was first used with"),
    Column("report", JSONB, nullable=False, comment="what the caller was told, told again on a repeat"),
)

observations = Table(
    "observations",
    metadata,
    _id(),
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

forecasts = Table(
    "forecasts",
    metadata,
    _id(),
    Column("series_id", ForeignKey("series.id"), nullable=False),
    Column("model", Text, nullable=False, comment="portfolio, or the one model asked for"),
    Column("origin", MonthColumn, nullable=False),
    Column("vintage", Moment, nullable=False),
    Column("levels", ARRAY(Float), comment="(q,); null where nothing could be said"),
    Column("quantiles", ARRAY(Float, dimensions=2), comment="(h, q)"),
    Column("reason", Text, comment="why there is no forecast, or what kind of forecast it is"),
    Column("members", JSONB, nullable=False),
    Column("versions", JSONB, nullable=False, comment="code and library versions"),
    Column("published_at", Moment, nullable=False),
    Column("figures", Integer, nullable=False, server_default=text("0"), comment="rows known as of vintage"),
    UniqueConstraint("series_id", "model", "vintage", "figures"),
)

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
)

alert_events = Table(
    "alert_events",
    metadata,
    _id(),
    Column("alert_id", ForeignKey("alerts.id"), nullable=False),
    Column("kind", Text, nullable=False, comment="opened, updated, corrected, escalated, resolved …"),
    Column("observation_id", ForeignKey("observations.id"), comment="null where a person acted"),
    Column("reason", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("known_from", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("silenced_by", ForeignKey("silences.id"), comment="the silence that kept it from its desk"),
    UniqueConstraint("alert_id", "observation_id", "kind"),
)

alert_notes = Table(
    "alert_notes",
    metadata,
    _id(),
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

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("desk", Text, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("event_types", ARRAY(Text), comment="null is all"),
    Column("secret", LargeBinary, nullable=False, comment="encrypted"),
    Column("previous_secret", LargeBinary, comment="encrypted; also signs until previous_until"),
    Column("previous_until", Moment),
    Column("sequence", BigInteger, nullable=False, server_default=text("0")),
    Column("status", Text, nullable=False, comment="enabled or disabled"),
    Column("disabled_reason", Text),
    Column("failing_since", Moment),
    Column("created_at", Moment, nullable=False),
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
)

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    Column("message_id", ForeignKey("messages.id"), nullable=False),
    Column("endpoint_id", ForeignKey("endpoints.id"), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="the exact bytes of every attempt"),
    Column("status", Text, nullable=False, comment="pending, delivered, exhausted or cancelled"),
    Column("attempts", Integer, nullable=False, server_default=text("0"), comment="claims so far"),
    Column("attempts_before_replay", Integer, nullable=False, server_default=text("0")),
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
    _id(),
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

jobs = Table(
    "jobs",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False, comment="what the job is about; one job a key"),
    Column("series_id", ForeignKey("series.id")),
    Column("arguments", JSONB, nullable=False),
    Column("status", Text, nullable=False, comment="pending, done or failed"),
    Column("runs", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    Column("note", Text, comment="what came of it, or why nothing did, where that is worth saying"),
    Column("due_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    UniqueConstraint("kind", "key"),
    Index("ix_jobs_due", "due_at", postgresql_where=text("status = 'pending'")),
)

trained_models = Table(
    "trained_models",
    metadata,
    _id(),
    Column("version", Text, nullable=False, unique=True, comment="vintage and a digest of what was learned"),
    Column("vintage", Moment, nullable=False, index=True),
    Column("portfolio", Text, nullable=False, comment="whose residuals the calibration is of"),
    Column("series", Integer, nullable=False, comment="held at the vintage"),
    Column("global_model", LargeBinary, comment="as the model dumps itself; null where too little was held"),
    Column("calibration", LargeBinary, comment="as calibration dumps itself; null where too little was held"),
    Column("notes", ARRAY(Text), nullable=False, comment="what each was learned from, or why it was not"),
    Column("versions", JSONB, nullable=False, comment="code and library versions"),
    Column("trained_at", Moment, nullable=False),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("part", Text, primary_key=True),
    Column("beat_at", Moment, nullable=False),
)

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

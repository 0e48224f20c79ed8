"""Every table. Rows of figures, verdicts, forecasts, events and attempts are only ever added."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    Column,
    Date,
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
    Column("hs_edition", Text, comment="edition of the code, as H6; H5+H6 is a splice by rule"),
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
    Column(
        "member_quantiles",
        ARRAY(REAL, dimensions=3),
        comment="(members with a median, h, q), to 7 digits",
    ),
    Column("versions", JSONB, nullable=False, comment="code and library versions"),
    Column("published_at", Moment, nullable=False),
    Column("figures", Integer, nullable=False, server_default=text("0"), comment="rows known as of vintage"),
    Column("change", JSONB, comment="from the forecast superseded, and what moved it; null where none was"),
    UniqueConstraint("series_id", "model", "vintage", "figures"),
)

measures = Table(
    "measures",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("announced", Date, nullable=False),
    Column("effective", Date, nullable=False, comment="the first day that it is in force"),
    Column("known_from", Moment, nullable=False, comment="when it became public"),
    Column("scope", JSONB, nullable=False, comment="series that it may show in, as alerts.scope dumps it"),
    Column("source_url", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
)

forecasters = Table(
    "forecasters",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("desk", Text, comment="whose it is, and who alone sees it; null is every desk"),
    Column("created_at", Moment, nullable=False),
)

submitted_forecasts = Table(
    "submitted_forecasts",
    metadata,
    _id(),
    Column("forecaster_id", ForeignKey("forecasters.id"), nullable=False),
    Column("series_id", ForeignKey("series.id"), nullable=False),
    Column("first_month", MonthColumn, nullable=False),
    Column("months", SmallInteger, nullable=False),
    Column("unit", Text, nullable=False),
    Column("point", Float, comment="total over the span, in unit"),
    Column("levels", ARRAY(Float), comment="(q,)"),
    Column("quantiles", ARRAY(Float), comment="(q,), in unit"),
    Column("low", Float, comment="the lowest answer of a poll"),
    Column("high", Float, comment="the highest"),
    Column("answers", Integer, comment="how many answered"),
    Column("known_from", Moment, nullable=False, comment="from when it counts: submitted, by our clock"),
    Column(
        "replayed",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="known_from is as an admin's replay of the past had it, before the figure was held",
    ),
    Column("claimed_from", Moment, comment="when the sender says that it was made; such a row never counts"),
    Index("ix_submitted_forecasts_series_id_forecaster_id", "series_id", "forecaster_id"),
    Index("ix_submitted_forecasts_forecaster_id_id", "forecaster_id", "id"),
)

scores = Table(
    "scores",
    metadata,
    Column("forecast_id", ForeignKey("forecasts.id"), primary_key=True),
    Column("observation_id", ForeignKey("observations.id"), primary_key=True, index=True),
    Column("member", Text, primary_key=True, comment="empty is the forecast itself"),
    Column("series_id", ForeignKey("series.id"), nullable=False, index=True),
    Column("model", Text, nullable=False),
    Column("horizon", SmallInteger, nullable=False, comment="months from origin to the span's last"),
    Column("error", Float, comment="these four are over scale"),
    Column("bias", Float),
    Column("pinball", Float),
    Column("wis", Float),
    Column("scale", Float, comment="mean absolute yearly change as of the vintage, in unit"),
    Column("inside_80", Boolean, nullable=False),
    Column("inside_95", Boolean, nullable=False),
    Column("residual", Float, comment="in distances from median to 90 % quantile"),
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
    _id(),
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
    _id(),
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

backtests = Table(
    "backtests",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("series", Integer, nullable=False, comment="how many held any figure then"),
    Column("lines", JSONB, nullable=False, comment="means over origins and series, by model"),
    Column("versions", JSONB, nullable=False, comment="of the libraries that made it"),
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

restricted = Table(
    "restricted",
    metadata,
    Column("series_id", ForeignKey("series.id"), primary_key=True),
    Column("source", Text, nullable=False, comment="whose terms say so"),
    Column("desk", Text, comment="whose key fetched the rows; null: shown to no desk"),
    Column("since", Moment, nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    _id(),
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
    _id(),
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

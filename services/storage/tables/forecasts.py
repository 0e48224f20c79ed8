"""Forecasts, ours and those of others, and how good they were."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.storage.columns import Moment, MonthColumn
from services.storage.tables.metadata import metadata, numbered

forecasts = Table(
    "forecasts",
    metadata,
    numbered(),
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
    numbered(),
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

trained_models = Table(
    "trained_models",
    metadata,
    numbered(),
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

backtests = Table(
    "backtests",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("series", Integer, nullable=False, comment="how many held any figure then"),
    Column("lines", JSONB, nullable=False, comment="means over origins and series, by model"),
    Column("versions", JSONB, nullable=False, comment="of the libraries that made it"),
)

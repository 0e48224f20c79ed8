"""Forecasters, and what they submitted before figures were known.

Revision 0032, after 0031.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from services.storage.columns import Moment, MonthColumn

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forecasters",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("desk", sa.Text(), comment="whose it is, and who alone sees it; null is every desk"),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecasters")),
    )
    op.create_table(
        "submitted_forecasts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("forecaster_id", sa.Text(), nullable=False),
        sa.Column("series_id", sa.Text(), nullable=False),
        sa.Column("first_month", MonthColumn(), nullable=False),
        sa.Column("months", sa.SmallInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("point", sa.Float(), comment="total over the span, in unit"),
        sa.Column("levels", ARRAY(sa.Float()), comment="(q,)"),
        sa.Column("quantiles", ARRAY(sa.Float()), comment="(q,), in unit"),
        sa.Column("low", sa.Float(), comment="the lowest answer of a poll"),
        sa.Column("high", sa.Float(), comment="the highest"),
        sa.Column("answers", sa.Integer(), comment="how many answered"),
        sa.Column("known_from", Moment(), nullable=False, comment="when it was submitted, by our clock"),
        sa.Column(
            "claimed_from", Moment(), comment="when the sender says that it was made; such a row never counts"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submitted_forecasts")),
        sa.ForeignKeyConstraint(
            ["forecaster_id"],
            ["forecasters.id"],
            name=op.f("fk_submitted_forecasts_forecaster_id_forecasters"),
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name=op.f("fk_submitted_forecasts_series_id_series")
        ),
    )
    op.create_index(
        "ix_submitted_forecasts_series_id_forecaster_id",
        "submitted_forecasts",
        ["series_id", "forecaster_id"],
    )
    op.create_index("ix_submitted_forecasts_forecaster_id_id", "submitted_forecasts", ["forecaster_id", "id"])


def downgrade() -> None:
    op.drop_table("submitted_forecasts")
    op.drop_table("forecasters")

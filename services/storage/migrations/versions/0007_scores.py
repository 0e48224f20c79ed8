"""Each member's own quantiles beside a forecast, and the scores of published forecasts.

Revision 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "forecasts",
        sa.Column(
            "member_quantiles",
            postgresql.ARRAY(sa.REAL(), dimensions=3),
            nullable=True,
            comment="(members with a median, h, q), to 7 digits",
        ),
    )
    op.create_table(
        "scores",
        sa.Column("forecast_id", sa.BigInteger(), nullable=False),
        sa.Column("observation_id", sa.BigInteger(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False, comment="empty is the forecast itself"),
        sa.Column("series_id", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column(
            "horizon", sa.SmallInteger(), nullable=False, comment="months from origin to the span's last"
        ),
        sa.Column("error", sa.Float(), nullable=True, comment="these four are over scale"),
        sa.Column("bias", sa.Float(), nullable=True),
        sa.Column("pinball", sa.Float(), nullable=True),
        sa.Column("wis", sa.Float(), nullable=True),
        sa.Column(
            "scale",
            sa.Float(),
            nullable=True,
            comment="mean absolute yearly change as of the vintage, in unit",
        ),
        sa.Column("inside_80", sa.Boolean(), nullable=False),
        sa.Column("inside_95", sa.Boolean(), nullable=False),
        sa.Column("residual", sa.Float(), nullable=True, comment="in distances from median to 90 % quantile"),
        sa.ForeignKeyConstraint(
            ["forecast_id"], ["forecasts.id"], name=op.f("fk_scores_forecast_id_forecasts")
        ),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observations.id"], name=op.f("fk_scores_observation_id_observations")
        ),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_scores_series_id_series")),
        sa.PrimaryKeyConstraint("forecast_id", "observation_id", "member", name=op.f("pk_scores")),
    )
    op.create_index(op.f("ix_scores_observation_id"), "scores", ["observation_id"])
    op.create_index(op.f("ix_scores_series_id"), "scores", ["series_id"])


def downgrade() -> None:
    op.drop_table("scores")
    op.drop_column("forecasts", "member_quantiles")

"""A forecast made again for its vintage, because a figure came late, stands beside the first.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UNIQUE = "uq_forecasts_series_id_model_vintage"


def upgrade() -> None:
    op.add_column(
        "forecasts",
        sa.Column(
            "figures",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="rows known as of vintage",
        ),
    )
    op.drop_constraint(op.f(UNIQUE), "forecasts", type_="unique")
    op.create_unique_constraint(
        op.f(f"{UNIQUE}_figures"), "forecasts", ["series_id", "model", "vintage", "figures"]
    )


def downgrade() -> None:
    op.drop_constraint(op.f(f"{UNIQUE}_figures"), "forecasts", type_="unique")
    op.create_unique_constraint(op.f(UNIQUE), "forecasts", ["series_id", "model", "vintage"])
    op.drop_column("forecasts", "figures")

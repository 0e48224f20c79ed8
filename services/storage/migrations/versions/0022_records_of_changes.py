"""Verdicts keep the records of a figure's changes, and its rank among the same calendar months.

Revision 0022, after 0021.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verdicts", sa.Column("change_records", JSONB(), nullable=False, server_default="[]"))
    op.add_column(
        "verdicts",
        sa.Column(
            "rank_in_month",
            JSONB(none_as_null=True),
            comment="place among the same calendar months held, from the lowest",
        ),
    )


def downgrade() -> None:
    op.drop_column("verdicts", "rank_in_month")
    op.drop_column("verdicts", "change_records")

"""Dated measures, which a shock may answer to.

Revision 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.storage.columns import Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "measures",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("announced", sa.Date(), nullable=False),
        sa.Column("effective", sa.Date(), nullable=False, comment="the first day that it is in force"),
        sa.Column("known_from", Moment(), nullable=False, comment="when it became public"),
        sa.Column(
            "scope",
            JSONB(),
            nullable=False,
            comment="series that it may show in, as alerts.scope dumps it",
        ),
        sa.Column("source_url", sa.Text(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measures")),
    )


def downgrade() -> None:
    op.drop_table("measures")

"""What a backtest came to, beside the job that made it.

Revision 0033, after 0032.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backtests",
        sa.Column("job_id", sa.BigInteger, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("series", sa.Integer, nullable=False, comment="how many held any figure then"),
        sa.Column("lines", JSONB, nullable=False, comment="means over origins and series, by model"),
        sa.Column("versions", JSONB, nullable=False, comment="of the libraries that made it"),
    )


def downgrade() -> None:
    op.drop_table("backtests")

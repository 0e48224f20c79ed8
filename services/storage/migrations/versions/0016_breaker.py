"""A breaker of each endpoint: its failures in a row, and until when it is left alone.

Revision 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

from services.storage.columns import Moment

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "endpoints",
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="in a row"),
    )
    op.add_column(
        "endpoints", sa.Column("paused_until", Moment(), comment="nothing is sent before; null is no rest")
    )


def downgrade() -> None:
    op.drop_column("endpoints", "paused_until")
    op.drop_column("endpoints", "failures")

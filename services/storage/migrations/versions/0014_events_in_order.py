"""The transaction of each alert event, so that a stream of them has no gap.

Revision 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "alert_events",
        sa.Column(
            "transaction",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("0"),
            comment="that recorded it; 0 before anybody followed the stream",
        ),
    )
    op.alter_column(
        "alert_events", "transaction", server_default=sa.text("pg_current_xact_id()::text::bigint")
    )
    op.create_index("ix_alert_events_transaction_id", "alert_events", ["transaction", "id"])


def downgrade() -> None:
    op.drop_index("ix_alert_events_transaction_id", "alert_events")
    op.drop_column("alert_events", "transaction")

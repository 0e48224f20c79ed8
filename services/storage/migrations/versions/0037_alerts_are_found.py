"""A release finds the alerts of its series, and a page the last opened, without a look at all alerts.

Revision 0037, after 0036.
"""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_alerts_series_id", "alerts", ["series_id"])
    op.create_index("ix_alerts_opened_at_id", "alerts", ["opened_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_alerts_opened_at_id", table_name="alerts")
    op.drop_index("ix_alerts_series_id", table_name="alerts")

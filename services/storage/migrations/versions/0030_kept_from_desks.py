"""What was kept from its desk is found without a look at all events: by a parent's alert, or by a silence.

Revision 0030, after 0029.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("inhibited_by", "silenced_by"):
        op.create_index(
            f"ix_alert_events_{column}",
            "alert_events",
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )


def downgrade() -> None:
    for column in ("silenced_by", "inhibited_by"):
        op.drop_index(f"ix_alert_events_{column}", "alert_events")

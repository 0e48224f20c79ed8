"""Deliveries are claimed endpoint by endpoint, and a replay starts the schedule anew.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PENDING = sa.text("status = 'pending'")


def upgrade() -> None:
    op.alter_column("deliveries", "attempts", comment="claims so far", existing_type=sa.Integer())
    op.add_column(
        "deliveries",
        sa.Column("attempts_before_replay", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.drop_index("ix_deliveries_due", table_name="deliveries", postgresql_where=PENDING)
    op.create_index("ix_deliveries_due", "deliveries", ["endpoint_id", "due_at"], postgresql_where=PENDING)


def downgrade() -> None:
    op.drop_index("ix_deliveries_due", table_name="deliveries", postgresql_where=PENDING)
    op.create_index("ix_deliveries_due", "deliveries", ["due_at"], postgresql_where=PENDING)
    op.drop_column("deliveries", "attempts_before_replay")
    op.alter_column("deliveries", "attempts", comment=None, existing_type=sa.Integer())

"""The request that caused a delivery or a job, so that a log is read from the post to the webhook.

Revision 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("deliveries", "jobs"):
        op.add_column(table, sa.Column("request_id", sa.Text(), comment="of the request that caused it"))


def downgrade() -> None:
    for table in ("deliveries", "jobs"):
        op.drop_column(table, "request_id")

"""A delivery knows since when nothing but faults of ours keep it back; what ops was told is found quickly.

Revision 0031, after 0030.
"""

import sqlalchemy as sa
from alembic import op

from services.storage.columns import Moment

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The index first: a recording goes from messages to deliveries, and would be met halfway.
    ours = sa.text("desk = 'ops'")
    op.create_index("ix_messages_ops", "messages", ["event_type", "created_at"], postgresql_where=ours)
    since = "since when every attempt failed by a fault of ours; null where the last did not"
    op.add_column("deliveries", sa.Column("ours_since", Moment(), comment=since))


def downgrade() -> None:
    op.drop_index("ix_messages_ops", table_name="messages")
    op.drop_column("deliveries", "ours_since")

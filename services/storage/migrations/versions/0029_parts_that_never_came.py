"""A part that has never worked is a row too, and what a release causes names it.

Revision 0029, after 0028.
"""

import sqlalchemy as sa
from alembic import op

from services.storage.columns import Moment

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    since = "when it was first looked for, where it had never worked; null where it had"
    op.add_column("heartbeats", sa.Column("awaited_since", Moment(), comment=since))
    worked = "when it last worked; null where it never has"
    op.alter_column("heartbeats", "beat_at", existing_type=Moment(), nullable=True, comment=worked)
    for table in ("jobs", "deliveries"):
        cause = "of the release that caused it"
        op.add_column(table, sa.Column("release_id", sa.BigInteger(), comment=cause))


def downgrade() -> None:
    for table in ("deliveries", "jobs"):
        op.drop_column(table, "release_id")
    op.execute("DELETE FROM heartbeats WHERE beat_at IS NULL")
    op.alter_column("heartbeats", "beat_at", existing_type=Moment(), nullable=False, comment=None)
    op.drop_column("heartbeats", "awaited_since")

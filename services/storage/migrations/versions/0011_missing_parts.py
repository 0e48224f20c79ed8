"""When ops were told that a part of the service is missing.

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

from services.storage.columns import Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = "when ops were told that it is missing; null while it works"
    op.add_column("heartbeats", sa.Column("missed_at", Moment(), comment=told))


def downgrade() -> None:
    op.drop_column("heartbeats", "missed_at")

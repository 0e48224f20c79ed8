"""A source remembers each fault that stands, not the last alone.

Revision 0034, after 0033.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "sources",
        sa.Column(
            "standing",
            JSONB,
            nullable=False,
            server_default=sa.text("'{}'"),
            comment="faults met since a poll went well, each with the moment it was last met",
        ),
    )


def downgrade() -> None:
    op.drop_column("sources", "standing")

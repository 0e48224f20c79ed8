"""A submitted forecast may be of a replay of the past, and says so.

Revision 0035, after 0034.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

SUBMITTED = "when it was submitted, by our clock"
COUNTS = "from when it counts: submitted, by our clock"


def upgrade() -> None:
    op.add_column(
        "submitted_forecasts",
        sa.Column(
            "replayed",
            sa.Boolean,
            nullable=False,
            server_default=sa.text("false"),
            comment="known_from is as an admin's replay of the past had it, before the figure was held",
        ),
    )
    op.alter_column("submitted_forecasts", "known_from", comment=COUNTS, existing_comment=SUBMITTED)


def downgrade() -> None:
    op.alter_column("submitted_forecasts", "known_from", comment=SUBMITTED, existing_comment=COUNTS)
    op.drop_column("submitted_forecasts", "replayed")

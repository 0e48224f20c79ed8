"""The edition that a series' code is of; answers that are to be read again.

Revision 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "series",
        sa.Column(
            "hs_edition",
            sa.Text(),
            nullable=True,
            comment="edition of the code, as H6; H5+H6 is a splice by rule",
        ),
    )
    op.alter_column(
        "snapshots",
        "outcome",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment="waiting, again, derived, refused or kept",
        existing_comment="waiting, derived, refused or kept",
    )


def downgrade() -> None:
    op.execute("update snapshots set outcome = 'derived' where outcome = 'again'")
    op.alter_column(
        "snapshots",
        "outcome",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment="waiting, derived, refused or kept",
        existing_comment="waiting, again, derived, refused or kept",
    )
    op.drop_column("series", "hs_edition")

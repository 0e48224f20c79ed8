"""Why a published forecast differs from the one that it supersedes.

Revision 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = "from the forecast superseded, and what moved it; null where none was"
    op.add_column("forecasts", sa.Column("change", JSONB(), comment=told))


def downgrade() -> None:
    op.drop_column("forecasts", "change")

"""Series whose figures may not be passed on, and the desk that each is kept for.

Revision 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

from services.storage.columns import Moment

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "restricted",
        sa.Column("series_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="whose terms say so"),
        sa.Column("desk", sa.Text(), comment="whose key fetched the rows; null: shown to no desk"),
        sa.Column("since", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_restricted_series_id_series")),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_restricted")),
    )
    op.execute(
        "INSERT INTO restricted SELECT series_id, source, desk, now() FROM followed "
        "LEFT JOIN sources ON sources.name = followed.source WHERE followed.source = 'comtrade'"
    )


def downgrade() -> None:
    op.drop_table("restricted")

"""Imports that were shown and wait to be confirmed.

Revision 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.storage.columns import Moment

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False, comment="id of the API key it came by; empty is none"),
        sa.Column("name", sa.Text(), nullable=False, comment="of the file"),
        sa.Column(
            "content", sa.LargeBinary(), nullable=False, comment="zlib of the file; of nothing once recorded"
        ),
        sa.Column("mapping", JSONB(), nullable=False, comment="by which it was shown last"),
        sa.Column("recording", JSONB(), nullable=False, comment="source, history and replayed"),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("report", JSONB(none_as_null=True), comment="what became of it; null while it waits"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_expires_at"), "imports", ["expires_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_imports_expires_at"), table_name="imports")
    op.drop_table("imports")

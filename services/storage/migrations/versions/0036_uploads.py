"""Uploads that are recorded in the background: what was sent, how far it is, and what became of it.

Revision 0036, after 0035.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("job_id", sa.BigInteger, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("desk", sa.Text, comment="whose key sent it; null is one of every desk"),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, comment="zlib of the body; null once it is no more needed"),
        sa.Column("recording", JSONB, nullable=False, comment="how, for whom and from where"),
        sa.Column("request_hash", sa.Text, nullable=False, comment="of its figures and their source"),
        sa.Column("figures", sa.Integer, nullable=False, comment="how many it holds"),
        sa.Column("done", sa.Integer, nullable=False, comment="how many of them are judged so far"),
        sa.Column("report", JSONB(none_as_null=True), comment="what became of it; null until it is recorded"),
        sa.Column("faults", JSONB(none_as_null=True), comment="by row, where it was refused"),
    )


def downgrade() -> None:
    op.drop_table("uploads")

"""Jobs that somebody waits for go first; a trace leads from a request to what it caused.

Revision 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "jobs",
        sa.Column(
            "priority", sa.SmallInteger(), server_default=sa.text("0"), nullable=False, comment="lowest first"
        ),
    )
    op.drop_index("ix_jobs_due", table_name="jobs")
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["kind", "priority", "due_at"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    for table in ("jobs", "deliveries"):
        op.add_column(table, sa.Column("trace", sa.Text(), comment="W3C traceparent of what caused it"))


def downgrade() -> None:
    for table in ("deliveries", "jobs"):
        op.drop_column(table, "trace")
    op.drop_index("ix_jobs_due", table_name="jobs")
    op.create_index("ix_jobs_due", "jobs", ["due_at"], postgresql_where=sa.text("status = 'pending'"))
    op.drop_column("jobs", "priority")

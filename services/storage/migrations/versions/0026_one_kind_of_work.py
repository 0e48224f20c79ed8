"""One kind of work: whose a job is and since when, schedules as rows, and an end for each job that failed.

The columns of an endpoint's one previous secret go: nothing has read them since 0024.

Revision 0026, after 0025.
"""

import sqlalchemy as sa
from alembic import op

from services.storage.columns import Moment

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("lease_owner", sa.Text()))
    op.add_column("jobs", sa.Column("started_at", Moment(), comment="of the last run"))
    op.alter_column("jobs", "finished_at", existing_type=Moment(), comment="however it ended")
    op.execute("UPDATE jobs SET finished_at = due_at WHERE status = 'failed' AND finished_at IS NULL")
    op.create_table(
        "schedules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("lease_until", Moment()),
        sa.Column("lease_owner", sa.Text()),
        sa.Column(
            "runs",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("0"),
            comment="since one last ended well",
        ),
        sa.Column("started_at", Moment(), comment="of the last run"),
        sa.Column("finished_at", Moment(), comment="of the last run that ended, however it did"),
        sa.Column("error", sa.Text(), comment="of the last run; null where it ended well"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedules")),
    )
    op.drop_column("endpoints", "previous_secret")
    op.drop_column("endpoints", "previous_until")


def downgrade() -> None:
    op.add_column("endpoints", sa.Column("previous_until", Moment()))
    op.add_column(
        "endpoints",
        sa.Column("previous_secret", sa.LargeBinary(), comment="encrypted; also signs until previous_until"),
    )
    op.drop_table("schedules")
    op.alter_column("jobs", "finished_at", existing_type=Moment(), comment=None)
    op.drop_column("jobs", "started_at")
    op.drop_column("jobs", "lease_owner")

"""A release is told overdue to each desk, once; a desk that had silenced it is told after the silence.

Whom the releases of before were told, their messages say. A release that was told to nobody loses its row: it
is told to the desks that hear it, if it is late still.

Revision 0027, after 0026.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

PERIOD = """to_char(overdue.first_month, 'YYYY-MM') || CASE WHEN overdue.months = 1 THEN '' ELSE '..' || to_char(
    overdue.first_month + make_interval(months => overdue.months - 1), 'YYYY-MM') END"""
"""A span as events spell it."""


def upgrade() -> None:
    op.drop_constraint(op.f("pk_overdue_releases"), "overdue_releases")
    op.add_column("overdue_releases", sa.Column("desk", sa.Text()))
    op.execute(
        f"""
        INSERT INTO overdue_releases (calendar_id, first_month, months, desk, due_at, told_at, series)
        SELECT DISTINCT overdue.calendar_id, overdue.first_month, overdue.months, messages.desk,
               overdue.due_at, overdue.told_at, overdue.series
        FROM overdue_releases AS overdue
        JOIN messages ON messages.event_type = 'data.overdue'
            AND messages.payload #>> '{{data,calendar}}' = overdue.calendar_id
            AND messages.payload #>> '{{data,period}}' = {PERIOD}
        """  # noqa: S608 - all of it is ours
    )
    op.execute("DELETE FROM overdue_releases WHERE desk IS NULL")
    op.alter_column("overdue_releases", "desk", existing_type=sa.Text(), nullable=False)
    op.create_primary_key(
        op.f("pk_overdue_releases"), "overdue_releases", ["calendar_id", "first_month", "months", "desk"]
    )
    op.alter_column(
        "overdue_releases", "told_at", existing_type=sa.DateTime(True), comment="when the desk was told, once"
    )
    op.alter_column(
        "overdue_releases",
        "series",
        existing_type=sa.ARRAY(sa.Text()),
        comment="awaited then, of those that the desk heard of",
    )


def downgrade() -> None:
    op.execute(
        """
        DELETE FROM overdue_releases AS later USING overdue_releases AS first
        WHERE (later.calendar_id, later.first_month, later.months)
            = (first.calendar_id, first.first_month, first.months)
            AND (later.told_at, later.desk) > (first.told_at, first.desk)
        """
    )
    op.drop_constraint(op.f("pk_overdue_releases"), "overdue_releases")
    op.drop_column("overdue_releases", "desk")
    op.create_primary_key(
        op.f("pk_overdue_releases"), "overdue_releases", ["calendar_id", "first_month", "months"]
    )
    op.alter_column(
        "overdue_releases", "told_at", existing_type=sa.DateTime(True), comment="when desks were told, once"
    )
    op.alter_column("overdue_releases", "series", existing_type=sa.ARRAY(sa.Text()), comment="awaited then")

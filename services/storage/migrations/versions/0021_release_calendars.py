"""Release calendars, releases told overdue, and which parent's alert spoke for an alert's event.

Revision 0021, after 0020.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.storage.columns import Moment, MonthColumn

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "release_calendars",
        sa.Column(
            "id",
            sa.Text(),
            nullable=False,
            comment="one that ships with the service is described anew by it",
        ),
        sa.Column(
            "spec",
            JSONB(),
            nullable=False,
            comment="the calendar as alerts.release_calendars dumps it",
        ),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_calendars")),
    )
    op.create_table(
        "overdue_releases",
        sa.Column("calendar_id", sa.Text(), nullable=False),
        sa.Column("first_month", MonthColumn(), nullable=False),
        sa.Column("months", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("told_at", Moment(), nullable=False, comment="when desks were told, once"),
        sa.Column("series", ARRAY(sa.Text()), nullable=False, comment="awaited then"),
        sa.PrimaryKeyConstraint("calendar_id", "first_month", "months", name=op.f("pk_overdue_releases")),
    )
    op.add_column(
        "alert_events",
        sa.Column("inhibited_by", sa.Text(), nullable=True, comment="the parent's alert that speaks for it"),
    )
    op.create_foreign_key(
        op.f("fk_alert_events_inhibited_by_alerts"), "alert_events", "alerts", ["inhibited_by"], ["id"]
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_alert_events_inhibited_by_alerts"), "alert_events")
    op.drop_column("alert_events", "inhibited_by")
    op.drop_table("overdue_releases")
    op.drop_table("release_calendars")

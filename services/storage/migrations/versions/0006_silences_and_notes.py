"""Silences, what people say about alerts, and which event a silence kept from its desk.

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.storage.columns import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "silences",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False, comment="whose messages it holds back"),
        sa.Column(
            "matcher",
            JSONB(),
            nullable=False,
            comment="fields that must all agree",
        ),
        sa.Column("starts_at", Moment(), nullable=False),
        sa.Column("ends_at", Moment(), nullable=False, comment="brought forward when it is ended"),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
    )
    op.create_index(op.f("ix_silences_desk"), "silences", ["desk"])
    op.create_table(
        "alert_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="assigned, comment, snoozed, useful or noise"),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("assignee", sa.Text()),
        sa.Column("until", Moment()),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_notes_alert_id_alerts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_notes")),
    )
    op.create_index(op.f("ix_alert_notes_alert_id"), "alert_notes", ["alert_id"])
    op.add_column(
        "alert_events",
        sa.Column("silenced_by", sa.Text(), comment="the silence that kept it from its desk"),
    )
    op.create_foreign_key(
        op.f("fk_alert_events_silenced_by_silences"), "alert_events", "silences", ["silenced_by"], ["id"]
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_alert_events_silenced_by_silences"), "alert_events", type_="foreignkey")
    op.drop_column("alert_events", "silenced_by")
    op.drop_table("alert_notes")
    op.drop_table("silences")

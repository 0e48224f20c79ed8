"""Sources, the series followed at each, and every answer of theirs as it was received.

Revision 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.storage.columns import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sources",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("next_call_at", Moment(), comment="the earliest moment of the next call; null is now"),
        sa.Column("calls_on", sa.Date(), comment="day, UTC, that calls counts"),
        sa.Column("calls", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("rests_until", Moment(), comment="when the source itself asked to be called again"),
        sa.Column("last_success_at", Moment()),
        sa.Column("last_fault_at", Moment()),
        sa.Column("fault", sa.Text(), comment="kind of the last fault; null once a poll went well"),
        sa.Column("reason", sa.Text(), comment="what happened and what to do"),
        sa.Column(
            "sealed_key", sa.LargeBinary(), comment="encrypted; the installation's own key to the source"
        ),
        sa.Column(
            "desk", sa.Text(), comment="whose key it is; rows that may not be passed on are shown to it alone"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sources")),
    )
    op.create_table(
        "followed",
        sa.Column("series_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("code", JSONB(), nullable=False, comment="how the source names the series"),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("begun_at", Moment(), comment="when its past was in; from then on its figures wake rules"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_followed_series_id_series")),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_followed")),
    )
    op.create_index(op.f("ix_followed_source"), "followed", ["source"])
    op.create_table(
        "snapshots",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "request", sa.Text(), nullable=False, comment="method, path and parameters, without any key"
        ),
        sa.Column("bears_figures", sa.Boolean(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("headers", JSONB(), nullable=False, comment="those that say when and what"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="zlib of the answer as received"),
        sa.Column("size", sa.Integer(), nullable=False, comment="bytes as received"),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the answer as received"),
        sa.Column("first_seen", Moment(), nullable=False),
        sa.Column("last_seen", Moment(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False, comment="waiting, derived, refused or kept"),
        sa.Column("fault", sa.Text(), comment="kind of the fault that refused it"),
        sa.Column("reason", sa.Text(), comment="what happened and what to do"),
        sa.Column("parser", sa.Integer(), comment="version of the parser that read it last"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
    )
    op.create_index("ix_snapshots_source_request_id", "snapshots", ["source", "request", "id"])
    op.create_index(
        "ix_snapshots_waiting",
        "snapshots",
        ["source", "id"],
        postgresql_where=sa.text("outcome = 'waiting'"),
    )


def downgrade() -> None:
    for name in ("snapshots", "followed", "sources"):
        op.drop_table(name)

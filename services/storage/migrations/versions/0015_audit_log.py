"""The audit log: who changed what, when, from where, before and after; its rows can only be added.

Revision 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.storage.columns import Moment

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("key_id", sa.Text(), comment="null: anybody in development, or the command line"),
        sa.Column("name", sa.Text(), nullable=False, comment="of the key, as it was then"),
        sa.Column("desk", sa.Text(), comment="of the key; null is every desk"),
        sa.Column("address", sa.Text(), comment="where the request came from"),
        sa.Column("request_id", sa.Text()),
        sa.Column("action", sa.Text(), nullable=False, comment="such as rule.saved"),
        sa.Column("target", sa.Text(), nullable=False, comment="id of what was changed"),
        sa.Column("before", JSONB()),
        sa.Column("after", JSONB()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_target_id", "audit", ["target", "id"])
    op.execute(
        "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'rows of the audit log are only ever added'; END $$"
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
    )


def downgrade() -> None:
    op.drop_table("audit")
    op.execute("DROP FUNCTION audit_is_append_only()")

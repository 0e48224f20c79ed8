"""Secrets that were rotated away live out their time, however many; a repeated rotation is known by its key.

The columns of the one previous secret stay, for processes of the version before that still run; nothing of
this one reads them.

Revision 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op

from services.storage.columns import Moment

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retired_secrets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False, comment="encrypted; signs beside the newest"),
        sa.Column("signs_until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retired_secrets")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["endpoints.id"], name=op.f("fk_retired_secrets_endpoint_id_endpoints")
        ),
    )
    op.create_index(op.f("ix_retired_secrets_endpoint_id"), "retired_secrets", ["endpoint_id"])
    op.execute(
        "INSERT INTO retired_secrets (endpoint_id, secret, signs_until) SELECT id, previous_secret, previous_until "
        "FROM endpoints WHERE previous_secret IS NOT NULL AND previous_until IS NOT NULL"
    )
    op.add_column(
        "endpoints",
        sa.Column("rotated_by", sa.Text(), comment="Idempotency-Key of the last rotation, hashed"),
    )


def downgrade() -> None:
    op.drop_column("endpoints", "rotated_by")
    op.drop_index(op.f("ix_retired_secrets_endpoint_id"), table_name="retired_secrets")
    op.drop_table("retired_secrets")

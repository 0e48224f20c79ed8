"""Each secret keeps the key that asked for it while it signs: the same request again is given the same.

Keys are hashed together with the caller from here on; those that stand were of any caller, and are forgotten.

Revision 0028, after 0027.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_COMMENT = "caller and Idempotency-Key of the rotation that made the secret, hashed"


def upgrade() -> None:
    op.add_column("retired_secrets", sa.Column("rotated_by", sa.Text(), comment=_COMMENT))
    op.add_column("retired_secrets", sa.Column("public_key", sa.Text(), comment="null is HMAC"))
    op.alter_column("endpoints", "rotated_by", existing_type=sa.Text(), comment=_COMMENT)
    op.execute("UPDATE endpoints SET rotated_by = NULL")


def downgrade() -> None:
    op.alter_column(
        "endpoints",
        "rotated_by",
        existing_type=sa.Text(),
        comment="Idempotency-Key of the last rotation, hashed",
    )
    op.drop_column("retired_secrets", "public_key")
    op.drop_column("retired_secrets", "rotated_by")

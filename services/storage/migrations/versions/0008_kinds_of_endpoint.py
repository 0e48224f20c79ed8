"""Kinds of endpoint: channels with a sealed URL beside webhooks, and a public key where ed25519 signs.

Revision 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "endpoints",
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            server_default=sa.text("'webhook'"),
            comment="webhook, cloudevents, slack, teams or apprise",
        ),
    )
    op.add_column(
        "endpoints",
        sa.Column("sealed_url", sa.LargeBinary(), nullable=True, comment="encrypted; a channel's real URL"),
    )
    op.add_column("endpoints", sa.Column("public_key", sa.Text(), nullable=True, comment="null is HMAC"))


def downgrade() -> None:
    for name in ("public_key", "sealed_url", "kind"):
        op.drop_column("endpoints", name)

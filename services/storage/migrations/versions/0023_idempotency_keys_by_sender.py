"""An idempotency key belongs to the API key that it came by, and is shared with no other.

Revision 0023, after 0022.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "releases",
        sa.Column(
            "sender",
            sa.Text(),
            nullable=False,
            server_default=sa.text("''"),
            comment="id of the API key it came by, whose idempotency keys are its own; empty is none",
        ),
    )
    op.drop_constraint(op.f("uq_releases_idempotency_key"), "releases")
    op.create_unique_constraint(
        op.f("uq_releases_sender_idempotency_key"), "releases", ["sender", "idempotency_key"]
    )


def downgrade() -> None:
    op.drop_constraint(op.f("uq_releases_sender_idempotency_key"), "releases")
    # of the same key by two senders one stays: without senders it can mean one release alone
    op.execute(
        "update releases later set idempotency_key = null from releases first "
        "where later.idempotency_key = first.idempotency_key and later.id > first.id"
    )
    op.create_unique_constraint(op.f("uq_releases_idempotency_key"), "releases", ["idempotency_key"])
    op.drop_column("releases", "sender")

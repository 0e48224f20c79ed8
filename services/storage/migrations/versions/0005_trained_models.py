"""Models trained across an installation's series, and what came of a job.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trained_models",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version", sa.Text(), nullable=False, comment="vintage and a digest of what was learned"),
        sa.Column("vintage", sa.DateTime(timezone=True), nullable=False),
        sa.Column("portfolio", sa.Text(), nullable=False, comment="whose residuals the calibration is of"),
        sa.Column("series", sa.Integer(), nullable=False, comment="held at the vintage"),
        sa.Column(
            "global_model",
            sa.LargeBinary(),
            nullable=True,
            comment="as the model dumps itself; null where too little was held",
        ),
        sa.Column(
            "calibration",
            sa.LargeBinary(),
            nullable=True,
            comment="as calibration dumps itself; null where too little was held",
        ),
        sa.Column(
            "notes",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="what each was learned from, or why it was not",
        ),
        sa.Column("versions", postgresql.JSONB(), nullable=False, comment="code and library versions"),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trained_models")),
        sa.UniqueConstraint("version", name=op.f("uq_trained_models_version")),
    )
    op.create_index(op.f("ix_trained_models_vintage"), "trained_models", ["vintage"])
    op.add_column(
        "jobs",
        sa.Column(
            "note",
            sa.Text(),
            nullable=True,
            comment="what came of it, or why nothing did, where that is worth saying",
        ),
    )


def downgrade() -> None:
    op.drop_column("jobs", "note")
    op.drop_table("trained_models")

"""What all tables share: how their constraints are named, and their numbered rows."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def numbered() -> Column[int]:
    """The primary key of rows that are numbered as they come."""
    return Column("id", BigInteger, Identity(always=True), primary_key=True)

"""Alembic's entry: one connection, one transaction that no other migration runs beside, our metadata."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import create_engine

from services.storage.columns import Moment, MonthColumn
from services.storage.schema import alone
from services.storage.tables import metadata


def render(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Write our column types into migrations as the SQL types that they are."""
    if kind == "type" and isinstance(item, MonthColumn):
        return "sa.Date()"
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    return False


engine = create_engine(context.config.attributes["database_url"])
try:
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, render_item=render)
        with context.begin_transaction():
            held = context.config.attributes
            alone(connection, held["patience"], held["give_way"])  # before the version is read
            context.run_migrations()
finally:
    engine.dispose()

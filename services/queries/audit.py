"""The audit log: who changed what."""

from __future__ import annotations

from sqlalchemy import Connection

from services.queries.slices import Slice, sliced
from services.storage import audit
from services.storage.audit import Change


def listed(
    connection: Connection,
    *,
    action: str | None = None,
    target: str | None = None,
    key_id: str | None = None,
    before: int | None = None,
    limit: int,
) -> Slice[Change]:
    """The newest changes first, of an action, target or key where given, below an id where given."""
    found = audit.listed(
        connection, action=action, target=target, key_id=key_id, before=before, limit=limit + 1
    )
    return sliced(found, limit)

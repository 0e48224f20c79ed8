"""Messages: what happened, whole, as endpoints are told of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from services.storage import messages


def event(connection: Connection, message_id: str, *, desk: str | None = None) -> dict[str, Any] | None:
    """The event of a message, whole; None where there is no such message, or it is not ``desk``'s."""
    found = messages.get(connection, message_id, desk=desk)
    return None if found is None else found.payload

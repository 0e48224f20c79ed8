"""Endpoints: where desks receive, and how each has been doing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from services.storage import endpoint_health, endpoints
from services.storage.endpoint_health import Lately
from services.storage.endpoints import Endpoint

__all__ = ["Endpoint", "Lately", "TriedEndpoint", "listed", "one", "tried", "urls"]

WINDOW = dt.timedelta(days=7)
"""How far back an endpoint's health looks."""


@dataclass(frozen=True, slots=True)
class TriedEndpoint:
    """An endpoint and what it came to in the last week."""

    endpoint: Endpoint
    lately: Lately

    def state(self, now: dt.datetime) -> str:
        """One word for how it is: disabled, resting, failing, well or not tried."""
        if self.endpoint.status == "disabled":
            return "disabled"
        if self.endpoint.paused_until is not None and self.endpoint.paused_until > now:
            return "resting"
        if self.endpoint.failing_since is not None:
            return "failing"
        return "well" if self.lately.attempts else "not tried"


def listed(connection: Connection, *, desk: str | None = None) -> list[Endpoint]:
    """Endpoints of a desk, or of all, the oldest first."""
    return endpoints.listed(connection, desk=desk)


def one(connection: Connection, endpoint_id: str, *, desk: str | None = None) -> Endpoint | None:
    """One endpoint; None where there is none, or it is not ``desk``'s."""
    found = endpoints.get(connection, endpoint_id)
    return found if found is not None and desk in {None, found.desk} else None


def tried(connection: Connection, found: Sequence[Endpoint], *, now: dt.datetime) -> list[TriedEndpoint]:
    """Endpoints with how each has been doing in the week before a moment."""
    came_to = endpoint_health.lately(connection, [each.id for each in found], since=now - WINDOW)
    return [TriedEndpoint(each, came_to[each.id]) for each in found]


def urls(connection: Connection, *, desk: str | None = None) -> dict[str, str]:
    """The URL of each endpoint of a desk, or of all, by id."""
    return {each.id: each.url for each in endpoints.listed(connection, desk=desk)}

"""Every change by a command is kept as those by API and pages are: who ran it where, before and after."""

from __future__ import annotations

import os
import platform
import pwd
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

if TYPE_CHECKING:  # a command that needs no database starts without storage
    from services.api.schemas.common import Shown
    from services.queries.endpoints import Endpoint
    from services.usecases.manage_endpoints import Noted

    Seen = Shown | dict[str, Any] | None


def operator() -> str:
    """Who runs the command, by the operating system and not by the environment; its number without a name."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def keep(
    connection: Connection, action: str, target: str, *, before: Seen = None, after: Seen = None
) -> None:
    """Keep a change in the transaction that makes it; what is shown once is never in ``after``."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.usecases.callers import Caller, keep_change  # noqa: PLC0415 - as above

    keep_change(
        connection,
        Caller(None, f"command line ({operator()})", None, frozenset()),
        action,
        target,
        address=platform.node() or None,
        now=bootstrap.now(),
        before=_plain(before),
        after=_plain(after),
    )


def noted(action: str) -> Noted:
    """What keeps a change of an endpoint, for the use cases that make one."""
    from services.api.schemas.endpoints import EndpointShown  # noqa: PLC0415 - read when asked for
    from services.queries import endpoints  # noqa: PLC0415 - as above

    def told(connection: Connection, changed: Endpoint) -> None:
        held = endpoints.one(connection, changed.id)
        before = None if action == "endpoint.added" else EndpointShown.model_validate(changed)
        after = None if held is None else EndpointShown.model_validate(held)
        keep(connection, action, changed.id, before=before, after=after)

    return told


def _plain(seen: Seen) -> dict[str, Any] | None:
    return seen if seen is None or isinstance(seen, dict) else seen.model_dump(mode="json")

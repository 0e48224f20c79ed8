"""What a page changes is kept with who pressed the button, as the API keeps what it changes."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from services.bootstrap import Service
from services.usecases.callers import keep_change
from services.web import flashes
from services.web.sessions import Visitor


def keep(
    request: Request,
    looking: Visitor,
    connection: Connection,
    action: str,
    target: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Keep a change in the transaction that makes it; what is shown once is never in ``after``."""
    service: Service = request.app.state.service
    keep_change(
        connection,
        looking.caller,
        action,
        target,
        address=None if request.client is None else request.client.host,
        now=service.now(),
        before=before,
        after=after,
    )


def back_to(path: str, said: str = "") -> RedirectResponse:
    """To the page that shows what was changed, and says it; loading that page again changes nothing twice."""
    answer = RedirectResponse(path, status_code=303)
    if said:
        flashes.say(answer, said)
    return answer

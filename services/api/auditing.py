"""Every change through the API is kept with who made it, from where, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import Connection

from services.api.dependencies import TheService
from services.api.schemas.common import Shown
from services.api.security import caller
from services.bootstrap import Service
from services.usecases.callers import Caller, keep_change

Seen = Shown | dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Auditor:
    """Who asks and from where, to be kept with what they change."""

    service: Service
    caller: Caller
    address: str | None

    def note(
        self, connection: Connection, action: str, target: str, *, before: Seen = None, after: Seen = None
    ) -> None:
        """Keep a change, in the transaction that makes it; what is shown once is never in ``after``."""
        keep_change(
            connection,
            self.caller,
            action,
            target,
            address=self.address,
            now=self.service.now(),
            before=_plain(before),
            after=_plain(after),
        )


def _plain(seen: Seen) -> dict[str, Any] | None:
    return seen.model_dump(mode="json") if isinstance(seen, Shown) else seen


async def auditor(request: Request, service: TheService) -> Auditor:
    """The auditor of one request."""
    return Auditor(service, await caller(request), None if request.client is None else request.client.host)


Audit = Annotated[Auditor, Depends(auditor)]

"""The day that a page looks back to: what was known by its end, in UTC, and nothing that came later."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request
from pydantic import BeforeValidator, Field

from services.bootstrap import Service

_Day = Annotated[
    Annotated[dt.date, Field(ge=dt.date(1900, 1, 1))] | None,
    BeforeValidator(lambda given: given or None),  # a form whose day was left empty
    Query(alias="as_of", description="YYYY-MM-DD"),
]


@dataclass(frozen=True, slots=True)
class AsOf:
    """A moment to look from; ``day`` None is now."""

    day: dt.date | None
    moment: dt.datetime

    @property
    def query(self) -> str:
        """What stands in an address for it: empty now, else ``as_of=2025-06-19``."""
        return "" if self.day is None else f"as_of={self.day}"


def as_of(request: Request, day: _Day = None) -> AsOf:
    """Dependency: the moment asked for, by default now, as is a day that has not ended."""
    service: Service = request.app.state.service
    now = service.now()
    if day is None or day >= now.astimezone(dt.UTC).date():
        return AsOf(None, now)
    return AsOf(day, dt.datetime.combine(day, dt.time.max, dt.UTC))

"""/v1/desks: who there is to tell."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from services.api.dependencies import TheService
from services.api.schemas.common import Limit, Page
from services.api.schemas.desks import DeskShown
from services.api.security import Reader
from services.queries import desks

router = APIRouter(prefix="/desks", tags=["desks"])


@router.get("", summary="Desks by name")
def listed(
    *,
    service: TheService,
    caller: Reader,
    after: Annotated[str, Query(description="The cursor ``next`` of the page before.")] = "",
    limit: Limit = 100,
) -> Page[DeskShown]:
    """Every desk that something names; with the key of a desk that one alone."""
    with service.engine.begin() as connection:
        found = desks.listed(connection, desk=caller.desk, after=after, limit=limit)
    items = [DeskShown.model_validate(each) for each in found.rows]
    return Page(items=items, next=items[-1].name if found.more else None)

"""/v1/audit: who changed what; for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.api.dependencies import TheService
from services.api.schemas.audit import ChangeShown
from services.api.schemas.common import Limit, Page
from services.api.security import requires
from services.queries import audit

router = APIRouter(prefix="/audit", tags=["audit"], dependencies=[Depends(requires("admin"))])

_Wanted = Annotated[str | None, Query(min_length=1, max_length=200)]


@router.get("", summary="Changes, the newest first")
def listed(
    *,
    service: TheService,
    action: _Wanted = None,
    target: _Wanted = None,
    key_id: _Wanted = None,
    before: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="The cursor ``next`` of the page before.")
    ] = None,
    limit: Limit = 100,
) -> Page[ChangeShown]:
    """Every change through the API: rows that can only be added, in the transaction of the change itself."""
    with service.engine.begin() as connection:
        found = audit.listed(
            connection, action=action, target=target, key_id=key_id, before=before, limit=limit
        )
    items = [ChangeShown.model_validate(change) for change in found.rows]
    return Page(items=items, next=str(items[-1].id) if found.more else None)

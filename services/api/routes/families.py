"""/v1/families and /v1/tags: what series share."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from services.api.dependencies import TheService
from services.api.schemas.common import Page
from services.api.schemas.series import GroupShown
from services.api.security import Reader
from services.queries.families import groups
from services.usecases.callers import Caller

router = APIRouter(tags=["series"])


@router.get("/families", summary="Families by name")
def families(service: TheService, caller: Reader) -> Page[GroupShown]:
    """Every family of series; ``/v1/series?family=`` lists one."""
    return _groups(service, caller, "family")


@router.get("/tags", summary="Tags by name")
def tags(service: TheService, caller: Reader) -> Page[GroupShown]:
    """Every tag that a series bears; ``/v1/series?tag=`` lists those that bear one."""
    return _groups(service, caller, "tag")


def _groups(service: TheService, caller: Caller, kind: Literal["family", "tag"]) -> Page[GroupShown]:
    with service.engine.begin() as connection:
        found = groups(connection, kind, desk=caller.desk)
    return Page(items=[GroupShown.model_validate(each) for each in found])

"""/problems/{type}: what each type of problem means, at the address that its ``type`` names."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import ConfigDict

from services.api.problems import KINDS, ProblemError
from services.api.schemas.common import Shown

router = APIRouter(prefix="/problems", tags=["problems"])


class ProblemType(Shown):
    """A type of problem, and what whoever meets it can do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/too-large",
                    "title": "The body is too large",
                    "status": 413,
                    "remedy": "Send it in smaller parts; nothing was stored.",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    remedy: str


@router.get("/{kind}", summary="What a type of problem means")
def one(kind: Annotated[str, Path(max_length=100)]) -> ProblemType:
    """A type of problem."""
    known = KINDS.get(kind)
    if known is None:
        raise ProblemError(
            "not-found", f"There is no type of problem {kind!r}; there are {', '.join(KINDS)}."
        )
    return ProblemType(type=f"/problems/{kind}", title=known.title, status=known.status, remedy=known.remedy)

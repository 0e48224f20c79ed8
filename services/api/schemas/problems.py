"""A problem as OpenAPI describes it."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from services.api.problems import MEDIA_TYPE
from services.api.schemas.common import Shown


class Problem(Shown):
    """RFC 9457, with what is wrong where as extension members."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Address of the explanation of this type of problem.")
    title: str
    status: int
    detail: str
    faults: list[dict[str, Any]] | None = Field(
        None, description="Each thing wrong: its row or path, and why."
    )
    fault_count: int | None = None


EXAMPLE: dict[str, Any] = {
    "type": "/problems/invalid-request",
    "title": "The request is not valid",
    "status": 422,
    "detail": "query.as_off: there is no such parameter; did you mean 'as_of'? Known are as_of, limit",
    "faults": [
        {
            "path": "query.as_off",
            "reason": "there is no such parameter; did you mean 'as_of'? Known are as_of, limit",
        }
    ],
    "fault_count": 1,
}

RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "A problem",
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema(), "example": EXAMPLE}},
    },
    "5XX": {
        "description": "A problem that is ours",
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    },
}
"""What every operation may answer besides its own."""

"""Jobs as they are shown."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from services.api.schemas.common import Shown

EXAMPLE: dict[str, Any] = {
    "id": 12,
    "kind": "refresh_forecast",
    "series_id": "CN_EXP_REPM_T",
    "status": "pending",
    "runs": 0,
    "error": None,
    "note": None,
    "arguments": {"vintage": "2025-06-20T02:00:00+00:00", "portfolio": "prophet"},
}


class JobShown(Shown):
    """Work that a worker does: ``pending``, ``done``, or ``failed`` with its error."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: int
    kind: str
    series_id: str | None
    status: str
    runs: int
    error: str | None
    note: str | None
    arguments: dict[str, Any]


class Standing(Shown):
    """How far the jobs of a kind have come; their sum is all there are."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "refresh_forecast", "waiting": 120, "running": 16, "done": 864, "failed": 0}
            ]
        }
    )

    kind: str
    waiting: int
    running: int
    done: int
    failed: int

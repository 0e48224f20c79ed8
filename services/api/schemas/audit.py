"""Changes as the audit log shows them."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from services.api.schemas.common import Moment, Shown


class ChangeShown(Shown):
    """Who changed what, when, from where; before and after."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 12,
                    "at": "2025-06-20T02:10:00Z",
                    "key_id": "9f86d081884c7d65",
                    "name": "rare-earths desk",
                    "desk": "rare-earths",
                    "address": "203.0.113.7",
                    "request_id": "4f1c0b7e",
                    "action": "rule.saved",
                    "target": "magnet-shocks",
                    "before": None,
                    "after": {"id": "magnet-shocks", "version": 1},
                }
            ]
        }
    )

    id: int
    at: Moment
    key_id: str | None = Field(
        description="Null: anybody in development before the first key, or the command line."
    )
    name: str = Field(description="Of the key, as it was then; a command names who ran it.")
    desk: str | None
    address: str | None = Field(description="Where the request came from; of a command its machine.")
    request_id: str | None
    action: str
    target: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

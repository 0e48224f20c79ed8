"""Desks as they are shown."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from services.api.schemas.common import Shown


class DeskShown(Shown):
    """A desk, which is there as soon as a rule, an endpoint, a key or a silence names it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "rare-earths", "rules": 4, "endpoints": 1, "keys": 2, "alerts": 1}]
        }
    )

    name: str
    rules: int
    endpoints: int
    keys: int = Field(description="Ended ones too.")
    alerts: int = Field(description="Those that are open.")

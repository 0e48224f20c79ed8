"""API keys as they are given and shown; a key's text is shown once, when it is made."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from services.api.schemas.common import Given, Moment, Shown, Text

EXAMPLE: dict[str, Any] = {
    "id": "9f86d081884c7d65",
    "name": "rare-earths desk, reader",
    "desk": "rare-earths",
    "scopes": ["read"],
    "created_at": "2025-06-01T00:00:00Z",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": None,
}
KEY = "tonnage_9f86d081884c7d65_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

Scope = Literal["read", "write", "rules", "endpoints", "admin"]


class KeyGiven(Given):
    """What a new key may do, and for which desk."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{key: EXAMPLE[key] for key in ("name", "desk", "scopes")}]}
    )

    name: Text
    desk: Text | None = Field(None, description="The one desk whose rules and alerts it sees; null is all.")
    scopes: list[Scope] = Field(min_length=1, max_length=5)
    expires_at: Moment | None = None


class KeyShown(Shown):
    """An API key without its secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: str
    name: str
    desk: str | None
    scopes: list[str]
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    last_used_at: Moment | None


class KeyMade(KeyShown):
    """A new key with its text, which is not shown again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**EXAMPLE, "key": KEY}]})

    key: str

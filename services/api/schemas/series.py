"""Series as they are registered and shown."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from services.api.schemas.common import Given, LongText, Shown, Text

EXAMPLE: dict[str, Any] = {
    "name": "China: exports of rare-earth magnets",
    "unit": "t",
    "family": "CN_RE",
    "tags": ["rare-earths", "magnets", "exports"],
    "reporter": "CHN",
    "partner": None,
    "commodity": "rare-earth magnets",
    "hs_code": "850511",
    "hs_edition": "H6",
    "source": "GACC",
}


class SeriesGiven(Given):
    """What a series is. Its unit stands once it is registered; everything else may be put anew."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: LongText
    unit: Text = Field(description="Unit of every figure, such as t or kg.")
    family: Text | None = Field(None, description="Related series share it; rules can watch a family.")
    tags: list[Text] = Field(
        default=[], max_length=50, description="Rules can watch a tag; exports or imports says the flow."
    )
    reporter: Text | None = Field(None, description="ISO 3166-1 alpha-3.")
    partner: Text | None = Field(None, description="ISO 3166-1 alpha-3; null is the world.")
    commodity: Text | None = None
    hs_code: Text | None = None
    hs_edition: Text | None = Field(None, description="Edition of the code, such as H6 (HS 2022).")
    source: Text | None = None


class SeriesShown(Shown):
    """A series."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "CN_EXP_REPM_T", **EXAMPLE}]})

    id: str
    name: str
    unit: str
    family: str | None
    tags: list[str]
    reporter: str | None
    partner: str | None
    commodity: str | None
    hs_code: str | None
    hs_edition: str | None
    source: str | None


class GroupShown(Shown):
    """A family or a tag, and how many series share it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "CN_RE", "series": 9}]})

    name: str
    series: int

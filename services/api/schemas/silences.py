"""Silences as they are given and shown."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from alerts.events import EventType
from services.api.schemas.common import By, Given, LongText, Moment, Shown, Text
from services.queries.silences import SilenceRecord, dump_matcher

EXAMPLE: dict[str, Any] = {
    "desk": "rare-earths",
    "by": "Li Wei",
    "ends": "2030-01-01T00:00:00Z",
    "series": ["CN_EXP_REPM_T"],
    "note": "Known: the port is closed.",
}


class SilenceGiven(Given):
    """What a desk does not want to hear until an end: each field that is given must agree, none is all."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    desk: Text
    by: By = None
    ends: Moment
    starts: Moment | None = Field(None, description="Now by default.")
    series: list[Text] = Field(default_factory=list, max_length=1000)
    rules: list[Text] = Field(default_factory=list, max_length=1000)
    alerts: list[Text] = Field(default_factory=list, max_length=1000)
    events: list[Text] = Field(default_factory=list, max_length=20, description="Event types.")
    labels: dict[str, Text] = Field(default_factory=dict, max_length=20)
    note: LongText | None = None

    def event_types(self) -> frozenset[EventType]:
        """The event types named; ValueError where one is none."""
        return frozenset(EventType(each) for each in self.events)


class SilenceShown(Shown):
    """A silence; what it held back is shown with the alerts' events."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "sil_1",
                    "desk": "rare-earths",
                    "matcher": {"series": ["CN_EXP_REPM_T"]},
                    "starts": "2025-06-20T10:00:00Z",
                    "ends": "2030-01-01T00:00:00Z",
                    "by": "Li Wei",
                    "note": "Known: the port is closed.",
                }
            ]
        }
    )

    id: str
    desk: str
    matcher: dict[str, list[str] | dict[str, str]]
    starts: Moment
    ends: Moment
    by: str
    note: str

    @classmethod
    def of(cls, record: SilenceRecord) -> SilenceShown:
        """A stored silence as it is shown."""
        given = record.silence
        return cls(
            id=given.id,
            desk=record.desk,
            matcher=dump_matcher(given.matcher),
            starts=given.starts,
            ends=given.ends,
            by=given.by,
            note=given.note,
        )

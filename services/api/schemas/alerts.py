"""Alerts and what happened to them, as they are shown."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from services.api.schemas.common import By, Given, LongText, Moment, Shown, Text
from services.queries.alerts import AlertEvent, AlertRecord

EXAMPLE: dict[str, Any] = {
    "id": "0f7e7d0a-5d9c-5a0e-8a0e-7f1f4f9f2b61",
    "rule_id": "magnet-shocks",
    "rule_version": 1,
    "series_id": "CN_EXP_REPM_T",
    "desk": "rare-earths",
    "status": "opened",
    "severity": "critical",
    "onset": "2025-05",
    "last": "2025-06",
    "opened_known_from": "2025-06-20T02:00:00Z",
    "closed": None,
    "acknowledged_by": None,
    "acknowledged_at": None,
}


class AlertShown(Shown):
    """One rule that is, or was, open on one series."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: str
    rule_id: str
    rule_version: int
    series_id: str
    desk: str
    status: str = Field(description="opened, resolved or retracted.")
    severity: str
    onset: str = Field(description="Month of the figure that began it.")
    last: str = Field(
        description="Month of the latest figure judged; with as_of, as the last event by then said it."
    )
    opened_known_from: Moment | None
    closed: str | None = Field(description="Month of the figure that closed it.")
    acknowledged_by: str | None
    acknowledged_at: Moment | None

    @classmethod
    def of(cls, record: AlertRecord) -> AlertShown:
        """A stored alert as it is shown."""
        state = record.state
        seen = state.acknowledged
        return cls(
            id=state.id,
            rule_id=state.rule_id,
            rule_version=state.rule_version,
            series_id=state.series_id,
            desk=record.desk,
            status=str(state.status),
            severity=str(state.severity),
            onset=str(state.onset),
            last=str(state.last),
            opened_known_from=state.opened_known_from,
            closed=None if state.closed is None else str(state.closed),
            acknowledged_by=None if seen is None else seen.by,
            acknowledged_at=None if seen is None else seen.at,
        )


class EventShown(Shown):
    """One thing that happened to an alert: the sentence that its desk was told, and every number in it."""

    id: int
    kind: str
    reason: str
    known_from: Moment
    sentence: str
    silenced_by: str | None = Field(description="The silence that kept it from its desk.")
    inhibited_by: str | None = Field(
        description="The alert of a parent series that spoke for it. Null in every answer with as_of: since "
        "when an event has been left to an alert is not kept."
    )
    payload: dict[str, Any]

    @classmethod
    def of(cls, event: AlertEvent) -> EventShown:
        """A stored event as it is shown."""
        return cls(
            id=event.id,
            kind=event.kind,
            reason=event.reason,
            known_from=event.known_from,
            sentence=event.payload["data"]["sentence"],
            silenced_by=event.silenced_by,
            inhibited_by=event.inhibited_by,
            payload=event.payload,
        )


class NoteShown(Shown):
    """What a person said about an alert."""

    kind: str = Field(description="assigned, comment, snoozed, useful or noise.")
    by: str
    at: Moment
    text: str
    assignee: str | None
    until: Moment | None


class AlertStory(AlertShown):
    """An alert with its events, the first first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **EXAMPLE,
                    "rule_enabled": True,
                    "events": [
                        {
                            "id": 3,
                            "kind": "opened",
                            "reason": "a downward shock",
                            "known_from": "2025-06-20T02:00:00Z",
                            "sentence": "China's exports of rare-earth magnets fell 53 % on the month …",
                            "silenced_by": None,
                            "inhibited_by": None,
                            "payload": {"type": "alert.opened", "version": 1},
                        }
                    ],
                    "notes": [],
                }
            ]
        }
    )

    rule_enabled: bool = Field(
        description="False where its rule is out of force: no figure moves it, and a person can close it."
    )
    events: list[EventShown]
    notes: list[NoteShown]


class Acknowledgement(Given):
    """Who has seen an alert, and what they say about it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"by": "Li Wei", "note": "Calling the buyers now."}]}
    )

    by: By = None
    note: LongText | None = None


class Assignment(Given):
    """Who has an alert from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "Li Wei", "to": "Ada Okoro"}]})

    by: By = None
    to: Text
    note: LongText | None = None


class Comment(Given):
    """What a person has to say about an alert."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"by": "Li Wei", "text": "The port was closed for a week."}]}
    )

    by: By = None
    text: LongText


class Snooze(Given):
    """Until when nothing is said of an alert."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"by": "Li Wei", "until": "2030-01-01T00:00:00Z"}]}
    )

    by: By = None
    until: Moment
    note: LongText | None = None


class Feedback(Given):
    """Whether an alert was of use."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "Li Wei", "verdict": "useful"}]})

    by: By = None
    verdict: Literal["useful", "noise"]
    note: LongText | None = None

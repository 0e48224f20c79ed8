"""Releases and their calendars as they are given and shown."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import ConfigDict, Field

from alerts.release_calendars import EXAMPLE, ReleaseCalendar, dump_calendar
from alerts.releases import Lateness, Release
from services.api.schemas.common import Moment, Shown

HOUR = dt.timedelta(hours=1)


class ReleaseShown(Shown):
    """One release of one source: when it is due, and whether it came."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "calendar": "cn-customs-preliminary",
                    "title": "China Customs, preliminary table",
                    "source": "China Customs",
                    "stage": "preliminary",
                    "period": "2025-06",
                    "due": "2025-07-14T03:00:00Z",
                    "due_local": "2025-07-14T11:00:00+08:00",
                    "announced": True,
                    "late_from": "2025-07-15T03:00:00Z",
                    "state": "arrived",
                    "arrived": "2025-07-14T04:00:00Z",
                    "hours_late": 1.0,
                    "series": ["CN_EXP_RE_T"],
                    "missing": [],
                }
            ]
        }
    )

    calendar: str = Field(description="Id of the calendar that expects it.")
    title: str
    source: str
    stage: str | None = Field(description="Stage of its figures; null is any.")
    period: str = Field(description="The months released: one, or those that come together.")
    due: Moment
    due_local: str = Field(description="The same moment in the source's zone.")
    announced: bool = Field(description="Whether the source announced the day; else its rhythm says so.")
    late_from: Moment = Field(description="After the grace, or the delay that nine in ten kept to.")
    state: str = Field(description="expected, due, late or arrived.")
    arrived: Moment | None = Field(description="When its first figure became known.")
    hours_late: float | None = Field(description="From due to the first figure; negative is early.")
    series: list[str] = Field(description="Series that it is awaited for.")
    missing: list[str] = Field(description="Those that have no figure of it.")

    @classmethod
    def of(cls, release: Release) -> ReleaseShown:
        """A release as it is shown."""
        calendar, late = release.calendar, release.lateness
        return cls(
            calendar=calendar.id,
            title=calendar.title,
            source=calendar.source,
            stage=calendar.stage,
            period=str(release.span),
            due=release.due,
            due_local=release.due.isoformat(),
            announced=calendar.announced(release.span),
            late_from=release.late_from,
            state=str(release.state),
            arrived=release.arrived,
            hours_late=None if late is None else round(late / HOUR, 2),
            series=list(release.awaited),
            missing=list(release.missing),
        )


class LearnedShown(Shown):
    """How late a source's figures have been, over its last releases."""

    releases: int = Field(description="Releases that were seen or printed, two years of them at most.")
    usual_hours: float | None = Field(description="The median; null below six releases.")
    nearly_always_hours: float | None = Field(description="What nine in ten kept to.")

    @classmethod
    def of(cls, learned: Lateness) -> LearnedShown:
        """Lateness as it is shown."""
        usual, nearly = learned.usual, learned.nearly_always
        return cls(
            releases=learned.releases,
            usual_hours=None if usual is None else round(usual / HOUR, 2),
            nearly_always_hours=None if nearly is None else round(nearly / HOUR, 2),
        )


class CalendarShown(Shown):
    """A release calendar, and what has been learned of its source."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "cn-customs-preliminary",
                    "calendar": EXAMPLE,
                    "series": ["CN_EXP_RE_T"],
                    "learned": {"releases": 12, "usual_hours": 1.0, "nearly_always_hours": 26.5},
                }
            ]
        }
    )

    id: str
    calendar: dict[str, Any] = Field(description="The calendar as it may be PUT again.")
    series: list[str] = Field(description="Series held that it covers.")
    learned: LearnedShown

    @classmethod
    def of(cls, calendar: ReleaseCalendar, series: list[str], learned: Lateness) -> CalendarShown:
        """A calendar as it is shown."""
        return cls(
            id=calendar.id,
            calendar=dump_calendar(calendar),
            series=series,
            learned=LearnedShown.of(learned),
        )


REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}, "example": EXAMPLE}},
    }
}
"""The body of a calendar for OpenAPI."""

"""Dated measures as they are given and shown."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from alerts.scope import dump_scope, parse_scope
from forecasting.shocks.measures import Measure
from services.api.schemas.common import Given, LongText, Moment, Shown, clean_json, storable_id
from services.queries.measures import MeasureRecord, Watch

EXAMPLE: dict[str, Any] = {
    "title": "Export licensing of seven rare earths and magnets, immediate (notice 18)",
    "announced": "2025-04-04",
    "effective": "2025-04-04",
    "known_from": "2025-04-04T04:00:00Z",
    "scope": {"tags": ["rare-earths"]},
    "source_url": "https://hklaw.com/en/insights/publications/2025/04/",
}


def _day(given: Any) -> Any:
    return dt.date.fromisoformat(given) if isinstance(given, str) and len(given) == 10 else given


Day = Annotated[dt.date, BeforeValidator(_day), Field(ge=dt.date(1900, 1, 1), le=dt.date(2100, 12, 31))]
"""A day of a measure: its month, and the months around it, are ones that can be counted."""


class MeasureGiven(Given):
    """A measure; putting one of the same id again describes it anew."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    title: LongText
    announced: Day
    effective: Day = Field(description="The first day that it is in force; it can show from that month on.")
    known_from: Moment = Field(description="When it became public; before that no answer knows of it.")
    scope: dict[str, Any] = Field(description="Series that it may show in, written as the scope of a rule.")
    source_url: Annotated[str, Field(max_length=2000)] = ""

    def record(self, measure_id: str) -> MeasureRecord:
        """The measure under an id; InvalidRuleError where its scope cannot be read."""
        measure = Measure(
            storable_id(measure_id),
            self.title,
            self.announced,
            self.effective,
            self.known_from,
            self.source_url,
        )
        return MeasureRecord(measure, parse_scope(clean_json(self.scope)))


class MeasureShown(Shown):
    """A measure."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "cn-2025-04-04", **EXAMPLE}]})

    id: str
    title: str
    announced: dt.date
    effective: dt.date
    known_from: Moment
    scope: dict[str, Any]
    source_url: str

    @classmethod
    def of(cls, record: MeasureRecord) -> MeasureShown:
        """A measure as it is shown."""
        measure = record.measure
        return cls(
            id=measure.id,
            title=measure.title,
            announced=measure.announced,
            effective=measure.effective,
            known_from=measure.known_from,
            scope=dump_scope(record.scope),
            source_url=measure.url,
        )


class WatchShown(Shown):
    """A measure beside one series that it may show in."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "cn-2025-04-04",
                    **{name: EXAMPLE[name] for name in EXAMPLE if name != "scope"},
                    "series_id": "CN_EXP_REPM_T",
                    "state": "visible",
                    "first_month": "2025-04",
                    "release_day": "2025-05-20",
                    "episodes": [{"id": "CN_EXP_REPM_T:2025-04:down", "lag_months": 0}],
                }
            ]
        }
    )

    id: str
    title: str
    announced: dt.date
    effective: dt.date
    known_from: Moment
    source_url: str
    series_id: str
    state: str = Field(description="announced, not yet visible; visible; or its first month is not held.")
    first_month: str = Field(description="The first month whose figure can show it.")
    release_day: dt.date | None = Field(
        description="When that figure became public, or will be by the usual delay of the series."
    )
    episodes: list[LinkShown] = Field(description="Episodes that may answer to it, and how long after.")

    @classmethod
    def of(cls, watch: Watch) -> WatchShown:
        """A watch as it is shown."""
        measure = watch.measure
        return cls(
            id=measure.id,
            title=measure.title,
            announced=measure.announced,
            effective=measure.effective,
            known_from=measure.known_from,
            source_url=measure.url,
            series_id=watch.series.id,
            state=str(watch.sight),
            first_month=str(measure.first_month),
            release_day=watch.release_day,
            episodes=[LinkShown(id=name, lag_months=lag) for name, lag in watch.episodes],
        )


class LinkShown(Shown):
    """An episode that may answer to a measure; the lag is in months from its first month to the onset."""

    id: str
    lag_months: int

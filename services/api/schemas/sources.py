"""Sources as they are shown."""

from __future__ import annotations

from pydantic import ConfigDict

from services.api.schemas.common import Moment, Shown
from services.queries.sources import PolledSource


class SourceShown(Shown):
    """A source, on what terms its figures are used, and how it has been doing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "gacc",
                    "title": "China Customs, preliminary table",
                    "terms": "Official statistics; name the source.",
                    "terms_url": "http://english.customs.gov.cn/statics/report/preliminary.html",
                    "redistributable": True,
                    "needs_key": False,
                    "followed": 12,
                    "calls_today": 4,
                    "calls_a_day": 500,
                    "rests_until": None,
                    "last_success": "2025-06-09T03:05:00Z",
                    "last_fault": None,
                    "fault": None,
                    "reason": None,
                    "next_release": "2025-07-14T03:00:00Z",
                }
            ]
        }
    )

    name: str
    title: str
    terms: str
    terms_url: str
    redistributable: bool
    needs_key: bool
    followed: int
    calls_today: int
    calls_a_day: int
    rests_until: Moment | None
    last_success: Moment | None
    last_fault: Moment | None
    fault: str | None
    reason: str | None
    next_release: Moment

    @classmethod
    def of(cls, polled: PolledSource, now: Moment) -> SourceShown:
        """A source beside its health, at a moment."""
        source, health = polled.source, polled.health
        return cls(
            name=source.name,
            title=source.title,
            terms=source.terms.text,
            terms_url=source.terms.url,
            redistributable=source.terms.redistributable,
            needs_key=source.key is not None and source.key.needed,
            followed=polled.followed,
            calls_today=health.calls if health.calls_on == now.date() else 0,
            calls_a_day=source.pace.calls_a_day,
            rests_until=health.rests_until,
            last_success=health.last_success_at,
            last_fault=health.last_fault_at,
            fault=health.fault,
            reason=health.reason,
            next_release=polled.next_release(now),
        )

"""Sources as they are shown."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from services.api.schemas.common import Moment, Shown
from services.queries.snapshots import Snapshot, media_type
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
                    "snapshot": None,
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
    snapshot: int | None = Field(description="Id of the answer that was refused, where one was kept.")
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
            snapshot=polled.refused,
            next_release=polled.next_release(now),
        )


class SnapshotShown(Shown):
    """An answer of a source as it was kept, without its body."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 1412,
                    "source": "gacc",
                    "request": "GET /Statics/7ac0d0b4.html",
                    "status": 200,
                    "media_type": "text/html",
                    "size": 48211,
                    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "first_seen": "2025-05-09T03:05:00Z",
                    "last_seen": "2025-05-09T09:05:00Z",
                    "outcome": "refused",
                    "fault": "shifted-table",
                    "reason": "The last cell of all 62 rows of 2025-04 is blank. Wait for the source to mend "
                    "its page, or enter the figures by hand with `tonnage ingest`.",
                }
            ]
        }
    )

    id: int
    source: str
    request: str = Field(description="Method, path and parameters, without any key.")
    status: int
    media_type: str
    size: int = Field(description="Bytes as received.")
    digest: str = Field(description="SHA-256 of the body as received.")
    first_seen: Moment
    last_seen: Moment
    outcome: str = Field(description="waiting, again, derived, refused, or kept where it bears no figures.")
    fault: str | None
    reason: str | None

    @classmethod
    def of(cls, kept: Snapshot) -> SnapshotShown:
        """An answer as it is shown."""
        return cls(
            id=kept.id,
            source=kept.source,
            request=kept.request,
            status=kept.status,
            media_type=media_type(kept),
            size=len(kept.body),
            digest=kept.digest,
            first_seen=kept.first_seen,
            last_seen=kept.last_seen,
            outcome=kept.outcome,
            fault=kept.fault,
            reason=kept.reason,
        )

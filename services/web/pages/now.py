"""Now: what changed since you last looked, what is open, what comes next, and which shocks are not over."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Request, Response

from services.bootstrap import Service
from services.queries.now import NowView, Pictured, Release, changed_since, now_view
from services.web import formats, looks
from services.web.charts.sparkline import episode_spark
from services.web.rendering import page
from services.web.sessions import Looking

router = APIRouter()

TOLD = 5
"""Changes of alerts that are told in full; the rest is behind a link."""
QUIET = 92
"""Days late after which a series is not awaited any more, but has gone quiet."""
SOON = 7
"""Days before a release from which it is shown as due."""


@router.get("/")
def now(request: Request, looking: Looking) -> Response:
    """What stands at this moment."""
    service: Service = request.app.state.service
    moment = service.now()
    since, cookie = looks.look(request, moment)
    desk = looking.caller.desk
    with service.engine.begin() as connection:
        view = now_view(connection, desk=desk, now=moment)
        figures, changes = (0, 0) if since is None else changed_since(connection, since, desk=desk)
    news = [each for each in view.events if since is None or each.recorded_at > since]
    told = [each for each in news if each.event.inhibited_by is None or each.event.told_late]
    today = moment.astimezone(dt.UTC).date()
    beside = _beside(view)
    alone = [each for each in view.episodes if each not in beside.values()]
    response = page(
        request,
        looking,
        "now.html",
        view=view,
        beside=beside,
        alone=alone,
        going=sum(each.going for each in alone),
        news=told[:TOLD],
        more=(len(news) if since is None else max(changes, len(news))) - len(told[:TOLD]),
        figures=figures,
        changes=changes,
        since=since,
        now=moment,
        spark=episode_spark,
        base=str(request.base_url).rstrip("/"),
        releases=[(each, *_state(each, today)) for each in view.releases],
    )
    looks.keep(response, cookie)
    return response


def _beside(view: NowView) -> dict[str, Pictured]:
    """By alert, the episode of its series that is not over: each beside the gravest alert of its series."""
    going = {each.found.series.id: each for each in reversed(view.episodes) if each.going}
    found: dict[str, Pictured] = {}
    for each in (*view.open, *(child for head in view.open for child in head.under)):
        story = going.pop(each.record.state.series_id, None)
        if story is not None:
            found[each.record.state.id] = story
    return found


def _state(release: Release, today: dt.date) -> tuple[str, str]:
    """The state of a series' next release, and the words for it."""
    late = release.days_late(today)
    if late is None:
        return "waiting", "no usual day yet"
    if late > QUIET:
        return "waiting", f"no figure since {formats.day(release.arrived.date())}"
    if late > 0:
        return "late", f"{late:,} {'day' if late == 1 else 'days'} late"
    if late >= -SOON:
        return "due", "due today" if late == 0 else f"due in {-late} {'day' if late == -1 else 'days'}"
    return "waiting", f"in {-late} days"

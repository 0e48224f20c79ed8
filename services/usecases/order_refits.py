"""Refits as figures order them: the jobs that publish a series anew as of what is known."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping

from services.storage import jobs
from services.storage.jobs import Job

REFRESH = "refresh_forecast"


def refits(
    news: Iterable[tuple[str, dt.datetime]],
    newest: Mapping[str, dt.datetime],
    *,
    portfolio: str,
    release_id: int,
    history: bool,
    replayed: bool,
) -> list[Job]:
    """One refit a series and vintage; of a history only the last, since no figure waits for more.

    ``news`` are series and moments at which something of them became known, in that order, ``newest`` when
    the last news of each series became known before. The refits of a release go before those of a history. A
    figure that comes late also has the newest vintage refitted, whose forecast was made without it.
    """
    vintages: dict[str, list[dt.datetime]] = defaultdict(list)
    for series_id, moment in news:
        of_series = vintages[series_id]
        if history:
            of_series.clear()
        if moment not in of_series:
            of_series.append(moment)
    wanted: list[Job] = []
    for series_id, ordered in vintages.items():
        last = newest.get(series_id)
        newly = ordered[-1] if last is None else max(ordered[-1], last)
        wanted += (
            refit(
                series_id,
                vintage,
                portfolio,
                release_id if last is not None and vintage <= last else None,
                priority=jobs.BACKGROUND if history else jobs.AWAITED,
                replayed=replayed,
            )
            for vintage in dict.fromkeys((*ordered, newly))
        )
    return wanted


def refit(
    series_id: str,
    vintage: dt.datetime,
    portfolio: str,
    late: int | None = None,
    *,
    figures: int | None = None,
    priority: int = jobs.AWAITED,
    replayed: bool = False,
) -> Job:
    """The job that publishes a series as of a vintage; once more where a ``late`` release adds to it.

    Or once more with as many ``figures``, where it was made without some of them.

    What a ``replayed`` figure orders counts as published at its vintage.
    """
    again = "" if late is None else f" with release {late}"
    if figures is not None:
        again = f" with {figures} figures"
    return Job(
        kind=REFRESH,
        key=f"{series_id} {portfolio} {vintage.isoformat()}{again}",
        arguments={"vintage": vintage.isoformat(), "portfolio": portfolio, "replayed": replayed},
        series_id=series_id,
        priority=priority,
    )

"""A small history that reading pages are tried on: magnets, forty ordinary months, then a shock."""

from __future__ import annotations

import datetime as dt
from typing import Any

from api_stage import MAGNETS, NOW, Stage

from services.usecases.refresh_forecasts import refresh_forecasts
from services.usecases.score_forecasts import score_due

LEASE = dt.timedelta(minutes=10)
FIRST = dt.datetime(2025, 6, 20, 4, tzinfo=dt.UTC)
"""When the low figure of May became known; its revision and June's came on 20 July."""
LATER = dt.datetime(2025, 7, 20, 4, tzinfo=dt.UTC)


def tell(stage: Stage) -> None:
    """Magnets and a sibling through May 2025, with a rule: forty ordinary months, a forecast, a shock."""
    stage.register(name="Magnet exports", family="magnets", hs_code="85051110")
    stage.register("SIBLING", name="Its sibling", family="magnets")
    rule: dict[str, Any] = {
        "name": "Shock",
        "desk": "metals",
        "scope": {"series": [MAGNETS]},
        "severity": "critical",
    }
    rule |= {"close_when": {"kind": "recovered"}, "months_to_close": 2}
    condition = {"kind": "level", "below": 3000}
    assert stage.client.put("/v1/rules/shock", json={**rule, "condition": condition}).status_code == 200
    months = [f"{2022 + place // 12}-{place % 12 + 1:02d}" for place in range(40)]
    for name, level in ((MAGNETS, 5000), ("SIBLING", 900)):
        past = [
            {
                "month": month,
                "value": level + 37 * (place % 7),
                "series_id": name,
                "known_from": _after(month),
            }
            for place, month in enumerate(months)
        ]
        assert stage.upload(*past, history="true", replay="true").status_code < 300
    fit(stage)
    may = {"month": "2025-05", "value": 1238, "known_from": FIRST.isoformat()}
    assert stage.upload(may, replay="true").status_code < 300
    fit(stage)


def tell_later(stage: Stage) -> None:
    """May's revision and June, in which the magnets have recovered."""
    later = {"known_from": LATER.isoformat()}
    assert stage.upload(
        {"month": "2025-05", "value": 1240, **later},
        {"month": "2025-06", "value": 5100, **later},
        replay="true",
    )
    fit(stage)


def fit(stage: Stage) -> None:
    """Do what the workers would: publish the next forecasts, and score those that came due."""
    refresh_forecasts(stage.engine, now=NOW, lease=LEASE)
    score_due(stage.engine, now=NOW, lease=LEASE)


def _after(month: str) -> str:
    """The twentieth of the month after."""
    first = dt.date.fromisoformat(f"{month}-01")
    following = (first.replace(day=28) + dt.timedelta(days=5)).replace(day=20)
    return f"{following}T04:00:00+00:00"

"""What the first page counts is what there is, however much of it is told in full."""

from __future__ import annotations

import datetime as dt

import pytest
from api_stage import MAGNETS, NOW, Stage

from services.queries import now as now_queries
from services.queries.now import changed_since, now_view
from services.web.pages.now import QUIET, _state

LOW = {"desk": "metals", "scope": {"series": [MAGNETS]}}


def test_the_gravest_alerts_are_told_and_all_are_counted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more open alerts than are told, the gravest stands, though another changed later."""
    monkeypatch.setattr(now_queries, "MOST_ALERTS", 1)
    stage.register()
    for severity, below in (("critical", 3000), ("info", 2000)):
        rule = {**LOW, "name": severity, "severity": severity, "condition": {"kind": "level", "below": below}}
        assert stage.client.put(f"/v1/rules/{severity}", json=rule).status_code < 300
    for month, value in (("2025-04", 2500), ("2025-05", 1500)):
        after = f"2025-0{int(month[-1]) + 1}-20T04:00:00Z"
        stage.upload({"month": month, "value": value, "known_from": after})
    with stage.engine.begin() as connection:
        view = now_view(connection, desk=None, now=NOW)
        figures, changes = changed_since(connection, NOW - dt.timedelta(days=1), desk=None)
        later = changed_since(connection, NOW, desk=None)
        others = changed_since(connection, NOW - dt.timedelta(days=1), desk="soy")
    assert [str(each.record.state.severity) for each in view.open] == ["critical"]
    assert view.open_in_all == 2
    assert (figures, changes) == (0, 3)
    assert later == (0, 0)
    assert others == (0, 0)
    assert view.releases[0].last.name == "May 2025"


def test_a_series_that_went_quiet_is_not_late(stage: Stage) -> None:
    """Late for weeks it is late; after a quarter it is said when its last figure came."""
    stage.register()
    stage.upload({"month": "2025-04", "value": 2500, "known_from": "2025-05-20T04:00:00Z"})
    with stage.engine.begin() as connection:
        (release,) = now_view(connection, desk=None, now=NOW).releases
    assert release.due is not None
    assert _state(release, release.due + dt.timedelta(days=QUIET)) == ("late", "92 days late")
    assert _state(release, release.due + dt.timedelta(days=QUIET + 1)) == (
        "waiting",
        "no figure since 20 May 2025",
    )

"""A revision of a month behind the last: nothing is expected of what is known already."""

from __future__ import annotations

import datetime as dt

from api_stage import MAGNETS, Stage
from web_stage import LATER, tell, tell_later


def test_a_late_revision_expects_nothing_of_a_month_that_is_known(stage: Stage) -> None:
    """May is revised once June is in: the message says the correction, and no word of what June would be."""
    tell(stage)
    tell_later(stage)
    later = {"month": "2025-05", "value": 1300, "known_from": (LATER + dt.timedelta(days=1)).isoformat()}
    assert stage.upload(later, replay="true").status_code < 300
    (alert,) = stage.client.get("/v1/alerts", params={"series_id": MAGNETS}).json()["items"]
    events = stage.client.get(f"/v1/alerts/{alert['id']}").json()["events"]
    told = events[-1]["payload"]["data"]
    assert (told["period"], told["value"], told["revision"]["previous"]) == ("2025-05", 1300, 1240)
    assert told["next_expected"] is None
    assert "Expected for" not in told["sentence"]
    opened = events[0]["payload"]["data"]
    assert opened["next_expected"]["period"] == "2025-06"

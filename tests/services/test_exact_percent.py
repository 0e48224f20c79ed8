"""A change of exactly the limit, from upload to alert and in the rehearsal of the same rule."""

from __future__ import annotations

from typing import Any

from api_stage import Stage

TEXT = """series_id,month,value,unit,known_from
RL_A,2025-04,100,t,2025-05-20T00:00:00Z
RL_A,2025-05,90,t,2025-06-20T00:00:00Z
RL_B,2025-04,100,t,2025-05-20T00:00:00Z
RL_B,2025-05,120,t,2025-06-20T00:00:00Z
RL_C,2025-04,100,t,2025-05-20T00:00:00Z
RL_C,2025-04,90,t,2025-06-20T00:00:00Z
RL_D,2025-04,1000,t,2025-05-20T00:00:00Z
RL_D,2025-05,999.99,t,2025-06-20T00:00:00Z
"""
CONDITIONS: dict[str, dict[str, Any]] = {
    "RL_A": {"kind": "change", "on": "month", "down_percent": 10},
    "RL_B": {"kind": "change", "on": "month", "up_percent": 20},
    "RL_C": {"kind": "revision", "beyond_percent": 10},
    "RL_D": {"kind": "level", "below": 1000},
}


def test_a_change_of_exactly_the_limit_opens_and_is_rehearsed(stage: Stage) -> None:
    """Ten per cent down, twenty up and a revision of ten open as the level does, live and in rehearsal."""
    rules = {
        series_id: {"name": series_id, "desk": "m", "scope": {"series": [series_id]}, "condition": condition}
        for series_id, condition in CONDITIONS.items()
    }
    for series_id, rule in rules.items():
        stage.register(series_id)
        assert stage.client.put(f"/v1/rules/{series_id.lower()}", json=rule).status_code == 200
    answer = stage.client.post("/v1/observations", content=TEXT, headers={"content-type": "text/csv"})
    assert answer.json()["alerts"] == {"opened": 4}, answer.text
    for rule in rules.values():
        told = stage.client.post("/v1/rules/rehearse", json=rule).json()
        assert len(told["alerts"]) == 1, told

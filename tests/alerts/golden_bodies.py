"""One body of each event type; ``python golden_bodies.py`` writes them to golden/ by version, for review."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from alert_facts import MAY, day, detection, figure, level_rule, month, step

from alerts.events import VERSION, alert_event, gathered_event, overdue_event, person_event
from alerts.facts import Band, Facts, Figure, Following, ForecastUsed, Measure, Outlook, SourceClaim
from alerts.lifecycle import acknowledge
from alerts.service_events import (
    disabled_event,
    exhausted_event,
    ping_event,
    recovered_event,
    rule_failed_event,
    source_refused_event,
    trouble_event,
)
from forecasting.against import Against
from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.chronicle import Chapter, Shock
from forecasting.shocks.detection import Verdict
from forecasting.shocks.episodes import Episode, Status
from forecasting.shocks.interventions import Intervention, Typing
from forecasting.shocks.records import Extreme
from services.ingestion.calendars import shipped

FOLDER = Path(__file__).parent / "golden" / f"v{VERSION}"
CONSENSUS = Against(
    forecaster="consensus",
    name="Consensus of analysts",
    desk=None,
    expected=4900.0,
    bounds="range",
    low=4500.0,
    high=5400.0,
    count=12,
    submitted=day(-1),
    difference=-2274.0,
    percent=-46.40816326530612,
    surprise=-3.2,
    errors=31,
    largest=True,
)
NAME = "China's rare-earth magnet exports"


def following(status: Status = Status.OPEN, **changes: Any) -> Following:
    """An episode that May began, with figures made up here: no arithmetic of a machine is in them."""
    said = Episode(
        id="MAGNETS:2025-05:down",
        series_id="MAGNETS",
        unit="t",
        side="down",
        status=status,
        onset=MAY,
        baseline_origin=MAY.first - 1,
        trough=MAY,
        trough_value=2626.0,
        trough_expected=4800.0,
        recovered_share=0.0,
        months_under=1,
        months_missing=0,
        shortfall=2174.0,
        shortfall_lower=1020.5,
        shortfall_upper=3310.25,
        last_counted=MAY.first,
        closed=None,
    )
    weights = {Intervention.AO: 0.25, Intervention.LS: 0.25, Intervention.TC: 0.5}
    before = Forecast("MAGNETS", "t", MAY.first - 1, None, LEVELS, np.full((18, len(LEVELS)), 4800.0), "m")
    series = Series("MAGNETS", "t", MAY.first, np.array([2626.0]))
    types = Typing(weights, weights, 1)
    return Following(Chapter(Shock(MAY, "down", before), series, replace(said, **changes), types, True))


def bodies() -> dict[str, dict[str, Any]]:
    """Body by event type, from a made-up course of one alert that passes through every transition."""
    rule = level_rule(
        severity="warning",
        months_to_close=2,
        labels={"metal": "neodymium"},
        escalate=[{"severity": "critical", "when": {"kind": "level", "below": 1500}}],
    )
    full = replace(
        figure(2626.0, detection=detection(Verdict.SHOCK_DOWN)),
        change_month=-0.5068,
        change_year=-0.4542,
        previous=Figure(month(-1), 5324.0),
        previous_revised=5310.0,
        against=(CONSENSUS,),
        year_ago=Figure(month(-12), 4811.5),
        records=(Extreme("lowest", None, Month.parse("2015-07"), 33, 119, None, tied=False),),
        source_claim=SourceClaim("lowest since February 2020", "A newspaper", "https://example.com/news"),
        next_expected=Outlook(month(1), Band(2400.0, 1100.0, 3900.0)),
        forecast=ForecastUsed("fc_1", day(-1), "portfolio"),
        following=following(),
        measure=Measure(
            "Export licences for seven metals", Month.parse("2025-04").first_day, "https://example.com"
        ),
    )
    band = Band(4800.0, 3400.0, 6200.0)
    deeper = following(
        trough=month(1),
        trough_value=1238.47,
        months_under=2,
        shortfall=5735.53,
        shortfall_lower=3900.0,
        shortfall_upper=7600.0,
        last_counted=month(1).last,
    )
    course: list[Facts] = [
        full,
        figure(1238.47, month(1), change_month=-0.5284, counterfactual=band, following=deeper),
        figure(2500.0, month(2), counterfactual=band),
        figure(4000.0, month(3), counterfactual=band),
        figure(2600.0, known_from=day(3, 1), revision_of=2626.0),
        figure(5500.0, month(4)),
        figure(5600.0, month(5)),
        figure(4000.0, month(5), known_from=day(5, 1), revision_of=5600.0),
    ]
    said: dict[str, dict[str, Any]] = {}
    state = None
    for facts in course:
        state, moved = step(rule, state, replace(facts, series_name=NAME))
        for each in moved:
            assert state is not None
            body = alert_event(each, rule, state, replace(facts, series_name=NAME))
            said.setdefault(body["type"], body)
    assert state is not None
    state, (seen,) = acknowledge(state, "Ada", day(6), "calling the buyers")
    said["alert.acknowledged"] = person_event(seen, rule, state, series_name=NAME, unit="t")
    opened, _ = step(rule, None, full)
    gone = figure(None, known_from=day(1), revision_of=2626.0)
    after, (moved_away,) = step(rule, opened, gone)
    assert after is not None
    said["alert.retracted"] = alert_event(moved_away, rule, after, gone)
    said["alerts.gathered"] = gathered_event([said["alert.escalated"], said["alert.opened"]], desk="metals")
    said["data.overdue"] = overdue_event(
        calendar=shipped()["cn-customs-detail"],
        span=Span(Month.parse("2025-06")),
        awaited=[("MAGNETS", NAME, "t")],
        now=dt.datetime(2025, 7, 23, 4, tzinfo=dt.UTC),
    )
    said["endpoint.ping"] = ping_event(endpoint_id="end_1", now=day())
    said["rule.failed"] = rule_failed_event(
        rule_id="magnets", version=2, desk="metals", period="2025-05", fault="KeyError", now=day()
    )
    said["service.trouble"] = trouble_event(
        part="sweep", title="The sweep", since=day(), action="Start it again.", now=day(0, 1)
    )
    said["service.recovered"] = recovered_event(part="sweep", title="The sweep", told_at=day(), now=day(0, 1))
    said["endpoint.disabled"] = disabled_event(endpoint_id="end_1", reason="answered 410", now=day())
    said["deliveries.exhausted"] = exhausted_event(
        endpoints={("end_1", "metals"): 3, ("end_2", "soy"): 1},
        since=day(-1),
        reason="no answer after 0.0 s: a fault of ours, KeyError",
        now=day(),
    )
    said["source.refused"] = source_refused_event(
        source="gacc",
        title="China Customs, preliminary table",
        fault="shifted-table",
        reason="The last cell of all 62 rows is blank. Wait for the source to mend its page.",
        snapshot=17,
        now=day(),
    )
    return said


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, body in bodies().items():
        text = json.dumps(body, indent=2, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")

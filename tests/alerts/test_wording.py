"""The sentence of a message can be read aloud, and says no number that is not a field of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from alert_facts import MAY, NOT_JUDGED, day, detection, figure, level_rule, month, step
from golden_bodies import CONSENSUS
from wording_stage import NAME, SHOCKS, spoken

from alerts.events import alert_event, overdue_event, person_event
from alerts.facts import Band, Figure, ForecastUsed, Measure, Outlook, SourceClaim
from alerts.lifecycle import acknowledge
from alerts.quantities import RAREST, apart, estimate, level, one_in, percent, volume
from alerts.quantities import figure as figure_in_full
from alerts.rules import parse_rule
from alerts.stated import unstated_numbers
from alerts.states import TransitionKind
from alerts.unheard import Unheard, told_late
from forecasting.months import Month, Span
from forecasting.shocks.detection import Verdict
from forecasting.shocks.records import Extreme
from services.ingestion.calendars import shipped


def test_the_magnets_of_may_2025_read_aloud() -> None:
    """Shock, follow-up and recovery are said as a trader would say them."""
    before = Band(4800, 3400, 6200)
    ordinary = detection(Verdict.ORDINARY, 0.3)
    magnets = {"unit": "t"}
    said = spoken(
        SHOCKS,
        replace(
            figure(1238.47, detection=detection(Verdict.SHOCK_DOWN)),
            series_name=NAME,
            change_month=1238.47 / 2626 - 1,
            change_year=-0.7426,
            year_ago=Figure(Span.parse("2024-05"), 4811.5),
            records=(Extreme("lowest", None, Month.parse("2015-07"), 33, 119, None, tied=False),),
            next_expected=Outlook(month(1), Band(2000, 900, 3300)),
            **magnets,
        ),
        replace(
            figure(3188, month(1), detection=ordinary, counterfactual=before),
            series_name=NAME,
            change_month=3188 / 1238.47 - 1,
        ),
        replace(figure(5577, month(2), detection=ordinary, counterfactual=before), series_name=NAME),
        replace(figure(6146, month(3), detection=ordinary, counterfactual=before), series_name=NAME),
    )
    judged = "Forecast before it was known: 4,300 t, 80 % interval 3,100 to 5,600 t"
    band = "80 % interval 3,400 to 6,200 t forecast before it began"
    assert said == [
        (
            "China's rare-earth magnet exports fell 53 % on the month to 1,238 t in May 2025, 74 % below "
            f"May 2024: a downward shock. {judged}; a figure this low had a chance of about 1 in 900. "
            "Lowest of the 33 months held (of 119) since July 2015. "
            "Expected for June 2025: 2,000 t, 80 % interval 900 to 3,300 t."
        ),
        (
            f"China's rare-earth magnet exports rose 157 % on the month to 3,188 t in June 2025. {judged}. "
            f"The alert of May 2025 stays open: still below the {band}."
        ),
        (
            f"China's rare-earth magnet exports stood at 5,577 t in July 2025. {judged}. "
            f"The alert of May 2025 stays open: back inside the {band}, 1 of the 2 figures needed to close."
        ),
        (
            f"China's rare-earth magnet exports stood at 6,146 t in August 2025. {judged}. "
            f"The alert of May 2025 is resolved: back inside the {band}."
        ),
    ]


@pytest.mark.parametrize(
    ("condition", "still", "over"),
    [
        ({"kind": "level", "below": 800}, "still below 800 t", "no longer below 800 t"),
        (
            {"kind": "shock"},
            "it ends when there is no shock",
            "it meets what closes it, no shock",
        ),
    ],
)
def test_an_alert_is_over_by_what_its_rule_says_and_by_nothing_else(
    condition: dict[str, Any], still: str, over: str
) -> None:
    """A rule that closes where it opens no more says so, whatever had been forecast before it began."""
    rule = parse_rule(
        {"name": "n", "desk": "d", "scope": {"series": ["MAGNETS"]}, "condition": condition},
        rule_id="n",
        version=1,
    )
    before, shock = Band(1000, 920, 1110), detection(Verdict.SHOCK_DOWN)
    calm = detection(Verdict.ORDINARY, 0.3)
    said = spoken(
        rule,
        figure(500, detection=shock, counterfactual=before),
        figure(700, month(1), detection=shock, counterfactual=before),
        figure(850, month(2), detection=calm, counterfactual=before),
    )
    assert f"stays open: {still}." in said[1]
    assert f"is resolved: {over}." in said[2]
    assert "forecast before it began" not in " ".join(said)


def test_a_band_that_is_rolled_on_is_said_to_be() -> None:
    """Where the forecast from before it began has ended, the sentence says past which month it goes on."""
    rolled = Band(4800, 3400, 6200, rolled_past=Month.parse("2025-05"))
    ordinary = detection(Verdict.ORDINARY, 0.3)
    shock = figure(1238.47, detection=detection(Verdict.SHOCK_DOWN))
    later = figure(3188, month(1), detection=ordinary, counterfactual=rolled)
    assert (
        "forecast before it began (its last year rolled on past May 2025)." in spoken(SHOCKS, shock, later)[1]
    )


def test_a_later_message_says_of_which_day_its_forecast_is() -> None:
    """What is expected next, and then another number for that month: the day between the two is said."""
    low, used = detection(Verdict.SHOCK_DOWN), ForecastUsed("f2", day(days=1), "standard")
    state, _ = step(level_rule(), None, figure(2000, detection=low, forecast=replace(used, vintage=day(-1))))
    later = figure(2100, month(1), detection=detection(Verdict.ORDINARY, 0.3), forecast=used)
    after, (moved,) = step(level_rule(), state, later)
    assert after is not None
    data = alert_event(moved, level_rule(), after, later)["data"]
    made = "Forecast before it was known, made of what was known on 21 June 2025: 4,300 t, 80 % interval"
    assert made in data["sentence"]
    assert unstated_numbers(data) == ()


def test_what_was_silenced_is_said_with_no_number_beside_its_fields() -> None:
    """The first sentence after a silence says since when, what, and how often; each stands in a field."""
    state, _ = step(level_rule(), None, figure(2000))
    after, (moved,) = step(level_rule(), state, figure(2100, month(1)))
    assert after is not None
    body = alert_event(moved, level_rule(), after, figure(2100, month(1)))
    kinds = (TransitionKind.OPENED, *[TransitionKind.CORRECTED] * 1200)
    data = told_late(body, Unheard(kinds, "2025-06-20T00:00:00Z"))["data"]
    assert unstated_numbers(data) == ()
    said = "what came since 20 June 2025 was silenced (opened, corrected 1,200 times)."
    assert f"It is told now for the first time: {said}" in data["sentence"]


def test_the_products_of_may_2025_read_aloud() -> None:
    """First print with the source's claim, revision without a second alert, and the follow-up."""
    claim = SourceClaim(
        "lowest since February 2020", "Bloomberg via Business Standard", "https://example.com"
    )
    products = {"series_name": "exports of rare-earth products"}
    said = spoken(
        level_rule(),
        replace(figure(2117), **products, source_claim=claim),
        replace(figure(2115, known_from=day(1), revision_of=2117), **products),
        replace(figure(3808, month(1), change_month=3808 / 2115 - 1), **products),
    )
    assert said == [
        (
            "exports of rare-earth products stood at 2,117 t in May 2025. No forecast judged it. "
            "The source (Bloomberg via Business Standard) says: “lowest since February 2020”."
        ),
        (
            "exports of rare-earth products stood at 2,115 t in May 2025. Revised from 2,117 to 2,115 t. "
            "No forecast judged it. The alert of May 2025 stands, with its figures corrected."
        ),
        (
            "exports of rare-earth products rose 80 % on the month to 3,808 t in June 2025. "
            "No forecast judged it. "
            "The alert of May 2025 stays open: still below the closing level of 5,000 t."
        ),
    ]


def test_a_change_that_is_a_record_is_said_where_the_figure_is_none() -> None:
    """A steep fall from a height is no low; that its change is one is said instead, with the months held."""
    since = Month.parse("2020-02")
    steep = Extreme("lowest", since, Month.parse("2015-01"), 62, 63, 5, tied=False, of="change_year")
    (said,) = spoken(level_rule(), figure(2117, change_records=(steep,)))
    assert (
        "Its change on the year is the lowest since February 2020, with 62 months held (of 63), a 5-year low."
    ) in said


def test_a_withdrawal_and_a_person_are_said() -> None:
    """A withdrawn figure and a person's act read as sentences too."""
    said = spoken(level_rule(), figure(2000), figure(None, known_from=day(1), revision_of=2000))
    assert said[1] == (
        "The source withdrew the figure of magnet exports for May 2025. "
        "The alert of May 2025 is retracted: the ground that opened it is gone."
    )
    state, _ = step(level_rule(), None, figure(2000))
    assert state is not None
    state, (moved,) = acknowledge(state, "Ada", day(1))
    body = person_event(moved, level_rule(), state, series_name=NAME, unit="t")
    assert body["type"] == "alert.acknowledged"
    assert body["data"]["sentence"] == (
        "Ada acknowledged the alert of May 2025 on China's rare-earth magnet exports."
    )


LATENESS = [(0, "was due today"), (1, "is 1 day late"), (9, "is 9 days late")]


LATENESS = [(0, "was due today"), (1, "is 1 day late"), (9, "is 9 days late")]


@pytest.mark.parametrize(("late", "words"), LATENESS)
def test_an_overdue_release_is_said(late: int, words: str) -> None:
    """A release that has not come says which, of what, and how late."""
    calendar = shipped()["cn-customs-detail"]
    due = calendar.due(MAY)
    body = overdue_event(
        calendar=calendar, span=MAY, awaited=[("M", NAME, "t")], now=due + dt.timedelta(days=late)
    )
    title = "China Customs, detailed codes and destinations"
    assert body["data"]["sentence"] == f"No figure yet for {NAME} in May 2025: {title} {words}."
    assert body["data"]["days_late"] == late


@pytest.mark.parametrize("name", ["us_x_hs2__australia__27", "éclair", "3D printers", "'t Hooft"])
def test_a_name_stands_as_it_was_given(name: str) -> None:
    """The sentence begins with the name of the series, sign by sign."""
    (said,) = spoken(level_rule(), replace(figure(2117), series_name=name))
    assert said.startswith(f"{name} ")


def test_a_chance_that_is_no_news_is_not_said() -> None:
    """A chance above one in 20 stands neither in the sentence nor as odds in the message."""
    likely = figure(2117, detection=detection(Verdict.SHOCK_DOWN, 0.06))
    state, (moved,) = step(level_rule(), None, likely)
    assert state is not None
    data = alert_event(moved, level_rule(), state, likely)["data"]
    assert data["detection"]["one_in"] is None
    assert "chance" not in data["sentence"]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (volume(1238.47), "1,238"),
        (volume(7742.2), "7,742"),
        (volume(46), "46"),
        (volume(46.25), "46.2"),
        (volume(0.0123), "0.0123"),
        (volume(0), "0"),
        (volume(-1500.5), "-1,500"),
        (volume(999_949), "999,949"),
        (volume(132_435_129), "132.4 million"),
        (volume(-1_000_000), "-1 million"),
        (volume(3.2e12), "3.2 trillion"),
        (figure_in_full(132_435_129), "132,435,129"),
        (level(150_000_000), "150 million"),
        (level(150_000_001), "150,000,001"),
        (estimate(132_435_129, 25_000_000), "132 million"),
        (estimate(999_999_999, 90_000_000), "1 billion"),
        (apart(132_435_129, 132_435_000), ("132,435,129", "132,435,000")),
        (percent(-0.5284), "53 %"),
        (percent(0.034), "3.4 %"),
        (percent(0.0996), "10 %"),
        (percent(12.5), "1,250 %"),
        (estimate(4287, 2530), "4,300"),
        (estimate(98_612, 480), "98,610"),
        (estimate(4.287, 0.5), "4.29"),
        (estimate(5, 0), "5"),
        (estimate(46.1, 110), "46"),
        (estimate(12, 150), "12"),
        (estimate(3.21, 12), "3.2"),
        (estimate(3.21, 5000), "3"),
        (estimate(912, 3400), "900"),
        (figure_in_full(310.5), "310.5"),
        (figure_in_full(310.4871), "310"),
        (apart(1238.47, 1238.0), ("1,238.5", "1,238")),
        (one_in(0.0011), 900),
        (one_in(1 / 37.4), 37),
        (one_in(0.5), 2),
        (one_in(0), RAREST),
    ],
)
def test_each_quantity_is_rounded_in_one_way(written: object, text: object) -> None:
    """Volumes, changes, forecasts and chances are written so and not otherwise."""
    assert written == text


def test_what_no_forecast_judged_claims_no_chance() -> None:
    """Without a forecast the sentence says so and names no probability."""
    (said,) = spoken(level_rule(), figure(2117, detection=NOT_JUDGED))
    assert "chance" not in said
    assert "No forecast judged it." in said


def test_a_measure_is_named_with_its_day_and_claims_no_cause() -> None:
    """The sentence names the measure that a figure may answer to, and no other number."""
    known = Measure("Export licensing (notice 18)", dt.date(2025, 4, 4), "https://x.y")
    state, (moved,) = step(level_rule(), None, figure(2117, measure=known))
    assert state is not None
    data = alert_event(moved, level_rule(), state, figure(2117, measure=known))["data"]
    said = "It may answer to a measure of 4 April 2025: Export licensing (notice 18)."
    assert said in data["sentence"]
    assert unstated_numbers(data) == ()


def test_what_others_expected_is_said_with_the_figure() -> None:
    """A poll is said with its answers and range, quantiles with their interval, the fourth forecaster not."""
    house = replace(
        CONSENSUS,
        forecaster="house",
        name="House view",
        desk="metals",
        expected=2500.0,
        bounds="interval_80",
        low=2000.0,
        high=3100.0,
        count=None,
        difference=126.0,
        percent=5.04,
        largest=False,
    )
    plain = replace(house, forecaster="p", name="P", bounds=None, low=None, high=None, percent=0.0)
    other = replace(house, forecaster="spy", name="Spy", desk="grains")
    said = (CONSENSUS, house, other, plain, replace(plain, forecaster="q", name="Q"))
    _, (moved,) = step(level_rule(), None, figure(2626.0))
    state, _ = step(level_rule(), None, figure(2626.0))
    assert state is not None
    data = alert_event(moved, level_rule(), state, figure(2626.0, against=said))["data"]
    assert [each["forecaster"] for each in data["against"]] == ["consensus", "house", "p", "q"]
    assert (
        "Against Consensus of analysts: 4,900 t from 12 answers (range 4,500 to 5,400 t), 46 % below, "
        "a larger miss than the 31 held before it. Against House view: 2,500 t (80 % interval 2,000 to "
        "3,100 t), 5 % above. Against P: 2,500 t, met."
    ) in data["sentence"]
    assert "Against Q" not in data["sentence"]
    assert unstated_numbers(data) == ()

"""Queries as pages, routes and commands call them: each answers a past moment with what was known then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from api_stage import MAGNETS, Stage
from scipy.stats import norm
from sqlalchemy import Connection

from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from services.queries import alerts, observations, scoreboard, series, verdicts
from services.queries.episodes import episode_as_of, episodes_as_of
from services.queries.every_series import standing
from services.queries.families import family_view
from services.queries.measures import watches
from services.queries.now import now_view
from services.queries.observations import UnknownCursorError
from services.queries.releases import calendars, every_release
from services.storage import forecasts, restrictions
from services.storage.forecasts import ForecastRecord

FIRST = dt.datetime(2025, 5, 20, 2, tzinfo=dt.UTC)
"""When the low figure of April became known."""
REVISED = dt.datetime(2025, 6, 20, 2, tzinfo=dt.UTC)
"""When April was revised, and May became known."""
BEFORE = FIRST - dt.timedelta(seconds=1)
PORTFOLIO = "witnesses"


@pytest.fixture
def told(stage: Stage, told_once: Callable[[Callable[[Stage], None]], None]) -> Stage:
    """Two flat years, a forecast, a fall in April 2025, its revision with the figure of May, and an alert."""
    told_once(through_may)
    return stage


def through_may(stage: Stage) -> None:
    """The figures of both months, as they became known."""
    stage.at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    stage.register(name="magnet exports", family="magnets")
    rule = {"name": "Low", "desk": "metals", "scope": {"series": [MAGNETS]}, "severity": "critical"}
    given = {**rule, "condition": {"kind": "level", "below": 3000}}
    assert stage.client.put("/v1/rules/low", json=given).status_code == 200
    past = [Month.of(2023, 4) + step for step in range(24)]
    rows = [{"month": str(each), "value": 5000, "known_from": f"{each + 1}-20T02:00:00Z"} for each in past]
    assert stage.upload(*rows, history="true").status_code == 200
    march, known = Month.of(2025, 3), dt.datetime(2025, 4, 20, 2, tzinfo=dt.UTC)
    values = np.tile(5000 * np.exp(0.08 * norm.ppf(LEVELS)), (18, 1))
    said = Forecast(MAGNETS, "t", march, known, LEVELS, values, "made up")
    model = forecasts.judging(stage.settings.portfolio)
    with stage.engine.begin() as connection:
        forecasts.publish(
            connection, [ForecastRecord(MAGNETS, model, march, known, said, None, [], {}, known)]
        )
    for month, value, moment in (("04", 2626, FIRST), ("04", 2600, REVISED), ("05", 1238, REVISED)):
        figure = {"month": f"2025-{month}", "value": value, "known_from": moment.isoformat()}
        assert stage.upload(figure).status_code == 200


@pytest.fixture
def reading(told: Stage) -> Iterator[Connection]:
    """A transaction in which PostgreSQL lets nothing be changed."""
    with told.engine.connect().execution_options(postgresql_readonly=True) as connection:
        yield connection


def test_a_series_as_of_a_moment_knows_nothing_later(reading: Connection) -> None:
    """Its figures, prints, episodes and value are those of the moment; only the days of news are of all."""
    held = series.one(reading, MAGNETS)
    assert held is not None
    before, then, now = (
        series.series_view(reading, held, as_of=moment, portfolio=PORTFOLIO)
        for moment in (BEFORE, FIRST, REVISED)
    )
    assert [str(each.last and each.last.span) for each in (before, then, now)] == [
        "2025-03", "2025-04", "2025-05",
    ]  # fmt: skip
    assert [len(each.episodes) for each in (before, then, now)] == [0, 1, 1]
    april = Span(Month.of(2025, 4))
    assert [row.observation.value for row in then.figures[-1].prints] == [2626.0]
    assert next(each for each in now.figures if each.span == april).value == 2600.0
    assert before.news == then.news == now.news
    assert REVISED.date() in before.news


def test_an_episode_stands_as_it_stood(reading: Connection) -> None:
    """Before its onset was known there is none; each later moment adds its state, with what may follow."""
    held = series.chosen(reading, family="magnets")
    name = f"{MAGNETS}:2025-04:down"
    assert episode_as_of(reading, held[0], name, as_of=BEFORE) is None
    assert episodes_as_of(reading, held, as_of=BEFORE) == []
    then, now = (episode_as_of(reading, held[0], name, as_of=moment) for moment in (FIRST, REVISED))
    assert then is not None
    assert now is not None
    assert [len(then.states), len(now.states)] == [1, 2]
    assert then.ahead is not None
    assert str(now.episode.chapter.followed_to) == "2025-05"


def test_figures_stand_or_are_told_print_by_print(reading: Connection) -> None:
    """As of a moment, between months, behind a cursor; a cursor of another list is refused."""
    april = Month.of(2025, 4)
    found = observations.figures(reading, MAGNETS, as_of=REVISED, first=april, limit=10)
    assert [row.observation.value for row in found.rows] == [2600.0, 1238.0]
    then = observations.figures(reading, MAGNETS, as_of=FIRST, first=april, limit=10)
    assert [row.observation.value for row in then.rows] == [2626.0]
    first = observations.figures(reading, MAGNETS, first=april, revisions=True, limit=1)
    assert ([row.observation.value for row in first.rows], first.more) == ([2626.0], True)
    rest = observations.figures(
        reading, MAGNETS, first=april, revisions=True, after=first.rows[0].id, limit=2
    )
    assert ([row.observation.value for row in rest.rows], rest.more) == ([2600.0, 1238.0], False)
    with pytest.raises(UnknownCursorError):
        observations.figures(reading, MAGNETS, after=10**9, limit=1)
    with pytest.raises(UnknownCursorError):
        verdicts.listed(reading, MAGNETS, before=10**9, limit=1)
    assert observations.standing_values(reading, [MAGNETS])[MAGNETS][Span(april)] == 2600.0


def test_lists_say_where_each_stood(reading: Connection) -> None:
    """The list of series, verdicts and families as of a moment are of that moment."""
    held = series.listed(reading).rows
    (before,), (now,) = (standing(reading, held, as_of=moment) for moment in (BEFORE, REVISED))
    assert (str(before.last), before.value, before.change_year) == ("2025-03", 5000.0, 0.0)
    assert (str(now.last), now.value, now.held) == ("2025-05", 1238.0, 26)
    assert now.change_year == pytest.approx(1238 / 5000 - 1)
    assert verdicts.listed(reading, MAGNETS, as_of=BEFORE, limit=1).rows[0].span == Span(Month.of(2025, 3))
    then = family_view(reading, "magnets", held, as_of=BEFORE, months=12, desk=None)
    assert str(then.months[-1]) == "2025-03"
    assert scoreboard.scoreboard(reading, portfolio=PORTFOLIO, as_of=BEFORE) == []
    assert watches(reading, held, as_of=BEFORE) == []
    until = Month.of(2025, 6)
    assert every_release(reading, first=until - 3, last=until, as_of=BEFORE) == []
    assert all(each.covered == () for each in calendars(reading, as_of=BEFORE))
    assert now_view(reading, desk=None, now=REVISED).installed


def test_an_alert_comes_with_its_evidence(told: Stage, reading: Connection) -> None:
    """Its life, its rule, and its series as it was known when it was last spoken of; a desk sees its own."""
    (found,) = alerts.listed(reading, limit=5).rows
    given = alerts.evidence(reading, found, desk="metals", now=told.at, portfolio=PORTFOLIO)
    assert given.rule is not None
    assert (given.rule.version, given.sent, given.snoozes) == (1, [], [])
    assert given.view is not None
    assert given.view.as_of == given.life.events[-1].known_from
    (row,) = alerts.told(reading, [found])
    assert (row.series_name, row.rule_name) == ("magnet exports", "Low")
    assert alerts.one(reading, found.state.id, desk="metals") == found
    assert alerts.one(reading, found.state.id, desk="oil") is None


def test_what_is_kept_for_a_desk_is_not_there_for_another(told: Stage) -> None:
    """A restricted series is none for others, and so is the picture of an alert on it."""
    with told.engine.begin() as connection:
        restrictions.restrict(connection, [MAGNETS], source="comtrade", desk="metals", now=told.at)
        assert series.one(connection, MAGNETS, desk="oil") is None
        assert series.chosen(connection, series_id=MAGNETS, desk="oil") == []
        assert series.chosen(connection, family="magnets", desk="oil") == []
        assert series.one(connection, MAGNETS, desk="metals") is not None
        (found,) = alerts.listed(connection, limit=5).rows
        hidden = alerts.evidence(connection, found, desk="oil", now=told.at, portfolio=PORTFOLIO)
        assert (hidden.view, len(hidden.life.events) > 0) == (None, True)

"""Which submitted forecasts a recording reads: the ones that stood, whatever else was submitted."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any

from sqlalchemy import Engine, event

from forecasting.against import MOST_ERRORS, SubmittedForecasts
from forecasting.months import Month, Span
from forecasting.submitted_forecasts import Forecaster, Submitted
from services.ingestion.figures import ArrivingFigure
from services.storage import forecasters, observations, series, submitted_forecasts
from services.storage.series import SeriesRecord
from services.storage.submitted_forecasts import SubmittedRecord
from services.usecases.record_observations import record_observations

FIRST, HELD = Month.of(2019, 1), 70
BANK, HOUSE = Forecaster("bank", "A bank"), Forecaster("house", "House view", "metals")


def known(place: int, hours: float = 0) -> dt.datetime:
    after = dt.datetime.combine((FIRST + place + 1).first_day, dt.time(8), dt.UTC)
    return after + dt.timedelta(hours=hours)


def test_a_recording_reads_what_stood_and_judges_as_if_it_had_read_all(engine: Engine) -> None:
    """Of each of the last spans one row a forecaster: nothing late, claimed or superseded."""
    chance = Random(35)  # noqa: S311 - figures, no secret
    told: list[SubmittedRecord] = []
    for place in range(HELD + 3):
        for by in ("bank", "house") if place % 5 else ("bank",):
            for _ in range(chance.randint(1, 6)):
                at, claimed = known(place, chance.choice([-48, -24, -24, -1, 0, 24])), chance.random() < 0.1
                said = Submitted(by, Span(FIRST + place), at, chance.uniform(90, 110), claimed=claimed)
                told.append(SubmittedRecord("A", "t", said, at if claimed else None))
    figures = [
        ArrivingFigure(place + 1, "A", Span(FIRST + place), chance.uniform(80, 120), "t", known(place))
        for place in range(HELD)
    ]
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord("A", "A", "t")], now=known(0))
        for each in (BANK, HOUSE):
            forecasters.put(connection, each, now=known(0))
        record_observations(
            connection, figures, source="test", now=known(HELD), budget=1.0, portfolio="standard"
        )
        submitted_forecasts.add(connection, told)
    arriving = {("A", Span(FIRST + place)): known(HELD) for place in (2, HELD - 1, HELD)}
    read: list[int] = []

    def count(_: Any, cursor: Any, *__: Any) -> None:
        read.append(cursor.rowcount)

    with engine.begin() as connection:
        held = observations.prints(connection, {"A"})
        event.listen(engine, "after_cursor_execute", count)
        found = submitted_forecasts.before(connection, arriving, held)["A"]
        event.remove(engine, "after_cursor_execute", count)
    assert len(read) == 1
    assert MOST_ERRORS < read[0] <= 2 * (MOST_ERRORS + 1 + len(arriving)) < len(told)
    order = sorted((each.said for each in told), key=lambda said: said.known_from)
    named = {each.id: each for each in (BANK, HOUSE)}
    whole = SubmittedForecasts(named, order, held["A"])
    judged = 0
    for (_, span), moment in arriving.items():
        for each in (found, whole):
            each.tell(span, 100.0, moment)
        assert found.against(span, 100.0, moment) == whole.against(span, 100.0, moment)
        judged += len(found.against(span, 100.0, moment))
    assert judged >= 3


def test_of_what_nobody_foretold_nothing_is_read(engine: Engine) -> None:
    """A forecaster of another month is left out, and so is one whose only word is a claim or came late."""
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord("A", "A", "t")], now=known(0))
        forecasters.put(connection, BANK, now=known(0))
        point = Submitted("bank", Span(FIRST + 1), known(0), 100.0)
        late = Submitted("bank", Span(FIRST), known(0), 100.0)
        submitted_forecasts.add(connection, [SubmittedRecord("A", "t", each) for each in (point, late)])
        arriving = {("A", Span(FIRST)): known(0), ("A", Span(FIRST + 5)): known(5)}
        found = submitted_forecasts.before(connection, arriving, {})
        assert all(each.against(Span(FIRST), 1.0, known(0)) == () for each in found.values())
        assert submitted_forecasts.before(connection, {("A", Span(FIRST + 5)): known(5)}, {}) == {}
        assert submitted_forecasts.before(connection, {}, {}) == {}

"""Series: the history of one, what is expected of it, and what happened to it, as of any day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection

from alerts.quantities import estimate
from forecasting.forecast import Forecast
from forecasting.months import Month
from forecasting.submitted_forecasts import FORECASTER
from services.bootstrap import Service
from services.queries import alerts, forecasters, jobs, series
from services.queries.episodes import told
from services.queries.scoreboard import Line, scoreboard
from services.queries.series import SeriesRecord, SeriesView, series_view
from services.web.as_of import AsOf, as_of
from services.web.charts.series_chart import Layers, series_chart, shown_measures
from services.web.exports import as_csv
from services.web.pages.series_table import COLUMNS, rows_of
from services.web.rendering import NotFoundError, page
from services.web.sessions import Looking, Visitor
from services.web.words import TYPES, record_words

router = APIRouter()

Range = Literal["2y", "5y", "10y", "all"]
RANGES: tuple[Range, ...] = ("2y", "5y", "10y", "all")
LAYERS = tuple(Layers.__dataclass_fields__)
FEW = 5
"""Open alerts that are named on the page; all are behind its link."""
AHEAD = 12
"""Months ahead of the last figure on the picture: further out a fan says little and takes much room."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a series an address asks for: as of which day, over how long, without which layers."""

    as_of: AsOf
    range: Range
    hidden: frozenset[str]

    @property
    def layers(self) -> Layers:
        """Which layers of the picture are drawn."""
        return Layers(**{name: name not in self.hidden for name in LAYERS})

    def address(
        self, *, range_: Range | None = None, toggled: str | None = None, day: str | None = ""
    ) -> str:
        """The query of this view, or of one that differs in one thing; ``day`` None is now."""
        hidden = self.hidden ^ ({toggled} if toggled else set())
        wanted = range_ or self.range
        asked = {
            "as_of": (str(self.as_of.day) if self.as_of.day else None) if day == "" else day,
            "range": None if wanted == "5y" else wanted,
            "hide": ",".join(sorted(hidden)) or None,
        }
        return urlencode({name: value for name, value in asked.items() if value is not None})


def _shown(
    looked: Annotated[AsOf, Depends(as_of)],
    range_: Annotated[Range, Query(alias="range")] = "5y",
    hide: Annotated[str, Query(pattern=f"^(({'|'.join(LAYERS)})(,|$))*$")] = "",
) -> Shown:
    return Shown(looked, range_, frozenset(filter(None, hide.split(","))))


Asked = Annotated[Shown, Depends(_shown)]


@router.get("/series/{series_id}")
def one(request: Request, looking: Looking, asked: Asked, series_id: str) -> Response:
    """Everything known of a series by the day asked for."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        registered = existing(connection, looking, series_id)
        view = _view(connection, service, registered, asked)
        arrived = None if view.last is None else view.last.arrived
        published = (
            None
            if arrived is None
            else series.published_before(connection, arrived, portfolio=service.settings.portfolio)
        )
        lines = scoreboard(
            connection,
            portfolio=service.settings.portfolio,
            by="series",
            as_of=asked.as_of.moment,
            model=service.settings.portfolio,
            series_id=series_id,
            members=True,
        )
        now_shown = asked.as_of.day is None
        opened = alerts.listed(
            connection, desk=looking.caller.desk, series_id=series_id, status="opened", limit=FEW
        )
        open_alerts = alerts.told(connection, opened.rows) if now_shown else []
        others = (
            []
            if view.known is None
            else forecasters.standing(
                connection, series_id, after=view.known.end, as_of=view.as_of, desk=looking.caller.desk
            )
        )
        waiting = jobs.listed(
            connection, status="pending", series_id=series_id, desk=looking.caller.desk, limit=1
        )
    first, last = _window(view, asked.range)
    figure = view.last
    standing = None if figure is None else figure.standing
    return page(
        request,
        looking,
        "series.html",
        view=view,
        series=registered,
        asked=asked,
        ranges=RANGES,
        figure=figure,
        judged=None if standing is None else standing.verdict,
        records=[] if standing is None else [record_words(each) for each in standing.verdict.records],
        published=published,
        following=_first(None if view.forecast is None else view.forecast.forecast),
        given_shock=_first(_given_shock(view)),
        chart=None if view.known is None else series_chart(view, first, last, asked.layers),
        open_alerts=open_alerts,
        working=bool(waiting.rows) and now_shown,
        rows=rows_of(view, first, last)[::-1],
        measures=shown_measures(view, first, last),
        members=_members(view, lines, {FORECASTER + each.id: each.name for each, _ in others}),
        others=others,
        types=TYPES,
        sentence=lambda episode: told(episode)["sentence"],
        base=str(request.base_url).rstrip("/"),
        days=_days(view, service.now()),
        window=(first, last),
    )


@router.get("/series/{series_id}/figures.csv")
def figures(request: Request, looking: Looking, asked: Asked, series_id: str) -> Response:
    """What the page shows, as a table: figures with what was expected of them, then the forecast."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        registered = existing(connection, looking, series_id)
        view = _view(connection, service, registered, asked)
    day = "" if asked.as_of.day is None else f"-as-of-{asked.as_of.day}"
    return as_csv(f"{series_id}{day}", COLUMNS, rows_of(view, *_window(view, asked.range), ahead=True))


def existing(connection: Connection, looking: Visitor, series_id: str) -> SeriesRecord:
    """A registered series that the visitor may see; NotFoundError."""
    found = series.one(connection, series_id, desk=looking.caller.desk)
    if found is None:
        raise NotFoundError(f"There is no series {series_id!r} that may be seen here.", "/series")
    return found


def _view(connection: Connection, service: Service, registered: SeriesRecord, asked: Shown) -> SeriesView:
    return series_view(connection, registered, as_of=asked.as_of.moment, portfolio=service.settings.portfolio)


def _window(view: SeriesView, asked: Range) -> tuple[Month, Month]:
    """First and last month on the picture: back from the last figure, and some months ahead of it."""
    if view.known is None:
        now = Month.from_date(view.as_of.date())
        return now, now
    months = {"2y": 24, "5y": 60, "10y": 120, "all": view.known.end.since(view.known.start) + 1}[asked]
    ahead = AHEAD if view.forecast is not None and view.forecast.forecast is not None else 1
    return max(view.known.start, view.known.end - (months - 1)), view.known.end + ahead


@dataclass(frozen=True, slots=True)
class Expected:
    """The first month of a forecast as messages write it: its median and its 80 % bounds."""

    month: Month
    median: str
    lower: str
    upper: str


def _given_shock(view: SeriesView) -> Forecast | None:
    """While an episode is not over: as the alert of the last figure tells it, else as its scenarios do."""
    if view.ahead is None:
        return None
    return (view.outlook or view.ahead).mixture


def _first(found: Forecast | None) -> Expected | None:
    if found is None:
        return None
    middle, lower, upper = (float(found.quantile(level)[0]) for level in (0.5, 0.1, 0.9))
    return Expected(found.first, *(estimate(each, upper - lower) for each in (middle, lower, upper)))


def _members(view: SeriesView, lines: list[Line], named: Mapping[str, str]) -> list[dict[str, object]]:
    """Members of the forecast that stands, each with its weight and what it has scored on this series.

    ``named`` says what forecasters of elsewhere are called, by the names of their members.
    """
    scored = {each.standing.member: each.standing for each in lines}
    told = [] if view.forecast is None else view.forecast.members
    members = [
        {
            **each,
            "called": named.get(each["name"], each["name"]),
            "other": each["name"].startswith(FORECASTER),
            "standing": scored.get(each["name"]),
        }
        for each in told
    ]
    whole = scored.get("")
    if whole is None:
        return members
    same = {"name": "", "called": "", "other": False, "weight": 1.0, "left_out": None, "note": None}
    return [{**same, "standing": whole}, *members]


def _days(view: SeriesView, now: dt.datetime) -> dict[str, dt.date]:
    """The first and last day of the slider: from the first figure that became known to today."""
    today = now.astimezone(dt.UTC).date()
    first = view.news[0] if view.news else today
    recent = [day for day in view.news if day >= today - dt.timedelta(days=5 * 366)]
    return {"first": first if not recent else min(recent[0], today), "last": today}

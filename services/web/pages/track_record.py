"""Track record: the service's own accuracy and coverage against first prints, beside seasonal naive."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from markupsafe import Markup

from forecasting.submitted_forecasts import FORECASTER
from services.bootstrap import Service
from services.queries import forecasters, series
from services.queries.scoreboard import FEWEST_MONTHS, ground, others, scoreboard
from services.queries.scoreboard import Line as Score
from services.web import formats
from services.web.as_of import AsOf, as_of
from services.web.charts.lines_chart import Canvas, Line, lines_chart
from services.web.exports import Column, as_csv
from services.web.rendering import page
from services.web.sessions import Looking

router = APIRouter()

SMALL = Canvas(width=560, height=250, right=110)
ENOUGH = 3
"""Pairs of forecast and figure from which a horizon is drawn: fewer stand in the table alone."""

COLUMNS: tuple[Column[Score], ...] = (
    Column("model", lambda each: each.standing.model),
    Column("horizon", lambda each: each.standing.horizon),
    Column("series_id", lambda each: each.standing.series_id),
    Column("figures", lambda each: each.standing.figures),
    Column("mase", lambda each: each.standing.mase),
    Column("wis", lambda each: each.standing.wis),
    Column("bias", lambda each: each.standing.bias),
    Column("coverage_80", lambda each: each.standing.coverage_80),
    Column("coverage_95", lambda each: each.standing.coverage_95),
    Column("naive_mase", lambda each: None if each.baseline is None else each.baseline.mase),
    Column("naive_wis", lambda each: None if each.baseline is None else each.baseline.wis),
    Column("naive_coverage_80", lambda each: None if each.baseline is None else each.baseline.coverage_80),
    Column("naive_coverage_95", lambda each: None if each.baseline is None else each.baseline.coverage_95),
    Column("coverage_range", lambda each: each.standing.coverage_range),
    Column("service_mase", lambda each: each.ours),
    Column("compared_months", lambda each: None if each.compared is None else each.compared.months),
    Column("difference", lambda each: None if each.compared is None else each.compared.difference),
    Column("p_value", lambda each: None if each.compared is None else each.compared.p_value),
)


@router.get("/track-record")
def track_record(
    *,
    request: Request,
    looking: Looking,
    looked: Annotated[AsOf, Depends(as_of)],
    against: Literal["first_print", "latest"] = "first_print",
    by: Literal["forecaster", "horizon", "series"] = "horizon",
    series_id: Annotated[str | None, Query(max_length=200)] = None,
    format_: Annotated[Literal["html", "csv"], Query(alias="format")] = "html",
) -> Response:
    """How published forecasts did, ours and others'; with ``format=csv`` the lines of ``by``."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        lines = {
            each: scoreboard(
                connection,
                portfolio=service.settings.portfolio,
                by=each,
                against=against,
                as_of=looked.moment,
                model=service.settings.portfolio,
                series_id=series_id or None,
                desk=looking.caller.desk,
            )
            for each in ("model", "horizon", "series")
        }
        theirs = others(
            connection,
            portfolio=service.settings.portfolio,
            against=against,
            as_of=looked.moment,
            series_id=series_id or None,
            desk=looking.caller.desk,
        )
        if format_ == "csv":
            chosen = theirs if by == "forecaster" else lines[by]
            return as_csv(f"track-record-by-{by}", COLUMNS, chosen)
        named = {each.id: each.name for each in forecasters.listed(connection, desk=looking.caller.desk)}
        registered = series.chosen(connection, series_id=series_id or None, desk=looking.caller.desk)
        stands_on = ground(
            connection,
            registered,
            as_of=looked.moment,
            model=service.settings.portfolio,
            against=against,
            series_id=series_id or None,
            desk=looking.caller.desk,
        )
        names = series.names(connection, _ids(lines["series"]))
        shown = [each.id for each in series.listed(connection, desk=looking.caller.desk, limit=500).rows]
    whole = lines["model"]
    drawn = [each for each in lines["horizon"] if each.standing.figures >= ENOUGH]
    return page(
        request,
        looking,
        "track_record.html",
        whole=whole[0] if whole else None,
        ground=stands_on,
        horizons=lines["horizon"],
        series=sorted(lines["series"], key=lambda each: each.standing.mase or math.inf),
        names=names,
        others=[(named[each.standing.model.removeprefix(FORECASTER)], each) for each in theirs],
        ids=shown,
        series_id=series_id,
        against=against,
        looked=looked,
        accuracy=_accuracy(drawn),
        coverage=_coverage(drawn),
        enough=ENOUGH,
        fewest=FEWEST_MONTHS,
    )


def _ids(lines: list[Score]) -> set[str]:
    return {each.standing.series_id for each in lines if each.standing.series_id is not None}


def _accuracy(lines: list[Score]) -> Markup:
    """MASE by horizon, ours and seasonal naive's; below one is better than last year's figure."""
    ours = [_number(each.standing.mase) for each in lines]
    naive = [_number(None if each.baseline is None else each.baseline.mase) for each in lines]
    return lines_chart(
        [Line("Tonnage", ours), Line("seasonal naive", naive, "naive")],
        _horizons(lines),
        label="Mean absolute scaled error by months ahead, beside seasonal naive",
        said=formats.decimal,
        low=0.0,
        canvas=SMALL,
    )


def _coverage(lines: list[Score]) -> Markup:
    """Share of pairs whose figure lies inside the 80 % and the 95 % interval, by horizon."""
    return lines_chart(
        [
            Line("80 % interval", [100 * _number(each.standing.coverage_80) for each in lines]),
            Line(
                "95 % interval",
                [100 * _number(each.standing.coverage_95) for each in lines],
                "sibling sibling-4",
            ),
        ],
        _horizons(lines),
        label="Per cent of pairs with the figure inside the interval, by months ahead",
        said=lambda value: f"{value:.0f} % held",
        marked=((80, "80"), (95, "95")),
        low=0.0,
        canvas=SMALL,
    )


def _horizons(lines: list[Score]) -> list[str]:
    return [str(each.standing.horizon) for each in lines]


def _number(value: float | None) -> float:
    return math.nan if value is None else value

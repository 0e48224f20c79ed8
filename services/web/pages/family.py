"""Family: siblings on one axis, where they part, what each is of the whole, and what partners say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from forecasting.months import Month
from services.bootstrap import Service
from services.queries import series
from services.queries.families import FamilyView, Sibling, family_view
from services.web import formats
from services.web.as_of import AsOf, as_of
from services.web.charts.lines_chart import Canvas, Line, lines_chart
from services.web.exports import Column, as_csv
from services.web.rendering import NotFoundError, page
from services.web.sessions import Looking

router = APIRouter()

Range = Literal["2y", "5y", "10y", "all"]
MONTHS: dict[Range, int] = {"2y": 24, "5y": 60, "10y": 120, "all": 12 * 200}

Cell = tuple[Month, Sibling, int]
COLUMNS: tuple[Column[Cell], ...] = (
    Column("month", lambda cell: cell[0]),
    Column("series_id", lambda cell: cell[1].series.id),
    Column("index", lambda cell: _held(cell[1].index[cell[2]])),
    Column("share", lambda cell: _held(cell[1].shares[cell[2]])),
)


@router.get("/families")
def families() -> Response:
    """Families have no list of their own: the list of series names each."""
    return RedirectResponse("/series", status_code=303)


@router.get("/families/{family:path}")
def family(
    *,
    request: Request,
    looking: Looking,
    looked: Annotated[AsOf, Depends(as_of)],
    family: str,
    range_: Annotated[Range, Query(alias="range")] = "5y",
    format_: Annotated[Literal["html", "csv"], Query(alias="format")] = "html",
) -> Response:
    """A family as of the day asked for."""
    service: Service = request.app.state.service
    desk = looking.caller.desk
    with service.engine.begin() as connection:
        registered = series.chosen(connection, family=family, desk=desk)
        if not registered:
            raise NotFoundError(f"There is no family {family!r} that may be seen here.", "/series")
        view = family_view(
            connection, family, registered, as_of=looked.moment, months=MONTHS[range_], desk=desk
        )
    if format_ == "csv":
        cells = [(month, each, place) for place, month in enumerate(view.months) for each in view.siblings]
        return as_csv(f"{family}-family", COLUMNS, cells)
    return page(
        request,
        looking,
        "family.html",
        view=view,
        title=title(family, [each.name for each in registered]),
        registered=registered,
        names={each.id: each.name for each in registered},
        looked=looked,
        range=range_,
        ranges=tuple(MONTHS),
        index=_index(view) if view.siblings else None,
        shares=_shares(view)
        if any(math.isfinite(each) for one in view.siblings for each in one.shares)
        else None,
    )


def title(family: str, names: Sequence[str]) -> str:
    """The words that the names of all its series begin with, two or more; else its id: it has no name."""
    shared: list[str] = []
    for words in zip(*(name.split() for name in names), strict=False):
        if len(set(words)) > 1:
            break
        shared.append(words[0])
    return f"{' '.join(shared)} …" if len(names) > 1 and len(shared) > 1 else family


def _index(view: FamilyView) -> Markup:
    lines = [Line(each.series.name, each.index) for each in view.siblings]
    return lines_chart(
        lines,
        [f"{month.first_day:%b %Y}" for month in view.months],
        label=f"Series of {view.family} as an index",
        said=lambda value: f"{value:,.0f}",
        marked=((100, "100"),),
        low=0.0,
        every=_every(view.months),
    )


def _shares(view: FamilyView) -> Markup:
    lines = [Line(each.series.name, [100 * share for share in each.shares]) for each in view.siblings]
    return lines_chart(
        lines,
        [f"{month.first_day:%b %Y}" for month in view.months],
        label=f"Shares of the sum of {view.family}, in per cent",
        said=lambda value: formats.share(value / 100),
        low=0.0,
        canvas=Canvas(height=260),
        every=_every(view.months),
    )


def _every(months: Sequence[Month]) -> int:
    """How many months stand between two that are named, so that names do not meet."""
    return max(1, math.ceil(len(months) / 8))


def _held(value: float) -> float | None:
    return value if math.isfinite(value) else None

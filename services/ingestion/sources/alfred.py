"""ALFRED: monthly series of the St. Louis Fed with every vintage, each dated by the source itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from forecasting.months import Month, Span
from services.ingestion.sources.faults import (
    EmptyFault,
    KeyRefusedFault,
    OutsideFault,
    SourceFault,
    SourceMisnamedError,
    UnitChangedFault,
    UnreadableFault,
)
from services.ingestion.sources.json_rows import number, pairs, parsed
from services.ingestion.sources.source import (
    Ask,
    Covered,
    Entry,
    KeyUse,
    Pace,
    Reading,
    Request,
    Terms,
    Visit,
)
from services.storage.series import SeriesRecord
from services.storage.snapshots import Snapshot
from services.storage.sources import Followed

ROWS = "/fred/series/observations"
DESCRIBED = "/fred/series"
FOUND = "/fred/series/search"
PAGE = 100_000
_EVER = (("realtime_start", "1776-07-04"), ("realtime_end", "9999-12-31"))
_FORMAT = ("file_type", "json")


@dataclass(frozen=True, slots=True)
class Alfred:
    """The one source whose vintages are its own: what it says of when a value was public holds for us."""

    address: str = "https://api.stlouisfed.org"
    name: ClassVar[str] = "alfred"
    title: ClassVar[str] = "ALFRED, St. Louis Fed"
    zone: ClassVar[ZoneInfo] = ZoneInfo("America/Chicago")
    pace: ClassVar[Pace] = Pace(apart=dt.timedelta(seconds=1), calls_a_day=2_000, quick=dt.timedelta(hours=1))
    terms: ClassVar[Terms] = Terms(
        "Your own key; the terms of the API and the copyright of each series' owner may limit storing and "
        "passing on: read both first.",
        "https://fred.stlouisfed.org/docs/api/terms_of_use.html",
        redistributable=False,
    )
    key: ClassVar[KeyUse | None] = KeyUse("parameter", "api_key", needed=True)
    parser: ClassVar[int] = 2

    def due(self, month: Month) -> dt.datetime:
        """Noon in Chicago on the 5th of the second month after, as the trade figures that it takes over."""
        after = month + 2
        return dt.datetime(after.year, after.number, 5, 12, tzinfo=self.zone)

    def visit(self, followed: Sequence[Followed], now: dt.datetime, ask: Ask) -> Visit:  # noqa: ARG002 - the protocol's
        """Every vintage of each series, by pages."""
        for series in sorted({each.code["series"] for each in followed}):
            offset = 0
            while True:
                page = (("limit", str(PAGE)), ("offset", str(offset)))
                answer = yield Request(ROWS, (("series_id", series), _FORMAT, *_EVER, *page))
                offset += PAGE
                if offset >= self._count(answer):
                    break

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception | None:  # noqa: ARG002 - the protocol's
        """A bad key is a 400 like any other, told from it by its words."""
        if status == 400 and b"api_key" in body:
            return KeyRefusedFault(f"{self.title} does not accept the key")
        return None

    def read(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Reading]:
        """Each vintage of each month, known from the end of its day in Chicago.

        ``.`` is missing; after a value it withdraws that value from the day of its vintage on.
        """
        asked = _asked(snapshot)["series_id"]
        given = self._given(snapshot, "observations")
        if given.get("output_type", 1) != 1 or not given["observations"]:
            raise EmptyFault(f"{self.title} gave no vintage of {asked}")
        theirs = [each for each in followed if each.code["series"] == asked]
        readings = []
        held: dict[Span, float | None] = {}
        rows = sorted(given["observations"], key=lambda row: (row["date"], row["realtime_start"]))
        for row in rows:
            value = number(None if row["value"] == "." else row["value"])
            day = dt.date.fromisoformat(row["date"])
            if day.day != 1:
                raise OutsideFault(f"{self.title} gave {asked} on {day}, which is no month")
            span = Span(Month.from_date(day))
            if held.get(span) == value:
                continue  # a vintage that repeats the one before is no news, nor is a month without one
            held[span] = value
            vintage = dt.date.fromisoformat(row["realtime_start"]) + dt.timedelta(days=1)
            public = dt.datetime.combine(vintage, dt.time(), self.zone)
            readings += [
                Reading(
                    each.series_id,
                    span,
                    None if value is None else value * float(each.code.get("factor", "1")),
                    "final",
                    public,
                    "printed",
                    true_vintage=True,
                )
                for each in theirs
            ]
        return readings

    def covered(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Covered]:
        """Every month; of one page among several those that lie within it."""
        asked = _asked(snapshot)
        days = sorted(
            dt.date.fromisoformat(row["date"])
            for row in self._given(snapshot, "observations")["observations"]
        )
        offset, rows = int(asked.get("offset", "0")), len(days)
        first = Month.from_date(days[0]) + 1 if offset else None
        last = Month.from_date(days[-1]) - 1 if self._count(snapshot) > offset + rows else None
        return [
            Covered(each.series_id, first, last)
            for each in followed
            if each.code["series"] == asked["series_id"]
        ]

    def search(self, words: str, now: dt.datetime, ask: Ask) -> list[Entry]:  # noqa: ARG002 - the protocol's
        """``series=BOPGEXP``, or monthly series by their words."""
        given = pairs(words)
        if "series" in given:
            request = Request(DESCRIBED, (("series_id", given["series"]), _FORMAT), bears_figures=False)
        elif words.strip():
            asked = (("search_text", words), ("filter_variable", "frequency"), ("filter_value", "Monthly"))
            request = Request(FOUND, (*asked, ("limit", "50"), _FORMAT), bears_figures=False)
        else:
            raise SourceMisnamedError("Name words or a series, such as series=BOPGEXP.")
        found = self._given(ask(request), "seriess")["seriess"]
        if "series" in given and any(each.get("frequency_short") != "M" for each in found):
            raise UnitChangedFault(f"{given['series']} is not monthly", "Only monthly series are followed.")
        return [_entry(each) for each in found]

    def probe(self, now: dt.datetime) -> Request:  # noqa: ARG002 - the protocol's
        """The description of one series."""
        return Request(DESCRIBED, (("series_id", "BOPGEXP"), _FORMAT), bears_figures=False)

    def _count(self, answer: Snapshot | SourceFault | None) -> int:
        """Rows that there are in all; 0 for what cannot be read, which is refused when it is."""
        try:
            return int(self._given(answer, "observations")["count"]) if isinstance(answer, Snapshot) else 0
        except (SourceFault, KeyError, ValueError):
            return 0

    def _given(self, snapshot: Snapshot, name: str) -> dict[str, Any]:
        given = parsed(snapshot, self.title)
        if not isinstance(given, dict) or not isinstance(given.get(name), list):
            raise UnreadableFault(f"{self.title} answered without {name}: {str(given)[:120]}")
        return given


def _asked(snapshot: Snapshot) -> dict[str, str]:
    """The parameters of a request."""
    query = urlsplit(snapshot.request.removeprefix("GET ")).query
    return {name: values[0] for name, values in parse_qs(query).items()}


def _entry(told: Mapping[str, Any]) -> Entry:
    return Entry(
        {"series": told["id"]},
        SeriesRecord(
            id=f"alfred.{told['id']}",
            name=told["title"],
            unit=told.get("units") or "as given",
            family="alfred",
            tags=("alfred",),
            source=Alfred.title,
        ),
    )

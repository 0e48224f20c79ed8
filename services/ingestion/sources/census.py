"""US Census: exports and imports of the United States by HS code and country, with a key."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from forecasting.months import Month, Span
from services.ingestion.calendars import expected
from services.ingestion.sources.areas import area
from services.ingestion.sources.editions import edition_given, in_id, in_name
from services.ingestion.sources.faults import (
    AmbiguousFault,
    EmptyFault,
    KeyRefusedFault,
    OutsideFault,
    SourceMisnamedError,
    UnitChangedFault,
    UnreadableFault,
)
from services.ingestion.sources.json_rows import number, pairs, parsed, says
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

ROWS = "/data/timeseries/intltrade/exports/hs"
IMPORTS = "/data/timeseries/intltrade/imports/hs"
EVERY_COUNTRY = "-"
MONTHS_BACK = 36
_LEVELS = {2: "HS2", 4: "HS4", 6: "HS6", 10: "HS10"}


@dataclass(frozen=True, slots=True)
class _Flow:
    """Where a flow is asked for, and what its variables are called."""

    path: str
    commodity: str
    value: str
    quantity: str


_FLOWS = {
    "exports": _Flow(ROWS, "E_COMMODITY", "ALL_VAL_MO", "QTY_1_MO"),
    "imports": _Flow(IMPORTS, "I_COMMODITY", "GEN_VAL_MO", "GEN_QY1_MO"),
}


@dataclass(frozen=True, slots=True)
class Census:
    """Values stand as of the last release: revisions overwrite, so only our own answers hold vintages."""

    address: str = "https://api.census.gov"
    name: ClassVar[str] = "census"
    title: ClassVar[str] = "US Census, international trade"
    zone: ClassVar[ZoneInfo] = ZoneInfo("America/New_York")
    pace: ClassVar[Pace] = Pace(apart=dt.timedelta(seconds=1), calls_a_day=2_000)
    terms: ClassVar[Terms] = Terms(
        "Data of the United States government, in the public domain.",
        "https://www.census.gov/data/developers/about/terms-of-service.html",
        redistributable=True,
    )
    key: ClassVar[KeyUse | None] = KeyUse("parameter", "key", needed=True)
    parser: ClassVar[int] = 3

    def due(self, month: Month) -> dt.datetime:
        """The hour of the shipped calendar: FT-900 is out about 35 days after the month."""
        return expected("census", month)

    def visit(self, followed: Sequence[Followed], now: dt.datetime, ask: Ask) -> Visit:  # noqa: ARG002 - the protocol's
        """One request a code and country: every month from a year back, three where the past is not in."""
        wanted: dict[tuple[str, str, str], list[Followed]] = defaultdict(list)
        for each in followed:
            way = each.code.get("flow", "exports")
            wanted[way, each.code["commodity"], each.code["country"]].append(each)
        last = Month.from_date(now.date())
        for (way, commodity, country), theirs in sorted(wanted.items()):
            back = MONTHS_BACK if any(not each.begun for each in theirs) else 12
            flow = _FLOWS[way]
            parameters = {
                "get": f"{flow.value},{flow.quantity},UNIT_QY1",
                "COMM_LVL": _LEVELS[len(commodity)],
                flow.commodity: commodity,
                "CTY_CODE": country,
                "SUMMARY_LVL": "DET",
                "time": f"from {Month.of(last.year, 1) - back // 12 * 12}",
            }
            if country == EVERY_COUNTRY:
                del parameters["SUMMARY_LVL"]
            yield Request(flow.path, tuple(parameters.items()))

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception | None:  # noqa: ARG002 - the protocol's
        """A missing key is a redirect, a bad one a header, and a month that is not out an empty 204."""
        where = headers.get("location", "")
        if "x-datawebapi-keyerror" in headers or "missing_key" in where or "invalid_key" in where:
            return KeyRefusedFault(f"{self.title} does not accept the key")
        if status == 204:
            return EmptyFault(f"{self.title} has nothing under the code, or nothing yet")
        return None

    def read(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Reading]:
        """Every month of one code and country; columns by their names, rows of another code refused.

        A quantity is read from the month on in which the code is counted in its unit; where the unit is
        another one after that, the quantity is refused and the value is not.
        """
        way, asked = _asked(snapshot)
        flow = _FLOWS[way]
        rows = self._rows(snapshot)
        theirs = _of(way, asked, followed)
        readings: dict[tuple[str, Span], Reading] = {}
        for row in rows:
            for name in (flow.commodity, "CTY_CODE", "COMM_LVL"):
                if row.get(name) != asked[name]:
                    raise OutsideFault(
                        f"{self.title} gave {name} {row.get(name)} and was asked for {asked[name]}"
                    )
        _refuse_other_units(rows, theirs, flow)
        for row in rows:
            span = Span(Month.parse(str(row["time"])))
            for each in theirs:
                value = _measured(row, each, flow)
                if value is None:
                    continue
                reading = Reading(each.series_id, span, value, "final")
                if readings.setdefault((each.series_id, span), reading) != reading:
                    raise AmbiguousFault(f"{self.title} gave two rows of {asked[flow.commodity]} in {span}")
        return list(readings.values())

    def covered(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Covered]:
        """Every month from the first asked for; of a quantity those after the last in another unit."""
        way, asked = _asked(snapshot)
        first = Month.parse(asked["time"].removeprefix("from "))
        rows = self._rows(snapshot)
        return [
            Covered(
                each.series_id, max((first, *(month + 1 for month, _ in _others(rows, each, _FLOWS[way]))))
            )
            for each in _of(way, asked, followed)
        ]

    def probe(self, now: dt.datetime) -> Request:
        """One code of two digits in one month that is sure to be out."""
        asked = {"get": "ALL_VAL_MO", "COMM_LVL": "HS2", "E_COMMODITY": "27", "CTY_CODE": EVERY_COUNTRY}
        asked["time"] = str(Month.from_date(now.date()) - 4)
        return Request(ROWS, tuple(asked.items()), bears_figures=False)

    def search(self, words: str, now: dt.datetime, ask: Ask) -> list[Entry]:
        """``commodity=280530 country=5700 flow=imports`` (``-``: all countries), or HS6 codes by words."""
        given = pairs(words)
        if given:
            if len(given.get("commodity", "")) not in _LEVELS:
                raise SourceMisnamedError(
                    "Name a commodity of 2, 4, 6 or 10 digits, such as commodity=280530 country=-."
                )
            if given.get("flow", "exports") not in _FLOWS:
                raise SourceMisnamedError("The flow is exports or imports, such as flow=imports.")
            country, way = given.get("country", EVERY_COUNTRY), given.get("flow", "exports")
            edition = edition_given(self.name, given, Month.from_date(now.date()))
            units = [""] + ([given["unit"]] if "unit" in given else [])
            return [
                _entry(given["commodity"], country, "", edition=edition, way=way, unit=unit) for unit in units
            ]
        edition = edition_given(self.name, given, Month.from_date(now.date()))
        asked = {"get": "E_COMMODITY,E_COMMODITY_SDESC", "COMM_LVL": "HS6", "CTY_CODE": EVERY_COUNTRY}
        asked["time"] = str(Month.from_date(now.date()) - 4)
        rows = self._rows(ask(Request(ROWS, tuple(asked.items()), bears_figures=False)))
        return [
            _entry(str(row["E_COMMODITY"]), EVERY_COUNTRY, str(row["E_COMMODITY_SDESC"]), edition=edition)
            for row in rows
            if says(str(row["E_COMMODITY_SDESC"]), words.split())
        ]

    def _rows(self, snapshot: Snapshot) -> list[dict[str, str | None]]:
        """Rows by the names of the first; a column that comes twice must say the same twice."""
        given = parsed(snapshot, self.title)
        if not isinstance(given, list) or not given or not all(isinstance(row, list) for row in given):
            raise UnreadableFault(f"{self.title} answered with no list of lists: {str(given)[:120]}")
        header, *rows = given
        told = []
        for row in rows:
            if len(row) != len(header):
                raise UnreadableFault(
                    f"{self.title} gave a row of {len(row)} cells under {len(header)} names"
                )
            named: dict[str, str | None] = {}
            for name, cell in zip(header, row, strict=True):
                if named.setdefault(name, cell) != cell:
                    raise AmbiguousFault(f"{self.title} gave the column {name} twice, with two values")
            told.append(named)
        return told


def _asked(snapshot: Snapshot) -> tuple[str, dict[str, str]]:
    """The flow that an answer is of, and the parameters of its request."""
    address = urlsplit(snapshot.request.removeprefix("GET "))
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    return "imports" if address.path == IMPORTS else "exports", asked


def _of(way: str, asked: Mapping[str, str], followed: Sequence[Followed]) -> list[Followed]:
    """The series of a request's flow, code and country."""
    here = way, asked[_FLOWS[way].commodity], asked["CTY_CODE"]
    return [
        each
        for each in followed
        if (each.code.get("flow", "exports"), each.code["commodity"], each.code["country"]) == here
    ]


def _measured(row: Mapping[str, str | None], each: Followed, flow: _Flow) -> float | None:
    """Value in USD, or the first quantity in the unit of the series; 0 beside a value is missing."""
    value = number(row.get(flow.value))
    if each.code["measure"] == "value":
        return value
    if _unit(row).casefold() != each.code["unit"].casefold():
        return None
    quantity = number(row.get(flow.quantity))
    return None if quantity == 0 and value else quantity


def _unit(row: Mapping[str, str | None]) -> str:
    """The unit of the first quantity; a dash is none."""
    unit = row.get("UNIT_QY1") or ""
    return "" if unit == "-" else unit


def _others(rows: Sequence[Mapping[str, str | None]], each: Followed, flow: _Flow) -> list[tuple[Month, str]]:
    """The months in which the quantity is given in another unit than the series has, the first one first."""
    if each.code["measure"] == "value":
        return []
    return sorted(
        (Month.parse(str(row["time"])), unit)
        for row in rows
        if (unit := _unit(row)).casefold() != each.code["unit"].casefold()
        and (unit or number(row.get(flow.quantity)))
    )


def _refuse_other_units(
    rows: Sequence[Mapping[str, str | None]], theirs: Sequence[Followed], flow: _Flow
) -> None:
    """UnitChangedFault with every series whose unit was left for another one, or is not in the answer.

    A code that came to be counted in the unit of the series keeps its earlier months in the other one for as
    long as they are asked for: they are no fault.
    """
    told = {}
    for each in theirs:
        others = _others(rows, each, flow)
        unit = each.code.get("unit", "").casefold()  # a value has none, and no month in another
        ours = [Month.parse(str(row["time"])) for row in rows if _unit(row).casefold() == unit]
        after = [(month, other) for month, other in others if not ours or month >= min(ours)]
        if after:
            month, other = after[0]
            told[each.series_id] = (
                f"{each.code['commodity']} in {other or 'no unit'} in {month}, "
                f"and {each.series_id} is in {each.code['unit']}"
            )
    if told:
        raise UnitChangedFault(f"{Census.title} gives {'; '.join(told.values())}", series=told)


def _entry(
    commodity: str, country: str, name: str, *, edition: str, way: str = "exports", unit: str = ""
) -> Entry:
    partner = area("census", country)
    measure = "quantity" if unit else "value"
    place = "all" if country == EVERY_COUNTRY else country
    schedule = "Schedule B of the month" if way == "exports" else "HTS of the month"
    told = (
        f"US {way} {'to' if way == 'exports' else 'from'} {partner or 'all countries'}, HS {commodity} {name}"
    )
    return Entry(
        {
            "commodity": commodity,
            "country": country,
            "flow": way,
            "measure": measure,
            "edition": edition,
            **({"unit": unit} if unit else {}),
        },
        SeriesRecord(
            id=f"census.{in_id(edition)}{way}.{place}.{commodity}.{measure}",
            name=f"{told.strip()}{in_name(edition)}, {measure}",
            unit=unit or "USD",
            family=f"census.{commodity}",
            tags=("census", way),
            reporter="USA",
            partner=partner,
            hs_code=commodity,
            hs_edition=f"{edition}, {schedule}",
            commodity=name or None,
            source=Census.title,
        ),
    )

"""UK HMRC: exports and imports of the United Kingdom by CN8 code and country, summed over ports, no key."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from forecasting.months import Month, Span
from services.ingestion.sources.areas import area
from services.ingestion.sources.editions import edition_given, in_id, in_name
from services.ingestion.sources.faults import (
    EmptyFault,
    OutsideFault,
    RefusedRequestFault,
    SourceFault,
    SourceMisnamedError,
    TruncatedFault,
    UnreadableFault,
)
from services.ingestion.sources.json_rows import number, pairs, parsed, plain_words, says
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

ROWS = "/OTS"
CODES = "/Commodity"
PAGE = 10_000
"""Rows asked for at once; a page with as many has more behind it, and nothing else says so."""
MONTHS_BACK = 36
EVERY_COUNTRY = "all"
_MEASURES = {"value": ("Value", "GBP"), "weight": ("NetMass", "kg")}
_FLOWS = {"imports": (1, 3), "exports": (2, 4)}
"""With the European Union, and with everyone else."""


@dataclass(frozen=True, slots=True)
class Hmrc:
    """Rows are of a port; every later release revises, and only our own answers hold the vintages."""

    address: str = "https://api.uktradeinfo.com"
    name: ClassVar[str] = "hmrc"
    title: ClassVar[str] = "UK HMRC, overseas trade"
    zone: ClassVar[ZoneInfo] = ZoneInfo("Europe/London")
    pace: ClassVar[Pace] = Pace(apart=dt.timedelta(seconds=1), calls_a_day=2_000)
    terms: ClassVar[Terms] = Terms(
        "Open Government Licence v3.0; name HM Revenue and Customs as the source.",
        "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        redistributable=True,
    )
    key: ClassVar[KeyUse | None] = None
    parser: ClassVar[int] = 1

    def due(self, month: Month) -> dt.datetime:
        """09:30 in London on the 14th of the second month after: about 44 days."""
        after = month + 2
        return dt.datetime(after.year, after.number, 14, 9, 30, tzinfo=self.zone)

    def visit(self, followed: Sequence[Followed], now: dt.datetime, ask: Ask) -> Visit:  # noqa: ARG002 - the protocol's
        """A commodity and flow by pages; a full page's last month may be cut, so the next begins with it."""
        wanted: dict[tuple[str, str, str], list[Followed]] = defaultdict(list)
        for each in followed:
            wanted[each.code["flow"], each.code["commodity"], each.code["country"]].append(each)
        last = Month.from_date(now.astimezone(self.zone).date())
        for (flow, commodity, country), theirs in sorted(wanted.items()):
            back = MONTHS_BACK if any(not each.begun for each in theirs) else 12
            since = str(Month.of(last.year, 1) - back // 12 * 12).replace("-", "")
            while since:
                answer = yield _request(flow, commodity, country, since)
                since = self._next(answer, since)

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception | None:  # noqa: ARG002 - the protocol's
        """403 is its answer to a filter that it does not take, such as ``in``: it has no keys."""
        if status == 403:
            return RefusedRequestFault(f"{self.title} does not take the filter")
        return None

    def read(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Reading]:
        """Whole months, summed over ports and both flows; a month with a suppressed row is missing."""
        asked = _asked(snapshot)
        rows = self._rows(snapshot)
        whole = self._cut(snapshot, asked["MonthId"]) or "999999"
        sums: dict[tuple[str, str], float | None] = defaultdict(float)
        for row in rows:
            month, code, country = str(row["MonthId"]), str(row["CommodityId"]), str(row["CountryId"])
            known = (code, row["FlowTypeId"] in _FLOWS[asked["flow"]]) == (asked["CommodityId"], True)
            if not known or month < asked["MonthId"] or asked["CountryId"] not in {EVERY_COUNTRY, country}:
                raise OutsideFault(f"{self.title} gave {code} to {country} in {month} and was not asked")
            if month >= whole:
                continue
            for measure, (name, _) in _MEASURES.items():
                value, held = number(row.get(name)), sums[month, measure]
                hidden = value is None or row.get("SuppressionIndex") not in {0, None}
                sums[month, measure] = None if hidden or held is None else held + (value or 0.0)
        return list(_readings(sums, followed, asked))

    def covered(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Covered]:
        """From the first month asked for to the last that the page holds whole."""
        asked = _asked(snapshot)
        cut = self._cut(snapshot, asked["MonthId"])
        last = _month(cut) - 1 if cut else None
        return [
            Covered(each.series_id, _month(asked["MonthId"]), last)
            for each in followed
            if _is_of(each, asked)
        ]

    def search(self, words: str, now: dt.datetime, ask: Ask) -> list[Entry]:
        """``commodity=28053010 country=720 flow=exports``, or words of its goods; without a country all."""
        given, said = pairs(words), plain_words(words)
        code = given.get("commodity", "")
        if (len(code) != 8 if code else not said) or given.get("flow", "exports") not in _FLOWS:
            raise SourceMisnamedError(
                "Name a CN8 code of HMRC as commodity=28053010 country=720, or words of its goods, such as "
                "rare earth country=720: with HMRC's number of the country, flow=exports or flow=imports."
            )
        country, flow = given.get("country", EVERY_COUNTRY), given.get("flow", "exports")
        edition = edition_given(self.name, given, Month.from_date(now.astimezone(self.zone).date()))
        goods = {code: ""} if code else self._codes(said, ask)
        return [
            _entry(code, country, flow, measure, name=name, edition=edition)
            for code, name in goods.items()
            for measure in _MEASURES
        ]

    def _codes(self, words: Sequence[str], ask: Ask) -> dict[str, str]:
        """CN8 codes whose text, with that of their HS6 code, holds every word, and what they are called."""
        found: dict[str, str] = {}
        for page in count():
            asked = {"$select": "Cn8Code,Cn8LongDescription,Hs6Description", "$orderby": "CommodityId"}
            asked |= {"$top": str(PAGE), "$skip": str(page * PAGE)}
            request = Request(CODES, tuple(asked.items()), bears_figures=False, holds=dt.timedelta(days=1))
            given = parsed(ask(request), self.title)
            rows = given.get("value") if isinstance(given, dict) else None
            if not isinstance(rows, list) or any("Cn8Code" not in row for row in rows):
                raise UnreadableFault(f"{self.title} answered without a list of codes: {str(given)[:120]}")
            for row in rows:
                code, name = str(row["Cn8Code"]), str(row.get("Cn8LongDescription") or "")
                if len(code) == 8 and says(f"{row.get('Hs6Description')} {name}", words):
                    found[code] = name
            if len(rows) < PAGE:
                break
        return found

    def probe(self, now: dt.datetime) -> Request:  # noqa: ARG002 - the protocol's
        """One row."""
        return Request(ROWS, (("$top", "1"),), bears_figures=False)

    def _rows(self, snapshot: Snapshot) -> list[dict[str, Any]]:
        given = parsed(snapshot, self.title)
        rows = given.get("value") if isinstance(given, dict) else None
        if not isinstance(rows, list):
            raise UnreadableFault(f"{self.title} answered without a list of rows: {str(given)[:120]}")
        if not rows:
            raise EmptyFault(f"{self.title} gave no row of the code")
        months = [row.get("MonthId") for row in rows]
        if not all(isinstance(each, int) for each in months) or months != sorted(months):
            raise UnreadableFault(f"{self.title} gave rows without their months, or not in their order")
        return rows

    def _next(self, answer: Snapshot | SourceFault | None, since: str) -> str:
        """As ``_cut``; an answer that cannot be read ends the pages, and is refused when it is read."""
        try:
            return self._cut(answer, since) if isinstance(answer, Snapshot) else ""
        except SourceFault:
            return ""

    def _cut(self, snapshot: Snapshot, since: str) -> str:
        """The month from which a full page is to be asked on; empty where the page was not full."""
        rows = self._rows(snapshot)
        if len(rows) < PAGE:
            return ""
        last = str(rows[-1]["MonthId"])
        if last == since:
            raise TruncatedFault(f"{self.title} has more than {PAGE:,} rows of {last} alone")
        return last


def _request(flow: str, commodity: str, country: str, since: str) -> Request:
    flows = " or ".join(f"FlowTypeId eq {each}" for each in _FLOWS[flow])
    wanted = [f"MonthId ge {since}", f"CommodityId eq {int(commodity)}", f"({flows})"]
    if country != EVERY_COUNTRY:
        wanted.append(f"CountryId eq {country}")
    asked = {"$filter": " and ".join(wanted), "$orderby": "MonthId", "$top": str(PAGE)}
    return Request(ROWS, tuple(asked.items()))


def _asked(snapshot: Snapshot) -> dict[str, str]:
    """The conditions of a request by their names, and its ``flow``."""
    query = parse_qs(urlsplit(snapshot.request.removeprefix("GET ")).query)["$filter"][0]
    told = {"CountryId": EVERY_COUNTRY}
    for condition in query.split(" and "):
        name, _, value = condition.strip("()").split(" ", 2)
        told[name] = value
    told["flow"] = "imports" if "FlowTypeId eq 1" in query else "exports"
    return told


def _is_of(each: Followed, asked: Mapping[str, str]) -> bool:
    """True where a series is of a request's flow, code and country."""
    theirs = each.code["flow"], str(int(each.code["commodity"])), each.code["country"]
    return theirs == (asked["flow"], asked["CommodityId"], asked["CountryId"])


def _month(month_id: str) -> Month:
    return Month.parse(f"{month_id[:4]}-{month_id[4:]}")


def _readings(
    sums: Mapping[tuple[str, str], float | None], followed: Sequence[Followed], asked: Mapping[str, str]
) -> Iterator[Reading]:
    for each in followed:
        if not _is_of(each, asked):
            continue
        for (month, measure), value in sums.items():
            weightless = measure == "weight" and value == 0 and sums[month, "value"] != 0
            if measure == each.code["measure"] and value is not None and not weightless:
                yield Reading(each.series_id, Span(_month(month)), value, "final")


def _entry(commodity: str, country: str, flow: str, measure: str, *, name: str, edition: str) -> Entry:
    partner = area("hmrc", country)
    way = "to" if flow == "exports" else "from"
    return Entry(
        {
            "commodity": commodity,
            "country": country,
            "flow": flow,
            "measure": measure,
            "edition": edition,
        },
        SeriesRecord(
            id=f"hmrc.{in_id(edition)}{flow}.{country}.{commodity}.{measure}",
            name=f"UK {flow} {way} {partner or 'all countries'}, CN {commodity} {name}".strip()
            + f"{in_name(edition)}, {measure}",
            unit=_MEASURES[measure][1],
            family=f"hmrc.{flow}.{commodity}",
            tags=("hmrc", flow),
            reporter="GBR",
            partner=partner,
            hs_code=commodity,
            hs_edition=f"{edition}, CN of the year",
            commodity=name or None,
            source=Hmrc.title,
        ),
    )

"""GACC: the preliminary tables of China's customs, major exports by commodity, and trade by country."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

from selectolax.lexbor import LexborHTMLParser

from forecasting.months import Month
from services.ingestion.calendars import expected
from services.ingestion.sources.areas import area
from services.ingestion.sources.faults import NoTableFault, UnitChangedFault, UnreadableFault
from services.ingestion.sources.gacc_countries import Countries, read_countries
from services.ingestion.sources.gacc_page import Page, Row, open_page, read_page
from services.ingestion.sources.json_rows import pairs
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

INDEX = "/statics/report/preliminary.html"
NEVER, HOURLY, DAILY = dt.timedelta(), dt.timedelta(hours=1), dt.timedelta(days=1)
TABLE = re.compile(r"major\s+export\s+commodit", re.IGNORECASE)
COUNTRIES = re.compile(r"\bby\s+(?:major\s+)?countr", re.IGNORECASE)
_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Gacc:
    """``currency`` USD or CNY chooses the page; quantities are the same on both."""

    address: str = "http://english.customs.gov.cn"
    currency: str = "USD"
    name: ClassVar[str] = "gacc"
    title: ClassVar[str] = "China Customs, preliminary table"
    zone: ClassVar[ZoneInfo] = ZoneInfo("Asia/Shanghai")
    pace: ClassVar[Pace] = Pace(apart=dt.timedelta(seconds=3), calls_a_day=500)
    terms: ClassVar[Terms] = Terms(
        "Official statistics of the General Administration of Customs of China; name it as the source. "
        "No licence text was found.",
        "http://english.customs.gov.cn/statics/report/preliminary.html",
        redistributable=True,
    )
    key: ClassVar[KeyUse | None] = None
    parser: ClassVar[int] = 1

    def due(self, month: Month) -> dt.datetime:
        """The hour of the shipped calendar; January comes with February."""
        return expected("cn-customs-preliminary", month)

    def visit(self, followed: Sequence[Followed], now: dt.datetime, ask: Ask) -> Visit:
        """The index of this year, and of the last one in its first quarter, then each page it links to.

        Polled each five minutes around a release, our bound of calls leaves room for one index: that which
        the release will be on. The newest page, which may be mended, is asked each hour, the rest each day.
        """
        today = now.astimezone(self.zone)
        last = f"/statics/report/preliminary{today.year - 1}.html"
        paths = [Request(INDEX, bears_figures=False, holds=HOURLY if today.month == 1 else NEVER)]
        if today.month <= 3 or not all(each.begun for each in followed):
            holds = NEVER if today.month == 1 else HOURLY
            paths.insert(0, Request(last, bears_figures=False, holds=holds))
        tables = [
            table
            for table, name in ((TABLE, "commodity"), (COUNTRIES, "country"))
            if any(name in each.code for each in followed)
        ]
        for path in paths:
            index = ask(path)
            for table in tables:
                links = pages(index, self.currency, table)
                for link in links:
                    yield Request(link, holds=HOURLY if link == links[-1] else DAILY)

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception | None:  # noqa: ARG002 - the protocol's
        """None: this source refuses as any other does."""
        return None

    def read(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Reading]:
        """Figures of the page's month; refused as a whole where any guard of the page fails."""
        opened = open_page(snapshot.body)
        if opened.currency != self.currency:
            raise UnreadableFault(f"The page of {opened.span} is in {opened.currency}, not {self.currency}")
        if COUNTRIES.search(opened.title):
            return list(self._by_country(read_countries(opened), followed))
        page = read_page(snapshot.body)
        by_label = page.by_label()
        readings = []
        for each in followed:
            row = by_label.get(each.code.get("commodity", ""))
            if row is None:
                continue
            value = _measured(row, each.code)
            if value is not None:
                readings.append(Reading(each.series_id, page.span, value, "preliminary", *self._public(page)))
        return readings

    def covered(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Covered]:
        """The page's own months, of its table's series."""
        opened = open_page(snapshot.body)
        name = "country" if COUNTRIES.search(opened.title) else "commodity"
        months = opened.span
        return [Covered(each.series_id, months.first, months.last) for each in followed if name in each.code]

    def probe(self, now: dt.datetime) -> Request:  # noqa: ARG002 - the protocol's
        """The index of this year."""
        return Request(INDEX, bears_figures=False)

    def search(self, words: str, now: dt.datetime, ask: Ask) -> list[Entry]:  # noqa: ARG002 - the protocol's
        """Rows of the newest table, as quantities and as values, whose name or id holds every word.

        ``country=Japan`` asks for trade by country instead, whose label holds the text.
        """
        given = pairs(words)
        links = pages(
            ask(Request(INDEX, bears_figures=False)),
            self.currency,
            COUNTRIES if "country" in given else TABLE,
        )
        if not links:
            raise NoTableFault(f"The index of {self.title} links to no such table")
        body = ask(Request(links[-1])).body
        if "country" in given:
            countries = read_countries(open_page(body))
            said = given["country"].replace("_", " ").casefold()
            labels = [label for label in countries.flows if said in label.casefold()]
            return [_country(label, flow, countries) for label in labels for flow in ("exports", "imports")]
        page = read_page(body)
        wanted = words.casefold().split()
        return [
            entry
            for row in page.rows
            for entry in self._entries(row, page)
            if all(word in f"{entry.series.id} {entry.series.name}".casefold() for word in wanted)
        ]

    def _entries(self, row: Row, page: Page) -> Iterator[Entry]:
        slug = _SLUG.sub("-", row.label.casefold()).strip("-")
        measures = [("value", page.value_unit)]
        if row.unit is not None:
            measures.insert(0, ("quantity", row.unit))
        for measure, unit in measures:
            yield Entry(
                {"commodity": row.label, "measure": measure, "unit": unit},
                SeriesRecord(
                    id=f"gacc.exports.{slug}.{measure}",
                    name=f"China's exports of {row.label}, {measure}",
                    unit=unit,
                    family=f"gacc.exports.{slug}",
                    tags=("gacc", "preliminary", "exports"),
                    reporter="CHN",
                    commodity=row.label,
                    source=self.title,
                ),
            )

    def _by_country(self, page: Countries, followed: Sequence[Followed]) -> Iterator[Reading]:
        for each in followed:
            row = page.flows.get(each.code.get("country", ""))
            if row is not None:
                value = float(row[each.code["flow"]])
                yield Reading(each.series_id, page.span, value, "preliminary", *self._public(page))

    def _public(self, page: Page | Countries) -> tuple[dt.datetime, str]:
        """The end of the later of the printed day and the calendar's: both have been early by days."""
        calendar = self.due(page.span.last).date()
        printed = page.printed
        day = calendar if printed is None else max(printed, calendar)
        end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), self.zone)
        return end, "printed" if day == printed else "calendar"


def pages(index: Snapshot, currency: str, wanted: re.Pattern[str]) -> list[str]:
    """Paths of the published pages of a table that an index links to, the oldest month first.

    Only the path of a link is used: whatever host a page names, we stay with the source's own.
    """
    tree = LexborHTMLParser(index.body)
    table = tree.css_first("div.nr-n-content-detail table")
    if table is None:
        raise NoTableFault("The index of China Customs has no table of releases")
    links = []
    for row in table.css("tr"):
        said = row.text()
        if wanted.search(said) is None or currency not in said.upper().replace("RMB", "CNY"):
            continue
        for anchor in row.css("a"):
            path = urlsplit(urljoin(INDEX, (anchor.attributes.get("href") or "").replace("\\", "/"))).path
            if path.lower().endswith((".html", ".htm")) and path not in links:
                links.append(path)
    return links


def _country(label: str, flow: str, page: Countries) -> Entry:
    name = label.rsplit(" > ", 1)[-1]
    slug = _SLUG.sub("-", name.casefold()).strip("-")
    return Entry(
        {"country": label, "flow": flow, "measure": "value", "unit": page.value_unit},
        SeriesRecord(
            id=f"gacc.{flow}.country.{slug}.value",
            name=f"China's {flow} {'to' if flow == 'exports' else 'from'} {name}, value",
            unit=page.value_unit,
            family=f"gacc.country.{slug}",
            tags=("gacc", "preliminary", flow),
            reporter="CHN",
            partner=area("english", name.replace(" ", "-")),
            source=Gacc.title,
        ),
    )


def _measured(row: Row, code: Mapping[str, str]) -> float | None:
    """The month's quantity or value of a row in the series' unit; None where the source has none."""
    if code["measure"] == "value":
        return float(row.value)
    if row.quantity is None or row.unit is None or (row.quantity == 0 and row.value > 0):
        return None
    if row.unit != code["unit"]:
        raise UnitChangedFault(
            f"China Customs gives {row.label} in {row.unit}, and the series is in {code['unit']}"
        )
    return float(row.quantity * row.factor)

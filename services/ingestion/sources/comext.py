"""Eurostat Comext DS-045409: exports and imports of the EU and its members by CN code, as SDMX-CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from forecasting.months import Month, Span
from services.ingestion.calendars import expected
from services.ingestion.sources.areas import area
from services.ingestion.sources.editions import BASE, edition_given, in_id, in_name
from services.ingestion.sources.faults import (
    AmbiguousFault,
    EmptyFault,
    OutsideFault,
    QueuedFault,
    SourceFault,
    SourceMisnamedError,
    TooLargeFault,
    UnreachableFault,
    UnreadableFault,
)
from services.ingestion.sources.json_rows import number, pairs, plain_words, says
from services.ingestion.sources.json_stat import read_cube
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

ROWS = "/eurostat/api/comext/dissemination/sdmx/2.1/data/DS-045409"
CUBE = "/eurostat/api/comext/dissemination/statistics/1.0/data/DS-045409"
"""The same set as JSON-stat, whose labels say what a code is called."""
QUEUE = "/eurostat/api/comext/dissemination/1.0/async"
LOOKS = 10
"""Times that one poll asks how far a queued extraction is; the next poll goes on."""
MONTHS_BACK = 36
_WEIGHT = "QUANTITY_IN_100KG"
_MEASURES = {"value": ("VALUE_IN_EUROS", "EUR", 1.0), "weight": (_WEIGHT, "kg", 100.0)}
_FLOWS = {"exports": "2", "imports": "1"}
_TICKET = re.compile(rb"<id>([A-Za-z0-9-]+)</id>")
_FAULT = re.compile(rb"<faultstring>(.*?)</faultstring>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Comext:
    """Every release revises earlier months, and its stamp is of the whole set: first sight is the vintage."""

    address: str = "https://ec.europa.eu"
    name: ClassVar[str] = "comext"
    title: ClassVar[str] = "Eurostat Comext"
    zone: ClassVar[ZoneInfo] = ZoneInfo("Europe/Luxembourg")
    pace: ClassVar[Pace] = Pace(apart=dt.timedelta(seconds=2), calls_a_day=2_000)
    terms: ClassVar[Terms] = Terms(
        "Reuse with acknowledgement of Eurostat (Decision 2011/833/EU).",
        "https://ec.europa.eu/eurostat/about-us/policies/copyright",
        redistributable=True,
    )
    key: ClassVar[KeyUse | None] = None
    parser: ClassVar[int] = 1

    def due(self, month: Month) -> dt.datetime:
        """The hour of the shipped calendar, which holds Eurostat's of 2026."""
        return expected("comext", month)

    def visit(self, followed: Sequence[Followed], now: dt.datetime, ask: Ask) -> Visit:
        """One small request a reporter and product: every partner followed, value and weight."""
        wanted: dict[tuple[str, str, str], list[Followed]] = defaultdict(list)
        for each in followed:
            wanted[each.code["reporter"], each.code["product"], _flow(each)].append(each)
        last = Month.from_date(now.date())
        for (reporter, product, flow), theirs in sorted(wanted.items()):
            back = MONTHS_BACK if any(not each.begun for each in theirs) else 12
            partners = "+".join(sorted({each.code["partner"] for each in theirs}))
            indicators = "+".join(name for name, _, _ in _MEASURES.values())
            key = f"M.{reporter}.{partners}.{product}.{flow}.{indicators}"
            since = str(Month.of(last.year, 1) - back // 12 * 12)
            answer = yield Request(f"{ROWS}/{key}", (("format", "SDMX-CSV"), ("startPeriod", since)))
            ticket = _ticket(answer)
            if ticket is not None:
                yield self._fetched(ticket, f"{key}@{since}", ask)

    def _fetched(self, ticket: str, asked: str, ask: Ask) -> Request:
        """The request that fetches a queued extraction, once it is available; UnreachableFault before."""
        for _ in range(LOOKS):
            try:
                said = ask(Request(f"{QUEUE}/status/{ticket}", bears_figures=False)).body
            except QueuedFault:
                continue
            if b"AVAILABLE" in said:
                return Request(f"{QUEUE}/data/{ticket}", release=asked)
        raise UnreachableFault(f"{self.title} has queued the extraction {ticket} and is still at it")

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception | None:  # noqa: ARG002 - the protocol's
        """Its faults are XML or JSON under 413 and 404, and a queued extraction is XML under 200."""
        found = _FAULT.search(body)
        said = "" if found is None else found[1].decode("utf-8", "replace")[:200]
        if status == 413 or "EXTRACTION_TOO_BIG" in said:
            return TooLargeFault(f"{self.title} holds the extraction to be too big: {said or '413'}")
        if "DATA_NOT_YET_AVAILABLE" in said or "NO_RESULTS" in said:
            return EmptyFault(f"{self.title} has no such rows: {said}")
        if status == 200 and body.lstrip()[:1] == b"<":
            return _queued(self.title, body)
        return None

    def read(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Reading]:
        """Every month of one reporter and product; weights from 100 kg to kg, 0 is missing."""
        key, _ = _asked(snapshot)
        _, reporter, partners, product, flow, _ = key.split(".")
        by_key = {
            (each.code["partner"], _MEASURES[each.code["measure"]][0]): each
            for each in followed
            if (each.code["reporter"], each.code["product"], _flow(each)) == (reporter, product, flow)
        }
        readings: dict[tuple[str, Span], Reading] = {}
        for row in self._rows(snapshot):
            told = row["freq"], row["reporter"], row["product"], row["flow"]
            if told != ("M", reporter, product, flow) or row["partner"] not in partners.split("+"):
                raise OutsideFault(
                    f"{self.title} gave {'.'.join(told)}.{row['partner']} and was not asked for it"
                )
            each = by_key.get((row["partner"], row["indicators"]))
            value = _value(row["OBS_VALUE"])
            if each is None or value is None or (value == 0 and row["indicators"] == _WEIGHT):
                continue
            span = Span(Month.parse(row["TIME_PERIOD"]))
            scale = _MEASURES[each.code["measure"]][2]
            updated = _updated(row["LAST UPDATE"])
            reading = Reading(each.series_id, span, value * scale, "final", updated, "printed")
            if readings.setdefault((each.series_id, span), reading) != reading:
                raise AmbiguousFault(f"{self.title} gave two rows of {each.series_id} in {span}")
        return list(readings.values())

    def covered(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Covered]:
        """Every month from the first that was asked for; nothing where the request does not say which."""
        key, since = _asked(snapshot)
        _, reporter, partners, product, flow, _ = key.split(".")
        return [
            Covered(each.series_id, Month.parse(since))
            for each in followed
            if since
            and (each.code["reporter"], each.code["product"], _flow(each)) == (reporter, product, flow)
            and each.code["partner"] in partners.split("+")
        ]

    def probe(self, now: dt.datetime) -> Request:
        """All goods of one country in one month that is sure to be out."""
        month = str(Month.from_date(now.date()) - 4)
        asked = {"freq": "M", "reporter": "DE", "partner": "WORLD", "product": "TOTAL", "flow": "2"}
        return Request(CUBE, (*asked.items(), ("time", month)), bears_figures=False)

    def search(self, words: str, now: dt.datetime, ask: Ask) -> list[Entry]:
        """``reporter=DE partner=US product=8703 flow=exports``, or words of its goods, where it is there.

        EU27_2020 is a reporter. By words, what the reporter traded with the partner in one month is offered.
        """
        given, said = {"partner": "WORLD", "flow": "exports", **pairs(words)}, plain_words(words)
        named = "reporter" in given and ("product" in given or bool(said))
        if not named or given["flow"] not in _FLOWS:
            raise SourceMisnamedError(
                "Name a series of Comext as reporter=DE partner=CN product=28053010, or with words of its "
                "goods in place of product, as reporter=DE partner=CN rare earth: with ISO-2 codes, a CN "
                "or HS code, flow=exports or flow=imports."
            )
        given["edition"] = edition_given(self.name, given, Month.from_date(now.date()))
        asked = {"freq": "M", "reporter": given["reporter"], "partner": given["partner"]}
        asked["flow"] = _FLOWS[given["flow"]]
        month = Month.from_date(now.date())
        if "product" in given:
            asked |= {"product": given["product"], "sinceTimePeriod": str(month - 12)}
        else:
            asked["time"] = str(month - 4)
        cube = read_cube(ask(Request(CUBE, tuple(asked.items()), bears_figures=False)), self.title)
        there = {(cell["product"], cell["indicators"]) for cell, value in cube.cells if value is not None}
        labels = cube.labels["product"]
        goods = {
            code
            for code, _ in there
            if code == given.get("product", code) and says(labels.get(code, ""), said)
        }
        return [
            _entry({**given, "product": code}, each, labels.get(code, ""))
            for code in sorted(goods)
            for each, told in _MEASURES.items()
            if (code, told[0]) in there
        ]

    def _rows(self, snapshot: Snapshot) -> list[dict[str, str]]:
        reader = csv.DictReader(io.StringIO(snapshot.body.decode("utf-8-sig", "replace"), newline=""))
        needed = {
            "LAST UPDATE",
            "freq",
            "reporter",
            "partner",
            "product",
            "flow",
            "indicators",
            "TIME_PERIOD",
            "OBS_VALUE",
        }
        if not needed <= set(reader.fieldnames or ()):
            raise UnreadableFault(
                f"{self.title} answered without the columns of SDMX-CSV: {reader.fieldnames}"
            )
        rows = [row for row in reader if None not in row.values()]
        if not rows:
            raise EmptyFault(f"{self.title} gave no row")
        return rows


def _value(text: str) -> float | None:
    """A number with its flags cut off; ``:`` is missing, and ``:C`` confidential, which is missing to us."""
    said = text.strip()
    return None if not said or said.startswith(":") else number(said.split()[0])


def _updated(text: str) -> dt.datetime:
    """The stamp of the whole set, dd/mm/yy in Luxembourg: these very values were public by then."""
    try:
        return dt.datetime.strptime(text, "%d/%m/%y %H:%M:%S").replace(tzinfo=Comext.zone)
    except ValueError as error:
        raise UnreadableFault(f"Eurostat Comext stamps its rows {text[:40]!r}, not dd/mm/yy") from error


def _flow(followed: Followed) -> str:
    return _FLOWS[followed.code.get("flow", "exports")]


def _asked(snapshot: Snapshot) -> tuple[str, str]:
    """The key of the rows that an answer is of, and the first month asked for; empty where it is not said."""
    address = urlsplit(snapshot.request.removeprefix("GET "))
    if address.fragment:
        key, _, since = address.fragment.partition("@")
        return key, since
    return address.path.rsplit("/", 1)[1], parse_qs(address.query).get("startPeriod", [""])[0]


def _ticket(answer: Snapshot | SourceFault | None) -> str | None:
    """The name of a queued extraction; None for an answer that is none."""
    if isinstance(answer, QueuedFault):
        return answer.ticket
    found = _TICKET.search(answer.body[:2000]) if isinstance(answer, Snapshot) else None
    return None if found is None else found[1].decode()


def _queued(title: str, body: bytes) -> SourceFault | None:
    """What XML under 200 means: an extraction in the queue, ready, or gone, or a page that is no answer."""
    said, ticket = body[:2000], _TICKET.search(body[:2000])
    if b"AVAILABLE" in said:
        return None
    if b"EXPIRED" in said or b"UNKNOWN_REQUEST" in said:
        return UnreachableFault(f"{title} has dropped the queued extraction")
    if ticket is not None and (b"SUBMITTED" in said or b"PROCESSING" in said or b"queued" in said):
        return QueuedFault(f"{title} has queued the extraction", ticket[1].decode())
    return UnreadableFault(f"{title} answered with XML or HTML where rows were asked for")


def _entry(given: Mapping[str, str], measure: str, name: str) -> Entry:
    reporter, partner, product, flow = (given[each] for each in ("reporter", "partner", "product", "flow"))
    ours, theirs = area("iso2", reporter), area("iso2", partner)
    edition = given["edition"] if product.isdigit() else ""  # TOTAL means the same in each
    way = f"{flow} of {ours} {'to' if flow == 'exports' else 'from'} {theirs or 'the world'}"
    return Entry(
        {
            "reporter": reporter,
            "partner": partner,
            "product": product,
            "measure": measure,
            "flow": flow,
            **({"edition": edition} if edition else {}),
        },
        SeriesRecord(
            id=f"comext.{in_id(edition or BASE)}{flow}.{reporter}.{partner}.{product}.{measure}",
            name=f"{way[0].upper()}{way[1:]}, CN {product} {name}".strip() + f"{in_name(edition)}, {measure}",
            unit=_MEASURES[measure][1],
            family=f"comext.{product}",
            tags=("comext", flow),
            reporter=ours,
            partner=theirs,
            hs_code=product,
            hs_edition=f"{edition}, CN of the year" if edition else None,
            commodity=name or None,
            source=Comext.title,
        ),
    )

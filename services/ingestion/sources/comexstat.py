"""ComexStat: exports and imports of Brazil by code and country, days after the month, without a key."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from forecasting.months import Month, Span
from services.ingestion.sources.areas import area
from services.ingestion.sources.editions import edition_given, in_id, in_name
from services.ingestion.sources.faults import (
    AmbiguousFault,
    EmptyFault,
    OutsideFault,
    SourceMisnamedError,
    TruncatedFault,
    UnreachableFault,
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

ROWS = "/general"
CODES = "/tables/ncm"
MONTHS_BACK = 36
EVERY_COUNTRY = "all"
_FILTERS = {2: "chapter", 4: "heading", 6: "subHeading", 8: "ncm"}
_NAMED = (("headingCode", "heading"), ("subHeadingCode", "subHeading"), ("coNcm", "noNCM"))
"""Of a row of its table of codes: the code of each length and what it is called."""
_MEASURES = {"value": ("metricFOB", "USD"), "weight": ("metricKG", "kg")}
_FLOWS = {"exports": "export", "imports": "import"}


@dataclass(frozen=True, slots=True)
class ComexStat:
    """Revises years back and says not what: each poll reads a year, so that our answers hold the vintages."""

    address: str = "https://api-comexstat.mdic.gov.br"
    name: ClassVar[str] = "comexstat"
    title: ClassVar[str] = "Brazil, ComexStat"
    zone: ClassVar[ZoneInfo] = ZoneInfo("America/Sao_Paulo")
    pace: ClassVar[Pace] = Pace(apart=dt.timedelta(seconds=10), calls_a_day=500)
    terms: ClassVar[Terms] = Terms(
        "Open data of the Brazilian government; name MDIC/Secex as the source.",
        "https://comexstat.mdic.gov.br",
        redistributable=True,
    )
    key: ClassVar[KeyUse | None] = None
    parser: ClassVar[int] = 1

    def due(self, month: Month) -> dt.datetime:
        """15:00 in Brasilia on the first working day after the month: Secex publishes that afternoon."""
        after = month + 1
        day = dt.date(after.year, after.number, 1)
        day += dt.timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)
        return dt.datetime.combine(day, dt.time(15), self.zone)

    def visit(self, followed: Sequence[Followed], now: dt.datetime, ask: Ask) -> Visit:  # noqa: ARG002 - the protocol's
        """One request a flow, length of code and breakdown: every code of that length at once."""
        wanted: dict[tuple[str, int, bool], list[Followed]] = defaultdict(list)
        for each in followed:
            whole = each.code["country"] == EVERY_COUNTRY
            wanted[each.code["flow"], len(each.code["commodity"]), whole].append(each)
        last = Month.from_date(now.astimezone(self.zone).date())
        for (flow, length, whole), theirs in sorted(wanted.items()):
            back = MONTHS_BACK if any(not each.begun for each in theirs) else 12
            detail = _FILTERS[length]
            asked = {
                "flow": _FLOWS[flow],
                "monthDetail": True,
                "period": {"from": str(Month.of(last.year, 1) - back // 12 * 12), "to": str(last)},
                "filters": [
                    {"filter": detail, "values": sorted({each.code["commodity"] for each in theirs})}
                ],
                "details": [detail] if whole else ["country", detail],
                "metrics": [metric for metric, _ in _MEASURES.values()],
            }
            yield Request(ROWS, (("language", "en"),), body=json.dumps(asked))

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception | None:  # noqa: ARG002 - the protocol's
        """Under load it says ``success: false`` under 200, and the same request is good minutes later."""
        if status == 200 and b'"success":false' in b"".join(body[:500].split()):
            return UnreachableFault(f"{self.title} answered 200 and said that it had failed")
        return None

    def read(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Reading]:
        """Every month of the codes asked for; a weight of 0 beside a value is missing."""
        asked = json.loads(snapshot.request.split(" ", 2)[2])
        (wanted,) = asked["filters"]
        by_country = "country" in asked["details"]
        readings: dict[tuple[str, Span], Reading] = {}
        for row in self._rows(snapshot):
            span = Span(Month.of(int(row["year"]), int(row["monthNumber"])))
            code, country = _code(row, wanted["filter"]), row.get("country")
            if code not in wanted["values"] or not _within(span, asked["period"]):
                raise OutsideFault(f"{self.title} gave {code} in {span} and was not asked for it")
            if by_country != (country is not None):
                raise OutsideFault(
                    f"{self.title} gave {code} in {span} {'without' if by_country else 'by'} country"
                )
            for each in followed:
                theirs = each.code["flow"], each.code["commodity"], each.code["country"].casefold()
                here = str(country or EVERY_COUNTRY).casefold()
                value = _measured(row, each.code["measure"])
                if (_FLOWS[theirs[0]], *theirs[1:]) != (asked["flow"], code, here) or value is None:
                    continue
                reading = Reading(each.series_id, span, value, "final")
                if readings.setdefault((each.series_id, span), reading) != reading:
                    raise AmbiguousFault(f"{self.title} gave two rows of {each.series_id} in {span}")
        return list(readings.values())

    def covered(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Covered]:
        """The months of the period asked for, of every code and of all countries or each."""
        asked = json.loads(snapshot.request.split(" ", 2)[2])
        (wanted,) = asked["filters"]
        first, last = (Month.parse(asked["period"][end]) for end in ("from", "to"))
        return [
            Covered(each.series_id, first, last)
            for each in followed
            if _FLOWS[each.code["flow"]] == asked["flow"]
            and each.code["commodity"] in wanted["values"]
            and (each.code["country"] != EVERY_COUNTRY) == ("country" in asked["details"])
        ]

    def search(self, words: str, now: dt.datetime, ask: Ask) -> list[Entry]:
        """``commodity=1201 country=China flow=exports``, or words of its goods; without a country all."""
        given, said = pairs(words), plain_words(words)
        code, flow = given.get("commodity", ""), given.get("flow", "exports")
        if (len(code) not in _FILTERS if code else not said) or flow not in _FLOWS:
            raise SourceMisnamedError(
                "Name a code of ComexStat as commodity=1201 country=China, of 2, 4, 6 or 8 digits, or words "
                "of its goods, such as soya country=China: with the country as ComexStat writes it, "
                "flow=exports or flow=imports."
            )
        country = given.get("country", EVERY_COUNTRY).replace("_", " ")
        edition = edition_given(self.name, given, Month.from_date(now.astimezone(self.zone).date()))
        goods = {code: ""} if code else self._codes(said, ask)
        return [
            _entry(code, country, flow, measure, name=name, edition=edition)
            for code, name in goods.items()
            for measure in _MEASURES
        ]

    def _codes(self, words: Sequence[str], ask: Ask) -> dict[str, str]:
        """Codes of 4, 6 and 8 digits of which the own text holds every word, and what they are called."""
        longest = max(" ".join(words).replace("-", " ").split(), key=len, default="")
        asked = (("language", "en"), ("search", longest), ("add", "sh"))
        request = Request(CODES, asked, bears_figures=False, holds=dt.timedelta(days=1))
        rows, there = self._listed(ask(request))
        if there > len(rows):
            raise TruncatedFault(
                f"{self.title} gave {len(rows):,} of {there:,} codes",
                "Search for a rarer word, or by the code.",
            )
        return dict(
            sorted(
                (str(row[code]), str(row[name]).strip())
                for row in rows
                for code, name in _NAMED
                if row.get(code) and says(str(row.get(name) or ""), words)
            )
        )

    def probe(self, now: dt.datetime) -> Request:  # noqa: ARG002 - the protocol's
        """The moment of the last update."""
        return Request("/general/dates/updated", bears_figures=False)

    def _listed(self, snapshot: Snapshot) -> tuple[list[dict[str, Any]], int]:
        """The rows of an answer, and how many it says that there are."""
        given = parsed(snapshot, self.title)
        data = given.get("data") if isinstance(given, dict) else None
        rows = data.get("list") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(rows, list):
            raise UnreadableFault(f"{self.title} answered without a list of rows: {str(given)[:120]}")
        return rows, int(data.get("count") or len(rows))

    def _rows(self, snapshot: Snapshot) -> list[dict[str, Any]]:
        rows, _ = self._listed(snapshot)
        if not rows:
            raise EmptyFault(f"{self.title} gave no row of the codes asked for")
        if any(not {"year", "monthNumber"} <= set(row) for row in rows):
            raise UnreadableFault(f"{self.title} gave a row without its month: {str(rows[0])[:120]}")
        return rows


def _code(row: Mapping[str, Any], detail: str) -> str:
    """The code of a row, whose column is named for the breakdown, as ``headingCode`` or ``coNcm``."""
    for name in (f"{detail}Code", "coNcm" if detail == "ncm" else detail):
        if name in row:
            return str(row[name])
    raise UnreadableFault(f"ComexStat gave a row without the code of its {detail}: {str(dict(row))[:120]}")


def _within(span: Span, period: Mapping[str, str]) -> bool:
    return period["from"] <= str(span) <= period["to"]


def _measured(row: Mapping[str, Any], measure: str) -> float | None:
    value = number(row.get(_MEASURES[measure][0]))
    return None if measure == "weight" and value == 0 and number(row.get("metricFOB")) else value


def _entry(commodity: str, country: str, flow: str, measure: str, *, name: str, edition: str) -> Entry:
    whole = country == EVERY_COUNTRY
    where = "all countries" if whole else country
    way = f"Brazil's {flow} {'to' if flow == 'exports' else 'from'}"
    return Entry(
        {
            "commodity": commodity,
            "country": country,
            "flow": flow,
            "measure": measure,
            "edition": edition,
        },
        SeriesRecord(
            id=f"comexstat.{in_id(edition)}{flow}.{country.replace(' ', '-')}.{commodity}.{measure}",
            name=f"{way} {where}, {commodity} {name}".strip() + f"{in_name(edition)}, {measure}",
            unit=_MEASURES[measure][1],
            family=f"comexstat.{flow}.{commodity}",
            tags=("comexstat", flow),
            reporter="BRA",
            partner=area("english", country.replace(" ", "-")),
            hs_code=commodity,
            hs_edition=f"{edition}, NCM of the month",
            commodity=name or None,
            source=ComexStat.title,
        ),
    )

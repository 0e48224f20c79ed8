"""UN Comtrade: exports and imports by HS code, asked for where its availability says that they changed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import SplitResult, parse_qs, urlsplit
from zoneinfo import ZoneInfo

from forecasting.months import Month, Span
from services.ingestion.calendars import expected
from services.ingestion.sources.areas import area
from services.ingestion.sources.comtrade_rows import (
    FLOWS,
    MEASURES,
    NEWEST,
    PINNED,
    WORLD,
    flow_of,
    measured,
    of_edition,
    totals_of,
)
from services.ingestion.sources.editions import EDITIONS
from services.ingestion.sources.faults import (
    EmptyFault,
    SourceMisnamedError,
    TruncatedFault,
    UnreadableFault,
)
from services.ingestion.sources.json_rows import pairs, parsed, plain_words, says
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

ROWS = "/data/v1/get/C/M/HS"
AVAILABLE = "/data/v1/getDa/C/M/HS"
CODES = "/files/v1/app/reference/HS.json"
CAP = 100_000
"""Rows at which an answer is held to be cut: the smaller of the two caps that clients tell of."""
LONGEST = 3_000
"""Characters of codes in one request: its whole address must stay below 4,096."""
MONTHS_BACK = 24


@dataclass(frozen=True, slots=True)
class Comtrade:
    """Rows may not be passed on: they are the key's owner's own."""

    address: str = "https://comtradeapi.un.org"
    name: ClassVar[str] = "comtrade"
    title: ClassVar[str] = "UN Comtrade"
    zone: ClassVar[ZoneInfo] = ZoneInfo("UTC")
    pace: ClassVar[Pace] = Pace(
        apart=dt.timedelta(seconds=6),
        calls_a_day=500,
        quick=dt.timedelta(hours=6),
        slow=dt.timedelta(hours=6),
    )
    terms: ClassVar[Terms] = Terms(
        "The licence is said to forbid passing rows on without written permission: use your own key.",
        "https://comtrade.un.org/licenseagreement.html",
        redistributable=False,
    )
    key: ClassVar[KeyUse | None] = KeyUse("header", "Ocp-Apim-Subscription-Key", needed=True)
    parser: ClassVar[int] = 1

    def due(self, month: Month) -> dt.datetime:
        """The hour of the shipped calendar: reporters come when they come, and availability says when."""
        return expected("comtrade", month)

    def visit(self, followed: Sequence[Followed], now: dt.datetime, ask: Ask) -> Visit:
        """Availability of each reporter, then the rows of the months whose release or checksum is new to us.

        A month that was fetched as of one release is asked for again only when its stamp or checksum moves.
        """
        by_reporter: dict[str, list[Followed]] = defaultdict(list)
        for each in followed:
            by_reporter[each.code["reporter"]].append(each)
        last = Month.from_date(now.date())
        for reporter, theirs in sorted(by_reporter.items()):
            reach = MONTHS_BACK if any(not each.begun for each in theirs) else 6
            request = Request(AVAILABLE, (("reporterCode", reporter),), bears_figures=False)
            for period, released in sorted(self._available(ask(request)).items()):
                if _month(period) < last - reach:
                    continue
                yield from _requests(reporter, period, released, theirs)

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception | None:  # noqa: ARG002 - the protocol's
        """None: its gateway refuses as others do."""
        return None

    def read(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Reading]:
        """One reporter's month, or a fault: cut, half loaded, ambiguous, empty, or not what was asked."""
        address, asked = _asked(snapshot)
        given = parsed(snapshot, self.title)
        if not isinstance(given, dict) or not isinstance(given.get("data"), list):
            raise UnreadableFault(f"{self.title} answered without a list of rows: {str(given)[:120]}")
        rows = [{name.lower(): value for name, value in row.items()} for row in given["data"]]
        where = f"{asked['reporterCode']} {asked['period']}"
        if not rows:
            raise EmptyFault(f"{self.title} has announced {where} and gave no row of it")
        if max(len(rows), int(given.get("count") or 0)) >= CAP:
            raise TruncatedFault(f"{self.title} gave {len(rows):,} rows of {where}, which is its cap")
        totals = totals_of(rows, asked, where)
        month = Span(_month(asked["period"]))
        released = _stamp(address.fragment)
        readings = []
        for each in of_edition(totals, followed, asked):
            row = totals[each.code["cmd"], each.code["partner"]]
            value, estimated = measured(row, each.code["measure"])
            if value is not None:
                stage = "estimated" if estimated else "final"
                readings.append(Reading(each.series_id, month, value, stage, released, "printed"))
        return readings

    def covered(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Covered]:
        """The month asked for, of each code and partner."""
        _, asked = _asked(snapshot)
        month = _month(asked["period"])
        codes, partners = set(asked["cmdCode"].split(",")), set(asked["partnerCode"].split(","))
        return [
            Covered(each.series_id, month, month)
            for each in followed
            if (each.code["reporter"], FLOWS[flow_of(each)]) == (asked["reporterCode"], asked["flowCode"])
            and each.code["cmd"] in codes
            and each.code["partner"] in partners
        ]

    def probe(self, now: dt.datetime) -> Request:  # noqa: ARG002 - the protocol's
        """What is available of the United States."""
        return Request(AVAILABLE, (("reporterCode", "842"),), bears_figures=False)

    def search(self, words: str, now: dt.datetime, ask: Ask) -> list[Entry]:  # noqa: ARG002 - the protocol's
        """``reporter=276 cmd=8703 flow=exports edition=H6``, or ``reporter=276`` and words of a code's text.

        ``partner=0`` is the world, and ``edition=H5+H6`` the rule that a code means the same goods in both.
        """
        given, said = pairs(words), plain_words(words)
        flow, edition = given.get("flow", "exports"), given.get("edition", NEWEST)
        reporter, partner = given.get("reporter", ""), given.get("partner", WORLD)
        named = reporter.isdecimal() and partner.isdecimal() and ("cmd" in given or bool(said))
        if not named or flow not in FLOWS or not EDITIONS.fullmatch(edition):
            raise SourceMisnamedError(
                "Name a series of Comtrade as reporter=276 cmd=8703 partner=0 flow=exports edition=H6, or "
                "with words of its goods in place of cmd, as reporter=276 rare earth: with the numbers "
                "of Comtrade (276 is Germany), flow=exports or imports, and edition=H5+H6 to join two."
            )
        goods = dict.fromkeys(given["cmd"].split(","), "") if "cmd" in given else self._codes(said, ask)
        return [
            _entry(reporter, partner, cmd, measure, name=name, flow=flow, edition=edition)
            for cmd, name in goods.items()
            for measure in MEASURES
        ]

    def _codes(self, words: Sequence[str], ask: Ask) -> dict[str, str]:
        """HS codes whose text holds every word, and what each is called: the text without its code."""
        listed = parsed(ask(Request(CODES, bears_figures=False)), self.title)["results"]
        texts = {str(each["id"]): str(each["text"]) for each in listed}
        return {code: text.removeprefix(f"{code} - ") for code, text in texts.items() if says(text, words)}

    def _available(self, snapshot: Snapshot) -> dict[str, str]:
        """Periods of a reporter with the release they stand at: its stamp and checksum."""
        given = parsed(snapshot, self.title)
        if not isinstance(given, dict) or not isinstance(given.get("data"), list):
            raise UnreadableFault(f"{self.title} answered without a list of what is available")
        return {
            str(row["period"]): f"{row['lastReleased']}~{row['datasetChecksum']}"
            for row in given["data"]
            if row.get("isOriginalClassification", True)
        }


def _requests(reporter: str, period: str, released: str, followed: Sequence[Followed]) -> Iterator[Request]:
    """The codes followed of one reporter's month, in as few addresses as their length allows."""
    for flow in sorted({flow_of(each) for each in followed}):
        theirs = [each for each in followed if flow_of(each) == flow]
        yield from _requests_of(reporter, period, released, theirs, flow)


def _requests_of(
    reporter: str, period: str, released: str, followed: Sequence[Followed], flow: str
) -> Iterator[Request]:
    partners = ",".join(sorted({each.code["partner"] for each in followed} | {WORLD}, key=int))
    codes: list[str] = []
    wanted = sorted({each.code["cmd"] for each in followed})
    for place, code in enumerate(wanted):
        codes.append(code)
        full = sum(len(each) + 3 for each in codes) + 3 * len(partners) > LONGEST  # a comma is sent as %2C
        if full or place == len(wanted) - 1:
            parameters = {
                "reporterCode": reporter,
                "period": period,
                "cmdCode": ",".join(codes),
                "flowCode": FLOWS[flow],
                "partnerCode": partners,
                **PINNED,
            }
            yield Request(ROWS, tuple(parameters.items()), release=released)
            codes = []


def _asked(snapshot: Snapshot) -> tuple[SplitResult, dict[str, str]]:
    """The address of a request, and its parameters."""
    address = urlsplit(snapshot.request.removeprefix("GET "))
    return address, {name: values[0] for name, values in parse_qs(address.query).items()}


def _month(period: str) -> Month:
    return Month.parse(f"{period[:4]}-{period[4:]}")


def _stamp(released: str) -> dt.datetime:
    """The stamp of a release, which has no zone and up to 7 digits of a fraction; read as UTC."""
    return dt.datetime.fromisoformat(released.split("~", 1)[0]).replace(tzinfo=dt.UTC)


def _entry(
    reporter: str,
    partner: str,
    cmd: str,
    measure: str,
    *,
    name: str = "",
    flow: str = "exports",
    edition: str = NEWEST,
) -> Entry:
    ours, theirs = area("comtrade", reporter), area("comtrade", partner)
    way = f"{flow} of {ours} {'to' if flow == 'exports' else 'from'} {theirs or 'the world'}"
    joined = f" ({edition.replace('+', ' and ')} joined by rule)" if "+" in edition else ""
    own = "" if (flow, edition) == ("exports", NEWEST) else f"{flow}.{edition.replace('+', '-')}."
    return Entry(
        {
            "reporter": reporter,
            "cmd": cmd,
            "partner": partner,
            "flow": flow,
            "measure": measure,
            "edition": edition,
        },
        SeriesRecord(
            id=f"comtrade.{own}{reporter}.{partner}.{cmd}.{measure}",
            name=f"{way[0].upper()}{way[1:]}, HS {cmd} {name}".strip() + f"{joined}, {measure}",
            unit=MEASURES[measure][1],
            family=f"comtrade.{cmd}",
            tags=("comtrade", flow),
            reporter=ours,
            partner=theirs,
            hs_code=cmd,
            hs_edition=edition,
            commodity=name or None,
            source=Comtrade.title,
        ),
    )

"""SDMX 2.1 providers, IMF and OECD: one series of a dataflow by its whole key, read by sdmx1, an extra."""

from __future__ import annotations

import datetime as dt
import io
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from forecasting.months import Month, Span
from services.ingestion.sources.faults import (
    AmbiguousFault,
    EmptyFault,
    OutsideFault,
    SourceMisnamedError,
    TooLargeFault,
    UnitChangedFault,
    UnreadableFault,
)
from services.ingestion.sources.json_rows import number, pairs
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

MONTHS_BACK = 36
_DATAFLOW = re.compile(r"[A-Za-z0-9_.-]+,[A-Za-z0-9_@$.-]+(,[A-Za-z0-9_.+~*-]+)?")
_KEY = re.compile(r"[A-Za-z0-9_@$-]+(\.[A-Za-z0-9_@$-]+)*")
_MONTH = re.compile(r"(\d{4})-?M?(\d{2})", re.ASCII)
_UNITS = ("UNIT_MEASURE", "UNIT")
_STAGES = {"P": "preliminary", "E": "estimated"}
_NO_FIGURE = frozenset({"F", "M", "L", "O", "Q"})
"""Of OBS_STATUS: a forecast of the provider's, and what is missing or suppressed."""
_SCALES = ("SCALE", "UNIT_MULT")
_NO_SCALE = frozenset({"", "0", "UNITS"})


@dataclass(frozen=True, slots=True)
class _Told:
    """One series of an answer: what its key, its data set and its attributes say, and its observations."""

    key: Mapping[str, str]
    said: Mapping[str, str]
    months: tuple[tuple[str, str | None, str], ...]
    """Period, value and OBS_STATUS as they stand."""

    @property
    def unit(self) -> str:
        return next((self.said[name] for name in _UNITS if self.said.get(name)), "")

    @property
    def scale(self) -> str:
        """Names and values of what says in which power of ten the values stand; empty where nothing does."""
        told = ((name, self.said.get(name, "")) for name in _SCALES)
        return ",".join(f"{name}={value}" for name, value in told if value.upper() not in _NO_SCALE)


@dataclass(frozen=True, slots=True)
class Sdmx:
    """One provider that speaks SDMX 2.1 below ``root``. Nothing in an answer dates it: first sight does."""

    name: str
    title: str
    address: str
    root: str
    small: str
    """Below ``root``, a small structure that shows whether it answers."""
    terms: Terms
    zone: ClassVar[ZoneInfo] = ZoneInfo("UTC")
    pace: ClassVar[Pace] = Pace(
        apart=dt.timedelta(seconds=60),  # the OECD is said to allow 60 downloads an hour
        calls_a_day=500,
        quick=dt.timedelta(hours=12),
        slow=dt.timedelta(hours=12),
    )
    key: ClassVar[KeyUse | None] = None
    parser: ClassVar[int] = 1

    def due(self, month: Month) -> dt.datetime:
        """Noon on the 15th of the third month after: each dataflow has days of its own, which are learned."""
        after = month + 3
        return dt.datetime(after.year, after.number, 15, 12, tzinfo=self.zone)

    def visit(self, followed: Sequence[Followed], now: dt.datetime, ask: Ask) -> Visit:  # noqa: ARG002 - the protocol's
        """One request a series: every month from a year back, three where the past is not in."""
        if followed:
            _library(self.title)
        for dataflow, key in sorted({(each.code["dataflow"], each.code["key"]) for each in followed}):
            theirs = [
                each for each in followed if (each.code["dataflow"], each.code["key"]) == (dataflow, key)
            ]
            back = MONTHS_BACK if any(not each.begun for each in theirs) else 12
            yield self._request(dataflow, key, now, back)

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception | None:  # noqa: ARG002 - the protocol's
        """404 is the standard's answer where there is nothing under a key, 413 where there is too much."""
        if status == 404:
            return EmptyFault(f"{self.title} has nothing under the dataflow and key")
        if status == 413:
            return TooLargeFault(f"{self.title} holds the answer to be too big")
        return None

    def read(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Reading]:
        """Every month of the one series asked for, in the unit and the scale that it was followed in."""
        dataflow, key, _ = self._asked(snapshot)
        told = self._one(snapshot, key)
        readings: dict[tuple[str, Span], Reading] = {}
        for each in followed:
            if (each.code["dataflow"], each.code["key"]) != (dataflow, key):
                continue
            if (told.unit, told.scale) != (each.code["unit"], each.code["scale"]):
                raise UnitChangedFault(
                    f"{self.title} gives {key} in {told.unit or 'no unit'} {told.scale}".rstrip()
                    + f", and {each.series_id} is in {each.code['unit'] or 'no unit'} {each.code['scale']}",
                    series=[each.series_id],
                )
            for period, text, status in told.months:
                value = None if text in {None, "", "NaN"} or status in _NO_FIGURE else number(text)
                if value is None:
                    continue
                span = self._month(period, key)
                reading = Reading(each.series_id, span, value, _STAGES.get(status, "final"))
                if readings.setdefault((each.series_id, span), reading) != reading:
                    raise AmbiguousFault(f"{self.title} gave {key} twice in {span}")
        return list(readings.values())

    def covered(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Covered]:
        """Every month from the first that was asked for."""
        dataflow, key, since = self._asked(snapshot)
        return [
            Covered(each.series_id, Month.parse(since))
            for each in followed
            if (each.code["dataflow"], each.code["key"]) == (dataflow, key)
        ]

    def probe(self, now: dt.datetime) -> Request:  # noqa: ARG002 - the protocol's
        """The small structure."""
        return Request(f"{self.root}{self.small}", bears_figures=False)

    def search(self, words: str, now: dt.datetime, ask: Ask) -> list[Entry]:
        """``dataflow=AGENCY,ID,VERSION key=A.B.C``, if it is there; ``unit=`` where the answer says none."""
        given = pairs(words)
        dataflow, key, flow = given.get("dataflow", ""), given.get("key", ""), given.get("flow", "")
        if (
            not _DATAFLOW.fullmatch(dataflow)
            or not _KEY.fullmatch(key)
            or flow not in {"", "exports", "imports"}
        ):
            raise SourceMisnamedError(
                f"{self.title} offers no search by words here: name one series as dataflow=AGENCY,ID,VERSION "
                "key=A.B.C with one code for each dimension, none of them empty or joined by +. flow=exports "
                "or flow=imports tags it, unit=USD names the unit of its figures where the answer does not."
            )
        _library(self.title)
        told = self._one(ask(self._request(dataflow, key, now, 12, bears_figures=False)), key)
        unit = given.get("unit", "").replace("_", " ") or ("" if told.scale else told.unit)
        if not unit:
            said = f"says {told.scale}" if told.scale else "names no unit"
            raise SourceMisnamedError(
                f"{self.title} {said} of {key}: add the unit of the figures as they are printed, "
                "such as unit=USD or unit=USD_million."
            )
        return [self._entry(dataflow, key, flow, unit, told)]

    def _request(
        self, dataflow: str, key: str, now: dt.datetime, back: int, *, bears_figures: bool = True
    ) -> Request:
        since = Month.of(Month.from_date(now.date()).year, 1) - back // 12 * 12
        asked = (("startPeriod", str(since)), ("dimensionAtObservation", "TIME_PERIOD"))
        return Request(f"{self.root}/data/{dataflow}/{key}", asked, bears_figures=bears_figures)

    def _asked(self, snapshot: Snapshot) -> tuple[str, str, str]:
        """Dataflow and key of a request, and the first month asked for."""
        address = urlsplit(snapshot.request.removeprefix("GET "))
        dataflow, key = address.path.rsplit("/", 2)[1:]
        return dataflow, key, parse_qs(address.query)["startPeriod"][0]

    def _month(self, period: str, key: str) -> Span:
        found = _MONTH.fullmatch(period)
        if found is None:
            raise OutsideFault(f"{self.title} gave {key} in {period[:40]}, which is no month")
        return Span(Month.of(int(found[1]), int(found[2])))

    def _one(self, snapshot: Snapshot, key: str) -> _Told:
        """The one series that an answer must hold, with each code of the key among its own."""
        if b"<!DOCTYPE" in snapshot.body or b"<!ENTITY" in snapshot.body:
            raise UnreadableFault(f"{self.title} answered with a document type, which SDMX has none of")
        library = _library(self.title)
        try:
            message = library.read_sdmx(io.BytesIO(snapshot.body), format="XML")
            series = [each for data in message.data for each in _series(data)]
        except Exception as error:  # sdmx1 and lxml raise what they please on what is no SDMX-ML
            raise UnreadableFault(
                f"{self.title} answered with no SDMX-ML ({type(error).__name__})"
            ) from error
        if not series:
            raise EmptyFault(f"{self.title} gave no series under {key}")
        if len(series) > 1:
            raise AmbiguousFault(f"{self.title} gave {len(series)} series under the one key {key}")
        (told,) = series
        if Counter(key.split(".")) - Counter(told.key.values()):
            raise OutsideFault(f"{self.title} gave {'.'.join(told.key.values())} and was asked for {key}")
        return told

    def _entry(self, dataflow: str, key: str, flow: str, unit: str, told: _Told) -> Entry:
        codes = ", ".join(f"{name} {code}" for name, code in told.key.items())
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{dataflow.split(',')[1]}.{key}")
        return Entry(
            {"dataflow": dataflow, "key": key, "flow": flow, "unit": told.unit, "scale": told.scale},
            SeriesRecord(
                id=f"{self.name}.{plain}",
                name=f"{dataflow.split(',')[1]}: {codes}",
                unit=unit,
                family=f"{self.name}.{dataflow.split(',')[1]}",
                tags=(self.name, flow) if flow else (self.name,),
                source=self.title,
            ),
        )


def _library(title: str) -> Any:
    """sdmx1, which is imported here alone: it takes seconds, and is there only with the extra."""
    try:
        library = import_module("sdmx")
    except ModuleNotFoundError as error:
        raise UnreadableFault(
            f"{title} is read by sdmx1, which is not installed",
            "Install tonnage[sdmx]; until then, `tonnage ingest` reads SDMX-CSV files from its website.",
        ) from error
    logging.getLogger("sdmx").setLevel(
        logging.ERROR
    )  # it warns of each answer that its structure is not given
    return library


def _series(data: Any) -> Iterator[_Told]:
    """The series of a data set of sdmx1's, in our own words."""
    for key, observations in data.series.items():
        codes = {name: str(each.value) for name, each in key.values.items()}
        said = {
            **{name: str(each.value) for name, each in data.attrib.items()},
            **{name: str(each.value) for name, each in key.attrib.items()},
            **codes,
        }
        months = tuple(
            (
                str(next(iter(each.dimension.values.values())).value),
                None if each.value is None else str(each.value).strip(),
                _status(each.attrib),
            )
            for each in observations
        )
        yield _Told(codes, said, months)


def _status(attributes: Mapping[str, Any]) -> str:
    """OBS_STATUS, which the IMF calls STATUS; empty where there is none."""
    held = attributes.get("OBS_STATUS") or attributes.get("STATUS")
    return "" if held is None else str(held.value)


IMF = Sdmx(
    "imf",
    "IMF, SDMX",
    "https://api.imf.org",
    "/external/sdmx/2.1",
    "/dataflow/IMF.STA/IMTS",
    Terms(
        "Data may be published and passed on; name the International Monetary Fund as the source.",
        "https://www.imf.org/en/About/copyright-and-terms",
        redistributable=True,
    ),
)
OECD = Sdmx(
    "oecd",
    "OECD, SDMX",
    "https://sdmx.oecd.org",
    "/public/rest",
    "/agencyscheme/SDMX",
    Terms(
        "Data may be shared and passed on; name the OECD and the set as the source.",
        "https://www.oecd.org/en/about/terms-conditions.html",
        redistributable=True,
    ),
)

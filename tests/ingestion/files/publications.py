"""What each of the files in the shape of publications says, and what of it is a guess."""

from __future__ import annotations

import datetime as dt
import gzip
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from agency_files import (
    CENSUS,
    CENSUS_WIRE,
    COMEXSTAT,
    COMEXT_CSV,
    COMTRADE,
    DATES,
    DESK_SHEET,
    ESTAT_JAPAN,
    EUROSTAT_TSV,
    GACC_CHINESE,
    GACC_ENGLISH,
    HMRC,
    ONE_SERIES,
    RUSSIAN,
    STATCAN,
    YEARS_DOWN,
    arrow,
    parquet,
    text,
    zipped,
)

Row = tuple[str, str, float | str, str, str]
"""Series, months, value or marker, unit, stage."""
HUNDRED, KT = "QUANTITY_IN_100KG", "thousands Tonnes"


@dataclass(frozen=True)
class Publication:
    """A file; ``choices`` are what its reader says of it, ``doubts`` what had been guessed or asked."""

    name: str
    content: bytes
    rows: list[Row]
    choices: dict[str, Any] = field(default_factory=dict)
    doubts: set[str] = field(default_factory=set)
    notes: int = 0
    encoding: str | None = None


def merged(raw: dict[str, Any], choices: dict[str, Any]) -> dict[str, Any]:
    """A mapping with what its reader says of it."""
    held = dict(raw)
    for key, value in choices.items():
        held[key] = merged(held.get(key, {}), value) if isinstance(value, dict) and key != "keep" else value
    return held


SPAN = (("A", "2025-01..2025-02", 12345.5, "tonnes", "final"), ("A", "2025-03", 6100.0, "tonnes", "final"))


def _months(year: int, values: list[float | str]) -> list[Row]:
    return [("ORE", f"{year}-{at:02d}", value, "t", "final") for at, value in enumerate(values, start=1)]


PUBLICATIONS = [
    Publication(
        "comtrade.csv.gz",
        gzip.compress(COMTRADE),
        [
            ("CHN-280530", "2025-04", 4785000.0, "kg", "final"),
            ("CHN-280530", "2025-05", 5864600.0, "kg", "final"),
        ],
        {
            "table": {
                "series": ["reporterISO", "cmdCode"],
                "keep": {"flowCode": ["X"]},
                "value": "netWgt",
                "unit": [],
            },
            "unit": "kg",
        },
        {"table.series", "table.month", "table.value"},
    ),
    Publication(
        "census.json",
        CENSUS,
        [
            ("US-2805300000", "2025-05", 1200.0, "KG", "final"),
            ("US-2805300050", "2025-05", 0.0, "KG", "final"),
        ],
        {"ids": {"2805300000": "US-2805300000", "2805300050": "US-2805300050"}},
        {"table.series"},
    ),
    Publication(
        "census-wire.json",
        CENSUS_WIRE,
        [
            ("2805300000", "2025-05", 1200.0, "KG", "final"),
            ("2805300050", "2025-05", "", "KG", "final"),
        ],
        {},
        {"table.series"},
    ),
    Publication(
        "comext.csv",
        COMEXT_CSV,
        [
            ("DE-CN", "2025-04", 12.5, HUNDRED, "final"),
            ("DE-CN", "2025-05", "", HUNDRED, "confidential"),
            ("DE-JP", "2025-05", 3.0, HUNDRED, "provisional"),
        ],
        {"table": {"series": ["reporter", "partner"]}},
        {"table.series"},
    ),
    Publication(
        "comext.tsv",
        EUROSTAT_TSV,
        [
            ("DE", "2025-03", 12.5, HUNDRED, "final"),
            ("DE", "2025-04", ": c", HUNDRED, "confidential"),
            ("DE", "2025-05", 7.25, HUNDRED, "provisional"),
            ("FR", "2025-03", ":", HUNDRED, "final"),
            ("FR", "2025-04", 0.0, HUNDRED, "final"),
            ("FR", "2025-05", 1.5, HUNDRED, "estimate"),
        ],
        {},
        {"table.series"},
    ),
    Publication(
        "gacc-may.xlsx",
        GACC_ENGLISH,
        [
            ("Rare earth and products", "2025-05", 5864.6, "tons", "final"),
            ("Steel products", "2025-05", 1057.8, "10000 tons", "final"),
            ("Ships", "2025-05", "-", "pieces", "final"),
        ],
        {},
        {"table.series", "table.value", "months.month"},
        notes=1,
    ),
    Publication(
        "gacc-feb.csv",
        GACC_CHINESE,
        [
            ("稀土", "2025-01..2025-02", 7594.2, "吨", "final"),
            ("钢材", "2025-01..2025-02", 1697.2, "万吨", "final"),
            ("手机", "2025-01..2025-02", "--", "个", "final"),
        ],
        {},
        {"file.encoding", "table.series", "months.month"},
        notes=1,
        encoding="gb18030",
    ),
    Publication(
        "hmrc.txt",
        HMRC,
        [
            ("28053010-CN", "2025-05", 1520.5, "kg", "final"),
            ("28053010-JP", "2025-05", 20.0, "kg", "final"),
            ("28053010-CN", "2025-04", 1720.25, "kg", "final"),
        ],
        {"table": {"series": ["CommodityCode", "CountryId"]}},
        {"table.series", "table.value", "unit"},
    ),
    Publication(
        "comexstat.csv",
        COMEXSTAT,
        [
            ("28053010", "2025-04", 12000.0, "kg", "final"),
            ("28053010", "2025-05", 10500.5, "kg", "final"),
            ("28053090", "2025-05", 900.0, "kg", "final"),
        ],
        {},
        {"table.series", "unit"},
    ),
    Publication(
        "statcan.zip",
        zipped("12100119.csv", STATCAN),
        [
            ("v1001", "2025-04", 1850.2, KT, "final"),
            ("v1001", "2025-05", 1710.9, KT, "provisional"),
            ("v1002", "2025-05", "", KT, "final"),
        ],
    ),
    Publication(
        "estat.csv",
        ESTAT_JAPAN,
        [
            ("105", "2025-04", 12500.0, "KG", "final"),
            ("105", "2025-05", 1234500.0, "KG", "final"),
            ("106", "2025-05", "…", "KG", "final"),
        ],
        {},
        {"file.encoding", "table.series"},
        encoding="cp932",
    ),
    Publication(
        "desk.xlsx",
        DESK_SHEET,
        [
            ("CN rare earths", "2024-11", 4.5, "kt", "final"),
            ("CN rare earths", "2024-12", 4.1, "kt", "final"),
            ("CN rare earths", "2025-01", 3.9, "kt", "final"),
            ("CN rare earths", "2025-02", 3.7, "kt", "final"),
            ("CN magnets", "2024-11", 5.0, "kt", "final"),
            ("CN magnets", "2024-12", "n/a", "kt", "final"),
            ("CN magnets", "2025-01", 0.0, "kt", "final"),
            ("CN magnets", "2025-02", 5.3, "kt", "final"),
        ],
        {},
        {"unit"},
        notes=2,
    ),
    Publication(
        "years.csv",
        YEARS_DOWN,
        [
            *_months(2023, [1234.5, 1100.0, 999.5, "..", 1000.0, *(1000.0 + at for at in range(1, 8))]),
            *_months(2024, [1300.0, "-", *[""] * 10]),
        ],
        {"table": {"series_id": "ORE"}, "unit": "t"},
        {"table.series_id", "unit"},
        notes=1,
        encoding="utf-16",
    ),
    Publication(
        "one.tsv",
        ONE_SERIES,
        [*SPAN, ("A", "2025-04", "(c)", "tonnes", "final")],
        {"table": {"series_id": "A"}},
        {"table.series_id", "unit"},
    ),
    Publication(
        "minpromtorg.csv",
        RUSSIAN,
        [("A", "2025-05", 10.5, "kt", "final"), ("A", "2025-06", 11.0, "kt", "final")],
        {
            "table": {"series_id": "A", "month": "дата", "value": "объём, тыс"},
            "unit": "kt",
            "file": {"encoding": "cp1251"},
        },
        {"file.encoding", "file.header", "table.series_id", "table.value", "unit"},
    ),
    Publication(
        "dates.xlsx",
        DATES,
        [("CN-RE", "2025-05", 1238.0, "t", "provisional"), ("CN-RE", "2025-06", 1300.5, "t", "final")],
        {},
        {"unit"},
    ),
    Publication(
        "lines.jsonl",
        text(
            '{"series": "A", "period": "2025M05", "value": 5, "unit": "t"}',
            '{"series": "A", "period": "2025M6", "value": null, "unit": "t"}',
        ),
        [("A", "2025-05", 5.0, "t", "final"), ("A", "2025-06", "", "t", "final")],
    ),
    Publication(
        "panel.parquet",
        parquet(unique_id=["A", "A"], ds=[dt.date(2025, 5, 1), dt.date(2025, 6, 1)], y=[1.5, float("nan")]),
        [("A", "2025-05", 1.5, "t", "final"), ("A", "2025-06", "", "t", "final")],
        {"unit": "t"},
        {"unit"},
    ),
    Publication(
        "panel.arrow",
        arrow(series_id=["A"], month=["202505"], value=[7], unit=["kg"]),
        [("A", "2025-05", 7.0, "kg", "final")],
    ),
    Publication(
        "wide.csv.zst",
        pa.compress(
            text("series_id,unit,2025-01,2025-02", "A,t,1,2", "B,kg,3,4"), codec="zstd", asbytes=True
        ),
        [
            ("A", "2025-01", 1.0, "t", "final"),
            ("A", "2025-02", 2.0, "t", "final"),
            ("B", "2025-01", 3.0, "kg", "final"),
            ("B", "2025-02", 4.0, "kg", "final"),
        ],
    ),
]

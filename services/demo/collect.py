"""Make ``rare_earth.csv`` from the collected press and customs figures.

``python -m services.demo.collect FOLDER``: FOLDER holds observations.csv, monthly.csv, spans_unsplit.csv and
release_calendar.csv, as PROVENANCE.md describes them. Run again, it writes the same file.

A figure counts as known from the day it was printed where a day-dated page is held within 45 days of
the month's end (``printed``), else from its release day by the customs calendar (``calendar``). Only the
day is known: noon in Beijing stands for it. A later print of another value is a revision only where the
page says so.
"""

from __future__ import annotations

import csv
import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from forecasting.months import LONGEST_SPAN, Month, Span

BEIJING = ZoneInfo("Asia/Shanghai")
SERIES = ("CN_EXP_RE_T", "CN_EXP_REPROD_T", "CN_EXP_REPM_T")
PRINTED_FROM = Month.parse("2025-04")
"""From this month on each figure stands as it was first printed; before it, the best estimate stands."""
LAST_DAY = dt.date(2025, 12, 31)
PROMPT = dt.timedelta(days=45)
RELEASE_DAYS = {"CN_EXP_RE_T": 9, "CN_EXP_REPROD_T": 18, "CN_EXP_REPM_T": 20}
"""Day of the following month that the series' table is out by, where no dated release is held."""
CLAIMS = {
    ("CN_EXP_REPROD_T", "2025-05", "2025-06-18"): "lowest since February 2020",
}
"""What a source says of its figure, by series, month and day of print."""
COLUMNS = (
    "series_id",
    "month",
    "value",
    "unit",
    "known_from",
    "known_basis",
    "stage",
    "source",
    "source_url",
    "claim",
)

Row = dict[str, str]


COLLECTED = "China Customs (collected)"
DERIVED = "derived from what China Customs printed"
"""Not how it was derived: that names figures of later months, which nobody may read as of an earlier day."""


def collect(folder: Path) -> list[Row]:
    """Every figure of the three series that was known by the end of 2025, in the order it became known."""
    releases = {
        row["what"].removeprefix("preliminary ").removesuffix(" combined"): dt.date.fromisoformat(
            row["release_date"]
        )
        for row in _read(folder / "release_calendar.csv")
    }
    rows = [
        *_best_estimates(folder, releases),
        *_unsplit(folder, releases),
        *_printed(_read(folder / "observations.csv"), releases),
    ]
    known = [row for row in rows if dt.datetime.fromisoformat(row["known_from"]).date() <= LAST_DAY]
    return sorted(known, key=lambda row: (row["known_from"], row["series_id"], row["month"]))


def _best_estimates(folder: Path, releases: dict[str, dt.date]) -> Iterator[Row]:
    for row in _read(folder / "monthly.csv"):
        month = Month.parse(row["month"])
        if row["series_id"] in SERIES and month < PRINTED_FROM:
            yield _row(
                row["series_id"],
                Span(month),
                row["value"],
                seen=row["earliest_source_seen"],
                stage="final" if row["derivation"] == "direct" else "derived",
                source=COLLECTED if row["derivation"] == "direct" else DERIVED,
                releases=releases,
            )


def _unsplit(folder: Path, releases: dict[str, dt.date]) -> Iterator[Row]:
    for row in _read(folder / "spans_unsplit.csv"):
        first, last = Month.parse(row["period_start"]), Month.parse(row["period_end"])
        fits = last.since(first) < LONGEST_SPAN and last < PRINTED_FROM
        if row["series_id"] in SERIES and fits and row["derivation"] != "sum of months":
            yield _row(
                row["series_id"],
                Span.between(first, last),
                row["value"],
                seen=row["vintage"],
                stage="final" if row["derivation"].startswith("direct") else "derived",
                source=COLLECTED if row["derivation"].startswith("direct") else DERIVED,
                releases=releases,
            )


def _printed(observations: list[Row], releases: dict[str, dt.date]) -> Iterator[Row]:
    levels = [
        row
        for row in observations
        if row["series_id"] in SERIES
        and row["kind"] == "monthly_level"
        and row["published_precision"] == "day"
        and Month.parse(row["period_start"]) >= PRINTED_FROM
    ]
    first: set[tuple[str, str]] = set()
    for row in sorted(levels, key=lambda row: (row["published"], len(row["value"]))):
        key = (row["series_id"], row["period_start"])
        if key in first and not row["quote_free_note"].startswith("revised"):
            continue
        yield _row(
            *(row["series_id"], Span.parse(row["period_start"]), row["value"]),
            seen=row["published"],
            stage="revision" if key in first else "final",
            source=row["outlet"],
            releases=releases,
            url=row["source_url"],
            dated=key in first,
        )
        first.add(key)


def _row(
    series_id: str,
    span: Span,
    value: str,
    *,
    seen: str,
    stage: str,
    source: str,
    releases: dict[str, dt.date],
    url: str = "",
    dated: bool = False,
) -> Row:
    """One figure; ``dated`` where the day of print stands however late it is, as for a revision."""
    printed = dt.date.fromisoformat(seen) if len(seen) == len("2025-06-18") else None
    prompt = printed is not None and (dated or printed - span.last.last_day <= PROMPT)
    day = printed if prompt and printed is not None else _release_day(series_id, span, releases)
    return {
        "series_id": series_id,
        "month": str(span),
        "value": value,
        "unit": "t",
        "known_from": dt.datetime.combine(day, dt.time(12), BEIJING).isoformat(),
        "known_basis": "printed" if prompt else "calendar",
        "stage": stage,
        "source": source,
        "source_url": url,
        "claim": CLAIMS.get((series_id, str(span), day.isoformat()), ""),
    }


def _release_day(series_id: str, span: Span, releases: dict[str, dt.date]) -> dt.date:
    """Day by which the customs calendar has the figure out; nothing comes out in February."""
    if series_id == "CN_EXP_RE_T":
        name = f"{span.first}..{span.last.number:02d}" if span.months > 1 else str(span)
        if name in releases:
            return releases[name]
    following = span.last + 1
    if following.number == 2:
        following += 1
    alone_in_a_pair = series_id == "CN_EXP_RE_T" and span.months == 1 and span.last.number <= 2
    day = RELEASE_DAYS["CN_EXP_REPM_T"] if alone_in_a_pair else RELEASE_DAYS[series_id]
    return following.first_day.replace(day=day)


def _read(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main(folder: Path, target: Path) -> None:
    """Write the file that ships."""
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(collect(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).with_name("rare_earth.csv"))

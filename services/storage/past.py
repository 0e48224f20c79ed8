"""The past of series that no forecast judged: rows and their verdicts, a part of a history at a time."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection

from forecasting.months import Month
from forecasting.prints import moment
from forecasting.shocks.detection import Detection
from forecasting.shocks.past_records import PastRecords
from forecasting.shocks.records import Extreme
from services.storage.copying import NULL, copy_lines, next_ids, text_cell
from services.storage.tables import observations, verdicts


@dataclass(frozen=True, slots=True, eq=False)
class PastTexts:
    """What many rows have in common, one object for all of them; see ``ObservationRecord``."""

    stage: str
    known_basis: str
    source: str
    source_url: str | None
    claim: str | None


@dataclass(frozen=True, slots=True)
class PastRows:
    """Rows of a series, single months all, in the order in which they became known.

    Attributes
    ----------
    months, known
        ``Month.ordinal`` of each, and ``known_from`` in microseconds since 1970 UTC.
    values, replaced
        Its value and the one it replaces in the series' unit; NaN where it withdraws, or where none stood.
    texts
        What is said of it.
    compared
        What it is beside its past.
    """

    series_id: str
    months: Sequence[int]
    known: Sequence[int]
    values: Sequence[float]
    replaced: Sequence[float]
    texts: Sequence[PastTexts]
    compared: PastRecords


_ROW = ("id", "series_id", "first_month", "months", "value", "known_from", "stage", "known_basis")
_SAID = ("source", "source_url", "claim", "release_id", "recorded_at")
_VERDICT = ("observation_id", "series_id", "verdict", "reason", "threshold", "revision_of", "change_month")
_COMPARED = ("change_year", "records", "change_records", "rank_in_month", "judged_at")


def append(
    connection: Connection,
    rows: Sequence[PastRows],
    *,
    release_id: int,
    recorded_at: dt.datetime,
    unjudged: Detection,
    withdrawn: Detection,
) -> None:
    """Add rows with their verdicts: ``withdrawn`` of one that has no value, ``unjudged`` of any other."""
    ids = next_ids(connection, observations, sum(len(each.months) for each in rows))
    at = recorded_at.isoformat()
    copy_lines(connection, observations, (*_ROW, *_SAID), _observed(ids, rows, f"{release_id}\t{at}\n"))
    verdict, gone = (
        "\t".join((each.verdict.value, text_cell(each.reason), repr(each.threshold)))
        for each in (unjudged, withdrawn)
    )
    copy_lines(connection, verdicts, (*_VERDICT, *_COMPARED), _judged(ids, rows, verdict, gone, f"{at}\n"))


def _observed(ids: Sequence[int], rows: Sequence[PastRows], end: str) -> Iterator[str]:
    tails: dict[PastTexts, str] = {}
    drawn = iter(ids)
    for each in rows:
        series_id = text_cell(each.series_id)
        for month, known, value, texts in zip(each.months, each.known, each.values, each.texts, strict=True):
            tail = tails.get(texts)
            if tail is None:
                tail = tails[texts] = f"{_said(texts)}\t{end}"
            figure = repr(value) if value == value else NULL  # noqa: PLR0124 - NaN
            yield f"{next(drawn)}\t{series_id}\t{_month(month)}-01\t1\t{figure}\t{_moment(known)}\t{tail}"


def _judged(ids: Sequence[int], rows: Sequence[PastRows], verdict: str, gone: str, end: str) -> Iterator[str]:
    drawn = iter(ids)
    for each in rows:
        series_id, compared = text_cell(each.series_id), each.compared
        for value, replaced, month, year, rank, records, changes in zip(
            each.values,
            each.replaced,
            compared.change_month,
            compared.change_year,
            compared.ranks,
            compared.records,
            compared.change_records,
            strict=True,
        ):
            place = NULL if rank is None else f'{{"rank":{rank[0]},"held":{rank[1]},"tied":{rank[2]}}}'
            yield (
                f"{next(drawn)}\t{series_id}\t{gone if math.isnan(value) else verdict}\t{_number(replaced)}\t"
                f"{_number(month)}\t{_number(year)}\t{_extremes(records)}\t{_extremes(changes)}\t{place}\t{end}"
            )


def _said(texts: PastTexts) -> str:
    return "\t".join(
        map(text_cell, (texts.stage, texts.known_basis, texts.source, texts.source_url, texts.claim))
    )


def _number(value: float) -> str:
    return repr(value) if value == value else NULL  # noqa: PLR0124 - NaN


@lru_cache(maxsize=4096)
def _month(ordinal: int) -> str:
    return str(Month(ordinal))


@lru_cache(maxsize=4096)
def _moment(known: int) -> str:
    return moment(known).isoformat()


def _extremes(records: Sequence[Extreme]) -> str:
    """Records as JSON: the keys of ``verdicts.add``, of which a test reads them all back."""
    return f"[{','.join(map(_extreme, records))}]" if records else "[]"


def _extreme(record: Extreme) -> str:
    since = "null" if record.since is None else f'"{_month(record.since.ordinal)}"'
    years = "null" if record.years_claimed is None else record.years_claimed
    return (
        f'{{"direction":"{record.direction}","since":{since},'
        f'"first_held":"{_month(record.first_held.ordinal)}","months_held":{record.months_held},'
        f'"months_needed":{record.months_needed},"years_claimed":{years},'
        f'"tied":{"true" if record.tied else "false"},"of":"{record.of}",'
        f'"months_in_totals":{record.months_in_totals}}}'
    )

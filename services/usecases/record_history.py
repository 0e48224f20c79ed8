"""A history: judged and stored like a release, by columns where no forecast can judge it, and no rule woken."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alerts.judging import withdrawn
from forecasting.months import Month, Span
from forecasting.past_prints import past_news
from forecasting.prints import PrintArrays, moment
from forecasting.shocks.detection import UNFORETOLD, discoveries, not_judged
from forecasting.shocks.past_records import past_records
from services.ingestion.figure_columns import FigureColumns, Said
from services.storage import forecasts, jobs, observations, past, standing_forecasts, verdicts
from services.storage.past import PastRows, PastTexts
from services.usecases.arriving_figures import in_parts
from services.usecases.judge_release import judge_release, load, refuse_second_value
from services.usecases.order_scoring import scoring
from services.usecases.store_judged import (
    DISCOVERY_RATE,
    RecordedFigure,
    Recording,
    became_known,
    chance,
    order,
    store,
    told,
)

Places = NDArray[np.int64]


def record_history(recording: Recording, columns: FigureColumns, *, named: int | None) -> dict[str, Any]:
    """Rows, verdicts and refit jobs of a history; the report, whose figures are the first ``named`` by row.

    None names every one. What is held of memory beside the columns grows by 30 bytes a figure, and by what
    is named.
    """
    report = _Report(columns, named)
    known = columns.known(recording.now)
    for part in in_parts(columns, known):
        _record_part(recording, columns, known, part, report)
    if report.foretold:
        cause = f"release {recording.release_id}"
        jobs.add(recording.connection, [scoring(cause, sorted(report.foretold))], now=recording.now)
    return report.whole(recording.release_id)


class _Report:
    """What is told of the figures, counted, and named as far as is wanted."""

    def __init__(self, columns: FigureColumns, named: int | None) -> None:
        self.outcomes: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.foretold: set[str] = set()
        self.chances = np.full(len(columns), np.nan)
        self._named: list[tuple[int, RecordedFigure]] = []
        self._columns, self._count = columns, named
        rows = columns.rows
        self._last = None if named is None or named >= len(rows) else int(np.partition(rows, named)[named])

    def wants(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the figures of some rows are named; of a row that holds many all are, and cut at the end."""
        return np.full(rows.shape, True) if self._last is None else rows <= self._last

    def name(self, place: int, figure: RecordedFigure) -> None:
        """Name a figure by its place in the columns."""
        self._named.append((place, figure))

    def whole(self, release_id: int) -> dict[str, Any]:
        """The report, as that of a release."""
        found = discoveries(self.chances, rate=DISCOVERY_RATE)
        figures = sorted(self._named, key=lambda each: each[1]["row"])[: self._count]
        for place, figure in figures:
            figure["discovery"] = bool(found[place]) if math.isfinite(self.chances[place]) else None
        report = {
            "release_id": release_id,
            **{outcome: self.outcomes[outcome] for outcome in ("recorded", "revised", "unchanged")},
            "alerts": {},
            "left_to_parents": {},
            "silenced": {},
            "figures": [figure for _, figure in figures],
        }
        if self._count is None:
            return report
        return {**report, "unnamed": len(self._columns) - len(figures), "verdicts": dict(self.verdicts)}


def _record_part(
    recording: Recording,
    columns: FigureColumns,
    known: NDArray[np.int64],
    part: Sequence[Places],
    report: _Report,
) -> None:
    of_series = {columns.ids[columns.series[places[0]]]: places for places in part}
    held = observations.prints(recording.connection, of_series)
    foretold = standing_forecasts.foretold_of(
        recording.connection, of_series, model=forecasts.judging(recording.portfolio)
    )
    if held:
        foretold |= verdicts.judged_by_forecasts(recording.connection, held)
    alone = {
        each
        for each, places in of_series.items()
        if each not in foretold
        and not (columns.months[places] > 1).any()
        and (each not in held or not (held[each].months > 1).any())
    }
    rest = [places for each, places in of_series.items() if each not in alone]
    news: list[tuple[str, dt.datetime]] = []
    if rest:
        news += _one_by_one(recording, columns, np.concatenate(rest), known, report)
    rows = [
        rows
        for each in of_series
        if each in alone
        for rows in _at_once(recording, columns, known, of_series[each], held.get(each), report)
    ]
    if rows:
        past.append(
            recording.connection,
            rows,
            release_id=recording.release_id,
            recorded_at=recording.now,
            unjudged=not_judged(UNFORETOLD, recording.budget),
            withdrawn=withdrawn(recording.budget),
        )
    news += [(each.series_id, moment(each.known[-1])) for each in rows]
    order(recording, news, {each: moment(arrays.known[-1]) for each, arrays in held.items()})


def _one_by_one(
    recording: Recording,
    columns: FigureColumns,
    places: Places,
    known: NDArray[np.int64],
    report: _Report,
) -> list[tuple[str, dt.datetime]]:
    """Record what may be judged by a forecast, or stands beside totals, as a release does."""
    placed = sorted(
        ((int(at), columns.figure(int(at), moment(known[at]))) for at in places),
        key=lambda each: (each[1].known_from, each[1].series_id, each[1].span),
    )
    figures = [figure for _, figure in placed]
    stood = load(
        recording.connection,
        figures,
        recording.registered,
        model=forecasts.judging(recording.portfolio),
        now=recording.now,
    )
    judged = judge_release(
        stood,
        figures,
        recording.registered,
        source=recording.source,
        budget=recording.budget,
        now=recording.now,
    )
    store(recording, judged.news)
    wanted = report.wants(columns.rows[[place for place, _ in placed]]).tolist()
    for (place, _), (figure, news), named in zip(placed, judged.figures, wanted, strict=True):
        said = told(figure, news)
        report.outcomes[said["outcome"]] += 1
        if said["verdict"] is not None:
            report.verdicts[said["verdict"]] += 1
        report.chances[place] = chance(news)
        if named:
            report.name(place, said)
    known_of = became_known(judged.news)
    report.foretold.update(series_id for series_id, _ in known_of if series_id in stood.foretold)
    return known_of


def _at_once(
    recording: Recording,
    columns: FigureColumns,
    known: NDArray[np.int64],
    places: Places,
    held: PrintArrays | None,
    report: _Report,
) -> list[PastRows]:
    """What is new of a series, compared with its past; UploadRefusedError as ``judge_release`` has it."""
    prints = PrintArrays(
        columns.firsts[places].astype(np.int64), columns.months[places], columns.values[places], known[places]
    )
    said = columns.said[places]
    texts = {code: _texts(columns.texts[code], recording.source) for code in set(said.tolist())}
    outcomes = ["unchanged"] * len(places)
    found: list[PastRows] = []
    for block in past_news(prints, held):
        if block.contradicted is not None:
            at = int(places[block.contradicted])
            refuse_second_value(columns.figure(at, moment(known[at])))
        for at, first in zip(block.places, block.first_prints, strict=True):
            outcomes[at] = "recorded" if first else "revised"
        months = prints.first[block.places].tolist()
        found.append(
            PastRows(
                columns.ids[columns.series[places[0]]],
                months,
                prints.known[block.places].tolist(),
                block.values.tolist(),
                block.replaced,
                [texts[code] for code in said[block.places].tolist()],
                past_records(months, block.values, block.before),
            )
        )
    _tell(recording, columns, places, outcomes, report)
    return found


def _tell(
    recording: Recording, columns: FigureColumns, places: Places, outcomes: Sequence[str], report: _Report
) -> None:
    """Count what became of the figures of a series, and name those that the report names."""
    report.outcomes.update(outcomes)
    unjudged, gone = not_judged(UNFORETOLD, recording.budget), withdrawn(recording.budget)
    report.verdicts[unjudged.verdict.value] += len(outcomes) - outcomes.count("unchanged")
    wanted = report.wants(columns.rows[places])
    series_id = columns.ids[columns.series[places[0]]]
    for at in np.flatnonzero(wanted).tolist():
        place, new = int(places[at]), outcomes[at] != "unchanged"
        detection = gone if columns.texts[columns.said[place]].withdrawn else unjudged
        month = Span(Month(int(columns.firsts[place])))
        report.name(
            place,
            RecordedFigure(
                row=int(columns.rows[place]),
                series_id=series_id,
                month=str(month),
                outcome=outcomes[at],
                verdict=detection.verdict.value if new else None,
                reason=detection.reason if new else None,
                discovery=None,
            ),
        )


def _texts(said: Said, source: str) -> PastTexts:
    return PastTexts(said.stage, said.known_basis, said.source or source, said.source_url, said.claim)

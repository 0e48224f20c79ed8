"""A history: judged and stored as a release is, by columns where no forecast can judge it; no rule wakes."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from alerts.judging import withdrawn
from forecasting.months import Month
from forecasting.past_prints import past_news
from forecasting.prints import PrintArrays, moment
from forecasting.shocks.detection import UNFORETOLD, Detection, discoveries, not_judged
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


def record_history(
    recording: Recording,
    columns: FigureColumns,
    *,
    named: int | None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Rows, verdicts and refit jobs of a history; the report, whose figures are the first ``named`` by row.

    None names every one. What is held of memory beside the columns grows by 30 bytes a figure, and by what
    is named.
    """
    report = _Report(columns, named)
    history = _History(recording, columns, columns.known(recording.now), report)
    parts = (_load(history, part) for part in in_parts(columns, history.known))
    with _Beside() as beside:
        loaded = next(parts, None)
        while loaded is not None:
            rows = _compared(history, loaded)
            beside.wait()
            _one_by_one(history, loaded)
            following = next(parts, None)
            beside.do(_write, recording, rows, loaded)
            loaded = following
            if progress is not None:
                progress(report.outcomes.total())
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
        self._wanted = np.full(len(columns), named is None)
        if named:
            self._wanted[np.argsort(columns.rows, kind="stable")[:named]] = True

    def wants(self, places: Places) -> NDArray[np.bool_]:
        """Which of the figures at some places are named."""
        return self._wanted[places]

    def name(self, place: int, figure: RecordedFigure) -> None:
        """Name a figure by its place in the columns."""
        self._named.append((place, figure))

    def whole(self, release_id: int) -> dict[str, Any]:
        """The report, as that of a release."""
        found = discoveries(self.chances, rate=DISCOVERY_RATE)
        figures = sorted(self._named, key=lambda each: each[1]["row"])
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


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A part of a history: places by series, what is held of them, and the series that go by columns."""

    of_series: dict[str, Places]
    held: dict[str, PrintArrays]
    alone: frozenset[str]


@dataclass(frozen=True, slots=True)
class _History:
    """A history on its way: its figures, when each was known, and what is to be told of them."""

    recording: Recording
    columns: FigureColumns
    known: NDArray[np.int64]
    report: _Report


def _load(history: _History, part: Sequence[Places]) -> _Loaded:
    """What stood before a part: three questions, whatever its size."""
    recording, columns = history.recording, history.columns
    of_series = {columns.ids[columns.series[places[0]]]: places for places in part}
    held = observations.prints(recording.connection, of_series)
    foretold = standing_forecasts.foretold_of(
        recording.connection, of_series, model=forecasts.judging(recording.portfolio)
    )
    if held:
        foretold |= verdicts.judged_by_forecasts(recording.connection, held)
    alone = frozenset(
        each
        for each, places in of_series.items()
        if each not in foretold
        and not (columns.months[places] > 1).any()
        and (each not in held or not (held[each].months > 1).any())
    )
    return _Loaded(of_series, held, alone)


class _Beside:
    """One thing done beside another: PostgreSQL takes a part in while the next is compared.

    Whoever does work on the connection waits first, so that only one at a time speaks on it.
    """

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._doing: Future[None] | None = None
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._pool.shutdown()
        if kind is None:
            self.wait()

    def do(self, work: Callable[..., None], *arguments: Any) -> None:
        """Begin; what it raises is raised by ``wait``."""
        self.wait()
        self._doing = self._pool.submit(copy_context().run, work, *arguments)

    def wait(self) -> None:
        """Until it is done."""
        doing, self._doing = self._doing, None
        if doing is not None:
            doing.result()


def _compared(history: _History, loaded: _Loaded) -> list[PastRows]:
    """What is new of the series that go by columns, compared with their past."""
    return [
        rows
        for each, places in loaded.of_series.items()
        if each in loaded.alone
        for rows in _at_once(history, places, loaded.held.get(each))
    ]


def _write(recording: Recording, rows: Sequence[PastRows], loaded: _Loaded) -> None:
    """Store what is new of a part, with the refits that it orders."""
    if not rows:
        return
    unjudged, gone = _verdicts(recording)
    past.append(
        recording.connection,
        rows,
        release_id=recording.release_id,
        recorded_at=recording.now,
        unjudged=unjudged,
        withdrawn=gone,
    )
    order(recording, [(each.series_id, moment(each.known[-1])) for each in rows], _newest(loaded))


def _newest(loaded: _Loaded) -> dict[str, dt.datetime]:
    return {each: moment(arrays.known[-1]) for each, arrays in loaded.held.items()}


def _one_by_one(history: _History, loaded: _Loaded) -> None:
    """Record what may be judged by a forecast, or stands beside totals, as a release does."""
    recording, columns, known = history.recording, history.columns, history.known
    report = history.report
    places = [at for each, at in loaded.of_series.items() if each not in loaded.alone]
    if not places:
        return
    placed = sorted(
        ((int(at), columns.figure(int(at), moment(known[at]))) for at in np.concatenate(places)),
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
    wanted = report.wants(np.array([place for place, _ in placed])).tolist()
    for (place, _), (figure, news), named in zip(placed, judged.figures, wanted, strict=True):
        said = told(figure, news)
        report.outcomes[said["outcome"]] += 1
        if said["verdict"] is not None:
            report.verdicts[said["verdict"]] += 1
        report.chances[place] = chance(news)
        if named:
            report.name(place, said)
    new = became_known(judged.news)
    report.foretold.update(series_id for series_id, _ in new if series_id in stood.foretold)
    order(recording, new, stood.newest)


def _at_once(history: _History, places: Places, held: PrintArrays | None) -> list[PastRows]:
    """What is new of a series, compared with its past; UploadRefusedError as ``judge_release`` has it."""
    columns, known = history.columns, history.known
    prints = PrintArrays(
        columns.firsts[places].astype(np.int64),
        columns.months[places].astype(np.int64),
        columns.values[places],
        known[places],
    )
    said = columns.said[places]
    texts = {code: _texts(columns.texts[code], history.recording.source) for code in set(said.tolist())}
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
    _tell(history, places, outcomes)
    return found


def _tell(history: _History, places: Places, outcomes: Sequence[str]) -> None:
    """Count what became of the figures of a series, and name those that the report names."""
    columns, report = history.columns, history.report
    report.outcomes.update(outcomes)
    unjudged, gone = _verdicts(history.recording)
    report.verdicts[unjudged.verdict.value] += len(outcomes) - outcomes.count("unchanged")
    rows = columns.rows[places]
    wanted = np.flatnonzero(report.wants(places))
    named = places[wanted]
    series_id = columns.ids[columns.series[places[0]]]
    for at, place, row, first, said in zip(
        wanted.tolist(),
        named.tolist(),
        rows[wanted].tolist(),
        columns.firsts[named].tolist(),
        columns.said[named].tolist(),
        strict=True,
    ):
        new = outcomes[at] != "unchanged"
        detection = gone if columns.texts[said].withdrawn else unjudged
        figure = RecordedFigure(
            row=row,
            series_id=series_id,
            month=str(Month(first)),
            outcome=outcomes[at],
            verdict=detection.verdict.value if new else None,
            reason=detection.reason if new else None,
            discovery=None,
        )
        report.name(place, figure)


def _verdicts(recording: Recording) -> tuple[Detection, Detection]:
    """What is said of a figure that nothing foretold, and of one that was withdrawn."""
    return not_judged(UNFORETOLD, recording.budget), withdrawn(recording.budget)


def _texts(said: Said, source: str) -> PastTexts:
    return PastTexts(said.stage, said.known_basis, said.source or source, said.source_url, said.claim)

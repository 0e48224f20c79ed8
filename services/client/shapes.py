"""What the API answers, as frozen values; a field that this version does not know is left aside."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

Shape = TypeVar("Shape")


@dataclass(frozen=True, slots=True)
class Series:
    """What is measured, in ``unit``."""

    id: str
    name: str
    unit: str
    family: str | None = None
    tags: tuple[str, ...] = ()
    reporter: str | None = None
    partner: str | None = None
    commodity: str | None = None
    hs_code: str | None = None
    hs_edition: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """One figure as it became known: the total over ``month`` (YYYY-MM, or a span of months)."""

    id: int
    month: str
    value: float | None
    unit: str
    stage: str
    known_from: str
    known_basis: str
    source: str | None = None
    source_url: str | None = None
    claim: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What became of an upload."""

    release_id: int
    recorded: int
    revised: int
    unchanged: int
    alerts: dict[str, int]
    figures: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker does, such as recording an upload: ``pending``, ``done``, or ``failed`` with its error.

    Of an upload ``done`` figures of ``of`` are judged; then ``report`` says what became of it, or ``faults``
    why it was refused.
    """

    id: int
    kind: str
    status: str
    error: str | None
    note: str | None
    done: int
    of: int | None
    report: Report | None
    faults: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One month ahead: values by quantile level, in the series' unit."""

    month: str
    horizon: int
    quantiles: dict[str, float]

    @property
    def median(self) -> float:
        """The value that is as likely to be exceeded as not."""
        return self.quantiles["0.5"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """A published forecast; where it has no steps, ``reason`` says why."""

    id: int
    series_id: str
    unit: str
    model: str
    origin: str
    vintage: str
    published_at: str
    reason: str | None
    steps: tuple[Step, ...]
    members: list[dict[str, Any]]
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the forecast published before a figure was known makes of it."""

    observation_id: int
    month: str
    value: float | None
    known_from: str
    verdict: str
    reason: str
    probability: float | None
    surprise: float | None
    expected: float | None
    change_month: float | None
    change_year: float | None


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule that is, or was, open on one series."""

    id: str
    rule_id: str
    series_id: str
    desk: str
    status: str
    severity: str
    onset: str
    last: str
    closed: str | None


@dataclass(frozen=True, slots=True)
class Episode:
    """A shock from its onset to its end: ``shortfall`` and ``trough`` are in the series' unit."""

    id: str
    sentence: str
    series_id: str
    unit: str
    side: str
    status: str
    onset: str
    closed: str | None
    trough: dict[str, Any]
    recovered_share: float
    months_under: int
    shortfall: dict[str, Any]
    types: dict[str, Any]
    measure: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """What is expected of a source for a period, when, and whether it came."""

    calendar: str
    title: str
    period: str
    due: str
    state: str
    arrived: str | None
    hours_late: float | None
    series: list[str]
    missing: list[str]


@dataclass(frozen=True, slots=True)
class Standing:
    """How published forecasts did, scaled as the scoreboard says.

    ``figures`` counts pairs of a forecast and a figure that it foretold and that has arrived.
    """

    model: str
    member: str | None
    horizon: int | None
    series_id: str | None
    figures: int
    mase: float | None
    pinball: float | None
    wis: float | None
    bias: float | None
    coverage_80: float | None
    coverage_95: float | None
    naive_mase: float | None
    naive_wis: float | None
    coverage_range: float | None = None
    service_mase: float | None = None
    compared_months: int | None = None
    difference: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    skill: float | None = None


@dataclass(frozen=True, slots=True)
class StreamedAlert:
    """One event of the live stream; ``payload`` is what a webhook would hold."""

    id: int
    alert_id: str
    series_id: str
    desk: str
    kind: str
    payload: dict[str, Any]

    @property
    def sentence(self) -> str:
        """What happened, in plain words."""
        return str(self.payload["data"]["sentence"])


def shaped(shape: type[Shape], answer: dict[str, Any]) -> Shape:
    """An answer as a shape."""
    known = {each.name: answer[each.name] for each in fields(shape) if each.name in answer}  # type: ignore[arg-type]  # every shape is a dataclass
    return shape(**known)


def job(answer: dict[str, Any]) -> Job:
    """An answer as a job."""
    progress = answer.get("progress") or {"done": 0, "of": None}
    report = answer.get("report")
    told = {
        "report": None if report is None else shaped(Report, report),
        "faults": tuple(answer.get("faults") or ()),
    }
    return shaped(Job, {**answer, **progress, **told})


def forecast(answer: dict[str, Any]) -> Forecast:
    """An answer as a forecast."""
    return shaped(Forecast, {**answer, "steps": tuple(shaped(Step, each) for each in answer["steps"])})


def episode(answer: dict[str, Any]) -> Episode:
    """An answer as an episode."""
    named = {"series_id": answer["series"]["id"], "unit": answer["series"]["unit"]}
    return shaped(Episode, {**answer, **named})


def series(answer: dict[str, Any]) -> Series:
    """An answer as a series."""
    return shaped(Series, {**answer, "tags": tuple(answer.get("tags", ()))})

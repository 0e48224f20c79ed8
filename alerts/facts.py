"""What is known about one figure at the moment it became known: all that a rule may look at."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from alerts.errors import InvalidFactsError
from forecasting.against import Against
from forecasting.forecast import Forecast
from forecasting.months import Month, Span
from forecasting.shocks.chronicle import Chapter
from forecasting.shocks.detection import Detection
from forecasting.shocks.divergence import Divergence
from forecasting.shocks.interventions import Intervention
from forecasting.shocks.mirror import MirrorGap
from forecasting.shocks.ranks import RankShift
from forecasting.shocks.records import Extreme, Rank
from forecasting.shocks.share_shifts import ShareShift
from forecasting.shocks.substitution import Substitution


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure to compare with: the total over a span, in the series' unit."""

    span: Span
    value: float


@dataclass(frozen=True, slots=True)
class Band:
    """A forecast of one span: its median and the bounds of the central 80 %, in the series' unit.

    ``rolled_past`` is the last month that the forecast reaches, where its last year goes on beyond it.
    """

    expected: float
    lower_80: float
    upper_80: float
    rolled_past: Month | None = None

    def __contains__(self, value: float) -> bool:
        return self.lower_80 <= value <= self.upper_80


@dataclass(frozen=True, slots=True)
class Branch:
    """What is expected if a shock is of one type, and how probable that is."""

    type: Intervention
    weight: float
    band: Band


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected of a span to come: by the stored forecast, or after a shock by its types together.

    ``branches`` are those of a shock just judged, heaviest first, whose mixture ``band`` then is; none else.
    """

    span: Span
    band: Band
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceClaim:
    """What a source says of its figure, in its own words; never a claim of ours."""

    text: str
    source_name: str
    url: str


@dataclass(frozen=True, slots=True)
class ForecastUsed:
    """The published forecast that judged the figure; ``vintage`` is the moment its history was taken."""

    id: str
    vintage: dt.datetime
    model: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A dated policy measure that the figure may answer to."""

    title: str
    day: dt.date
    url: str


@dataclass(frozen=True, slots=True)
class Following:
    """The last episode of a series as of a figure, not later figures; None where none has begun."""

    chapter: Chapter | None


@dataclass(frozen=True, slots=True)
class Expectation:
    """The release that a figure is expected in: when it is due, and when it counts as late."""

    release: str
    due: dt.datetime
    late_from: dt.datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """One figure with its context, as known at ``known_from``; None wherever something is not known.

    Attributes
    ----------
    value
        Total over ``span`` in ``unit``; None where the source has withdrawn the figure.
    known_from
        Moment (time zone required) from which the figure was public.
    detection
        Verdict by the forecast that was published before the figure was first known.
    revision_of
        Value that this one replaces; None at first print.
    change_month, change_year
        Ratio less one to ``previous`` (the span of equal length just before) and to ``year_ago``.
    records, change_records
        Of the figure, and of its changes on the year and on the month; ``rank_in_month`` is its place among
        the same calendar months of the years held.
    previous_revised
        Value of ``previous`` before the release that the figure came in revised it; None where it did not.
    against
        The figure against each forecaster that had foretold it, whichever desk may hear of that.
    year_to_date, year_to_date_before
        Totals from January to the figure's last month, of its year and of the year before.
    counterfactual
        For an alert that is open: the forecast published before its onset, at this span.
    next_expected
        The span after this one: given the figure where it is a shock, else by the forecast that judged it.
    ahead
        The newest forecast that stood when the figure became known, made without it.
    following
        The episode that the figure may stand in; None where no forecast judged it.
    divergences
        How the series parts from each sibling over the span; None where that was not asked for.
    rank_shifts, share_shifts, substitutions
        What the family shows of the series over the span that is rare for it; a text says why that cannot be
        judged, and None that it was not asked for.
    sibling_names
        Id and name of the series and of each sibling, where one of these was asked for.
    mirror_gap
        Exports against partners' reported imports in the newest month, up to the figure's, of which both are
        known; None where there is none.
    expectation
        When the calendar of its source expects the figure; None where none does, or it was not asked for.
    awaited
        True where the figure has not come: ``value`` is None, and ``known_from`` the moment it was missed at.
    """

    series_id: str
    series_name: str
    unit: str
    span: Span
    value: float | None
    known_from: dt.datetime
    detection: Detection
    stage: str = "final"
    revision_of: float | None = None
    change_month: float | None = None
    change_year: float | None = None
    year_to_date: Figure | None = None
    year_to_date_before: Figure | None = None
    previous: Figure | None = None
    previous_revised: float | None = None
    year_ago: Figure | None = None
    records: tuple[Extreme, ...] = ()
    change_records: tuple[Extreme, ...] = ()
    rank_in_month: Rank | None = None
    source_claim: SourceClaim | None = None
    next_expected: Outlook | None = None
    ahead: Forecast | None = None
    counterfactual: Band | None = None
    forecast: ForecastUsed | None = None
    measure: Measure | None = None
    following: Following | None = None
    divergences: tuple[Divergence, ...] | None = None
    rank_shifts: tuple[RankShift, ...] | str | None = None
    share_shifts: tuple[ShareShift, ...] | str | None = None
    substitutions: tuple[Substitution, ...] | str | None = None
    sibling_names: tuple[tuple[str, str], ...] = ()
    mirror_gap: MirrorGap | None = None
    expectation: Expectation | None = None
    awaited: bool = False
    against: tuple[Against, ...] = ()

    def __post_init__(self) -> None:
        if self.known_from.tzinfo is None:
            raise InvalidFactsError(self.series_id, f"known_from of {self.span} has no time zone")
        for name, figure in (("previous", self.previous), ("year_ago", self.year_ago)):
            if figure is not None and figure.span.months != self.span.months:
                raise InvalidFactsError(
                    self.series_id,
                    f"{name} is of {figure.span}, and only a span as long as {self.span} can be compared",
                )

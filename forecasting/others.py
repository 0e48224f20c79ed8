"""Forecasts of others as members: a month moves towards what was expected of it, by an earned weight."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecasting.against import FEWEST_ERRORS
from forecasting.forecast import Forecast
from forecasting.gate import refusal
from forecasting.months import Month
from forecasting.portfolios import EARNED_WEIGHT
from forecasting.publication import Member, Publication
from forecasting.series import Series
from forecasting.submitted_forecasts import FORECASTER, Forecaster, Submitted
from forecasting.submitted_scores import Paired, SubmittedScore, score_submitted

_NAMED = 3
"""Months that a note names one by one; of more it gives the first, the last and how many."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A forecaster on one series: what it submitted, in that order, and the figures that it is judged by."""

    forecaster: Forecaster
    said: Sequence[Submitted]
    pairs: Sequence[Paired]


def taken_in(
    series: Series, publication: Publication, voices: Iterable[Voice], *, vintage: dt.datetime
) -> Publication:
    """The publication with the months that others foretold moved, and a member for each who foretold one.

    Only what every desk's forecasters submitted of single months by ``vintage`` counts, and only figures
    known by then. Who has earned it holds EARNED_WEIGHT beside the ``votes`` of the publication, in the
    months that it foretold and in no other. All quantiles of a month are shifted with its median, so that
    its width stays, and are cut at 0 where the series never was below. What is claimed counts for nothing.
    """
    forecast = publication.forecast
    if forecast is None:
        return publication
    heard = [
        _heard(series, forecast, voice, expected, vintage)
        for voice in sorted(voices, key=lambda each: each.forecaster.id)
        if voice.forecaster.desk is None and (expected := _standing(series, forecast, voice, vintage))
    ]
    moving = [each for each in heard if each.earned]
    shift = np.zeros(forecast.horizon)
    members = []
    for each in heard:
        moved = _moved(forecast, each, moving, publication.votes) if each.earned else {}
        for month, (_, amount) in moved.items():
            shift[month.since(forecast.first)] += amount
        weight = max((share for share, _ in moved.values()), default=0.0)
        amounts = tuple((month, amount) for month, (_, amount) in moved.items())
        members.append(replace(each.member, weight=weight, moved=amounts))
    values = forecast.values + shift[:, None]
    if series.non_negative:
        values = np.maximum(values, 0.0)
    return replace(
        publication,
        forecast=replace(forecast, values=values) if moving else forecast,
        members=(*publication.members, *members),
    )


def earned(pairs: Iterable[Paired], *, vintage: dt.datetime) -> bool:
    """Whether a forecaster has earned a weight on the series of the pairs, by figures known at a vintage."""
    return _unearned(_record(pairs, vintage)) is None


@dataclass(frozen=True, slots=True)
class _Heard:
    """A voice that foretold months of a forecast: what it expected of each, and the member that it is."""

    expected: Mapping[Month, float]
    member: Member
    earned: bool


def _heard(
    series: Series, forecast: Forecast, voice: Voice, expected: Mapping[Month, float], vintage: dt.datetime
) -> _Heard:
    record = _record(voice.pairs, vintage)
    name, months = FORECASTER + voice.forecaster.id, _named(sorted(expected))
    refused = refusal(series, _as_expected(forecast, expected))
    if refused is not None:
        return _Heard(expected, Member(name, None, 0.0, refused, score=record.mase), earned=False)
    lacking = _unearned(record)
    if lacking is None:
        note = (
            f"weighs in on {months}: MASE {record.mase:.3g} against our {record.ours:.3g} "
            f"on {record.figures} figures here"
        )
    else:
        note = f"beside it on {months}: {lacking}"
    return _Heard(expected, Member(name, None, 0.0, score=record.mase, note=note), earned=lacking is None)


def _standing(series: Series, forecast: Forecast, voice: Voice, vintage: dt.datetime) -> dict[Month, float]:
    """What stood at a vintage of each single month ahead, in order of months."""
    newest: dict[Month, Submitted] = {}
    for each in voice.said:
        month = each.span.first
        if (
            each.claimed
            or each.known_from > vintage
            or each.span.months > 1
            or not forecast.reaches(each.span)
        ):
            continue
        if month not in newest or each.known_from >= newest[month].known_from:
            newest[month] = each
    floor = 0.0 if series.non_negative else -np.inf
    return {month: max(newest[month].expected, floor) for month in sorted(newest)}


def _record(pairs: Iterable[Paired], vintage: dt.datetime) -> SubmittedScore:
    """Over the figures known at a vintage of which the errors of both have a scale."""
    return score_submitted(
        each for each in pairs if each.known_from <= vintage and each.scale and each.ours is not None
    )


def _unearned(record: SubmittedScore) -> str | None:
    """Why a record earns no weight, in words; None where it does."""
    if record.figures < FEWEST_ERRORS or record.mase is None or record.ours is None:
        figures = "figure" if record.figures == 1 else "figures"
        return f"{record.figures} {figures} here that both foretold, of at least {FEWEST_ERRORS}"
    if record.mase < record.ours:
        return None
    return f"MASE {record.mase:.3g}, not below our {record.ours:.3g}, on {record.figures} figures here"


def _as_expected(forecast: Forecast, expected: Mapping[Month, float]) -> Forecast:
    """The forecast as it were if what was expected stood alone."""
    median, shift = forecast.median, np.zeros(forecast.horizon)
    for month, value in expected.items():
        step = month.since(forecast.first)
        shift[step] = value - median[step]
    return replace(forecast, values=forecast.values + shift[:, None])


def _moved(
    forecast: Forecast, heard: _Heard, moving: Sequence[_Heard], votes: float
) -> dict[Month, tuple[float, float]]:
    """By month the share of a voice that has earned one, and how far it moves the median, in the unit."""
    median = forecast.median
    found = {}
    for month, value in heard.expected.items():
        beside = sum(month in each.expected for each in moving)
        share = EARNED_WEIGHT / (votes + EARNED_WEIGHT * beside)
        found[month] = share, share * (value - float(median[month.since(forecast.first)]))
    return found


def _named(months: Sequence[Month]) -> str:
    if len(months) <= _NAMED:
        return ", ".join(map(str, months))
    return f"{len(months)} months from {months[0]} to {months[-1]}"

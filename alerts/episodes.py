"""An episode as it is told: its fields, and the sentence that is made from them and says nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from alerts.quantities import estimate, percent, volume
from forecasting.months import Month, Span
from forecasting.shocks.chronicle import Chapter
from forecasting.shocks.interventions import Intervention, Probabilities
from forecasting.shocks.measures import Link

Fields = Mapping[str, Any]

SUREST = 0.99
"""Probability of a type above which no more is claimed in words."""


def episode_fields(
    found: Chapter,
    link: Link | None,
    *,
    series_name: str,
    onset_known_from: dt.datetime,
    as_of: dt.datetime,
    forecast_id: int | None,
) -> dict[str, Any]:
    """An episode as JSON: volumes in the series' unit, shares and probabilities in 0 to 1, months YYYY-MM.

    ``shortfall.value`` is what was forecast before onset less what came, over the months counted; below zero
    it is an excess. ``as_of`` is the moment of the last news on the series that it rests on.
    """
    state, before = found.episode, found.shock.before
    standing = standing_fields(found)
    fields = {
        "id": standing["id"],
        "series": {"id": state.series_id, "name": series_name, "unit": state.unit},
        "side": standing["side"],
        "status": standing["status"],
        "followed": found.followed,
        "followed_to": str(found.followed_to),
        "onset": standing["onset"],
        "onset_known_from": _time(onset_known_from),
        "as_of": _time(as_of),
        "baseline": {
            "forecast_id": forecast_id,
            "origin": str(before.origin),
            "vintage": None if before.vintage is None else _time(before.vintage),
            "model": before.model,
        },
        "trough": standing["trough"],
        "recovered_share": standing["recovered_share"],
        "months_under": standing["months_under"],
        "months_missing": state.months_missing,
        "shortfall": standing["shortfall"],
        "closed": None if state.closed is None else str(state.closed),
        "types": {
            "at_first_sight": _weights(found.types.at_first_sight),
            **standing["types"],
            "likeliest": str(found.types.likeliest),
            "months_seen": found.types.months_seen,
        },
        "measure": None if link is None else _link(link),
    }
    return {"sentence": episode_sentence(fields), **fields}


def standing_fields(found: Chapter) -> dict[str, Any]:
    """How an episode stands, in the words and units of ``episode_fields``: what a message says of it.

    ``shortfall.level`` is the percentage of its interval; ``types.now`` the probability of each type.
    """
    state = found.episode
    return {
        "id": state.id,
        "onset": str(state.onset),
        "side": str(state.side),
        "status": str(state.status),
        "trough": {
            "period": str(state.trough),
            "value": state.trough_value,
            "expected": state.trough_expected,
        },
        "recovered_share": state.recovered_share,
        "months_under": state.months_under,
        "shortfall": {
            "value": state.shortfall,
            "lower": state.shortfall_lower,
            "upper": state.shortfall_upper,
            "level": 90,
            "from": str(state.onset.first),
            "to": str(state.last_counted),
        },
        "types": {"now": _weights(found.types.now)},
    }


def episode_sentence(data: Fields) -> str:
    """What began when, how deep it went, what of it is back, what was lost, and what it may answer to."""
    said = stated_episode(data)
    clauses = (
        _standing(data, said),
        _trough(data, said),
        _lost(data, said),
        _type(data, said),
        _measure(data),
    )
    return " ".join(clause for clause in clauses if clause)


def stated_episode(data: Fields) -> dict[str, str]:
    """How each field that the sentence may say is written, by its path."""
    return dict(_stated(data))


def _stated(data: Fields) -> Iterator[tuple[str, str]]:
    loss = data["shortfall"]
    width = loss["upper"] - loss["lower"]
    sign = -1 if loss["value"] < 0 else 1
    lower, upper = sorted((sign * loss["lower"], sign * loss["upper"]))
    yield "onset", Span.parse(data["onset"]).name
    yield "followed_to", Month.parse(data["followed_to"]).name
    if data["closed"] is not None:
        yield "closed", Month.parse(data["closed"]).name
    yield "trough.period", Span.parse(data["trough"]["period"]).name
    yield "trough.value", volume(data["trough"]["value"])
    yield "trough.expected", volume(data["trough"]["expected"])
    yield "recovered_share", percent(data["recovered_share"])
    yield "months_under", _months(data["months_under"])
    yield "months_missing", _months(data["months_missing"])
    yield "shortfall.value", estimate(abs(loss["value"]), width)
    yield "shortfall.lower", estimate(lower, width)
    yield "shortfall.upper", estimate(upper, width)
    yield "shortfall.level", f"{loss['level']} %"
    first, last = Month.parse(loss["from"]).name, Month.parse(loss["to"]).name
    yield "shortfall.span", first if first == last else f"{first} to {last}"
    likeliest = data["types"]["now"][data["types"]["likeliest"]]
    yield "types.likeliest", "more than 99 %" if likeliest > SUREST else percent(likeliest)
    if data["measure"] is not None:
        yield "measure.lag_months", _months(abs(data["measure"]["lag_months"]))


def _standing(data: Fields, said: Mapping[str, str]) -> str:
    shock = "A downward" if data["side"] == "down" else "An upward"
    began = f"{shock} shock began on {data['series']['name']} in {said['onset']}"
    if data["status"] == "closed":
        return f"{began} and closed with {said['closed']}."
    if not data["followed"]:
        return f"{began}, was {_STATUS[data['status']]} in {said['followed_to']} and is followed no further."
    return f"{began} and is {_STATUS[data['status']]} as of {said['followed_to']}."


_STATUS = {"open": "open", "recovering": "recovering", "reopened": "open again"}


def _trough(data: Fields, said: Mapping[str, str]) -> str:
    unit, share = data["series"]["unit"], data["recovered_share"]
    deepest = "lowest" if data["side"] == "down" else "highest"
    text = (
        f"It was {deepest} against what was expected in {said['trough.period']}, "
        f"{said['trough.value']} {unit} against {said['trough.expected']} {unit}"
    )
    if data["trough"]["period"] == data["onset"] == data["followed_to"]:
        return f"{text}."
    if share < 0:
        return f"{text}; the last figure lies further out by {said['recovered_share']}."
    return f"{text}; the last figure has won back {said['recovered_share']} of it."


def _lost(data: Fields, said: Mapping[str, str]) -> str:
    unit, under = data["series"]["unit"], data["side"] == "down"
    less = "less" if data["shortfall"]["value"] >= 0 else "more"
    text = (
        f"Over {said['shortfall.span']} {said['shortfall.value']} {unit} {less} came than was forecast "
        f"before it began, {said['shortfall.level']} interval {said['shortfall.lower']} to "
        f"{said['shortfall.upper']} {unit}, with {said['months_under']} "
        f"{'below' if under else 'above'} the band forecast"
    )
    return text + (f" and {said['months_missing']} not held." if data["months_missing"] else ".")


def _type(data: Fields, said: Mapping[str, str]) -> str:
    kind = Intervention(data["types"]["likeliest"])
    return f"Likeliest type: {kind.phrase}, {said['types.likeliest']}."


def _measure(data: Fields) -> str:
    measure = data["measure"]
    if measure is None:
        return ""
    lag = measure["lag_months"]
    when = "the month it began"
    if lag:
        when = f"{_months(abs(lag))} {'before' if lag > 0 else 'after'}"
    return f"It may answer to a measure of {when}: {measure['title']} ({measure['effective']})."


def _months(count: int) -> str:
    return "1 month" if count == 1 else f"{count} months"


def _weights(types: Probabilities) -> dict[str, float]:
    return {str(kind): float(weight) for kind, weight in types.items()}


def _link(link: Link) -> dict[str, Any]:
    measure = link.measure
    return {
        "id": measure.id,
        "title": measure.title,
        "announced": measure.announced.isoformat(),
        "effective": measure.effective.isoformat(),
        "url": measure.url,
        "lag_months": link.lag,
    }


def _time(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")

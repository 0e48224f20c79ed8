"""How each field of a message is written in its sentence, and the check that no other number is said."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from alerts.conditions import Condition, Level, Not, forecasters_of, named
from alerts.grammar import parse_condition
from alerts.quantities import apart, counted, estimate, level, of_usual_error, percent, volume
from forecasting.months import Month, Span
from forecasting.submitted_forecasts import INTERVAL_80

Fields = Mapping[str, Any]

SIBLINGS = frozenset({"rank_shifts", "share_shifts", "substitutions"})
"""Facts of a rule's condition that stand in no field of their own: the reason says them."""

OTHERS = 3
"""Forecasters that a sentence says; the rest stand in the message."""

_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")


def stated(data: Fields) -> dict[str, str]:
    """How each field that a sentence may say is written, by its path in the data.

    Volumes by ``volume``, forecast quantities by ``estimate`` with the width of their 80 % interval, changes
    by ``percent`` without sign, counts and odds whole, months by name.
    """
    return dict(chain(_stated_figure(data), _stated_context(data)))


def _opening(data: Fields) -> Condition:
    return parse_condition(data["alert"]["rule"]["condition"], saved=True)


def _stated_figure(data: Fields) -> Iterator[tuple[str, str]]:
    value, revision = data["value"], data["revision"]
    if value is not None:
        yield "value", volume(value)
        if SIBLINGS & _opening(data).needs:
            yield "transition.reason", data["transition"]["reason"]
        if revision is not None:
            before, after = apart(revision["previous"], value)
            yield "revision.previous", before
            yield "value (revised)", after
    if data.get("previous_revised") is not None and data["previous"] is not None:
        before, after = apart(data["previous_revised"], data["previous"]["value"])
        yield "previous_revised", before
        yield "previous.value", after
        yield "previous.period", Span.parse(data["previous"]["period"]).name
    for key in ("change_month", "change_year"):
        if data[key] is not None:
            yield key, percent(data[key])
    yield "period", Span.parse(data["period"]).name
    if data["year_ago"] is not None:
        yield "year_ago.period", Span.parse(data["year_ago"]["period"]).name


def _stated_context(data: Fields) -> Iterator[tuple[str, str]]:
    yield "alert.onset", Span.parse(data["alert"]["onset"]).name
    yield from _stated_vintage(data)
    yield "alert.clears", str(data["alert"]["clears"])
    yield "alert.rule.months_to_close", str(data["alert"]["rule"]["months_to_close"])
    closing = parse_condition(data["alert"]["rule"]["closing"], saved=True)
    names = {each["forecaster"]: each["name"] for each in data.get("against", ())}
    yield "alert.rule.closing", named(closing, names).in_words()
    levelled = closing.of if isinstance(closing, Not) else closing
    if isinstance(levelled, Level):
        limit = levelled.below if levelled.below is not None else levelled.above or 0.0
        yield "alert.rule.closing.level", level(limit)
    for key in ("detection", "counterfactual", "next_expected"):
        yield from _stated_band(key, data[key])
    if data["detection"]["one_in"] is not None:
        yield "detection.one_in", f"1 in {data['detection']['one_in']:,}"
    for key in ("records", "change_records"):
        for record in data[key][:1]:
            yield f"{key}.0.months_held", f"{record['months_held']:,}"
            yield f"{key}.0.months_needed", f"{record['months_needed']:,}"
            if record["months_in_totals"]:
                yield f"{key}.0.months_in_totals", f"{record['months_in_totals']:,}"
            yield f"{key}.0.from", Month.parse(record["since"] or record["first_held"]).name
            if record["years_claimed"] is not None:
                yield f"{key}.0.years_claimed", str(record["years_claimed"])
    yield from _stated_others(data)
    if data["awaited"] is not None:
        yield "awaited.days_late", f"{data['awaited']['days_late']:,}"
    if data["measure"] is not None:
        day = dt.date.fromisoformat(data["measure"]["day"])
        yield "measure.day", f"{day.day} {Month.from_date(day).name}"
    yield from stated_unheard(data)


def _stated_vintage(data: Fields) -> Iterator[tuple[str, str]]:
    """The day of the forecast that judged, in every message of an alert but that of its onset.

    The message before said what was expected then; a forecast made since may say another number.
    """
    used = data.get("forecast")
    if used is not None and data["alert"]["onset"] != data["period"]:
        day = dt.datetime.fromisoformat(used["vintage"]).date()
        yield "forecast.vintage", f"{day.day} {Month.from_date(day).name}"


def _stated_others(data: Fields) -> Iterator[tuple[str, str]]:
    """How a figure against others is written; a body kept before such was told holds nothing of it."""
    asked = set(forecasters_of(_opening(data))) if data.get("against") else set()
    for place, said in enumerate(data.get("against", ())[:OTHERS]):
        key = f"against.{place}"
        yield f"{key}.expected", volume(said["expected"])
        if said["forecaster"] in asked and said["surprise"]:  # a forecast just met is no error at all
            yield f"{key}.surprise", of_usual_error(abs(said["surprise"]))
        if said["bounds"] is not None:
            yield f"{key}.low", volume(said["low"])
            yield f"{key}.high", volume(said["high"])
            if said["bounds"] == INTERVAL_80:
                yield f"{key}.level", "80 %"
        if said["count"] is not None:
            yield f"{key}.count", counted(said["count"], "answer")
        if said["percent"] is not None:
            yield f"{key}.percent", percent(said["percent"] / 100)
        if said["largest"]:
            yield f"{key}.errors", f"{said['errors']:,}"


def stated_unheard(data: Fields) -> Iterator[tuple[str, str]]:
    """How what was not heard is written; a body kept before such was told holds nothing of it."""
    missed = data.get("unheard")
    if missed is None:
        return
    since = dt.datetime.fromisoformat(missed["since"]).date()
    yield "unheard.since", f"{since.day} {Month.from_date(since).name}"
    times = (f"{kind} {count:,} times" if count > 1 else kind for kind, count in missed["events"].items())
    yield "unheard.events", ", ".join(times)


def _stated_band(key: str, band: Fields | None) -> Iterator[tuple[str, str]]:
    interval = None if band is None else band["interval_80"]
    if band is None or interval is None:
        return
    width = interval["upper"] - interval["lower"]
    yield f"{key}.expected", estimate(band["expected"], width)
    yield f"{key}.interval_80.level", f"{interval['level']} %"
    yield f"{key}.interval_80.lower", estimate(interval["lower"], width)
    yield f"{key}.interval_80.upper", estimate(interval["upper"], width)
    if band.get("rolled_past") is not None:
        yield f"{key}.rolled_past", Month.parse(band["rolled_past"]).name
    if "period" in band:
        yield f"{key}.period", Span.parse(band["period"]).name
    for place, branch in enumerate(band.get("branches", ())):
        yield f"{key}.branches.{place}.expected", estimate(branch["expected"], width)


def unstated_numbers(data: Fields) -> tuple[str, ...]:
    """Numbers in the sentence of a figure's message that no field of it holds as written; none, always.

    Texts that are repeated as they came (names, a source's own words) are left out of the search.
    """
    text = str(data["sentence"])
    claim = data["source_claim"] or {}
    title = (data["measure"] or {}).get("title")
    release = (data["awaited"] or {}).get("release")
    names = claim.get("text"), claim.get("source_name"), title, release, data["series"]["name"]
    for verbatim in (*names, *(each["name"] for each in data.get("against", ()))):
        text = text.replace(verbatim or "\0", "")
    text = text.replace(f" {data['series']['unit']}", "")
    known = {number for said in stated(data).values() for number in _NUMBER.findall(said)}
    return tuple(number for number in _NUMBER.findall(text) if number not in known)

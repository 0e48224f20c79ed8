"""What an alert rests on, in rows: each number written as its sentence writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alerts.quantities import RAREST, of_usual_error, one_in
from alerts.stated import OTHERS, stated
from forecasting.months import Month, Span
from services.web.formats import change

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ground:
    """One row: what it is, what it says, what stands beside it, and where it is from."""

    label: str
    said: str
    beside: str = ""
    url: str | None = None


def evidence(data: Fields) -> tuple[Ground, ...]:
    """The rows of a figure's message, in the order in which a desk asks for them."""
    said = stated(data)
    return (*_figure(data, said), *_expectation(data, said), *_others(data, said), *_context(data, said))


def _figure(data: Fields, said: Mapping[str, str]) -> Iterator[Ground]:
    unit = data["series"]["unit"]
    if data["value"] is None:
        yield Ground("Figure", "withdrawn", said["period"])
    else:
        yield Ground("Figure", f"{said['value']} {unit}", f"{said['period']}, {data['stage']}")
    if data["revision"] is not None and data["value"] is not None:
        yield Ground("Revised from", f"{said['revision.previous']} {unit}")
    for key, label, before in (
        ("change_month", "On the month", "previous"),
        ("change_year", "On the year", "year_ago"),
    ):
        if data[key] is not None:
            past = data[before]
            beside = "" if past is None else f"{Span.parse(past['period']).name}: {past['value']:,.0f} {unit}"
            yield Ground(label, change(data[key]), beside)


def _expectation(data: Fields, said: Mapping[str, str]) -> Iterator[Ground]:
    unit = data["series"]["unit"]
    forecast = data["forecast"]
    for key, label in (
        ("detection", "Expected before it was known"),
        ("counterfactual", "Expected before the shock"),
        ("next_expected", "Expected next"),
    ):
        if f"{key}.expected" not in said:
            continue
        band = (
            f"80 % interval {said[f'{key}.interval_80.lower']} to {said[f'{key}.interval_80.upper']} {unit}"
        )
        if key == "next_expected" and data[key]["branches"]:
            band += "; its types weighed at first sight, on no figure since the shock"
        when = f"{said[f'{key}.period']}, " if f"{key}.period" in said else ""
        yield Ground(label, f"{said[f'{key}.expected']} {unit}", when + band)
        if key == "detection":
            odds = said.get("detection.one_in")
            if odds is not None:
                rare = "less than" if data["detection"]["one_in"] >= RAREST else "about"
                limit = f"a shock is a chance below about 1 in {one_in(data['detection']['threshold']):,}"
                yield Ground("Chance of a figure so far out", f"{rare} {odds}", limit)
            reason = "" if odds is not None else data["detection"]["reason"]  # it says the same in per cent
            yield Ground("Judged", data["detection"]["verdict"].replace("_", " "), reason)
    if forecast is not None:
        yield Ground("Judged by", f"forecast {forecast['id']}", f"{forecast['model']}, published before it")


def _others(data: Fields, said: Mapping[str, str]) -> Iterator[Ground]:
    """The figure against each forecaster that the desk sees; a body kept before such was told has none."""
    unit = data["series"]["unit"]
    for place, each in enumerate(data.get("against", ())[:OTHERS]):
        key = f"against.{place}"
        far = f"{said[f'{key}.expected']} {unit}"
        if each["percent"] is not None and each["percent"] != 0:
            far += f", {said[f'{key}.percent']} {'below' if each['difference'] < 0 else 'above'}"
        beside = [f"from {said[f'{key}.count']}"] if f"{key}.count" in said else []
        if each["bounds"] is not None:
            ends = "range" if f"{key}.level" not in said else f"{said[f'{key}.level']} interval"
            beside.append(f"{ends} {said[f'{key}.low']} to {said[f'{key}.high']} {unit}")
        if each["surprise"]:
            beside.append(f"{of_usual_error(abs(each['surprise']))}, of {each['errors']:,} held")
        yield Ground(f"Expected by {each['name']}", far, "; ".join(beside))


def _context(data: Fields, said: Mapping[str, str]) -> Iterator[Ground]:
    for record in data["records"][:1]:
        since = record["since"]
        start = Month.parse(since or record["first_held"]).name
        held = f"{record['months_held']:,} of {record['months_needed']:,} months held"
        known = f"since {start}" if since else f"of all held, from {start}"
        yield Ground("Record", f"{record['direction']} {known}", held)
    if data["measure"] is not None:
        measure = data["measure"]
        yield Ground("May answer to", measure["title"], said["measure.day"], _link(measure["url"]))
    if data["source_claim"] is not None:
        claim = data["source_claim"]
        label, quoted = f"{claim['source_name']} says", f"“{claim['text']}”"
        yield Ground(label, quoted, "the source's own words", _link(claim["url"]))


def _link(url: str) -> str | None:
    """An address that a page may lead to: what was uploaded beside a figure may be anything."""
    return url if url.startswith(("https://", "http://")) else None

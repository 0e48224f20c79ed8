"""What the replay must show: five points, each found among the messages that the desk received, or missed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]
MAGNETS, PRODUCTS, RAW = "CN_EXP_REPM_T", "CN_EXP_REPROD_T", "CN_EXP_RE_T"


class MissedError(Exception):
    """A point of the story that the messages do not show."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the story: ``shown`` is the evidence, None where ``missed`` says what was not there."""

    name: str
    shown: dict[str, Any] | None
    missed: str | None


def points(received: Sequence[Body]) -> list[Point]:
    """The five points, from the bodies of the verified messages in the order they came."""
    tellers: dict[str, Callable[[Sequence[Body]], dict[str, Any]]] = {
        "magnets 2025-05: a downward shock": magnets_fall,
        "products 2025-05: first print, the source's claim, a revision and no second alert": products_low,
        "products 2025-06: the follow-up": products_follow_up,
        "ores, metals and compounds 2025-06: an upward shock while magnets are down": raw_forms_rush,
        "magnets recover by 2025-08 and the alert resolves": magnets_recover,
    }
    said = [each for body in received for each in _inside(body)]
    told: list[Point] = []
    for name, teller in tellers.items():
        try:
            told.append(Point(name, teller(said), None))
        except MissedError as missed:
            told.append(Point(name, None, str(missed)))
    return told


def magnets_fall(received: Sequence[Body]) -> dict[str, Any]:
    """Magnets, May 2025: 1,238 t, judged a downward shock, with its chance, interval, change and record."""
    data = _one(received, MAGNETS, "2025-05", 1238.0)
    detection = data["detection"]
    _hold(detection["verdict"] == "shock_down", f"the verdict is {detection['verdict']}")
    lowest = [record for record in data["records"] if record["direction"] == "lowest"]
    _hold(bool(lowest), "no record context is given")
    return {
        **_figure(data),
        "tail_probability": detection["tail_probability"],
        "expected": detection["expected"],
        "interval_80": detection["interval_80"],
        "record": lowest[0],
    }


def products_low(received: Sequence[Body]) -> dict[str, Any]:
    """Products, May 2025: 2,117 t with the source's claim; then 2,115 t, in the same alert."""
    first = _one(received, PRODUCTS, "2025-05", 2117.0)
    claim = first["source_claim"]
    _hold(claim is not None and claim["claimed_by"] == "source", "the source's claim is not shown as its own")
    revised = _one(received, PRODUCTS, "2025-05", 2115.0)
    _hold(revised["revision"] == {"previous": 2117.0}, "the revision does not name what it replaces")
    _hold(revised["transition"]["kind"] == "corrected", "the revision does not correct the alert")
    opened = [body for body in received if body["type"] == "alert.opened" and _series(body) == PRODUCTS]
    _hold(len(opened) == 1, f"{len(opened)} alerts opened on the products instead of one")
    return {
        **_figure(first),
        "source_claim": claim["text"],
        "source": claim["source_name"],
        "revised_to": revised["value"],
        "alerts_opened": len(opened),
    }


def products_follow_up(received: Sequence[Body]) -> dict[str, Any]:
    """Products, June 2025: 3,808 t, 80 % up on the month, while the alert stays open."""
    data = _one(received, PRODUCTS, "2025-06", 3808.0)
    _hold(data["alert"]["status"] == "opened", f"the alert is {data['alert']['status']}")
    change = data["change_month"]
    _hold(change is not None and round(change, 2) == 0.80, f"the change on the month is {change}")
    return _figure(data)


def raw_forms_rush(received: Sequence[Body]) -> dict[str, Any]:
    """Raw forms, June 2025: 7,742.2 t, an upward shock and the highest held; magnets down on the year."""
    data = _one(received, RAW, "2025-06", 7742.2)
    verdict = data["detection"]["verdict"]
    _hold(verdict == "shock_up", f"the verdict is {verdict}")
    highest = [record for record in data["records"] if record["direction"] == "highest"]
    _hold(bool(highest) and highest[0]["since"] is None, "it is not the highest of the months held")
    magnets = _one(received, MAGNETS, "2025-06", 3188.0)
    change = magnets["change_year"]
    _hold(change is not None and change < 0, f"magnets' change on the year is {change}")
    return {
        **_figure(data),
        "tail_probability": data["detection"]["tail_probability"],
        "expected": data["detection"]["expected"],
        "record": highest[0],
        "magnets_change_year": change,
    }


def magnets_recover(received: Sequence[Body]) -> dict[str, Any]:
    """Magnets, by August 2025: the figure resolves the alert."""
    resolved = [
        body["data"] for body in received if body["type"] == "alert.resolved" and _series(body) == MAGNETS
    ]
    _hold(len(resolved) == 1, f"{len(resolved)} alerts on magnets were resolved")
    data = resolved[0]
    _hold(data["period"] <= "2025-08", f"it was resolved by the figure of {data['period']}")
    _hold(data["transition"]["by"] is None, "a person resolved it")
    return {
        **_figure(data),
        "onset": data["alert"]["onset"],
        "interval_80": data["counterfactual"]["interval_80"],
    }


def _inside(body: Body) -> list[Body]:
    """The events of a message: those gathered in it, or itself."""
    return body["data"]["events"] if body["type"] == "alerts.gathered" else [body]


def _series(body: Body) -> str | None:
    series = body["data"].get("series")
    return None if series is None else str(series["id"])


def _one(received: Sequence[Body], series_id: str, period: str, value: float) -> dict[str, Any]:
    found: list[dict[str, Any]] = [
        body["data"] for body in received if _series(body) == series_id and body["data"]["period"] == period
    ]
    told = [data for data in found if data["value"] == value]
    if not told:
        others = ", ".join(f"{data['value']:,}" for data in found) or "nothing"
        raise MissedError(f"no message says {value:,} t for {series_id} {period}; said was {others}")
    return told[0]


def _figure(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "series": data["series"]["id"],
        "period": data["period"],
        "value": data["value"],
        "unit": data["series"]["unit"],
        "known_from": data["known_from"],
        "change_month": data["change_month"],
        "change_year": data["change_year"],
        "alert": data["alert"]["status"],
        "sentence": data["sentence"],
    }


def _hold(condition: bool, otherwise: str) -> None:
    if not condition:
        raise MissedError(otherwise)

"""What the service says of 2025 afterwards: the magnets' episode, the divergence of June, the measure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.demo.story import MAGNETS, RAW, MissedError, Point

Get = Callable[[str, dict[str, str]], Any]
"""GET of a path with parameters; the JSON answered."""

LATE = "2025-12-31T23:59:59Z"
"""The moment asked about: every figure of the replay is known by then."""
JUNE_KNOWN = "2025-07-31T00:00:00Z"


def aftermath(get: Get) -> list[Point]:
    """The three things that are told of the shock once it is over, each found or missed."""
    tellers: dict[str, Callable[[Get], dict[str, Any]]] = {
        "the magnets' episode, from its onset to its recovery in August 2025": _episode,
        "June 2025: ores, metals and compounds part from magnets": _divergence,
        "the export controls of 4 April 2025, linked to the episode": _measure,
    }
    told: list[Point] = []
    for name, teller in tellers.items():
        try:
            told.append(Point(name, teller(get), None))
        except MissedError as missed:
            told.append(Point(name, None, str(missed)))
    return told


def _magnets(get: Get) -> dict[str, Any]:
    found: list[dict[str, Any]] = get("/v1/episodes", {"series_id": MAGNETS, "as_of": LATE})["items"]
    began = [each for each in found if each["onset"] in {"2025-04", "2025-05"} and each["side"] == "down"]
    if not began:
        onsets = ", ".join(each["id"] for each in found) or "none"
        raise MissedError(f"no episode of the magnets began in April or May 2025; found were {onsets}")
    return began[0]


def _episode(get: Get) -> dict[str, Any]:
    found = _magnets(get)
    trough = found["trough"]
    if (trough["period"], trough["value"]) != ("2025-05", 1238.0):
        raise MissedError(f"its trough is {trough['value']:,} in {trough['period']}")
    if found["closed"] != "2025-08":
        raise MissedError(f"it is {found['status']}, closed with {found['closed']}")
    told = get(f"/v1/episodes/{found['id']}", {"as_of": LATE})
    life: dict[str, str] = {}
    for state in told["states"]:
        life.setdefault(state["followed_to"], state["status"])
    names = ("onset", "onset_known_from", "trough", "closed", "months_under", "shortfall", "types")
    return {"sentence": found["sentence"], **{name: found[name] for name in names}, "life": life}


def _divergence(get: Get) -> dict[str, Any]:
    found = get("/v1/divergence", {"family": "cn-rare-earths", "month": "2025-06", "as_of": JUNE_KNOWN})
    wanted = [each for each in found["pairs"] if (each["higher"], each["lower"]) == (RAW, MAGNETS)]
    if not wanted or not (wanted[0]["parted"] and wanted[0]["opposite"]):
        raise MissedError(found["reason"] or "the two have not parted in June")
    matched = [each["reason"] for each in found["findings"] if each["kind"] == "substitution"]
    if not matched:
        raise MissedError("no rise of a sibling matches the fall of the magnets in June")
    return {"month": found["month"], **wanted[0], "matched": matched[0]}


def _measure(get: Get) -> dict[str, Any]:
    episode = _magnets(get)
    link = episode["measure"]
    if link is None or link["effective"] != "2025-04-04":
        raise MissedError(f"the episode is linked to {link}")
    watched = get("/v1/measures", {"series_id": MAGNETS, "as_of": "2025-05-01T00:00:00Z"})["items"]
    before = next(each["state"] for each in watched if each["id"] == link["id"])
    return {**link, "state_on_2025-05-01": before, "episode": episode["id"]}

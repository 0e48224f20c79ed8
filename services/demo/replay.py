"""The replay: the figures of 2025 go in through the API day by day, and a desk receives what they set off."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx

from forecasting.shocks.detection import threshold
from services.demo.story import Point, points
from services.local.folder import temporary_folder
from services.local.stack import Stack, running, stops_on_signals

HERE = Path(__file__).parent
BEGINS = dt.date(2025, 5, 1)
"""Figures known before this day are the history that the installation begins with."""
BUDGET = 1.0
"""Alert budget of the demo's desk: false shocks that it accepts per series and year, half of them down."""
REHEARSED = {"from": "2018-01", "to": "2024-12", "budget": "1"}
"""Months on which the desk's rules are rehearsed before they are saved, and the alerts a year it accepts."""
PATIENCE = 60.0
"""Seconds that a day's refits and messages may take."""

Row = dict[str, str]
Say = Callable[[str], None]


class TooSlowError(Exception):
    """Work of the replay that did not end in time."""

    def __init__(self, what: str, seconds: float) -> None:
        self.what = what
        self.seconds = seconds
        super().__init__(f"{what} took more than {seconds:.0f} s; the logs are in the data folder.")


def run(environment: Mapping[str, str], say: Say, *, stay: bool) -> bool:
    """Start the stack on a fresh folder, replay, and print the summary; True if all five points showed.

    With ``stay`` the stack stays up until Ctrl-C after the replay.
    """
    began = time.monotonic()
    shown = False
    given = {**environment, "TONNAGE_ALERT_BUDGET": str(BUDGET)}
    with stops_on_signals(), temporary_folder() as folder, running(folder, given, say) as stack:
        started = time.monotonic()
        with httpx.Client(base_url=stack.api, timeout=30) as client:
            releases = replay(client, stack, say)
            received = _received(stack)
            told = points([message["body"] for message in received])
            shown = all(point.shown is not None for point in told)
            summary = {
                "ok": shown,
                "points": [asdict(point) for point in told],
                "releases": releases,
                "messages_received_and_verified": len(received),
                "messages_by_type": dict(Counter(message["body"]["type"] for message in received)),
                "seconds": {
                    "start": round(started - began, 1),
                    "replay": round(time.monotonic() - started, 1),
                },
            }
        _tell(told, say)
        if stay:
            say(f"\nThe service stays up at {stack.api}/docs, Flower at {stack.flower}; Ctrl-C ends it.")
            threading.Event().wait()
    if not stay:
        say(json.dumps(summary, indent=2, ensure_ascii=False))
    return shown


def replay(client: httpx.Client, stack: Stack, say: Say) -> int:
    """Register, load the history, and let each day of 2025 become known in turn; the count of releases."""
    for series in _json("series.json"):
        series_id = series.pop("id")
        _ok(client.put(f"/v1/series/{series_id}", json=series))
    history, days = _figures()
    _ok(_upload(client, history, history=True))
    _until("fitting the history", lambda: _jobs_left(client) == 0)
    say(f"history: {len(history)} figures known before {BEGINS}, and the first forecasts are published")
    say(
        f"alert budget: {BUDGET:g} false shock per series and year, so a chance below {threshold(BUDGET):.1%}"
    )
    endpoint = _ok(client.post("/v1/endpoints", json={"desk": "magnets", "url": stack.desk + "/"}))
    stack.trust(endpoint["secret"])
    for rule_id, rule in _json("rules.json").items():
        rehearsed = _ok(client.post("/v1/rules/rehearse", json=rule, params=REHEARSED))
        say(f"\n{rule_id}, rehearsed over {rehearsed['first']} to {rehearsed['last']}:")
        for line in rehearsed["in_words"]:
            say(f"  {line}")
        saved = _ok(client.put(f"/v1/rules/{rule_id}", json=rule))
        say(f"rule: {saved['in_words']}")
    for day, rows in days:
        said = ", ".join(f"{row['series_id']} {row['month']} = {float(row['value']):,} t" for row in rows)
        say(f"\n{day}  {said}")
        _ok(_upload(client, rows))
        _until("delivering", lambda: _deliveries_left(client) == 0)
        _until("refitting", lambda: _jobs_left(client) == 0)
    return len(days)


def _figures() -> tuple[list[Row], list[tuple[dt.date, list[Row]]]]:
    """The history, and the later figures by the day they became known."""
    with (HERE / "rare_earth.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def day(row: Row) -> dt.date:
        return dt.datetime.fromisoformat(row["known_from"]).date()

    later = [row for row in rows if day(row) >= BEGINS]
    return [row for row in rows if day(row) < BEGINS], [
        (each, list(group)) for each, group in groupby(later, day)
    ]


def _upload(client: httpx.Client, rows: list[Row], *, history: bool = False) -> httpx.Response:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return client.post(
        "/v1/observations",
        params={"history": str(history).lower(), "source": "demo"},
        content=text.getvalue().encode(),
        headers={"Content-Type": "text/csv"},
    )


def _jobs_left(client: httpx.Client) -> int:
    failed = _ok(client.get("/v1/jobs", params={"status": "failed"}))["items"]
    if failed:
        raise RuntimeError(f"a refit failed: {failed[0]['error']}")
    return len(_ok(client.get("/v1/jobs", params={"status": "pending"}))["items"])


def _deliveries_left(client: httpx.Client) -> int:
    return len(_ok(client.get("/v1/deliveries", params={"status": "pending"}))["items"])


def _received(stack: Stack) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = httpx.get(f"{stack.desk}/received").json()["messages"]
    return messages


def _ok(response: httpx.Response) -> Any:
    if response.is_error:
        raise RuntimeError(f"{response.request.url} answered {response.status_code}: {response.text[:1000]}")
    return response.json()


def _until(what: str, done: Callable[[], bool]) -> None:
    for _ in _attempts(what):
        if done():
            return


def _attempts(what: str) -> Iterator[None]:
    """One look each 50 ms, until PATIENCE is over; then TooSlowError."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        yield
        time.sleep(0.05)
    raise TooSlowError(what, PATIENCE)


def _tell(told: list[Point], say: Say) -> None:
    say("")
    for number, point in enumerate(told, start=1):
        verdict = "shown" if point.shown is not None else f"MISSED: {point.missed}"
        say(f"{number}. {point.name}: {verdict}")


def _json(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))

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
from services.demo import plain_forecaster
from services.demo.aftermath import aftermath
from services.demo.story import Point, points
from services.local.folder import temporary_folder
from services.local.stack import running, stops_on_signals

HERE = Path(__file__).parent
BEGINS = dt.date(2025, 5, 1)
"""Figures known before this day are the history that the installation begins with."""
BUDGET = 1.5
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
    """Start the stack on a fresh folder, replay, and print the summary; True if every point showed.

    With ``stay`` the stack stays up until Ctrl-C after the replay.
    """
    began = time.monotonic()
    shown = False
    given = {**environment, "TONNAGE_ALERT_BUDGET": str(BUDGET)}
    with stops_on_signals(), temporary_folder() as folder, running(folder, given, say) as stack:
        started = time.monotonic()
        with httpx.Client(base_url=stack.api, timeout=30) as client:
            summary = tell_story(client, stack.desk, stack.trust, say)
        shown = bool(summary["ok"])
        summary["seconds"] = {
            "start": round(started - began, 1),
            "replay": round(time.monotonic() - started, 1),
        }
        if stay:
            say(f"\nThe dashboard stays up at {stack.api}, Flower at {stack.flower}; Ctrl-C ends it.")
            say(f"to join it: {stack.joined_by}")
            threading.Event().wait()
    if not stay:
        say(json.dumps(summary, indent=2, ensure_ascii=False))
    return shown


def tell_story(client: httpx.Client, desk: str, trust: Callable[[str], None], say: Say) -> dict[str, Any]:
    """Replay through an API, and what the demo desk at an address then shows, as JSON.

    ``client`` calls the API; ``trust`` gives the desk a signing secret before anything is sent with it.
    """
    releases = replay(client, desk, trust, say)
    received = httpx.get(f"{desk}/received").json()["messages"]
    told = points([message["body"] for message in received])
    after = aftermath(lambda path, asked: _ok(client.get(path, params=asked)))
    _tell([*told, *after], say)
    return {
        "ok": all(point.shown is not None for point in (*told, *after)),
        "points": [asdict(point) for point in told],
        "aftermath": [asdict(point) for point in after],
        "releases": releases,
        "messages_received_and_verified": len(received),
        "messages_by_type": dict(Counter(message["body"]["type"] for message in received)),
    }


def replay(client: httpx.Client, desk: str, trust: Callable[[str], None], say: Say) -> int:
    """Register, load the history, and let each day of 2025 become known in turn; the count of releases."""
    history, days = figures()
    begin(client, history, desk, trust, say)
    for day, rows in days:
        said = ", ".join(f"{row['series_id']} {row['month']} = {float(row['value']):,} t" for row in rows)
        say(f"\n{day}  {said}")
        _foretell(client, rows)  # a week before
        release(client, rows)
    _foretell(client, None)
    return len(days)


def begin(
    client: httpx.Client,
    history: list[Row],
    desk: str,
    trust: Callable[[str], None],
    say: Say,
    *,
    patience: float = PATIENCE,
) -> None:
    """Series, measures, the history with its first forecasts, the desk's endpoint and its rules."""
    for series in _json("series.json"):
        series_id = series.pop("id")
        _ok(client.put(f"/v1/series/{series_id}", json=series))
    for measure_id, measure in _json("measures.json").items():
        _ok(client.put(f"/v1/measures/{measure_id}", json=measure))
    address = f"/v1/forecasters/{plain_forecaster.FORECASTER}"
    _ok(client.put(address, json={"name": plain_forecaster.NAME}))
    said = _foretell(client, history)
    say(f"beside our own: {said} forecasts of the past by {plain_forecaster.NAME}, a plain rule")
    _ok(_upload(client, history, history=True))
    _until("fitting the history", lambda: _jobs_left(client) == 0, patience)
    say(f"history: {len(history)} figures known before {BEGINS}, and the first forecasts are published")
    say(f"alert budget: {BUDGET:g} false shocks a series and year, so a chance below {threshold(BUDGET):.1%}")
    endpoint = _ok(client.post("/v1/endpoints", json={"desk": "magnets", "url": desk + "/"}))
    trust(endpoint["secret"])
    for rule_id, rule in _json("rules.json").items():
        rehearsed = _ok(client.post("/v1/rules/rehearse", json=rule, params=REHEARSED))
        say(f"\n{rule_id}, rehearsed over {rehearsed['first']} to {rehearsed['last']}:")
        for line in rehearsed["in_words"]:
            say(f"  {line}")
        saved = _ok(client.put(f"/v1/rules/{rule_id}", json=rule))
        say(f"rule: {saved['in_words']}")


def _foretell(client: httpx.Client, rows: list[Row] | None) -> int:
    """Submit what the plain forecaster had said of the first prints among rows; None is what is to come."""
    history, days = figures()
    known = [*history, *(row for _, later in days for row in later)]
    wanted = {(row["series_id"], row["month"]) for row in (known if rows is None else rows)}
    at = None if rows is None else {dt.datetime.fromisoformat(row["known_from"]) for row in rows}
    said = [
        each
        for each in plain_forecaster.submissions(known)
        if ((each["series_id"], each["month"]) in wanted) is (rows is not None)
        and (at is None or dt.datetime.fromisoformat(each["known_from"]) + plain_forecaster.AHEAD in at)
    ]
    if said:
        address = f"/v1/forecasters/{plain_forecaster.FORECASTER}/forecasts"
        _ok(client.post(address, params={"replay": "true"}, json={"forecasts": said}))
    return len(said)


def release(client: httpx.Client, rows: list[Row], *, patience: float = PATIENCE) -> None:
    """Let figures become known, and wait until what they set off is sent and fitted."""
    _ok(_upload(client, rows))
    _until("delivering", lambda: _deliveries_left(client) == 0, patience)
    _until("refitting", lambda: _jobs_left(client) == 0, patience)


def figures() -> tuple[list[Row], list[tuple[dt.date, list[Row]]]]:
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
        params={"history": str(history).lower(), "source": "demo", "replay": "true"},
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


def _ok(response: httpx.Response) -> Any:
    if response.is_error:
        raise RuntimeError(f"{response.request.url} answered {response.status_code}: {response.text[:1000]}")
    return response.json()


def _until(what: str, done: Callable[[], bool], patience: float) -> None:
    for _ in _attempts(what, patience):
        if done():
            return


def _attempts(what: str, patience: float) -> Iterator[None]:
    """One look each 50 ms, until the patience is over; then TooSlowError."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        yield
        time.sleep(0.05)
    raise TooSlowError(what, patience)


def _tell(told: list[Point], say: Say) -> None:
    say("")
    for number, point in enumerate(told, start=1):
        verdict = "shown" if point.shown is not None else f"MISSED: {point.missed}"
        say(f"{number}. {point.name}: {verdict}")
        if point.shown is not None:
            say(f"   {point.shown.get('sentence') or point.shown.get('reason') or point.shown.get('title')}")


def _json(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))

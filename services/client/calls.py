"""Every call as a value: what is sent, and how the answer is read. Both clients make the same ones."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from services.client import shapes

Answer = TypeVar("Answer")
Moment = dt.datetime | str | None
JSON = "application/json"
MOST_ITEMS = 1000
"""Items that are asked for on a page: as many as the API gives."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure to upload; ``value`` None withdraws what was known of the month."""

    series_id: str
    month: str
    value: float | None
    unit: str
    known_from: Moment = None
    stage: str | None = None
    source: str | None = None
    source_url: str | None = None


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """One request and how its answer is read; ``repeatable`` ones are sent again where no answer came.

    ``body`` is sent as JSON, or ``content`` as it is, of the type that ``headers`` name.
    """

    method: str
    path: str
    read: Callable[[Any], Answer]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Pages(Generic[Answer]):
    """A list that the API answers page by page; ``cursor`` is the parameter that takes a page's ``next``."""

    path: str
    read: Callable[[Any], Answer]
    parameters: Mapping[str, Any]
    cursor: str = "after"

    def page(self, following: str | None) -> Call[tuple[list[Answer], str | None]]:
        """The page at a cursor, the first at None: its items, and the cursor of the next, None at the end."""

        def read(answer: Any) -> tuple[list[Answer], str | None]:
            return [self.read(each) for each in answer["items"]], answer["next"]

        asked = {**self.parameters, self.cursor: following, "limit": MOST_ITEMS}
        return Call("GET", self.path, read, given(asked))


def list_series(*, family: str | None, tag: str | None) -> Pages[shapes.Series]:
    """Every series, of a family or tag where given, by id."""
    return Pages("/v1/series", shapes.series, {"family": family, "tag": tag})


def put_series(series_id: str, name: str, unit: str, described: Mapping[str, Any]) -> Call[shapes.Series]:
    """Register a series, or describe it anew."""
    body = {"name": name, "unit": unit, **described}
    return Call("PUT", f"/v1/series/{quote(series_id, safe='')}", shapes.series, body=body)


def record(figures: Iterable[Figure], *, source: str, history: bool, replay: bool) -> Call[shapes.Report]:
    """Upload figures, whole or not at all; a repeat of the same call records nothing twice."""
    return Call(
        "POST",
        "/v1/observations",
        lambda answer: shapes.shaped(shapes.Report, answer),
        given({"source": source, "history": history or None, "replay": replay or None}),
        [_row(each) for each in figures],
        headers={"Idempotency-Key": uuid.uuid4().hex},
    )


def upload(content: bytes, media: str, *, source: str, history: bool, replay: bool) -> Call[shapes.Report]:
    """Upload a file as it is, whole or not at all; a repeat of the same call records nothing twice."""
    return Call(
        "POST",
        "/v1/observations",
        lambda answer: shapes.shaped(shapes.Report, answer),
        given({"source": source, "history": history or None, "replay": replay or None}),
        content=content,
        headers={"Idempotency-Key": uuid.uuid4().hex, "Content-Type": media},
    )


def send(content: bytes, media: str, *, source: str, history: bool, replay: bool) -> Call[shapes.Job]:
    """Upload a file that is recorded in the background; a repeat of the same call is the same job."""
    made = upload(content, media, source=source, history=history, replay=replay)
    headers = {**made.headers, "Prefer": "respond-async"}
    return Call("POST", made.path, shapes.job, made.parameters, content=content, headers=headers)


def job(job_id: int) -> Call[shapes.Job]:
    """A job as it stands."""
    return Call("GET", f"/v1/jobs/{job_id}", shapes.job)


def put_forecaster(forecaster_id: str, name: str, desk: str | None) -> Call[dict[str, Any]]:
    """Add a forecaster, or name the one of its id anew."""
    path = f"/v1/forecasters/{quote(forecaster_id, safe='')}"
    return Call("PUT", path, dict, body=given({"name": name, "desk": desk}))


def forecasts(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows of forecasts as the body that ``submit`` sends."""
    return json.dumps({"forecasts": list(rows)}).encode()


def submit(forecaster_id: str, content: bytes, media: str) -> Call[dict[str, Any]]:
    """Submit a file of forecasts; the same again is stored once, so it may be sent again."""
    path = f"/v1/forecasters/{quote(forecaster_id, safe='')}/forecasts"
    return Call("POST", path, dict, content=content, headers={"Content-Type": media})


def observations(
    series_id: str, *, as_of: Moment, first: str | None, last: str | None, revisions: bool
) -> Pages[shapes.Held]:
    """The figures of a series, in the order of months."""
    asked = {"as_of": moment(as_of), "first": first, "last": last, "revisions": revisions or None}
    return Pages(_of_series(series_id, "observations"), _as(shapes.Held), asked)


def verdicts(series_id: str, *, as_of: Moment) -> Pages[shapes.Verdict]:
    """The verdicts on a series, the last known figure first."""
    path = _of_series(series_id, "verdicts")
    return Pages(path, _as(shapes.Verdict), {"as_of": moment(as_of)}, cursor="before")


def forecast(
    series_id: str, *, model: str | None, as_of: Moment, horizon: int | None, levels: Iterable[float] | None
) -> Call[shapes.Forecast | None]:
    """The newest forecast of a series; None while it is being fitted."""
    chosen = None if levels is None else ",".join(f"{level:g}" for level in levels)
    asked = {"model": model, "as_of": moment(as_of), "horizon": horizon, "levels": chosen}

    def read(answer: Any) -> shapes.Forecast | None:
        return shapes.forecast(answer) if "steps" in answer else None

    return Call("GET", _of_series(series_id, "forecasts"), read, given(asked))


def alerts(*, status: str | None, series_id: str | None, as_of: Moment) -> Pages[shapes.Alert]:
    """Alerts, the last opened first."""
    asked = {"status": status, "series_id": series_id, "as_of": moment(as_of)}
    return Pages("/v1/alerts", _as(shapes.Alert), asked)


def acknowledge(alert_id: str, note: str | None) -> Call[shapes.Alert]:
    """Say that an alert is seen; saying it twice changes nothing."""
    path = f"/v1/alerts/{quote(alert_id, safe='')}/acknowledge"
    return Call("POST", path, _as(shapes.Alert), body=given({"note": note}))


def episodes(
    *, series_id: str | None, family: str | None, status: str | None, as_of: Moment
) -> Pages[shapes.Episode]:
    """Episodes, the latest onset first."""
    asked = {"series_id": series_id, "family": family, "status": status, "as_of": moment(as_of)}
    return Pages("/v1/episodes", shapes.episode, asked)


def releases(*, calendar: str | None, state: str | None, as_of: Moment) -> Call[list[shapes.Release]]:
    """Releases by when they are due."""
    asked = {"calendar": calendar, "state": state, "as_of": moment(as_of)}
    return Call("GET", "/v1/releases", _items(shapes.Release), given(asked))


def scoreboard(
    *, by: str | None, series_id: str | None, horizon: int | None, members: bool, as_of: Moment
) -> Call[list[shapes.Standing]]:
    """Lines of the scoreboard."""
    asked = {"by": by, "series_id": series_id, "horizon": horizon, "as_of": moment(as_of)}
    asked["members"] = members or None
    return Call("GET", "/v1/scoreboard", _items(shapes.Standing, "lines"), given(asked))


def rules(*, desk: str | None, as_of: Moment) -> Call[list[dict[str, Any]]]:
    """Rules in force, by id."""
    asked = {"desk": desk, "as_of": moment(as_of)}
    return Call("GET", "/v1/rules", lambda answer: list(answer["items"]), given(asked))


def rehearse(rule: Mapping[str, Any], *, budget: float | None) -> Call[dict[str, Any]]:
    """Replay a rule on the past; nothing is saved, so it may be asked again."""
    return Call("POST", "/v1/rules/rehearse", dict, given({"budget": budget}), dict(rule))


def deliveries(*, status: str | None) -> Pages[dict[str, Any]]:
    """Deliveries to every endpoint, the newest first."""
    return Pages("/v1/deliveries", dict, {"status": status}, cursor="before")


def replay(delivery_id: int) -> Call[dict[str, Any]]:
    """Send a delivery again."""
    return Call("POST", f"/v1/deliveries/{delivery_id}/replay", dict, repeatable=False)


def ask(method: str, path: str, body: Any, parameters: Mapping[str, Any]) -> Call[Any]:
    """An operation by its method and path; only what changes nothing when repeated is sent again."""
    method = method.upper()
    return Call(
        method, path, lambda answer: answer, given(parameters), body, repeatable=method in {"GET", "PUT"}
    )


def put_rule(rule_id: str, rule: Mapping[str, Any]) -> Call[dict[str, Any]]:
    """Save a rule under an id, as its next version."""
    return Call("PUT", f"/v1/rules/{quote(rule_id, safe='')}", dict, body=dict(rule))


def add_endpoint(desk: str, url: str) -> Call[dict[str, Any]]:
    """Add an endpoint; the answer holds its id and its secret, shown once."""
    return Call("POST", "/v1/endpoints", dict, body={"desk": desk, "url": url}, repeatable=False)


def given(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, without what was not."""
    return {name: value for name, value in asked.items() if value is not None}


def moment(at: Moment) -> str | None:
    """A moment as the API reads it; ValueError for one without a zone."""
    if isinstance(at, dt.datetime):
        if at.tzinfo is None:
            raise ValueError(f"{at} has no zone: give an aware datetime, such as with tzinfo=dt.UTC")
        return at.isoformat()
    return at


def _row(figure: Figure) -> dict[str, Any]:
    value = "withdrawn" if figure.value is None else figure.value
    return given({**asdict(figure), "value": value, "known_from": moment(figure.known_from)})


def _of_series(series_id: str, resource: str) -> str:
    return f"/v1/series/{quote(series_id, safe='')}/{resource}"


def _items(shape: type[Answer], key: str = "items") -> Callable[[Any], list[Answer]]:
    return lambda answer: [shapes.shaped(shape, each) for each in answer[key]]


def _as(shape: type[Answer]) -> Callable[[Any], Answer]:
    return lambda answer: shapes.shaped(shape, answer)

"""``Client``: every call, waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from services.client import calls
from services.client.calls import JSON, Answer, Call, Figure, Moment, Pages
from services.client.connection import POLL_SECONDS, STREAM, headers, reported, resumed, streamed
from services.client.errors import ForecastNotReadyError, JobNotDoneError
from services.client.retries import Retries, read, refusal
from services.client.shapes import (
    Alert,
    Episode,
    Forecast,
    Held,
    Job,
    Release,
    Report,
    Series,
    Standing,
    StreamedAlert,
    Verdict,
)


class Client:
    """A client of the API at ``address``; ApiError where it answers with a problem."""

    def __init__(
        self, address: str, key: str | None = None, *, timeout: float = 30.0, retries: Retries | None = None
    ) -> None:
        self._http = httpx.Client(base_url=address, headers=headers(key), timeout=timeout)
        self._retries = retries or Retries()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def list_series(self, *, family: str | None = None, tag: str | None = None) -> Iterator[Series]:
        """Every series, page by page."""
        yield from self._each(calls.list_series(family=family, tag=tag))

    def put_series(self, series_id: str, *, name: str, unit: str, **described: Any) -> Series:
        """Register a series, or describe it anew: ``family``, ``tags``, ``reporter`` and so on."""
        return self._made(calls.put_series(series_id, name, unit, described))

    def record(
        self, figures: Iterable[Figure], *, source: str, history: bool = False, replay: bool = False
    ) -> Report:
        """Upload figures: all are recorded, judged and followed by every rule, or none is."""
        return self._made(calls.record(figures, source=source, history=history, replay=replay))

    def upload(
        self, content: bytes, media: str, *, source: str, history: bool = False, replay: bool = False
    ) -> Report:
        """Upload a file in our own columns as it is: CSV, JSON, Parquet or Excel, by its content type."""
        return self._made(calls.upload(content, media, source=source, history=history, replay=replay))

    def send(
        self, content: bytes, media: str, *, source: str, history: bool = False, replay: bool = False
    ) -> Job:
        """Upload a file as ``upload`` does, to be recorded in the background: the job that does."""
        return self._made(calls.send(content, media, source=source, history=history, replay=replay))

    def job(self, job_id: int) -> Job:
        """A job as it stands: of an upload how far it is, and what became of it."""
        return self._made(calls.job(job_id))

    def recorded(
        self, job_id: int, *, wait: float = 600.0, progress: Callable[[Job], None] | None = None
    ) -> Report:
        """What became of an upload that was sent, waited for; ``progress`` is told at each look.

        UploadFailedError where it was refused, with its faults; JobNotDoneError after ``wait`` seconds.
        """
        deadline = time.monotonic() + wait
        while True:
            found = self.job(job_id)
            if progress is not None:
                progress(found)
            report = reported(found)
            if report is not None:
                return report
            if time.monotonic() > deadline:
                raise JobNotDoneError(job_id, wait)
            time.sleep(POLL_SECONDS)

    def put_forecaster(self, forecaster_id: str, *, name: str, desk: str | None = None) -> dict[str, Any]:
        """Add a forecaster, or name the one of its id anew; with a desk it alone sees it."""
        return self._made(calls.put_forecaster(forecaster_id, name, desk))

    def submit(
        self, forecaster_id: str, forecasts: Iterable[Mapping[str, Any]] | bytes, media: str = JSON
    ) -> dict[str, Any]:
        """Submit forecasts before their figures come: rows as the API has them, or a file of a type."""
        content = forecasts if isinstance(forecasts, bytes) else calls.forecasts(forecasts)
        return self._made(calls.submit(forecaster_id, content, media))

    def observations(
        self,
        series_id: str,
        *,
        as_of: Moment = None,
        first: str | None = None,
        last: str | None = None,
        revisions: bool = False,
    ) -> list[Held]:
        """The standing figure of each month, as known now or at ``as_of``; with ``revisions`` every print."""
        pages = calls.observations(series_id, as_of=as_of, first=first, last=last, revisions=revisions)
        return list(self._each(pages))

    def verdicts(self, series_id: str, *, as_of: Moment = None) -> list[Verdict]:
        """The verdict on each figure, the last known first."""
        return list(self._each(calls.verdicts(series_id, as_of=as_of)))

    def forecast(
        self,
        series_id: str,
        *,
        model: str | None = None,
        as_of: Moment = None,
        horizon: int | None = None,
        levels: Iterable[float] | None = None,
        wait: float = 60.0,
    ) -> Forecast:
        """The newest forecast; one that is being fitted is waited for, then ForecastNotReadyError."""
        call = calls.forecast(series_id, model=model, as_of=as_of, horizon=horizon, levels=levels)
        deadline = time.monotonic() + wait
        while (found := self._made(call)) is None:
            if time.monotonic() > deadline:
                raise ForecastNotReadyError(series_id, wait)
            time.sleep(POLL_SECONDS)
        return found

    def alerts(
        self, *, status: str | None = None, series_id: str | None = None, as_of: Moment = None
    ) -> list[Alert]:
        """Every alert that has opened, the last opened first, as it stands or stood at ``as_of``."""
        return list(self._each(calls.alerts(status=status, series_id=series_id, as_of=as_of)))

    def acknowledge(self, alert_id: str, *, note: str | None = None) -> Alert:
        """Say that an alert is seen; its desk is told who has it."""
        return self._made(calls.acknowledge(alert_id, note))

    def episodes(
        self,
        *,
        series_id: str | None = None,
        family: str | None = None,
        status: str | None = None,
        as_of: Moment = None,
    ) -> list[Episode]:
        """Shocks from onset to end, the latest onset first, as they stand or stood at ``as_of``."""
        asked = calls.episodes(series_id=series_id, family=family, status=status, as_of=as_of)
        return list(self._each(asked))

    def releases(
        self, *, calendar: str | None = None, state: str | None = None, as_of: Moment = None
    ) -> list[Release]:
        """Releases expected, due, late and arrived, by when they are due."""
        return self._made(calls.releases(calendar=calendar, state=state, as_of=as_of))

    def scoreboard(
        self,
        *,
        by: str | None = None,
        series_id: str | None = None,
        horizon: int | None = None,
        members: bool = False,
        as_of: Moment = None,
    ) -> list[Standing]:
        """The record of published forecasts, seasonal naive beside it; ``by`` model, horizon or series."""
        return self._made(
            calls.scoreboard(by=by, series_id=series_id, horizon=horizon, members=members, as_of=as_of)
        )

    def rules(self, *, desk: str | None = None, as_of: Moment = None) -> list[dict[str, Any]]:
        """Rules in force, or those that were at ``as_of``, by id."""
        return self._made(calls.rules(desk=desk, as_of=as_of))

    def rehearse(self, rule: Mapping[str, Any], *, budget: float | None = None) -> dict[str, Any]:
        """Every alert that a rule would have raised on the past; ``budget`` is of alerts a year."""
        return self._made(calls.rehearse(rule, budget=budget))

    def deliveries(self, *, status: str | None = None) -> Iterator[dict[str, Any]]:
        """Messages to endpoints, the newest first, page by page; ``exhausted`` wait for a replay."""
        yield from self._each(calls.deliveries(status=status))

    def replay(self, delivery_id: int) -> dict[str, Any]:
        """Send a delivery again, under the same id."""
        return self._made(calls.replay(delivery_id))

    def ask(self, method: str, path: str, *, body: Any = None, **parameters: Any) -> Any:
        """The JSON of any other operation, such as ``ask("GET", "/v1/divergence", family="CN_RE")``."""
        return self._made(calls.ask(method, path, body, parameters))

    def put_rule(self, rule_id: str, rule: Mapping[str, Any]) -> dict[str, Any]:
        """Save a rule as the next version of its id."""
        return self._made(calls.put_rule(rule_id, rule))

    def add_endpoint(self, *, desk: str, url: str) -> dict[str, Any]:
        """Add an endpoint: keep ``secret`` of the answer, it is shown once."""
        return self._made(calls.add_endpoint(desk, url))

    def live(self, *, after: int | None = None) -> Iterator[StreamedAlert]:
        """Alerts as they happen, from now or after an event's id; ends when the connection does."""
        with self._http.stream("GET", STREAM, headers=resumed(after), timeout=None) as response:
            if not response.is_success:
                response.read()
                raise refusal(response)
            yield from (event for line in response.iter_lines() if (event := streamed(line)) is not None)

    def _each(self, pages: Pages[Answer]) -> Iterator[Answer]:
        following: str | None = None
        while True:
            found, following = self._made(pages.page(following))
            yield from found
            if following is None:
                return

    def _made(self, call: Call[Answer]) -> Answer:
        number = 1
        while True:
            outcome: httpx.Response | httpx.TransportError
            try:
                outcome = self._http.request(
                    call.method,
                    call.path,
                    params=call.parameters,
                    json=call.body,
                    content=call.content,
                    headers=call.headers,
                )
            except httpx.TransportError as error:
                outcome = error
            wait = self._retries.wait(call, number, outcome)
            if wait is None:
                if isinstance(outcome, httpx.TransportError):
                    raise outcome
                return read(call, outcome)
            time.sleep(wait)
            number += 1

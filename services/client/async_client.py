"""``AsyncClient``: every call, awaited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
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


class AsyncClient:
    """As ``Client``, awaited."""

    def __init__(
        self, address: str, key: str | None = None, *, timeout: float = 30.0, retries: Retries | None = None
    ) -> None:
        self._http = httpx.AsyncClient(base_url=address, headers=headers(key), timeout=timeout)
        self._retries = retries or Retries()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def list_series(
        self, *, family: str | None = None, tag: str | None = None
    ) -> AsyncIterator[Series]:
        """Every series, page by page."""
        async for each in self._each(calls.list_series(family=family, tag=tag)):
            yield each

    async def put_series(self, series_id: str, *, name: str, unit: str, **described: Any) -> Series:
        """Register a series, or describe it anew."""
        return await self._made(calls.put_series(series_id, name, unit, described))

    async def record(
        self, figures: Iterable[Figure], *, source: str, history: bool = False, replay: bool = False
    ) -> Report:
        """Upload figures: all are recorded, judged and followed by every rule, or none is."""
        return await self._made(calls.record(figures, source=source, history=history, replay=replay))

    async def upload(
        self, content: bytes, media: str, *, source: str, history: bool = False, replay: bool = False
    ) -> Report:
        """Upload a file in our own columns as it is: CSV, JSON, Parquet or Excel, by its content type."""
        return await self._made(calls.upload(content, media, source=source, history=history, replay=replay))

    async def send(
        self, content: bytes, media: str, *, source: str, history: bool = False, replay: bool = False
    ) -> Job:
        """Upload a file as ``upload`` does, to be recorded in the background: the job that does."""
        return await self._made(calls.send(content, media, source=source, history=history, replay=replay))

    async def job(self, job_id: int) -> Job:
        """A job as it stands: of an upload how far it is, and what became of it."""
        return await self._made(calls.job(job_id))

    async def recorded(
        self, job_id: int, *, wait: float = 600.0, progress: Callable[[Job], None] | None = None
    ) -> Report:
        """What became of an upload that was sent, waited for; ``progress`` is told at each look.

        UploadFailedError where it was refused, with its faults; JobNotDoneError after ``wait`` seconds.
        """
        deadline = time.monotonic() + wait
        while True:
            found = await self.job(job_id)
            if progress is not None:
                progress(found)
            report = reported(found)
            if report is not None:
                return report
            if time.monotonic() > deadline:
                raise JobNotDoneError(job_id, wait)
            await asyncio.sleep(POLL_SECONDS)

    async def put_forecaster(
        self, forecaster_id: str, *, name: str, desk: str | None = None
    ) -> dict[str, Any]:
        """Add a forecaster, or name the one of its id anew; with a desk it alone sees it."""
        return await self._made(calls.put_forecaster(forecaster_id, name, desk))

    async def submit(
        self, forecaster_id: str, forecasts: Iterable[Mapping[str, Any]] | bytes, media: str = JSON
    ) -> dict[str, Any]:
        """Submit forecasts before their figures come: rows as the API has them, or a file of a type."""
        content = forecasts if isinstance(forecasts, bytes) else calls.forecasts(forecasts)
        return await self._made(calls.submit(forecaster_id, content, media))

    async def observations(
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
        return [each async for each in self._each(pages)]

    async def verdicts(self, series_id: str, *, as_of: Moment = None) -> list[Verdict]:
        """The verdict on each figure, the last known first."""
        return [each async for each in self._each(calls.verdicts(series_id, as_of=as_of))]

    async def forecast(
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
        while (found := await self._made(call)) is None:
            if time.monotonic() > deadline:
                raise ForecastNotReadyError(series_id, wait)
            await asyncio.sleep(POLL_SECONDS)
        return found

    async def alerts(
        self, *, status: str | None = None, series_id: str | None = None, as_of: Moment = None
    ) -> list[Alert]:
        """Every alert that has opened, the last opened first, as it stands or stood at ``as_of``."""
        asked = calls.alerts(status=status, series_id=series_id, as_of=as_of)
        return [each async for each in self._each(asked)]

    async def acknowledge(self, alert_id: str, *, note: str | None = None) -> Alert:
        """Say that an alert is seen; its desk is told who has it."""
        return await self._made(calls.acknowledge(alert_id, note))

    async def episodes(
        self,
        *,
        series_id: str | None = None,
        family: str | None = None,
        status: str | None = None,
        as_of: Moment = None,
    ) -> list[Episode]:
        """Shocks from onset to end, the latest onset first, as they stand or stood at ``as_of``."""
        asked = calls.episodes(series_id=series_id, family=family, status=status, as_of=as_of)
        return [each async for each in self._each(asked)]

    async def releases(
        self, *, calendar: str | None = None, state: str | None = None, as_of: Moment = None
    ) -> list[Release]:
        """Releases expected, due, late and arrived, by when they are due."""
        return await self._made(calls.releases(calendar=calendar, state=state, as_of=as_of))

    async def scoreboard(
        self,
        *,
        by: str | None = None,
        series_id: str | None = None,
        horizon: int | None = None,
        members: bool = False,
        as_of: Moment = None,
    ) -> list[Standing]:
        """The record of published forecasts, seasonal naive beside it; ``by`` model, horizon or series."""
        return await self._made(
            calls.scoreboard(by=by, series_id=series_id, horizon=horizon, members=members, as_of=as_of)
        )

    async def rules(self, *, desk: str | None = None, as_of: Moment = None) -> list[dict[str, Any]]:
        """Rules in force, or those that were at ``as_of``, by id."""
        return await self._made(calls.rules(desk=desk, as_of=as_of))

    async def rehearse(self, rule: Mapping[str, Any], *, budget: float | None = None) -> dict[str, Any]:
        """Every alert that a rule would have raised on the past; ``budget`` is of alerts a year."""
        return await self._made(calls.rehearse(rule, budget=budget))

    async def deliveries(self, *, status: str | None = None) -> AsyncIterator[dict[str, Any]]:
        """Messages to endpoints, the newest first, page by page; ``exhausted`` wait for a replay."""
        async for each in self._each(calls.deliveries(status=status)):
            yield each

    async def replay(self, delivery_id: int) -> dict[str, Any]:
        """Send a delivery again, under the same id."""
        return await self._made(calls.replay(delivery_id))

    async def ask(self, method: str, path: str, *, body: Any = None, **parameters: Any) -> Any:
        """The JSON of any other operation, such as ``ask("GET", "/v1/divergence", family="CN_RE")``."""
        return await self._made(calls.ask(method, path, body, parameters))

    async def put_rule(self, rule_id: str, rule: Mapping[str, Any]) -> dict[str, Any]:
        """Save a rule as the next version of its id."""
        return await self._made(calls.put_rule(rule_id, rule))

    async def add_endpoint(self, *, desk: str, url: str) -> dict[str, Any]:
        """Add an endpoint: keep ``secret`` of the answer, it is shown once."""
        return await self._made(calls.add_endpoint(desk, url))

    async def live(self, *, after: int | None = None) -> AsyncIterator[StreamedAlert]:
        """Alerts as they happen, from now or after an event's id; ends when the connection does."""
        async with self._http.stream("GET", STREAM, headers=resumed(after), timeout=None) as response:
            if not response.is_success:
                await response.aread()
                raise refusal(response)
            async for line in response.aiter_lines():
                if (event := streamed(line)) is not None:
                    yield event

    async def _each(self, pages: Pages[Answer]) -> AsyncIterator[Answer]:
        following: str | None = None
        while True:
            found, following = await self._made(pages.page(following))
            for each in found:
                yield each
            if following is None:
                return

    async def _made(self, call: Call[Answer]) -> Answer:
        number = 1
        while True:
            outcome: httpx.Response | httpx.TransportError
            try:
                outcome = await self._http.request(
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
            await asyncio.sleep(wait)
            number += 1

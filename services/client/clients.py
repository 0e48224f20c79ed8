"""``Client`` and ``AsyncClient``: the same calls, one waiting, one awaited."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from services.client import calls
from services.client.calls import Answer, Call, Figure, Moment, Pages
from services.client.errors import ForecastNotReadyError
from services.client.retries import Retries, read, refusal
from services.client.shapes import Alert, Forecast, Held, Report, Series, StreamedAlert, Verdict, shaped

POLL_SECONDS = 1.0
STREAM = "/v1/alerts/stream"


def _headers(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def _as_event(line: str) -> StreamedAlert | None:
    return shaped(StreamedAlert, json.loads(line[6:])) if line.startswith("data: ") else None


class Client:
    """A client of the API at ``address``; ApiError where it answers with a problem."""

    def __init__(
        self, address: str, key: str | None = None, *, timeout: float = 30.0, retries: Retries | None = None
    ) -> None:
        self._http = httpx.Client(base_url=address, headers=_headers(key), timeout=timeout)
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

    def alerts(self, *, status: str | None = None, series_id: str | None = None) -> list[Alert]:
        """Every alert that has opened, the last opened first."""
        return list(self._each(calls.alerts(status=status, series_id=series_id)))

    def put_rule(self, rule_id: str, rule: Mapping[str, Any]) -> dict[str, Any]:
        """Save a rule as the next version of its id."""
        return self._made(calls.put_rule(rule_id, rule))

    def add_endpoint(self, *, desk: str, url: str) -> dict[str, Any]:
        """Add an endpoint: keep ``secret`` of the answer, it is shown once."""
        return self._made(calls.add_endpoint(desk, url))

    def live(self, *, after: int | None = None) -> Iterator[StreamedAlert]:
        """Alerts as they happen, from now or after an event's id; ends when the connection does."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        with self._http.stream("GET", STREAM, headers=headers, timeout=None) as response:
            if not response.is_success:
                response.read()
                raise refusal(response)
            yield from (event for line in response.iter_lines() if (event := _as_event(line)) is not None)

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
                    call.method, call.path, params=call.parameters, json=call.body, headers=call.headers
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


class AsyncClient:
    """As ``Client``, awaited."""

    def __init__(
        self, address: str, key: str | None = None, *, timeout: float = 30.0, retries: Retries | None = None
    ) -> None:
        self._http = httpx.AsyncClient(base_url=address, headers=_headers(key), timeout=timeout)
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

    async def alerts(self, *, status: str | None = None, series_id: str | None = None) -> list[Alert]:
        """Every alert that has opened, the last opened first."""
        return [each async for each in self._each(calls.alerts(status=status, series_id=series_id))]

    async def put_rule(self, rule_id: str, rule: Mapping[str, Any]) -> dict[str, Any]:
        """Save a rule as the next version of its id."""
        return await self._made(calls.put_rule(rule_id, rule))

    async def add_endpoint(self, *, desk: str, url: str) -> dict[str, Any]:
        """Add an endpoint: keep ``secret`` of the answer, it is shown once."""
        return await self._made(calls.add_endpoint(desk, url))

    async def live(self, *, after: int | None = None) -> AsyncIterator[StreamedAlert]:
        """Alerts as they happen, from now or after an event's id; ends when the connection does."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        async with self._http.stream("GET", STREAM, headers=headers, timeout=None) as response:
            if not response.is_success:
                await response.aread()
                raise refusal(response)
            async for line in response.aiter_lines():
                if (event := _as_event(line)) is not None:
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
                    call.method, call.path, params=call.parameters, json=call.body, headers=call.headers
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

"""The line to a source: paced, budgeted, conditional, bounded; answers are kept before they are read."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

import httpx
from sqlalchemy import Engine

from services.ingestion.sources import parsing
from services.ingestion.sources.faults import (
    BudgetSpentFault,
    KeyRefusedFault,
    MovedFault,
    QueuedFault,
    RefusedRequestFault,
    SourceFault,
    TooLargeFault,
    TooManyCallsFault,
    UnreachableFault,
    key_wanted,
)
from services.ingestion.sources.source import Request, Source
from services.storage import snapshots, sources
from services.storage.snapshots import Snapshot

LARGEST = 64 * 1024 * 1024
"""Bytes of one answer, unpacked."""
SECONDS = httpx.Timeout(60, connect=10)
"""A Comtrade answer of 100,000 rows takes most of a minute to begin."""
PATIENCE = dt.timedelta(seconds=60)
"""A pause asked for that is no longer than this is waited for on the line; a longer one ends the poll."""
LONGEST_PAUSE = dt.timedelta(days=7)
"""A pause asked for is kept up to this; then the source is asked again."""
TRIES = 3
GOOD = frozenset({"kept", "waiting", "again", "derived"})
"""Outcomes of an answer that nothing was wrong with."""

_KEPT_HEADERS = frozenset(
    {
        "content-type",
        "content-disposition",
        "date",
        "etag",
        "expires",
        "last-modified",
        "location",
        "retry-after",
    }
    | {"x-datawebapi-keyerror"}
)
_TOO_MANY = frozenset({403, 429, 503})
"""With Retry-After: a gateway's quota comes as 403, a source under load as 503."""


class Line:
    """One process's way to one source; ``clock`` and ``wait`` (seconds) are given so that tests own time."""

    def __init__(
        self,
        engine: Engine,
        source: Source,
        *,
        address: str | None = None,
        key: str | None = None,
        clock: Callable[[], dt.datetime],
        wait: Callable[[float], None],
    ) -> None:
        self.engine = engine
        self.source = source
        self.key = key
        self.clock = clock
        self.wait = wait
        self.calls = 0
        self.waited = 0.0
        self._client = httpx.Client(
            base_url=address or source.address,
            timeout=SECONDS,
            follow_redirects=False,
            headers={"User-Agent": "Tonnage (monthly trade figures; one poll a release)"},
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def ask(self, request: Request) -> Snapshot:
        """The answer, kept; SourceFault where there is none to use. A short pause asked for is waited for."""
        if self.key is None and self.source.key is not None and self.source.key.needed:
            raise KeyRefusedFault(
                f"{self.source.title} answers only with a key, and none is held", key_wanted(self.source.name)
            )
        if request.release or request.holds:
            with self.engine.begin() as connection:
                held = snapshots.newest(connection, self.source.name, str(request))
            good = held is not None and held.outcome in GOOD
            if (
                held is not None
                and good
                and (request.release or self.clock() < held.last_seen + request.holds)
            ):
                return held
        for last in (False,) * (TRIES - 1) + (True,):
            try:
                return self._once(request)
            except TooManyCallsFault as fault:
                pause = fault.until - self.clock()
                if last or pause > PATIENCE:
                    raise
                self._pause(pause)
        raise AssertionError  # pragma: no cover - the last try returns or raises

    def _pause(self, pause: dt.timedelta) -> None:
        seconds = max(pause.total_seconds(), 0.0)
        self.waited += seconds
        self.wait(seconds)

    def _once(self, request: Request) -> Snapshot:
        held = self._reserve(request)
        status, headers, body = self._send(request, held)
        now = self.clock()
        if status == httpx.codes.NOT_MODIFIED and held is not None:
            with self.engine.begin() as connection:
                snapshots.seen(connection, held.id, headers={}, now=now)
            return held
        fault = self._fault(status, headers, body, now)
        if isinstance(fault, UnreachableFault | TooManyCallsFault):
            raise fault
        with self.engine.begin() as connection:
            kept = snapshots.keep(
                connection,
                source=self.source.name,
                request=str(request),
                bears_figures=request.bears_figures and fault is None,
                status=status,
                headers=headers,
                body=body,
                now=now,
            )
            if fault is not None and not isinstance(fault, QueuedFault):
                snapshots.settle(
                    connection, kept.id, parser=self.source.parser, fault=fault.kind, reason=str(fault)
                )
        if fault is not None:
            raise fault
        return kept

    def _reserve(self, request: Request) -> Snapshot | None:
        """Wait for a turn; the answer held to the same request, to ask whether it changed."""
        pace = self.source.pace
        now = self.clock()
        with self.engine.begin() as connection:
            turn = sources.reserve(
                connection, self.source.name, now=now, apart=pace.apart, budget=pace.calls_a_day
            )
            held = snapshots.newest(connection, self.source.name, str(request))
        if turn is None:
            raise BudgetSpentFault(
                f"{self.source.title} was asked {pace.calls_a_day:,} times today, which is our bound"
            )
        if turn > now:
            self._pause(turn - now)
        self.calls += 1
        return held if held is not None and held.status == httpx.codes.OK else None

    def _send(self, request: Request, held: Snapshot | None) -> tuple[int, dict[str, str], bytes]:
        headers = {} if held is None else _conditions(held.headers)
        parameters: list[tuple[str, str | int | float | bool | None]] = [*request.parameters]
        use = self.source.key
        if use is not None and self.key is not None:
            if use.place == "header":
                headers[use.name] = self.key
            else:
                parameters.append((use.name, self.key))
        method = "GET" if request.body is None else "POST"
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        body = bytearray()
        try:
            with self._client.stream(
                method, request.path, params=parameters or None, content=request.body, headers=headers
            ) as answer:
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > LARGEST:
                        raise TooLargeFault(f"The answer to {request} has more than {LARGEST:,} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreachableFault(
                f"{self.source.title} did not answer {request} ({type(error).__name__})"
            ) from None  # the error's own text may hold the key
        kept = {
            name.lower(): value for name, value in answer.headers.items() if name.lower() in _KEPT_HEADERS
        }
        return answer.status_code, kept, bytes(body)

    def _fault(  # noqa: PLR0911 - one line a status
        self, status: int, headers: Mapping[str, str], body: bytes, now: dt.datetime
    ) -> SourceFault | None:
        title = self.source.title
        own = parsing.refusal(self.source, status, headers, body)
        if isinstance(own, SourceFault):
            return own
        if status in _TOO_MANY and headers.get("retry-after", "0") != "0":
            pause = retry_after(headers["retry-after"], now)
            return TooManyCallsFault(
                f"{title} answered {status} and asked for a pause of {pause}", now + pause
            )
        if status == httpx.codes.TOO_MANY_REQUESTS or (status == 403 and b"quota" in body[:500].lower()):
            return TooManyCallsFault(f"{title} answered {status} without saying for how long", now + PATIENCE)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return UnreachableFault(f"{title} answered {status}")
        if status in {401, 403}:
            return KeyRefusedFault(f"{title} answered {status}: {excerpt(body)}")
        if status in range(300, 400):
            return MovedFault(f"{title} answered {status} to {headers.get('location', 'nowhere')[:200]}")
        if status >= httpx.codes.BAD_REQUEST:
            return RefusedRequestFault(f"{title} answered {status}: {excerpt(body)}")
        return None


def retry_after(text: str, now: dt.datetime) -> dt.timedelta:
    """The pause that Retry-After asks for, in seconds or as a date; a minute where it is neither.

    At most LONGEST_PAUSE: a slip of the source's would have it rest for years.
    """
    return min(max(_asked(text.strip(), now), dt.timedelta()), LONGEST_PAUSE)


def _asked(text: str, now: dt.datetime) -> dt.timedelta:
    if text.isascii() and text.isdigit():
        return dt.timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        moment = parsedate_to_datetime(text)
        return PATIENCE if moment.tzinfo is None else moment - now
    except (ValueError, OverflowError):  # a zone of a million hours, a year that no calendar has
        return PATIENCE


def excerpt(body: bytes) -> str:
    """The first words of an answer, of its message where it is JSON with one."""
    text = body[:2000].decode("utf-8", "replace")
    try:
        given = json.loads(text)
        text = str(given["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return " ".join(text.split())[:200]


def _conditions(headers: Mapping[str, str]) -> dict[str, str]:
    conditions = {}
    if "etag" in headers:
        conditions["If-None-Match"] = headers["etag"]
    if "last-modified" in headers:
        conditions["If-Modified-Since"] = headers["last-modified"]
    return conditions

"""What happens to alerts, as it happens, as server-sent events: for the API and for pages that are open."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from anyio import to_thread
from sqlalchemy import Connection, Engine

from services.storage import alert_stream
from services.storage.alert_stream import Position, StreamedEvent

MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
LOOK_SECONDS = 0.5
"""Between two looks at what is new: one indexed query each."""
HEARTBEAT_SECONDS = 15.0
"""Of silence, after which a comment says that the stream lives; proxies close what says nothing."""
MOST_STREAMS = 100
"""Streams that one process keeps open."""
COME_BACK_SECONDS = 10


class Listener(Protocol):
    """Whoever listens; ``desk`` None hears of every desk."""

    @property
    def desk(self) -> str | None:
        """Whose alerts are heard."""


Still = Callable[[Connection], Listener | None]
"""Whoever listens, looked up anew at each look; None ends the stream."""

_open: set[object] = set()


class TooManyStreamsError(Exception):
    """One more stream than a process keeps open."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"{most} streams are open already.")


def begin(engine: Engine, last_event_id: int | None) -> Position:
    """Where a stream begins: now, or behind an event that was heard already. TooManyStreamsError."""
    if len(_open) >= MOST_STREAMS:
        raise TooManyStreamsError(MOST_STREAMS)
    with engine.begin() as connection:
        if last_event_id is None:
            return alert_stream.end(connection)
        return alert_stream.behind(connection, last_event_id)


async def stream_alerts(engine: Engine, position: Position, still: Still) -> AsyncIterator[str]:
    """Each event behind a position that whoever listens may hear, as text, until they may hear no more.

    A look that is under way when whoever listens goes away is waited for: it holds a connection, and a
    stream counts as open until it has given that back.
    """
    token = object()
    _open.add(token)
    try:
        yield "retry: 2000\n\n"
        spoke = time.monotonic()
        while (events := await to_thread.run_sync(_news, engine, position, still)) is not None:
            for event in events:
                position = event.position
                yield _as_text(event)
            if events:
                spoke = time.monotonic()
                continue
            if time.monotonic() - spoke >= HEARTBEAT_SECONDS:
                yield ": nothing new\n\n"
                spoke = time.monotonic()
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        _open.discard(token)


def _news(engine: Engine, position: Position, still: Still) -> list[StreamedEvent] | None:
    with engine.begin() as connection:
        listener = still(connection)
        return None if listener is None else alert_stream.after(connection, position, desk=listener.desk)


def _as_text(event: StreamedEvent) -> str:
    data: dict[str, Any] = {
        "id": event.position.id,
        "alert_id": event.alert_id,
        "series_id": event.series_id,
        "desk": event.desk,
        "kind": event.kind,
        "inhibited_by": event.inhibited_by,
        "payload": event.payload,
    }
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.position.id}\nevent: {event.payload['type']}\ndata: {body}\n\n"

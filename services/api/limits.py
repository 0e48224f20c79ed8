"""Bounds on what a request may bring: its size, its content type, its parameters."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import Protocol

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.problems import ProblemError, answer, faults
from services.ingestion.json_text import JsonTextError, RepeatedKeyError, json_of
from services.middleware.parameters import unknown_parameters


class _Unpacker(Protocol):
    """What zlib.decompressobj gives, which has no public type."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


class BodyLimit:
    """Refuses bodies of more than ``limit`` bytes, declared or streamed, with a problem.

    One that has not come whole after ``seconds`` is refused too: a body that trickles in is not waited for.

    Starlette's own middleware answers a declared length with plain text; otherwise they do the same.
    """

    def __init__(self, app: ASGIApp, limit: int, seconds: float) -> None:
        self.app = app
        self.limit = limit
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > self.limit:
            await answer("too-large", self._said())(scope, receive, send)
            return
        encoding = Headers(scope=scope).get("content-encoding", "identity").strip().lower()
        if encoding not in {"identity", "gzip"}:
            refusal = answer("media-type", "The body may be sent as it is, or with Content-Encoding: gzip.")
            await refusal(scope, receive, send)
            return
        if encoding == "gzip":
            unpacked = {b"content-encoding", b"content-length"}
            kept = [(name, value) for name, value in scope["headers"] if name.lower() not in unpacked]
            scope["headers"] = kept  # in place: what stands further out reads the route from the same scope
        unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        received = 0
        receive_in_time = _in_time(receive, self.seconds)

        async def bounded() -> Message:
            nonlocal received
            message = await receive_in_time()
            if message["type"] != "http.request":
                return message
            body = message.get("body", b"")
            if unpack is not None:
                body = _unpacked(unpack, body, self.limit - received + 1, last=not message.get("more_body"))
            received += len(body)
            if received > self.limit:
                raise HTTPException(413, self._said())
            return {**message, "body": body}

        await self.app(scope, bounded, send)

    def _said(self) -> str:
        return f"The body holds more than {self.limit:,} bytes; nothing was stored."


def _in_time(receive: Receive, seconds: float) -> Receive:
    """The same, which raises 408 where the body is not whole so many seconds from now."""
    deadline: float | None = asyncio.get_running_loop().time() + seconds

    async def received() -> Message:
        nonlocal deadline
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError as error:
            said = f"The body was not whole after {seconds:g} s; nothing was stored."
            raise HTTPException(408, said, headers={"Connection": "close"}) from error
        if not message.get("more_body", False):
            deadline = None  # what is heard from now on is that the caller goes away
        return message

    return received


def _unpacked(unpack: _Unpacker, packed: bytes, most: int, *, last: bool) -> bytes:
    """A part of a gzipped body, at most ``most`` bytes of it: a bomb is never unpacked further."""
    try:
        body = unpack.decompress(packed, most)
    except zlib.error:
        body = None
    if body is None or unpack.unused_data or (last and not unpack.eof and len(body) < most):
        raise ProblemError("media-type", "The body is not one whole gzip stream, as Content-Encoding says.")
    return body


async def fit_address(request: Request) -> None:
    """Refuse a query parameter that the route does not know, or given twice; the nearest name is named.

    And a path or query with control characters: no id and no parameter holds one.
    """
    found = unknown_parameters(request)
    if found:
        first = found[0]
        raise ProblemError("invalid-request", f"{first['path']}: {first['reason']}", **faults(found))
    said = [*request.path_params.values(), *request.query_params.values()]
    if any(not text.isprintable() for text in said if isinstance(text, str)):
        raise ProblemError("invalid-request", "The address holds a control character.")


def media_types(*accepted: str) -> Callable[[Request], Awaitable[str]]:
    """Dependency: the content type of the body, one of ``accepted``; else 415."""

    async def check(request: Request) -> str:
        given = request.headers.get("content-type", "")
        media_type, _, parameters = given.partition(";")
        media_type = media_type.strip().lower()
        charset = parameters.replace(" ", "").lower()
        if media_type not in accepted or charset not in {"", "charset=utf-8", 'charset="utf-8"'}:
            raise ProblemError(
                "media-type",
                f"The content type is {given or 'not given'}; {' or '.join(accepted)} in UTF-8 is accepted.",
            )
        return media_type

    return check


_json_alone = media_types("application/json")


async def only_json(request: Request) -> str:
    """Dependency of every route that takes JSON: that content type, and no key twice in an object of it.

    A body that is no JSON at all passes here: the framework, which reads it too, answers that it is none.
    """
    media_type = await _json_alone(request)
    try:
        await run_in_threadpool(json_of, await request.body())
    except RepeatedKeyError as error:
        found = [{"path": "body", "reason": f"the key {name!r} stands twice"} for name in error.names]
        raise ProblemError("invalid-request", f"body: {error}.", **faults(found)) from error
    except JsonTextError:
        pass
    return media_type

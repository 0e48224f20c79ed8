"""Conditional GET: an answer that the caller has already is not sent again (RFC 9110, 13.1.2).

A route whose answer follows from something that never changes can tag it by that, and need not make an answer
that is not sent, nor one that it made before: ``tag_of``, ``unchanged`` and ``Made``.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CACHE_CONTROL = "private, no-cache"


def tag_of(*made_from: object) -> str:
    """The ETag of an answer that is the same whenever all of these are."""
    return f'"{hashlib.blake2b(repr(made_from).encode(), digest_size=16).hexdigest()}"'


def unchanged(headers: Headers, tag: str) -> Response | None:
    """304 where the caller has the answer of a tag already."""
    if tag not in _held(headers):
        return None
    return Response(status_code=304, headers={"ETag": tag, "Cache-Control": _CACHE_CONTROL})


class Made:
    """Answers that this process made of what never changes, by their tags: at most ``most`` bytes of them.

    Whoever takes one has asked before whether its tag is still the right one and its caller may see it.
    The one that was asked for longest ago goes first.
    """

    def __init__(self, most: int = 32_000_000) -> None:
        self.most = most
        self._held = 0
        self._answers: OrderedDict[str, tuple[bytes, dict[str, str]]] = OrderedDict()
        self._lock = Lock()

    def get(self, tag: str) -> Response | None:
        """The answer of a tag, to be sent again."""
        with self._lock:
            if tag not in self._answers:
                return None
            self._answers.move_to_end(tag)
            body, headers = self._answers[tag]
        return Response(body, headers=headers)

    def keep(self, tag: str, answer: Response) -> None:
        """Keep an answer, and let go of others where they would be too much together."""
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        body = bytes(answer.body)
        with self._lock:
            self._held += len(body) - len(self._answers.pop(tag, (b"",))[0])
            self._answers[tag] = body, headers
            while self._held > self.most:
                _, (gone, _) = self._answers.popitem(last=False)
                self._held -= len(gone)


_made: WeakKeyDictionary[Engine, Made] = WeakKeyDictionary()


def made(engine: Engine) -> Made:
    """The answers made from one database: the same id is another thing in another."""
    return _made.setdefault(engine, Made())


class ConditionalGet:
    """Gives each 200 of a GET under ``prefix`` an ETag, and answers 304 where it still holds.

    The tag is of the bytes of the answer, unless its route has given one.
    The answer is made either way: what is saved is the way to the caller, not the work.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self.app = app
        self.prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(self.prefix):
            await self.app(scope, receive, send)
            return
        held = _held(Headers(scope=scope))
        started: Message | None = None
        body = bytearray()

        async def answered(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start" and message["status"] == 200 and _ends(message):
                started = message
                return
            if started is None:
                await send(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            headers = MutableHeaders(raw=started["headers"])
            tag = headers.get("etag") or f'"{hashlib.blake2b(bytes(body), digest_size=16).hexdigest()}"'
            headers["ETag"] = tag
            headers["Cache-Control"] = _CACHE_CONTROL
            if tag in held or "*" in held:
                del headers["content-length"]
                await send({**started, "status": 304})
                await send({"type": "http.response.body", "body": b""})
                return
            await send(started)
            await send({"type": "http.response.body", "body": bytes(body)})

        await self.app(scope, receive, answered)


def _held(headers: Headers) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")}


def _ends(started: Message) -> bool:
    """False for a stream of events, which has no end to make a tag of."""
    return not Headers(raw=started["headers"]).get("content-type", "").startswith("text/event-stream")

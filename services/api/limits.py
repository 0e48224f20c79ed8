"""Bounds on what a request may bring: its size, its content type, its parameters."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.problems import ProblemError, answer, faults


class BodyLimit:
    """Refuses bodies of more than ``limit`` bytes, declared or streamed, with a problem.

    Starlette's own middleware answers a declared length with plain text; otherwise they do the same.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > self.limit:
            await answer("too-large", self._said())(scope, receive, send)
            return
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit:
                raise HTTPException(413, self._said())
            return message

        await self.app(scope, bounded, send)

    def _said(self) -> str:
        return f"The body holds more than {self.limit:,} bytes; nothing was stored."


def known_parameters(request: Request) -> None:
    """Refuse a query parameter that the route does not know, or given twice; the nearest name is named."""
    if not request.scope["query_string"]:
        return
    route = request.scope["route"]
    known = _parameters(route) if isinstance(route, APIRoute) else ()
    found = []
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            found.append({"path": f"query.{name}", "reason": _unknown(name, known)})
        elif count > 1:
            found.append({"path": f"query.{name}", "reason": f"it is given {count} times"})
    if found:
        first = found[0]
        raise ProblemError("invalid-request", f"{first['path']}: {first['reason']}", **faults(found))


def _parameters(route: APIRoute) -> tuple[str, ...]:
    return tuple(
        field.alias
        for field in get_flat_params(route.dependant)
        if getattr(field.field_info, "in_", None) is ParamTypes.query
    )


def _unknown(name: str, known: tuple[str, ...]) -> str:
    if not known:
        return "there is no such parameter; none is known here"
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    meant = f"did you mean {nearest[0]!r}? " if nearest else ""
    return f"there is no such parameter; {meant}Known are {', '.join(known)}"


def plain_text(request: Request) -> None:
    """Refuse a path or query with control characters: no id and no parameter holds one."""
    said = [*request.path_params.values(), *request.query_params.values()]
    if any(not text.isprintable() for text in said if isinstance(text, str)):
        raise ProblemError("invalid-request", "The address holds a control character.")


def media_types(*accepted: str) -> Callable[[Request], str]:
    """Dependency: the content type of the body, one of ``accepted``; else 415."""

    def check(request: Request) -> str:
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


only_json = media_types("application/json")

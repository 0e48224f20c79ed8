"""Who looks at a page: the cookie of a session, and what its key may see and press."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError

from services.bootstrap import Service
from services.queries.keys import open_to_anybody
from services.settings import Settings
from services.usecases.callers import ANYBODY, Caller
from services.usecases.sign_in import LIFETIME, signed_in
from services.web import csrf

_NAME = "tonnage_session"


class SignInNeededError(Exception):
    """A page of somebody who has not signed in, or whose session or key has ended."""


class ScopeMissingError(PermissionError):
    """What the visitor's key may not do."""

    def __init__(self, scope: str, name: str) -> None:
        self.scope = scope
        self.name = name
        super().__init__(
            f"Nothing was changed: the key {name!r} lacks the scope {scope!r}. Sign in with one that has it, "
            "or ask an admin."
        )


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever looks at a page; ``csrf`` is what its forms carry, empty without a session."""

    caller: Caller
    csrf: str

    @property
    def signed_in(self) -> bool:
        """False for anybody, in development before the first key."""
        return self.caller.key_id is not None

    def may(self, scope: str) -> bool:
        """True where buttons that need a scope are shown."""
        return self.caller.may(scope)


def cookie_name(settings: Settings) -> str:
    """``__Host-`` binds it to this host and to TLS, which development does without."""
    return f"__Host-{_NAME}" if settings.environment == "production" else _NAME


def give_cookie(response: Response, settings: Settings, token: str) -> None:
    """Let a browser keep a session: unread by scripts, sent by pages of this site alone."""
    response.set_cookie(
        cookie_name(settings),
        token,
        max_age=int(LIFETIME.total_seconds()),
        path="/",
        secure=settings.environment == "production",
        httponly=True,
        samesite="strict",
    )


def take_cookie(response: Response, settings: Settings) -> None:
    """Let a browser forget its session."""
    production = settings.environment == "production"
    response.delete_cookie(
        cookie_name(settings), path="/", secure=production, httponly=True, samesite="strict"
    )


def session_of(request: Request) -> str | None:
    """The token of the request's session; None without one."""
    service: Service = request.app.state.service
    return request.cookies.get(cookie_name(service.settings))


async def visitor(request: Request) -> AsyncIterator[Visitor]:
    """Whoever looks, once a request; a change is refused unless a page of theirs asked for it.

    SignInNeededError; ForgedRequestError. In development anybody may do everything until a key exists.
    """
    service: Service = request.app.state.service
    session = session_of(request)
    caller = await run_in_threadpool(_identified, service, session)
    held = session if caller is not None and caller.key_id is not None else None
    try:
        if request.method not in csrf.SAFE_METHODS:
            csrf.check_origin(request.headers, host=request.headers.get("host", ""))
            if held is not None:
                await csrf.check_token(request, held)
        if caller is None:
            raise SignInNeededError
        looking = Visitor(caller, "" if held is None else csrf.token(held))
        request.state.visitor = looking
        yield looking
    finally:
        await request.close()  # what a form brought in files is let go, also where it was refused


def whoever(request: Request) -> Visitor | None:
    """Whoever asked for what could not be answered, for the error page; None where nobody can tell."""
    known: Visitor | None = getattr(request.state, "visitor", None)
    if known is not None:
        return known
    service: Service = request.app.state.service
    session = session_of(request)
    try:
        caller = _identified(service, session)
    except SQLAlchemyError:
        return None  # the page says that the database is away
    if caller is None:
        return None
    return Visitor(caller, csrf.token(session) if session and caller.key_id is not None else "")


def _identified(service: Service, session: str | None) -> Caller | None:
    with service.engine.begin() as connection:
        caller = None if session is None else signed_in(connection, session, now=service.now())
        if caller is None and open_to_anybody(connection, environment=service.settings.environment):
            return ANYBODY
    return caller


def may(scope: str) -> Callable[[Visitor], Visitor]:
    """Dependency: the visitor, whose key has a scope (or admin); else ScopeMissingError."""

    def check(looking: Annotated[Visitor, Depends(visitor)]) -> Visitor:
        if not looking.may(scope):
            raise ScopeMissingError(scope, looking.caller.name)
        return looking

    return check


Known = Annotated[Visitor, Depends(visitor)]
Looking = Annotated[Visitor, Depends(may("read"))]
Writing = Annotated[Visitor, Depends(may("write"))]
RuleKeeping = Annotated[Visitor, Depends(may("rules"))]
EndpointKeeping = Annotated[Visitor, Depends(may("endpoints"))]

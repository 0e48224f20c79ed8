"""Who asks: an API key with its scopes and its desk, and what that lets a request do."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer
from fastapi.security.base import SecurityBase

from services.api.problems import ProblemError
from services.api.rates import rates
from services.bootstrap import Service
from services.queries.keys import open_to_anybody
from services.usecases.callers import ANYBODY, Caller, caller_of
from services.usecases.manage_keys import authenticate

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="API key",
    description="tonnage_ID_SECRET. In development no key is needed until the first one is made.",
)
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="tonnage"'}
_log = structlog.get_logger()


async def caller(request: Request) -> Caller:
    """Whoever the request's key is of; 401 without a valid one, except in development before the first.

    429 where the key has made more requests in this minute than it may. Asked once a request, and anew in
    each: a key that is revoked is refused at once.
    """
    known: Caller | None = getattr(request.state, "caller", None)
    if known is None:
        given = await _bearer(request)
        known = await run_in_threadpool(_counted, request, None if given is None else given.credentials)
        request.state.caller = known
    return known


def _counted(request: Request, given: str | None) -> Caller:
    service: Service = request.app.state.service
    asking = _identified(service, given)
    rate = rates(service.settings.redis_url).count(
        asking.key_id or asking.name, service.settings.rate_limit, now=service.now()
    )
    if rate is not None:
        request.state.rate_headers = rate.headers
        if rate.exceeded:
            raise ProblemError(
                "too-many-requests",
                f"A key may make {rate.limit:,} requests a minute; the next begins in {rate.resets_in} s.",
                headers={"Retry-After": str(rate.resets_in)},
            )
    return asking


def _identified(service: Service, given: str | None) -> Caller:
    key = None if given is None else authenticate(service.engine, given, now=service.now())
    if key is not None:
        return caller_of(key)
    if given is None:
        with service.engine.begin() as connection:
            anybody = open_to_anybody(connection, environment=service.settings.environment)
        if anybody:
            _log.warning("no API key exists: anybody may do everything; make one with tonnage key add")
            return ANYBODY
    why = "No API key was given." if given is None else "The API key is not valid, expired or revoked."
    raise ProblemError("unauthorised", why, headers=_CHALLENGE)


class _Requires(SecurityBase):
    """Dependency: the caller, whose key has a scope (or admin); else 403.

    One for the framework to resolve instead of four within each other: each costs every request.
    """

    model = _bearer.model
    scheme_name = _bearer.scheme_name

    def __init__(self, scope: str) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> Caller:
        asking = await caller(request)
        if not asking.may(self.scope):
            raise ProblemError("forbidden", f"This key lacks the scope {self.scope!r}.", scope=self.scope)
        return asking


def requires(scope: str) -> _Requires:
    """Dependency: the caller, whose key has a scope (or admin); else 403."""
    return _Requires(scope)


Reader = Annotated[Caller, Depends(requires("read"))]
Writer = Annotated[Caller, Depends(requires("write"))]
RuleKeeper = Annotated[Caller, Depends(requires("rules"))]
EndpointKeeper = Annotated[Caller, Depends(requires("endpoints"))]
Admin = Annotated[Caller, Depends(requires("admin"))]

"""Who asks: an API key with its scopes and its desk, and what that lets a request do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.api.dependencies import TheService
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


def caller(
    request: Request,
    service: TheService,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Whoever the request's key is of; 401 without a valid one, except in development before the first.

    429 where the key has made more requests in this minute than it may.
    """
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


def _identified(service: Service, given: HTTPAuthorizationCredentials | None) -> Caller:
    with service.engine.begin() as connection:
        key = None if given is None else authenticate(connection, given.credentials, now=service.now())
        if key is not None:
            return caller_of(key)
        if given is None and open_to_anybody(connection, environment=service.settings.environment):
            _log.warning("no API key exists: anybody may do everything; make one with tonnage key add")
            return ANYBODY
    why = "No API key was given." if given is None else "The API key is not valid, expired or revoked."
    raise ProblemError("unauthorised", why, headers=_CHALLENGE)


def requires(scope: str) -> Callable[[Caller], Awaitable[Caller]]:
    """Dependency: the caller, whose key has a scope (or admin); else 403."""

    async def check(asking: Annotated[Caller, Depends(caller)]) -> Caller:
        if not asking.may(scope):
            raise ProblemError("forbidden", f"This key lacks the scope {scope!r}.", scope=scope)
        return asking

    return check


Reader = Annotated[Caller, Depends(requires("read"))]
Writer = Annotated[Caller, Depends(requires("write"))]
RuleKeeper = Annotated[Caller, Depends(requires("rules"))]
EndpointKeeper = Annotated[Caller, Depends(requires("endpoints"))]
Admin = Annotated[Caller, Depends(requires("admin"))]

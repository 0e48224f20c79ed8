"""Who asks: an API key with its scopes and its desk, and what that lets a request do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.api.dependencies import TheService
from services.api.problems import ProblemError
from services.storage import keys
from services.usecases.manage_keys import SCOPES, authenticate

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="API key",
    description="tonnage_ID_SECRET. In development no key is needed until the first one is made.",
)
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="tonnage"'}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks; ``desk`` None is every desk.

    ``key_id`` None is anybody, in development before there is a key.
    """

    key_id: str | None
    name: str
    desk: str | None
    scopes: frozenset[str]

    def sees(self, desk: str) -> bool:
        """True where what belongs to a desk may be seen; where not, it is as if it were not there."""
        return self.desk in {None, desk}

    def narrowed(self, desk: str | None) -> str | None:
        """The desk to list: the one asked for, which must be the caller's own where it has one."""
        if desk is not None and not self.sees(desk):
            raise ProblemError("forbidden", f"This key is of the desk {self.desk!r}, not {desk!r}.")
        return self.desk if desk is None else desk


ANYBODY = Caller(None, "anybody", None, frozenset(SCOPES))


def caller(
    service: TheService, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Whoever the request's key is of; 401 without a valid one, except in development before the first."""
    with service.engine.begin() as connection:
        key = None if given is None else authenticate(connection, given.credentials, now=service.now())
        if key is not None:
            return Caller(key.id, key.name, key.desk, frozenset(key.scopes))
        development = service.settings.environment == "development"
        if given is None and development and not keys.any_exists(connection):
            _log.warning("no API key exists: anybody may do everything; make one with tonnage key add")
            return ANYBODY
    why = "No API key was given." if given is None else "The API key is not valid, expired or revoked."
    raise ProblemError("unauthorised", why, headers=_CHALLENGE)


def requires(scope: str) -> Callable[[Caller], Caller]:
    """Dependency: the caller, whose key has a scope (or admin); else 403."""

    def check(asking: Annotated[Caller, Depends(caller)]) -> Caller:
        if not asking.scopes & {scope, "admin"}:
            raise ProblemError("forbidden", f"This key lacks the scope {scope!r}.", scope=scope)
        return asking

    return check


Reader = Annotated[Caller, Depends(requires("read"))]
Writer = Annotated[Caller, Depends(requires("write"))]
RuleKeeper = Annotated[Caller, Depends(requires("rules"))]
EndpointKeeper = Annotated[Caller, Depends(requires("endpoints"))]
Admin = Annotated[Caller, Depends(requires("admin"))]

reads = Depends(requires("read"))
writes = Depends(requires("write"))

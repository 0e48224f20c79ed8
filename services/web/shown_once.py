"""A secret that is shown once: sealed in a cookie from the change that made it to the page shown next.

Never in an address, which is kept in histories and logs. Only the service opens the cookie, for a minute and
on the page of the same endpoint; that page takes it away, so that loading it again shows nothing.
"""

from __future__ import annotations

import datetime as dt
import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from fastapi import Request, Response

from services.settings import Settings

_COOKIE = "tonnage_once"
_PATH = "/endpoints"
_SECONDS = 60


def keep(response: Response, settings: Settings, endpoint_id: str, secret: str, *, now: dt.datetime) -> None:
    """Let the next page of an endpoint show a secret."""
    held = json.dumps([endpoint_id, secret]).encode()
    response.set_cookie(
        _COOKIE,
        _keys(settings).encrypt_at_time(held, int(now.timestamp())).decode(),
        max_age=_SECONDS,
        path=_PATH,
        secure=settings.environment == "production",
        httponly=True,
        samesite="strict",
    )


def kept(request: Request, settings: Settings, endpoint_id: str, *, now: dt.datetime) -> str | None:
    """The secret that a change of this endpoint left to be shown; None where there is none, or too late."""
    sealed = request.cookies.get(_COOKIE)
    if sealed is None or not settings.secret_keys:
        return None
    try:
        held = _keys(settings).decrypt_at_time(sealed, _SECONDS, int(now.timestamp()))
    except InvalidToken:
        return None
    of, secret = json.loads(held)
    return str(secret) if of == endpoint_id else None


def forget(response: Response, settings: Settings) -> None:
    """Show it no more."""
    response.delete_cookie(
        _COOKIE,
        path=_PATH,
        secure=settings.environment == "production",
        httponly=True,
        samesite="strict",
    )


def _keys(settings: Settings) -> MultiFernet:
    return MultiFernet([Fernet(key.get_secret_value()) for key in settings.secret_keys])

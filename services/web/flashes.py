"""What a page says once after something was done: kept in a cookie from the change to the page shown next."""

from __future__ import annotations

from urllib.parse import quote, unquote

from fastapi import Request, Response

_COOKIE = "tonnage_said"
_SECONDS = 60
_LONGEST = 1000


def say(response: Response, text: str) -> None:
    """Let the next page say a text, as text."""
    response.set_cookie(
        _COOKIE, quote(text[:_LONGEST]), max_age=_SECONDS, path="/", httponly=True, samesite="strict"
    )


def said(request: Request) -> str | None:
    """What the last answer wanted said; None where there is nothing."""
    given = request.cookies.get(_COOKIE)
    return None if given is None else unquote(given)[:_LONGEST]


def forget(response: Response) -> None:
    """Say it no more."""
    response.delete_cookie(_COOKIE, path="/", httponly=True, samesite="strict")

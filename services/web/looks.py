"""When somebody last looked: kept in a cookie of their browser, so that Now can say what changed since."""

from __future__ import annotations

import contextlib
import datetime as dt

from fastapi import Request, Response

_COOKIE = "tonnage_looks"
_YEAR = 366 * 24 * 3600
APART = dt.timedelta(minutes=20)
"""Looks closer than this are one: loading a page again does not make its news old."""


def looked_before(request: Request) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The end of the look before this one, and the last moment of this one; None where there was none."""
    with contextlib.suppress(ValueError):
        before, last = request.cookies.get(_COOKIE, "").split("_")
        return _read(before), _read(last)
    return None, None


def look(request: Request, now: dt.datetime) -> tuple[dt.datetime | None, str]:
    """Since when things are new to whoever looks now (None: to them all is), and the cookie that keeps it."""
    before, last = looked_before(request)
    since = before if last is not None and now - last < APART else last
    return since, f"{_write(since)}_{_write(now)}"


def keep(response: Response, cookie: str) -> None:
    """Keep this look."""
    response.set_cookie(_COOKIE, cookie, max_age=_YEAR, path="/", httponly=True, samesite="strict")


def _read(text: str) -> dt.datetime | None:
    return dt.datetime.fromtimestamp(int(text), dt.UTC) if text.isdecimal() and len(text) < 12 else None


def _write(moment: dt.datetime | None) -> str:
    return "" if moment is None else str(int(moment.timestamp()))

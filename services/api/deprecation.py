"""A route that is to go says so in each of its answers: since when, until when, and what to use instead."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from typing import Any

from fastapi import Depends, Request


def leaving(*, since: dt.datetime, ends: dt.datetime, instead: str) -> dict[str, Any]:
    """Arguments of a route that is deprecated ``since`` a moment and gone from another on.

    Its answers, and the errors that it raises itself, bear Deprecation (RFC 9745), Sunset (RFC 8594) and a
    Link to ``instead``, an address; /docs shows it as deprecated. ValueError for moments without a zone or in
    the wrong order.
    """
    if since.tzinfo is None or ends.tzinfo is None:
        raise ValueError(f"{since} and {ends}: give moments with their zone.")
    if ends <= since:
        raise ValueError(f"It ends at {ends}, which is not after {since}, when it is deprecated.")
    headers = {
        "Deprecation": f"@{int(since.timestamp())}",
        "Sunset": format_datetime(ends.astimezone(dt.UTC), usegmt=True),
        "Link": f'<{instead}>; rel="successor-version"',
    }

    def said(request: Request) -> None:
        request.state.deprecation_headers = headers

    return {"deprecated": True, "dependencies": [Depends(said)]}

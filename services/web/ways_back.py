"""Where an error page leads: to the page that a form came from, or to the list that it belongs to."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from fastapi import Request
from starlette.routing import Match

from services.web import csrf
from services.web.rendering import NAVIGATION

_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]*")
"""A path of this site: neither another host behind two slashes, nor anything that is no address."""
LISTS = frozenset({*(address for address, _ in NAVIGATION), "/silences", "/sign-in"})
"""Pages that stand at the address at which a form is taken, or above it."""


def own(path: str) -> str:
    """The path where it is one of this site, else the start."""
    return path if _OWN_PATH.fullmatch(path) else "/"


def way_back(request: Request) -> str:
    """The page asked for; after a form the page that it came from, as the browser says, else its list."""
    if request.method in csrf.SAFE_METHODS:
        return own(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
    came = urlsplit(request.headers.get("referer", ""))
    if came.netloc == request.headers.get("host") and _shown(request, came.path):
        return own(came.path + (f"?{came.query}" if came.query else ""))
    return above(request.url.path)


def above(path: str) -> str:
    """The list that an address belongs to, or the start."""
    first = "/" + path.strip("/").partition("/")[0]
    return first if first in LISTS else "/"


def _shown(request: Request, path: str) -> bool:
    """True where a page stands there: what answered a form is no page to come back to."""
    if path in LISTS:
        return True

    def takes(method: str) -> bool:
        asked = {"type": "http", "path": path, "method": method, "root_path": "", "headers": []}
        return any(route.matches(asked)[0] is Match.FULL for route in request.app.router.routes)

    return takes("GET") and not takes("POST")

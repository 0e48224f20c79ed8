"""No page of another site changes anything here: where a form comes from, and the token that it carries.

Two locks beside the cookie's SameSite=Strict. A browser says with each request from where it was made
(Sec-Fetch-Site, else Origin), which no page can forge; and a form carries a token that only a page of this
session could read.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from fastapi import Request

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FIELD = "csrf"
HEADER = "x-csrf-token"


class ForgedRequestError(PermissionError):
    """A request that no page of ours made."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(
            f"Nothing was changed: {why}. Go back, load the page again, and repeat what you did there."
        )


def token(session: str) -> str:
    """The token of a session's forms, 64 hex digits; nothing of the session can be told from it."""
    return hmac.new(session.encode(), b"csrf", hashlib.sha256).hexdigest()


def check_origin(headers: Mapping[str, str], *, host: str) -> None:
    """ForgedRequestError where a browser says that a page of another site asks, or nothing says who does."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise ForgedRequestError("a page of another site asked for it")
        return
    origin = headers.get("origin")
    if origin is None or origin.partition("://")[2] != host:
        raise ForgedRequestError(f"it came from {origin or 'nowhere that was told'}, not from this host")


async def check_token(request: Request, session: str) -> None:
    """ForgedRequestError where neither the form nor the header carries the token of the session."""
    given = request.headers.get(HEADER)
    if given is None:
        field = (await request.form()).get(FIELD)
        given = field if isinstance(field, str) else ""
    if not hmac.compare_digest(given.encode(), token(session).encode()):
        raise ForgedRequestError("the form is of another session, or of one that has ended")

"""What a request would rather have: the header Prefer of RFC 7240."""

from __future__ import annotations

from collections.abc import Iterable

RESPOND_ASYNC = "respond-async"


def prefers_background(prefer: Iterable[str] | None) -> bool:
    """True where ``respond-async`` is among the preferences; any other that is not known is passed over.

    Several headers, or several preferences in one, are the same; names are of any case.
    """
    each = (part.split(";")[0].strip().lower() for line in prefer or () for part in line.split(","))
    return RESPOND_ASYNC in each

"""When an endpoint as a whole is left alone: after failures in a row, and for as long as it asked to be.

A delivery has a schedule of its own; the breaker keeps a long queue from being tried against a dead desk,
one message after another. While it is open nothing is sent; when the rest is over a single message tries the
desk, and the first success closes it.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from alerts.delivery.attempts import RetryAt, Settlement

OPENS_AT: Final = 5
"""Failures in a row, over all messages of an endpoint."""

FIRST_REST: Final = dt.timedelta(seconds=5)
"""Rest after the failure that opens the breaker; each further failure doubles it."""

LONGEST_REST: Final = dt.timedelta(minutes=5)
"""So a desk that is back is found within five minutes."""


def rest(failures: int) -> dt.timedelta:
    """How long an endpoint is left alone after so many failures in a row; nothing below OPENS_AT."""
    if failures < OPENS_AT:
        return dt.timedelta(0)
    doublings = min(failures - OPENS_AT, 16)  # far above the longest, and no overflow
    return min(FIRST_REST * (1 << doublings), LONGEST_REST)


def asked_rest(settlement: Settlement, retry_after: str | None) -> dt.datetime | None:
    """Until when a receiver is left alone since its Retry-After asked for it; None where it did not."""
    return settlement.due if isinstance(settlement, RetryAt) and retry_after is not None else None

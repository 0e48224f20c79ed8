"""What one attempt came to, and what follows: delivered, due again, exhausted, or the endpoint disabled."""

from __future__ import annotations

import datetime as dt
import email.utils
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SCHEDULE: Final[tuple[dt.timedelta, ...]] = (
    dt.timedelta(0),
    dt.timedelta(seconds=5),
    dt.timedelta(minutes=5),
    dt.timedelta(minutes=30),
    dt.timedelta(hours=2),
    dt.timedelta(hours=5),
    dt.timedelta(hours=10),
    dt.timedelta(hours=14),
    dt.timedelta(hours=20),
    dt.timedelta(hours=24),
)
"""Wait before attempt 1, 2, … 10: 75 h 35 min in all, the example schedule of Standard Webhooks 1.0.0."""

JITTER = 0.2
"""Share by which a wait is stretched or shortened at most, so that desks that failed together part again."""

BREATHER = dt.timedelta(seconds=60)
"""Least wait after a sign that the receiver is overloaded: a timeout, or one of OVERLOADED."""

OVERLOADED = frozenset({429, 502, 504})
GONE = 410

OUR_WAIT = dt.timedelta(minutes=5)
"""Wait before a message is tried again that failed by our fault: for a key or a mend of ours."""

PATIENCE = dt.timedelta(hours=120)
"""So long an endpoint may do nothing but fail before it is disabled, and a message wait for our mend."""

LONGEST_RETRY_AFTER = dt.timedelta(hours=1)
"""A Retry-After is granted up to this, or up to twice our own wait where that is longer."""


class Failure(StrEnum):
    """Why an attempt got no answer."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    RESET = "reset"
    FORBIDDEN = "forbidden"
    UNSIGNED = "unsigned"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to.

    Attributes
    ----------
    status
        HTTP status; None when no status line arrived, and then ``failure`` and ``detail`` say why.
    duration
        Seconds from dialling to the last byte that was read.
    answer
        First bytes of the answer's body, at most 4 KiB.
    retry_after
        The Retry-After header as the receiver wrote it.
    """

    status: int | None
    failure: Failure | None
    detail: str
    duration: float
    answer: bytes = b""
    retry_after: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver took the message: 2xx and nothing else."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_ours(self) -> bool:
        """Whether the attempt failed by our fault, which says nothing of the receiver."""
        return self.failure in {Failure.UNSIGNED, Failure.OURS}

    @property
    def reason(self) -> str:
        """The outcome in plain words."""
        if self.status is None:
            return f"no answer after {self.duration:.1f} s: {self.detail}"
        if 300 <= self.status < 400:
            return f"answered {self.status}; redirects are not followed, set the endpoint's final URL"
        took = f"{self.duration * 1000:.0f} ms" if self.duration < 1 else f"{self.duration:.1f} s"
        return f"answered {self.status} in {took}"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has the message."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryAt:
    """The attempt failed; the next one is due at ``due``."""

    due: dt.datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The last attempt of the schedule failed; only a replay sends the message again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Disabled:
    """The receiver said that the endpoint is gone for good (410): the message waits until it is enabled."""

    reason: str


Settlement = Delivered | RetryAt | Exhausted | Disabled


def settle(
    outcome: Outcome, *, attempt: int, now: dt.datetime, jitter: float, ours_since: dt.datetime | None = None
) -> Settlement:
    """What follows from the outcome of attempt number ``attempt`` (1 is the first), which ended at ``now``.

    ``jitter`` is one draw, uniform in [0, 1). What fails by our fault takes none of the schedule and is tried
    until we have mended it, but for no longer than PATIENCE from ``ours_since``, when it first did: None
    where the attempt before failed otherwise, or there was none.
    """
    if outcome.succeeded:
        return Delivered(outcome.reason)
    if outcome.status == GONE:
        return Disabled(f"{outcome.reason}: the receiver wants no more messages")
    if outcome.is_ours:
        if ours_since is not None and now - ours_since >= PATIENCE:
            hours = PATIENCE / dt.timedelta(hours=1)
            return Exhausted(f"{outcome.reason}; nothing but faults of ours for {hours:.0f} hours")
        return RetryAt(
            now + OUR_WAIT, f"{outcome.reason}; tried again, and no attempt of the schedule is used"
        )
    if attempt >= len(SCHEDULE):
        return Exhausted(f"{outcome.reason} at attempt {attempt} of {len(SCHEDULE)}")
    wait = wait_after(outcome, attempt=attempt, now=now, jitter=jitter)
    return RetryAt(now + wait, f"{outcome.reason}; attempt {attempt + 1} of {len(SCHEDULE)} follows")


def wait_after(outcome: Outcome, *, attempt: int, now: dt.datetime, jitter: float) -> dt.timedelta:
    """Wait between failed attempt ``attempt`` and the next one.

    The scheduled wait ±20 %, at least 60 s when the receiver looks overloaded; a Retry-After within
    [that, max(twice that, 1 h)] is granted exactly and one outside it is clamped.
    """
    base = SCHEDULE[attempt] * (1 - JITTER + 2 * JITTER * jitter)
    if outcome.failure is Failure.TIMEOUT or outcome.status in OVERLOADED:
        base = max(base, BREATHER)
    asked = _asked(outcome.retry_after, now)
    if asked is None:
        return base
    return min(max(asked, base), max(2 * base, LONGEST_RETRY_AFTER))


def _asked(retry_after: str | None, now: dt.datetime) -> dt.timedelta | None:
    """Wait that a Retry-After asks for, as seconds or HTTP date (RFC 9110 §10.2.3); None if unreadable."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return dt.timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        moment = email.utils.parsedate_to_datetime(text)
        return None if moment.tzinfo is None else moment - now
    except (ValueError, OverflowError):  # a zone of a million hours, a year that no calendar has
        return None

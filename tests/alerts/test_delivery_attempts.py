"""The retry schedule: which outcome leads where, and when."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.attempts import (
    LONGEST_RETRY_AFTER,
    OUR_WAIT,
    PATIENCE,
    SCHEDULE,
    Delivered,
    Disabled,
    Exhausted,
    Failure,
    Outcome,
    RetryAt,
    settle,
    wait_after,
)

NOW = dt.datetime(2025, 6, 9, 3, 0, tzinfo=dt.UTC)
MIDDLE = 0.5
"""The jitter that leaves a wait as scheduled."""


def _answered(status: int, retry_after: str | None = None) -> Outcome:
    return Outcome(status, None, "", 0.1, retry_after=retry_after)


def _silent(failure: Failure) -> Outcome:
    return Outcome(None, failure, "nothing", 15.0)


def _wait(outcome: Outcome, attempt: int = 1, jitter: float = MIDDLE) -> dt.timedelta:
    return wait_after(outcome, attempt=attempt, now=NOW, jitter=jitter)


@pytest.mark.parametrize(("seconds", "took"), [(0.0021, "2 ms"), (0.9994, "999 ms"), (1.25, "1.2 s")])
def test_what_took_no_second_is_said_in_milliseconds(seconds: float, took: str) -> None:
    """An answer of two milliseconds is not one of 0.0 s."""
    assert replace(_answered(204), duration=seconds).reason == f"answered 204 in {took}"


def test_schedule_adds_up() -> None:
    """Ten attempts reach over 75 hours and 35 minutes."""
    assert len(SCHEDULE) == 10
    assert sum(SCHEDULE, dt.timedelta()) == dt.timedelta(hours=75, minutes=35, seconds=5)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_only_2xx_is_success(status: int) -> None:
    """Every 2xx delivers."""
    assert isinstance(settle(_answered(status), attempt=1, now=NOW, jitter=MIDDLE), Delivered)


@pytest.mark.parametrize("status", [100, 301, 302, 307, 308, 400, 401, 404, 429, 500, 503])
def test_anything_else_is_retried(status: int) -> None:
    """No other status delivers, and none but 410 ends the schedule early."""
    assert isinstance(settle(_answered(status), attempt=1, now=NOW, jitter=MIDDLE), RetryAt)


def test_redirect_says_what_to_do() -> None:
    """A redirect is refused with the advice to set the final URL."""
    assert "final URL" in settle(_answered(302), attempt=1, now=NOW, jitter=MIDDLE).reason


def test_gone_disables() -> None:
    """410 disables the endpoint at any attempt."""
    for attempt in (1, len(SCHEDULE)):
        assert isinstance(settle(_answered(410), attempt=attempt, now=NOW, jitter=MIDDLE), Disabled)


OURS = [each for each in Failure if _silent(each).is_ours]


@pytest.mark.parametrize("failure", [each for each in Failure if each not in OURS])
def test_exhausted_after_the_last_attempt(failure: Failure) -> None:
    """Attempt nine of ten is followed by one more, attempt ten by none, and the reason counts."""
    assert isinstance(settle(_silent(failure), attempt=9, now=NOW, jitter=MIDDLE), RetryAt)
    last = settle(_silent(failure), attempt=10, now=NOW, jitter=MIDDLE)
    assert isinstance(last, Exhausted)
    assert "attempt 10 of 10" in last.reason


@pytest.mark.parametrize("attempt", [1, 10, 1000])
@pytest.mark.parametrize("failure", OURS)
def test_what_fails_by_our_fault_is_given_up_after_five_days(failure: Failure, attempt: int) -> None:
    """It waits for our key or our mend, five minutes at a time, at any attempt, for 120 hours at most."""
    almost = NOW - PATIENCE + dt.timedelta(seconds=1)
    for since in (None, NOW, almost):
        waits = settle(_silent(failure), attempt=attempt, now=NOW, jitter=MIDDLE, ours_since=since)
        assert isinstance(waits, RetryAt)
        assert waits.due == NOW + OUR_WAIT
    over = settle(_silent(failure), attempt=attempt, now=NOW, jitter=MIDDLE, ours_since=NOW - PATIENCE)
    assert isinstance(over, Exhausted)
    assert "nothing but faults of ours for 120 hours" in over.reason
    theirs = settle(_answered(500), attempt=1, now=NOW, jitter=MIDDLE, ours_since=NOW - PATIENCE)
    assert isinstance(theirs, RetryAt)


@given(st.integers(1, 9), st.floats(0, 1, exclude_max=True))
def test_jitter_stays_within_a_fifth(attempt: int, jitter: float) -> None:
    """A wait lies within 20 per cent of the scheduled one and grows with the draw."""
    scheduled = SCHEDULE[attempt]
    wait = _wait(_answered(500), attempt, jitter)
    assert 0.799 * scheduled <= wait <= 1.201 * scheduled
    assert _wait(_answered(500), attempt, 0) <= wait


@pytest.mark.parametrize("outcome", [_silent(Failure.TIMEOUT), *map(_answered, (429, 502, 504))])
def test_overload_gets_a_minute(outcome: Outcome) -> None:
    """A timeout or a sign of overload is followed by at least 60 seconds of rest."""
    assert _wait(outcome) == dt.timedelta(seconds=60)
    assert _wait(outcome, attempt=4) == SCHEDULE[4]


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("120", 120),
        ("1", 60),
        ("999999999999", 3600),
        ("Mon, 09 Jun 2025 03:10:00 GMT", 600),
        ("Mon, 09 Jun 2025 02:10:00 GMT", 60),
        ("soon", 60),
        ("-5", 60),
        ("", 60),
        ("Mon, 09 Jun 2025 03:10:00", 60),
    ],
)
def test_retry_after(asked: str, seconds: int) -> None:
    """Retry-After is granted between our own wait and an hour; nonsense leaves our own wait."""
    assert _wait(_answered(429, asked)) == dt.timedelta(seconds=seconds)


def test_retry_after_on_a_long_wait() -> None:
    """Where our own wait is longer than half an hour, up to twice our wait is granted."""
    assert _wait(_answered(503, "99999999"), attempt=4) == 2 * SCHEDULE[4]


@given(st.text(max_size=40) | st.none(), st.integers(1, 9), st.floats(0, 1, exclude_max=True))
def test_no_header_makes_us_hammer_or_wait_for_ever(text: str | None, attempt: int, jitter: float) -> None:
    """Whatever a receiver writes, the wait stays between our own and max(twice it, one hour)."""
    own = _wait(_answered(503), attempt, jitter)
    assert own <= _wait(_answered(503, text), attempt, jitter) <= max(2 * own, LONGEST_RETRY_AFTER)


def test_due_counts_from_now() -> None:
    """The next attempt is due one wait after the failed one ended."""
    settled = settle(_answered(500), attempt=1, now=NOW, jitter=MIDDLE)
    assert isinstance(settled, RetryAt)
    assert settled.due == NOW + dt.timedelta(seconds=5)

"""The breaker: no rest for a few failures, longer ones for more, never longer than five minutes."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.attempts import Delivered, Exhausted, RetryAt
from alerts.delivery.breaker import FIRST_REST, LONGEST_REST, OPENS_AT, asked_rest, rest

NOW = dt.datetime(2025, 6, 9, tzinfo=dt.UTC)


def test_rests_double_from_the_fifth_failure() -> None:
    """Four failures in a row are followed by no rest, the fifth by 5 s, each further one by twice as much."""
    rests = [rest(failures) for failures in range(OPENS_AT + 4)]
    assert rests[:OPENS_AT] == [dt.timedelta(0)] * OPENS_AT
    assert rests[OPENS_AT:] == [FIRST_REST * 2**doubled for doubled in range(4)]


@given(st.integers(0, 10**9))
def test_no_rest_is_longer_than_five_minutes(failures: int) -> None:
    """A rest never shrinks as failures go on, and a desk that is back is found within five minutes."""
    assert all(one <= other for one, other in pairwise([rest(failures), rest(failures + 1), LONGEST_REST]))


def test_a_rest_is_asked_for_by_retry_after_alone() -> None:
    """The next attempt's time is the desk's rest where it asked for one, and a last attempt grants none."""
    due = NOW + dt.timedelta(minutes=10)
    assert asked_rest(RetryAt(due, "later"), "600") == due
    assert asked_rest(RetryAt(due, "later"), None) is None
    assert asked_rest(Exhausted("over"), "600") is None
    assert asked_rest(Delivered("taken"), "600") is None

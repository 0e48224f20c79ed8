"""The pause that a source asks for, however it writes it."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.sources.line import LONGEST_PAUSE, PATIENCE, retry_after

NOW = dt.datetime(2025, 6, 9, 3, tzinfo=dt.UTC)
ODD = [
    "Mon, 01 Jan 2024 00:00:00 +99999999999999999",
    "Mon, 09 Jun 2025 03:10:00",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "9" * 5000,
    "²",
    "1_000",
]


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        ("120", dt.timedelta(minutes=2)),
        ("-5", PATIENCE),
        ("soon", PATIENCE),
        ("", PATIENCE),
        ("Mon, 09 Jun 2025 03:10:00 GMT", dt.timedelta(minutes=10)),
        ("Mon, 09 Jun 2025 02:10:00 GMT", dt.timedelta()),
        ("999999999", LONGEST_PAUSE),
        ("Fri, 01 Jan 2100 00:00:00 GMT", LONGEST_PAUSE),
        (ODD[0], PATIENCE),
        (ODD[1], PATIENCE),
    ],
)
def test_a_pause_is_read_in_seconds_or_as_a_date(text: str, pause: dt.timedelta) -> None:
    """Both forms are kept up to seven days; what is neither, or names no zone, is a minute."""
    assert retry_after(text, NOW) == pause


@given(
    st.text(max_size=60)
    | st.integers().map(str)
    | st.sampled_from(ODD)
    | st.builds(
        "Mon, {:02} Jan {:04} {:02}:00:00 {}".format,
        st.integers(0, 40),
        st.integers(0, 12_000),
        st.integers(0, 30),
        st.integers(-(10**20), 10**20).map("{:+}".format) | st.sampled_from(["GMT", "", "-0000"]),
    )
)
def test_no_text_is_raised_or_waited_for_too_long(text: str) -> None:
    """Whatever a source writes, its pause lies between nothing and seven days."""
    assert dt.timedelta() <= retry_after(text, NOW) <= LONGEST_PAUSE

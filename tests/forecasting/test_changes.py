"""Changes are of like spans, and a year to date is a sum of figures that part it."""

from __future__ import annotations

import pytest

from forecasting.months import Month, Span
from forecasting.shocks.changes import year_to_date

JANUARY = Month.of(2025, 1)


@pytest.mark.parametrize(
    ("figures", "total"),
    [
        ({Span(JANUARY): 1.0, Span(JANUARY + 1): 2.0, Span(JANUARY + 2): 4.0}, 7.0),
        ({Span(JANUARY, 2): 3.0, Span(JANUARY + 2): 4.0}, 7.0),
        ({Span(JANUARY, 2): 9.0, Span(JANUARY): 1.0, Span(JANUARY + 1): 2.0, Span(JANUARY + 2): 4.0}, 7.0),
        ({Span(JANUARY): 1.0, Span(JANUARY + 2): 4.0}, None),
        ({Span(JANUARY): 1.0, Span(JANUARY, 2): 3.0, Span(JANUARY + 2): 4.0}, 7.0),
        ({Span(JANUARY, 3): 7.0, Span(JANUARY + 3): 1.0}, 7.0),
    ],
)
def test_a_year_to_date_needs_every_month(figures: dict[Span, float], total: float | None) -> None:
    """Months and joint totals add up once each; a month in no figure leaves nothing to say."""
    found = year_to_date(figures, JANUARY + 2)
    assert found == (None if total is None else (Span(JANUARY, 3), total))

"""What an upload is known by under an Idempotency-Key."""

from __future__ import annotations

import hashlib

import pytest

from forecasting.months import Month, Span
from services.ingestion.figures import ArrivingFigure
from services.usecases.arriving_figures import digest

FIGURES = [ArrivingFigure(at, f"S{at}", Span(Month.of(2025, 1) + at), at / 3, "t") for at in range(3)]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_digest_made_figure_by_figure_is_that_of_the_whole_list(count: int) -> None:
    """A key that came before the digest was made in parts still gets its first report, and no refusal."""
    whole = repr([("desk", figure) for figure in FIGURES[:count]])
    assert digest("desk", FIGURES[:count]) == hashlib.sha256(whole.encode()).hexdigest()

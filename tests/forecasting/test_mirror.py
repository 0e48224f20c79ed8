"""The mirror gap: exports against partners' imports, judged by their usual gap and not by zero."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.months import Month
from forecasting.series import Series
from forecasting.shocks.mirror import mirror_gap

START = Month.of(2022, 1)
LAST = START + 34


def pair(share: float, last: float = 1.0, *, months: int = 36) -> tuple[Series, list[Series]]:
    """Exports of 1,000 t a month, and two partners that together take a share of them a month later."""
    noise = np.random.default_rng(2)
    sent = 1000 * np.exp(0.05 * noise.standard_normal(months))
    arrived = share * np.concatenate([[1000.0], sent[:-1]]) * np.exp(0.03 * noise.standard_normal(months))
    arrived[-1] *= last
    partners = [Series("a", "t", START, 0.7 * arrived), Series("b", "t", START, 0.3 * arrived)]
    return Series("exports", "t", START, sent), partners


def test_a_usual_gap_is_no_gap() -> None:
    """Partners that always take nine tenths have not parted, whatever the level of their share."""
    found = mirror_gap(*pair(0.9), LAST)
    assert found is not None
    assert not found.parted
    assert found.coverage == pytest.approx(0.9, abs=0.03)


def test_arrivals_that_fall_away_have_parted() -> None:
    """Half of what usually arrives is told with its share, below zero, one month after the exports."""
    found = mirror_gap(*pair(0.9, 0.5), LAST)
    assert found is not None
    assert found.parted
    assert found.score < -3
    assert found.gap == pytest.approx(np.log(0.5), abs=0.1)
    assert f"{abs(found.score):.1f} times" in found.reason


def test_what_cannot_be_judged_is_none() -> None:
    """Below 60 % coverage, with a partner missing, or with too short a past nothing is said."""
    exports, partners = pair(0.5, 0.1)
    assert mirror_gap(exports, partners, LAST) is None
    exports, partners = pair(0.9)
    assert mirror_gap(exports, [], LAST) is None
    assert mirror_gap(exports, [partners[0], partners[1].until(LAST)], LAST) is None
    assert mirror_gap(exports, partners, START + 4) is None
    assert mirror_gap(exports, partners, LAST + 1) is None

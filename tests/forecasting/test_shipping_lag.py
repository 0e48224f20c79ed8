"""Shipping lags: learned for each pair from its own past, by default where that says nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.months import Month
from forecasting.series import Series
from forecasting.shocks.mirror import mirror_gap
from forecasting.shocks.shipping_lag import ShippingLag, shipping_lag

START = Month.of(2018, 1)


def shipped(lag: int, *, months: int = 72, noise: float = 0.05, seed: int = 1) -> tuple[Series, Series]:
    """Exports that vary by 20 %, and a partner's imports of nine tenths of them, ``lag`` months later."""
    random = np.random.default_rng(seed)
    sent = 1000 * np.exp(0.2 * random.standard_normal(months + 3))
    arrived = 0.9 * sent[3 - lag : 3 - lag + months] * np.exp(noise * random.standard_normal(months))
    return Series("exports", "t", START, sent[3:]), Series("partner", "t", START, arrived)


@settings(max_examples=60, deadline=None)
@given(
    lag=st.integers(0, 3),
    seed=st.integers(0, 10_000),
    noise=st.floats(0.0, 0.1),
    months=st.integers(41, 130),
)
def test_a_series_shifted_by_some_months_has_that_lag(lag: int, seed: int, noise: float, months: int) -> None:
    """Whatever the noise, up to half of what the exports vary by, the lag found is the lag put in."""
    exports, partner = shipped(lag, months=months, noise=noise, seed=seed)
    found = shipping_lag(exports, partner, START + months)
    assert (found.months, found.learned) == (lag, True)
    assert found.correlation is not None
    assert f"{found.correlation:.2f} over {found.shared} months" in found.reason


@settings(max_examples=40, deadline=None)
@given(lag=st.integers(0, 3), seed=st.integers(0, 10_000), back=st.integers(0, 20))
def test_the_month_judged_and_later_ones_teach_nothing(lag: int, seed: int, back: int) -> None:
    """The lag of a month is the same whether figures of it and of later months are held or not."""
    exports, partner = shipped(lag, seed=seed)
    month = START + (71 - back)
    cut = shipping_lag(exports.until(month - 1), partner.until(month - 1), month)
    assert shipping_lag(exports, partner, month) == cut


def test_a_short_past_leaves_the_default() -> None:
    """With 35 months shared the lag is one month by default and says so; with 36 it is learned."""
    exports, partner = shipped(2)
    short = shipping_lag(exports, partner, START + 39)
    assert (short.months, short.learned, short.correlation, short.shared) == (1, False, None, 35)
    assert short.reason == "35 months of changes are shared and 36 needed; 1 month after by default"
    assert shipping_lag(exports, partner, START + 40) == ShippingLag(
        "partner",
        2,
        learned=True,
        correlation=pytest.approx(0.95, abs=0.05),
        shared=36,
        reason=shipping_lag(exports, partner, START + 40).reason,
    )


def test_a_past_that_tells_no_lag_leaves_the_default() -> None:
    """Imports that have nothing to do with the exports correlate by chance alone: the lag is the default."""
    exports, _ = shipped(0, seed=5)
    _, stranger = shipped(0, seed=6)
    found = shipping_lag(exports, stranger, START + 72)
    assert (found.months, found.learned) == (1, False)
    assert "not told from nothing" in found.reason
    flat = Series("flat", "t", START, np.full(72, 5.0))
    assert not shipping_lag(exports, flat, START + 72).learned


def test_months_that_are_missing_or_zero_are_left_out() -> None:
    """Gaps and months of nothing take changes away and give no wrong ones."""
    exports, partner = shipped(2)
    values = partner.values.copy()
    values[[10, 30]] = np.nan
    values[20] = 0.0
    found = shipping_lag(exports, Series("partner", "t", START, values), START + 72)
    assert (found.months, found.learned) == (2, True)
    assert found.shared < shipping_lag(exports, partner, START + 72).shared


def test_each_partner_is_counted_after_its_own_lag() -> None:
    """What one partner takes at once and another two months later is summed of what was sent together."""
    exports, near = shipped(0, noise=0.02)
    _, far = shipped(2, noise=0.02)
    partners = [Series("near", "t", START, 0.6 * near.values), Series("far", "t", START, 0.4 * far.values)]
    month = START + 69
    found = mirror_gap(exports, partners, month)
    assert found is not None
    assert [lag.months for lag in found.lags] == [0, 2]
    assert found.imports == pytest.approx(partners[0].at(month) + partners[1].at(month + 2))
    assert abs(found.gap) < 0.1
    assert not found.parted
    assert "imports are counted 0 to 2 months after (as the past of each pair says)" in found.reason


def test_a_learned_lag_finds_what_the_default_would_hide() -> None:
    """Half of what was sent in a month does not come two months later: it has parted, its neighbours not."""
    exports, partner = shipped(2, noise=0.03)
    values = partner.values.copy()
    values[67] *= 0.5
    short = Series("partner", "t", START, values)
    parted = {back: mirror_gap(exports, [short], START + (65 + back)) for back in (-1, 0, 1)}
    assert {back: gap is not None and gap.parted for back, gap in parted.items()} == {
        -1: False,
        0: True,
        1: False,
    }

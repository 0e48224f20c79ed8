"""A fit that does not end is cut off; one that ends is untouched."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from forecasting.engine import publish
from forecasting.errors import ModelFailedError
from forecasting.forecast import Forecast
from forecasting.months import Month
from forecasting.publication import Fit
from forecasting.series import Series
from services.usecases.time_limit import BatchOverError, limited

SERIES = Series("s", "t", Month.of(2015, 1), 100 + 10 * np.sin(np.arange(60.0)))


def endless() -> Forecast:
    while True:
        try:
            sum(range(100))
        except Exception:  # noqa: BLE001, S112  as a library that swallows whatever is raised
            continue


def test_a_stalled_fit_ends_with_its_reason_even_in_code_that_swallows_exceptions() -> None:
    """The model, the series and the limit are named, and no alarm is left behind."""
    with pytest.raises(ModelFailedError, match=r"no end after 0\.2 s"):
        limited(0.2)(Fit("endless", "s", endless))
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_batch_goes_on_without_the_model_that_stalled() -> None:
    """Theta stalls on one series: it is left out there with its reason, and both series are forecast."""

    short, long = limited(0.2), limited(60.0)  # a fit that ends has all the time of a busy machine

    def stalling(fit: Fit) -> Forecast:
        stalls = (fit.model, fit.series_id) == ("theta", "s")
        return short(Fit(fit.model, fit.series_id, endless)) if stalls else long(fit)

    other = Series("other", "t", SERIES.start, SERIES.values)
    first, second = publish([SERIES, other], portfolio="fast", guard=stalling)
    left_out = {member.name: member.left_out for member in first.members}
    assert left_out["theta"] == "no end after 0.2 s"
    assert left_out["theta_log"] is None
    assert first.forecast is not None
    assert all("no end" not in (member.left_out or "") for member in second.members)


def test_the_fits_of_a_batch_end_together() -> None:
    """Once the time of a batch is over no other fit begins, and no model can swallow that."""
    guard = limited(1.0, together=0.0)
    with pytest.raises(BatchOverError, match="each series is fitted alone"):
        guard(Fit("theta", "s", endless))
    assert not isinstance(BatchOverError(1.0), Exception)

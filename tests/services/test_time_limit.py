"""A fit that does not end is cut off; one that ends is untouched."""

from __future__ import annotations

import ast
import signal
from pathlib import Path

import numpy as np
import pytest

from forecasting.calibration import relative_error
from forecasting.engine import past_residuals, publish
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


def test_a_fit_that_ends_as_its_time_does_keeps_its_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """An alarm after the fit has returned, before it is off, takes nothing away and reaches nobody."""
    made = Forecast("s", "t", SERIES.end, None, (0.5,), np.array([[100.0]]), "quick")
    before, set_timer = signal.getsignal(signal.SIGALRM), signal.setitimer

    def rings_late(which: int, seconds: float) -> None:
        set_timer(which, seconds)
        if seconds == 0:
            signal.raise_signal(signal.SIGALRM)

    with monkeypatch.context() as patched:
        patched.setattr(signal, "setitimer", rings_late)
        assert limited(60.0)(Fit("quick", "s", lambda: made)) is made
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == before


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
    with pytest.raises(BatchOverError, match="took more than 0 s together"):
        guard(Fit("theta", "s", endless))
    assert not isinstance(BatchOverError(1.0), Exception)


def test_the_fits_behind_a_calibration_are_limited_too() -> None:
    """Those of residuals and of a relative error go through the guard; a stalled one is left out."""
    asked: list[str] = []

    def stalled(fit: Fit) -> Forecast:
        asked.append(fit.model)
        return limited(0.01)(Fit(fit.model, fit.series_id, endless))

    assert relative_error(SERIES, 6, guard=stalled) is None
    assert asked == ["theta_log"]
    assert past_residuals(SERIES, 6, "fast", guard=stalled) is None
    assert {"theta", "theta_log"} <= set(asked[1:])


def test_a_stalled_relative_error_leaves_the_forecast_and_its_usual_width() -> None:
    """The baseline of ``publish`` stands where only the fit from a horizon ago does not end."""

    def guard(fit: Fit) -> Forecast:
        seen.append(fit.model)
        return limited(0.1)(Fit(fit.model, fit.series_id, endless) if seen.count("theta_log") == 2 else fit)

    seen: list[str] = []
    (made,) = publish([SERIES], horizon=6, portfolio="fast", guard=guard)
    assert seen.count("theta_log") == 2
    assert made.forecast is not None
    assert all(member.left_out is None for member in made.members if member.weight)


def test_every_fit_of_the_service_has_a_guard() -> None:
    """No call of ``publish`` or of what fits for a calibration leaves the time limit out."""
    fits = {"publish", "past_residuals", "published_residuals", "uncalibrated", "relative_error", "residuals"}
    bare = []
    for path in (Path(__file__).parents[2] / "services").rglob("*.py"):
        if "forecasting.engine import" not in (text := path.read_text(encoding="utf-8")):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and "guard" not in {given.arg for given in node.keywords}:
                called = node.args[0] if ast.unparse(node.func) == "partial" else node.func
                bare += [f"{path.name}:{node.lineno}"] if ast.unparse(called) in fits else []
    assert bare == []

"""A time limit on each fit: a model that stalls is left out with its reason, and the batch goes on."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from forecasting.errors import ModelFailedError
from forecasting.forecast import Forecast
from forecasting.publication import Fit, Guard

SECONDS = 30.0
"""Seconds of wall time that one fit may take: two hundred times the slowest usual one, Prophet's, so that a
busy machine leaves nothing out."""


class _TimeOverError(BaseException):
    """Raised inside a fit by the alarm; no Exception, since models turn those into their own reasons."""


def limited(seconds: float = SECONDS) -> Guard:
    """A guard that ends a fit after so many seconds with ModelFailedError.

    The alarm is heard between two steps of Python, in the main thread alone: in compiled code that never
    returns only the end of the process helps, which is Celery's hard limit for a worker. In another thread
    fits run without a limit.
    """

    def guard(fit: Fit) -> Forecast:
        if threading.current_thread() is not threading.main_thread():
            return fit.run()
        before = signal.signal(signal.SIGALRM, _over)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            return fit.run()
        except _TimeOverError:
            raise ModelFailedError(fit.model, fit.series_id, f"no end after {seconds:g} s") from None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)

    return guard


def _over(_: int, __: FrameType | None) -> None:
    raise _TimeOverError

"""A time limit on each fit: a model that stalls is left out with its reason, and the batch goes on."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType

from forecasting.errors import ModelFailedError
from forecasting.forecast import Forecast
from forecasting.publication import Fit, Guard
from services.work.errors import AloneNextTimeError

SECONDS = 30.0
"""Seconds of wall time that one fit may take: two hundred times the slowest usual one, Prophet's, so that a
busy machine leaves nothing out."""


BATCH_SECONDS = 240.0
"""Seconds that the fits of one batch may take together: with its last fit far below Celery's limits and the
lease of its jobs, so that neither ends it in the middle."""


class BatchOverError(AloneNextTimeError):
    """The fits of a batch, or of the one series in it, took too long together."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"the fits of one batch took more than {seconds:g} s together")


class _TimeOverError(BaseException):
    """Raised inside a fit by the alarm; no Exception, since models turn those into their own reasons."""


def limited(seconds: float = SECONDS, *, together: float | None = None) -> Guard:
    """A guard that ends a fit after so many seconds with ModelFailedError.

    ``together`` bounds, in seconds from now on, all fits that it guards: BatchOverError before the next one.

    The alarm is heard between two steps of Python, in the main thread alone: in compiled code that never
    returns only the end of the process helps, which is Celery's hard limit for a worker. In another thread
    fits run without a limit.
    """
    began = time.monotonic()

    def guard(fit: Fit) -> Forecast:
        if together is not None and time.monotonic() - began > together:
            raise BatchOverError(together)
        if threading.current_thread() is not threading.main_thread():
            return fit.run()
        made = None
        before = signal.signal(signal.SIGALRM, _over)
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, seconds)
                made = fit.run()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0.0)
        except _TimeOverError:
            # it may come after the fit, before the alarm is off: what was made in time is kept
            if made is None:
                raise ModelFailedError(fit.model, fit.series_id, f"no end after {seconds:g} s") from None
        finally:
            signal.signal(signal.SIGALRM, before)
        return made

    return guard


def _over(_: int, __: FrameType | None) -> None:
    raise _TimeOverError

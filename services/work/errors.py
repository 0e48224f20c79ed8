"""What work raises to say how it is to go on."""

from __future__ import annotations


class AloneNextTimeError(BaseException):
    """Raised by work on a batch that took too long: each of its jobs is due again, and then alone.

    Of a job that was alone already it is the error.

    No Exception, since models turn those into reasons.
    """

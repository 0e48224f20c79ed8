"""The job that scores published forecasts once their months are known; ordered without loading any model."""

from __future__ import annotations

from collections.abc import Sequence

from services.storage.jobs import BACKGROUND, Job

SCORE = "score_forecasts"


def scoring(cause: str, series_ids: Sequence[str]) -> Job:
    """The job that scores every forecast of some series against every figure it is not scored against yet.

    Nobody waits for it: refits that are awaited go before.
    """
    return Job(kind=SCORE, key=cause, arguments={"series": list(series_ids)}, priority=BACKGROUND)

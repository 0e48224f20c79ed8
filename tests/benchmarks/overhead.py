"""What the engine costs beside bare library calls of its members: ``python -m tests.benchmarks.overhead``.

Both sides do the same fits, one process and thread, on every 14th M3 series; best of three rounds each. The
refit of Theta that sizes a series' intervals is a fit on both sides.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from forecasting.engine import publish
from forecasting.models import global_trees
from forecasting.models.seasonality import may_be_seasonal
from forecasting.series import Series
from tests.benchmarks.accuracy import HORIZON, m3

ROUNDS = 3
EVERY = 14


def bare(batch: Sequence[Series]) -> None:
    """The members of ``standard`` straight from statsforecast: logs by hand, a season where one may be."""
    from statsforecast.models import MSTL, AutoETS, DynamicOptimizedTheta  # noqa: PLC0415  seconds

    additive = partial(DynamicOptimizedTheta, season_length=12, decomposition_type="additive")
    for series in batch:
        values = series.values / np.mean(np.abs(series.values))
        logs = np.log(values) if (values > 0).all() else values
        season = 12 if may_be_seasonal(logs) else 1
        for model, history in (
            (AutoETS(season_length=season, model="AAZ", damped=True), logs),
            (AutoETS(season_length=season, model="ANZ"), logs),
            (DynamicOptimizedTheta(season_length=12), values),
            (MSTL(season_length=12, trend_forecaster=AutoETS(model="AAN", damped=True)), logs),
            (additive(), logs[:-HORIZON]),
        ):
            model.forecast(y=history, h=HORIZON, level=[80])


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of the quickest round."""
    spent = []
    for _ in range(ROUNDS):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return min(spent)


def main() -> None:
    """Print both sides and the share."""
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    panel = [one.until(one.end - HORIZON) for one in m3(Path("../shared/data")).series]
    batch = [one for one in panel if len(one.values) >= 60][::EVERY]
    trees = global_trees.train(panel, seed=0)
    library = seconds(partial(bare, batch))
    boosters = sum(seconds(partial(each.forecasts, batch, HORIZON, (0.5,))) for each in trees.named.values())
    engine = seconds(lambda: publish(batch, horizon=HORIZON, global_model=trees))
    fits = library + boosters
    say = partial(print, flush=True)
    say(f"{len(batch)} series: bare fits {fits / len(batch) * 1e3:.1f} ms a series,")
    say(f"the engine {engine / len(batch) * 1e3:.1f} ms: {engine / fits - 1:+.1%}")


if __name__ == "__main__":
    main()

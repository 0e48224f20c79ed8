"""What to expect right after a shock: the forecast made before it, given the figure that was the shock."""

from __future__ import annotations

import numpy as np

from forecasting.forecast import Forecast
from forecasting.months import Span
from forecasting.series import Series
from forecasting.shocks.chronicle import figures
from forecasting.shocks.counterfactual import counterfactual
from forecasting.shocks.interventions import Side, typing
from forecasting.shocks.scenarios import Scenarios, scenarios


def outlook(before: Forecast, series: Series, span: Span, side: Side) -> Scenarios | None:
    """The month after a shock, by type and mixed: forecasts of one step, in the series' unit.

    ``before`` is the forecast that judged the figure of ``span``, ``series`` all that is known with it. No
    fit is made: each branch is the stored path, conditional on the figures since, if the shock has the type's
    path; the weights are the types' probabilities at first sight. None where the forecast does not reach the
    month after, or the figure is not held.
    """
    if not before.reaches(Span(span.last + 1)):
        return None
    until = counterfactual(before, span.last)
    seen = figures(series.until(span.last), until)
    onset = until.step(span.first)
    if not np.isfinite(seen[onset]):
        return None
    types = typing(until, seen, onset, side)
    return scenarios(counterfactual(before, span.last + 1), seen, onset, types)

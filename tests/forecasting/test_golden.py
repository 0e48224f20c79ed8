"""What was saved once loads for ever, and forecasts as it did: one file of each format that was ever written.

A new format gets a new file beside these; none of them is made anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from test_model_contract import SEASONAL, series_of

from forecasting.calibration import Calibration
from forecasting.errors import CalibrationError, GlobalModelError
from forecasting.models.global_trees import GlobalTrees

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("saved", ["global_trees_format_1", "global_trees_format_2", "global_trees_format_3"])
def test_saved_global_model_forecasts_as_when_it_was_saved(saved: str) -> None:
    """The bytes of each format give the numbers that stand beside them."""
    model = GlobalTrees.load((GOLDEN / f"{saved}.json").read_bytes())
    held = json.loads((GOLDEN / f"{saved}.forecast.json").read_text())
    said = held if isinstance(held, dict) else {"global_trees": held}  # one model alone before format 3
    asked = series_of(SEASONAL[:72]), 6, (0.1, 0.5, 0.9)
    assert set(model.named) == set(said)
    for name, values in said.items():
        np.testing.assert_allclose(model.named[name].forecast(*asked).values, values, rtol=1e-9)


@pytest.mark.parametrize(
    ("saved", "shares", "power"), [(1, (0.5, 0.5, 0.0), 0.3), (2, (1 / 3, 1 / 3, 1 / 3), 0.2)]
)
def test_saved_calibration_loads(saved: int, shares: tuple[float, ...], power: float) -> None:
    """The bytes of each format give the table that they hold, and the spread that it was made for."""
    held = Calibration.load((GOLDEN / f"calibration_format_{saved}.json").read_bytes())
    np.testing.assert_allclose(held.quantiles(2, (0.1, 0.5, 0.9)), [[-1.25, 0.0, 1.5], [-1.5, 0.0, 1.75]])
    assert (held.typical, held.series) == (0.75, 160)
    assert (held.shares, held.power) == (shares, power)


def test_unknown_format_is_refused_by_its_number() -> None:
    """A file of a later version says which format it has and which are known."""
    later = json.loads((GOLDEN / "global_trees_format_2.json").read_text()) | {"format": 9}
    with pytest.raises(GlobalModelError, match="format 9 is not known"):
        GlobalTrees.load(json.dumps(later).encode())
    with pytest.raises(CalibrationError, match="format 9 is not known"):
        Calibration.load(b'{"format": 9, "levels": [0.5], "table": [[0]], "typical": 1, "series": 1}')

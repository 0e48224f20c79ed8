"""``tonnage backtest``: a line a model, and what is said of a panel whose series end apart."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from services.cli import app


def panel(folder: Path, ends: dict[str, int], *, numbered: bool) -> Path:
    """Series of a season on a trend, each of so many months."""
    rows = [
        (
            name,
            step + 1 if numbered else f"{2015 + step // 12}-{1 + step % 12:02}",
            90 + 7 * (step % 12) + step,
        )
        for name, months in ends.items()
        for step in range(months)
    ]
    path = folder / "panel.csv"
    pd.DataFrame(rows, columns=["series_id", "month", "value"]).to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("ends", "numbered", "said"),
    [
        ({"a": 60, "b": 57}, False, True),
        ({"a": 60, "b": 60}, False, False),
        ({"a": 60, "b": 57}, True, False),
    ],
)
def test_series_that_end_apart_are_told(
    tmp_path: Path, ends: dict[str, int], numbered: bool, said: bool
) -> None:
    """Where a month is a date, and ends differ, the table is followed by what that means; else by nothing."""
    source, output = panel(tmp_path, ends, numbered=numbered), tmp_path / "table.csv"
    words = ["--input", source, "--output", output, "--folds", 2, "--horizon", 6, "--portfolio", "theta"]
    done = CliRunner().invoke(app, ["backtest", *map(str, words), "--jobs", "1"])
    assert done.exit_code == 0, done.output
    table = pd.read_csv(output).set_index("model")
    assert set(table["folds"]) == {4}
    assert table.loc["theta", "owa"] < table.loc["seasonal_naive", "owa"]
    assert ("end in 2 different months" in " ".join(done.output.split())) == said

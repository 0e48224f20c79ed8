"""A panel forecast offline: the same for any number of processes, sums that add up, and reasons in words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from services.cli import app


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven series of five years by number of month, and one that holds two months."""
    rng = np.random.default_rng(1)
    rows = [
        (name, step + 1, 100 * (place + 1) * np.exp(0.2 * np.sin(step / 2) + 0.1 * rng.standard_normal()))
        for place, name in enumerate("abcdefg")
        for step in range(60)
    ]
    path = tmp_path_factory.mktemp("panel") / "panel.csv"
    pd.DataFrame([*rows, ("h", 59, 5.0), ("h", 60, 6.0)], columns=["id", "t", "v"]).to_csv(path, index=False)
    return path


def forecast(panel: Path, output: Path, *more: str) -> pd.DataFrame:
    columns = ["--id-col", "id", "--time-col", "t", "--value-col", "v"]
    where = ["--input", str(panel), "--output", str(output)]
    done = CliRunner().invoke(app, ["forecast", *where, *columns, "--portfolio", "fast", *more])
    assert done.exit_code == 0, done.output
    horizon = more[more.index("--horizon") + 1] if "--horizon" in more else "18"
    assert f" series answered, {horizon} months ahead" in done.output, "not the rows of all series"
    return pd.read_csv(output)


def test_result_is_the_same_for_any_number_of_jobs(panel: Path, tmp_path: Path) -> None:
    """One process and two write the same rows, to the last digit; the short series says what it is."""
    one = forecast(panel, tmp_path / "one.csv", "--jobs", "1")
    two = forecast(panel, tmp_path / "two.csv", "--jobs", "2")
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert one["month"].min() == 61
    assert len(one) == 8 * 18
    assert one[one["series_id"] == "h"]["reason"].str.startswith("2 months held").all()


def test_sums_of_a_family_add_up(panel: Path, tmp_path: Path) -> None:
    """A sum and a share are derived and forecast; the sum's point forecast is that of its parts."""
    families = tmp_path / "families.csv"
    families.write_text("series_id,kind,parts\nab,sum,a b\nshare,share,a ab\n")
    rows = forecast(panel, tmp_path / "out.csv", "--families", str(families), "--horizon", "6")
    means = rows.pivot_table(index="h", columns="series_id", values="mean")
    np.testing.assert_allclose(means["a"] + means["b"], means["ab"])
    assert means["share"].between(10, 60).all()


@pytest.mark.parametrize("families", [True, False])
def test_mean_is_the_median_and_says_so(panel: Path, tmp_path: Path, families: bool) -> None:
    """The column `mean` is the same as q0.5 to the last digit, of sums too, and the help tells a reader."""
    file = tmp_path / "families.csv"
    file.write_text("series_id,kind,parts\nab,sum,a b\n")
    more = ["--families", str(file)] if families else []
    rows = forecast(panel, tmp_path / "out.csv", "--horizon", "6", *more)
    pd.testing.assert_series_equal(rows["mean"], rows["q0.5"], check_exact=True, check_names=False)
    help_ = CliRunner().invoke(app, ["forecast", "--help"], env={"COLUMNS": "200"}).output
    assert "mean is the point forecast: the median, the same as q0.5" in help_.replace("`", "")


def test_a_model_by_name_says_what_its_intervals_held(panel: Path, tmp_path: Path) -> None:
    """Its own coverage, measured on the panel's past, is printed beside it."""
    columns = ["--id-col", "id", "--time-col", "t", "--value-col", "v", "--portfolio", "theta"]
    where = ["--input", str(panel), "--output", str(tmp_path / "out.csv")]
    done = CliRunner().invoke(app, ["forecast", *where, *columns])
    assert done.exit_code == 0
    assert "on 7 series: 80 % held" in " ".join(done.output.split())


def test_prophet_and_stan_say_nothing_of_their_fits(panel: Path, tmp_path: Path) -> None:
    """In a process of its own, where each logger would be heard, they write no line beside ours."""
    columns = ["--id-col", "id", "--time-col", "t", "--value-col", "v"]
    where = ["--input", str(panel), "--output", str(tmp_path / "o.csv")]
    asked = ["forecast", *where, *columns, "--portfolio", "prophet", "--horizon", "3", "--jobs", "1"]
    done = subprocess.run(
        [sys.executable, "-c", "from services.cli import app; app()", *asked],
        capture_output=True,
        text=True,
        check=True,
    )
    told = done.stdout + done.stderr
    assert "3 months ahead" in told
    assert not [name for name in ("cmdstanpy", "plotly", "INFO") if name in told]


def test_a_series_without_a_forecast_is_counted_and_leaves_months_ahead_whole(
    panel: Path, tmp_path: Path
) -> None:
    """Two months are too few for a model by name: the last line says so, and h of the others stays 1, 2, …"""
    columns = ["--id-col", "id", "--time-col", "t", "--value-col", "v", "--portfolio", "theta"]
    where = ["--input", str(panel), "--output", str(tmp_path / "out.csv"), "--horizon", "3"]
    done = CliRunner().invoke(app, ["forecast", *where, *columns])
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert said.endswith("1 of them without a forecast: column reason says why, or left_out")
    lines = (tmp_path / "out.csv").read_text().splitlines()[1:]
    assert [line.split(",")[1] for line in lines] == [*["1", "2", "3"] * 7, ""]
    help_ = CliRunner().invoke(app, ["forecast", "--help"], env={"COLUMNS": "200"}).output
    assert "[default: series_id or unique_id]" in help_


def test_unknown_portfolio_names_those_that_there_are(panel: Path, tmp_path: Path) -> None:
    """The command ends with status 2 before any fit, and writes nothing."""
    columns = ["--id-col", "id", "--time-col", "t", "--value-col", "v", "--portfolio", "oracle"]
    done = CliRunner().invoke(
        app, ["forecast", "--input", str(panel), "--output", str(tmp_path / "o"), *columns]
    )
    assert done.exit_code == 2
    assert "standard" in done.output
    assert not (tmp_path / "o").exists()


def test_a_pair_is_no_january(tmp_path: Path) -> None:
    """A total of January and February is shared between them: the next January is not forecast at both."""
    rows = [f"X,{year}-{month:02d},1000" for year in range(2022, 2026) for month in range(3, 13)]
    rows += [
        "X,2022-01,1010",
        "X,2022-02,990",
        *(f"X,{year}-01..{year}-02,2000" for year in range(2023, 2026)),
    ]
    (tmp_path / "pairs.csv").write_text("series_id,month,value\n" + "\n".join(rows) + "\n")
    where = ["--input", str(tmp_path / "pairs.csv"), "--output", str(tmp_path / "out.csv")]
    done = CliRunner().invoke(app, ["forecast", *where, "--portfolio", "seasonal_naive", "--jobs", "1"])
    assert done.exit_code == 0, done.output
    made = pd.read_csv(tmp_path / "out.csv").set_index("month")["mean"]
    assert made["2026-01"] == pytest.approx(1000, rel=0.1)
    assert made["2026-01"] + made["2026-02"] == pytest.approx(2000, rel=0.05)

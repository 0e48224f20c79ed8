"""A panel judged offline: point in time, zeros for absent months, the same for any count of jobs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from forecasting.months import Month, Span
from forecasting.series import Series, Total
from services.usecases.absent_months import zeros_for_absent
from services.usecases.detect_panel import Judging, detect_panel, list_episodes

START = Month.of(2015, 1)
JUDGING = Judging(START + 48, 0.1, 3, "seasonal_naive")


def series(name: str, seed: int = 0, months: int = 72) -> Series:
    noise = 0.08 * np.random.default_rng(seed).standard_normal(months)
    season = 0.2 * np.sin(2 * np.pi * np.arange(months) / 12)
    return Series(name, "t", START, 1000 * np.exp(season + noise))


def changed(one: Series, first: int, share: float, last: int | None = None) -> Series:
    values = np.array(one.values)
    values[first:last] *= share
    return replace(one, values=values)


def test_a_shock_is_found_typed_and_followed() -> None:
    """Three months at a fifth are a shock down in the first, and one episode that closes after them."""
    rows = detect_panel([changed(series("x__a"), 60, 0.2, 63)], JUDGING)
    onset = rows[rows["month"] == "2020-01"].iloc[0]
    assert onset["verdict"] == "shock_down"
    assert 0 < onset["p_LS"] < 1
    assert len(rows) == 24
    (found,) = [row for row in list_episodes(rows).itertuples() if "2020-01" in row.episode_id]
    assert found.episode_status == "closed"
    assert found.episode_shortfall_lower < found.episode_shortfall < found.episode_shortfall_upper


def test_rows_do_not_know_what_comes_after() -> None:
    """The rows up to a month are the same whether or not the months after it are in the panel."""
    whole = changed(series("x__a"), 60, 0.2, 63)
    rows = detect_panel([whole], JUDGING)
    cut = detect_panel([whole.until(START + 61)], JUDGING)
    pd.testing.assert_frame_equal(rows[rows["month"] <= "2020-02"], cut)


def test_the_count_of_jobs_changes_nothing() -> None:
    """Two processes write the rows that one writes, in the same order."""
    panel = [series(f"x__{number:02}", number, 54) for number in range(10)]
    pd.testing.assert_frame_equal(detect_panel(panel, JUDGING), detect_panel(panel, JUDGING, jobs=2))


def test_an_absent_month_is_zero_only_where_the_release_came() -> None:
    """A gap while the family has figures is nothing shipped; a gap of the whole family stays a gap."""
    panel = [series(f"x__{number}", number) for number in range(4)]
    panel[0] = changed(panel[0], 60, np.nan, 61)
    panel = [changed(one, 65, np.nan, 66) for one in panel]
    found = zeros_for_absent(panel)
    assert found[0].at(START + 60) == 0.0
    assert np.isnan(found[0].at(START + 65))
    row = detect_panel(panel, JUDGING).query("series_id == 'x__0' and month == '2020-01'").iloc[0]
    assert row["verdict"] == "shock_down"


def test_a_pair_is_judged_as_one_figure() -> None:
    """A total of two months is one row, judged against the forecast of both; neither month becomes a zero."""
    panel = [series(f"x__{number}", number) for number in range(4)]
    pair = Span(START + 60, 2)
    values = np.array(panel[0].values)
    total = Total(pair, 0.2 * float(values[60:62].sum()))
    values[60:62] = np.nan
    panel[0] = replace(panel[0], values=values, totals=(total,))
    rows = detect_panel(panel, JUDGING)
    mine = rows[rows["series_id"] == "x__0"].set_index("month")
    assert list(mine.index[11:14]) == ["2019-12", "2020-01..2020-02", "2020-03"]
    row = mine.loc["2020-01..2020-02"]
    assert (row["value"], row["verdict"]) == (total.value, "shock_down")
    assert row["expected"] > 1500
    last = replace(panel[0], values=values[:62])
    assert detect_panel([last], JUDGING)["month"].iloc[-1] == "2020-01..2020-02"


def test_a_series_without_a_figure_has_no_row() -> None:
    """A series of gaps alone is passed over, and stops no other."""
    panel = [replace(series("x__a"), values=np.full(72, np.nan)), series("x__b")]
    assert set(detect_panel(panel, JUDGING)["series_id"]) == {"x__b"}

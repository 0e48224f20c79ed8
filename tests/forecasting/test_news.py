"""Why a forecast changed: the parts add up, and each moves only by what it names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecasting.engine import publish
from forecasting.errors import InvalidSeriesError
from forecasting.forecast import Forecast
from forecasting.months import Month, Span
from forecasting.news import as_revised, change, figures_between, with_others, without_others
from forecasting.series import Series, monthly

START = Month.of(2020, 1)
OLD = Series("s", "t", START, 100 + 10 * np.sin(np.arange(48.0)))


def refit(series: Series) -> Forecast:
    (published,) = publish([series], portfolio="theta_log")
    assert published.forecast is not None
    return published.forecast


def later(months: int, step: int | None = None, factor: float = 1.0) -> Series:
    """OLD with more months after it, and one of its own multiplied."""
    values = np.append(OLD.values, 100.0 + np.arange(months))
    if step is not None:
        values[step] *= factor
    return Series("s", "t", START, values)


def test_new_revised_and_withdrawn_figures_are_told_apart() -> None:
    """A revision knows its value before; what is new has none; what is withdrawn has none after."""
    new = later(1, step=45, factor=1.5)
    gone = Series("s", "t", START, np.where(np.arange(49) == 3, np.nan, new.values))
    found = figures_between(OLD, gone)
    assert [(str(each.span), each.revised, each.after is None) for each in found] == [
        ("2020-04", True, True),
        ("2023-10", True, False),
        ("2024-01", False, False),
    ]


def test_total_that_is_split_later_is_news_of_its_months() -> None:
    """January and February together, then apart: the total is withdrawn and two figures are new."""
    figures = [(Span(START + step), 5.0) for step in range(2, 12)]
    together = monthly("s", "t", [(Span(START, 2), 9.0), *figures])
    apart = monthly("s", "t", [(Span(START), 4.0), (Span(START + 1), 5.0), *figures])
    found = [(str(each.span), each.before, each.after) for each in figures_between(together, apart)]
    assert found == [("2020-01", None, 4.0), ("2020-01..2020-02", 9.0, None), ("2020-02", None, 5.0)]


@pytest.mark.parametrize(("months", "factor"), [(1, 1.0), (0, 1.3), (2, 0.6)])
def test_parts_add_up_and_each_moves_by_its_cause_alone(months: int, factor: float) -> None:
    """Without revised figures revisions move nothing, without new ones news moves nothing."""
    new = later(months, step=46, factor=factor)
    before, after = refit(OLD), refit(new)
    told = change(before, after, before, refit(as_revised(OLD, new)))
    assert told is not None
    np.testing.assert_allclose(told.before + told.engine + told.revisions + told.news, told.after)
    assert told.first == after.first
    assert (told.engine == 0).all()
    assert bool(told.revisions.any()) == (factor != 1.0)
    assert bool(told.news.any()) == (months > 0)


def test_what_others_moved_is_no_news_of_figures() -> None:
    """Of two publications that others moved the models' parts are as without; what others did is a part."""
    new = later(1)
    first, second = refit(OLD), refit(new)
    moved = {second.first: 5.0, first.first: 90.0}
    told = {second.first: 2.0, second.first + 3: -4.0}
    plain = change(first, second, first, first)
    published = replace(first, values=first.values + np.eye(18)[1][:, None] * 5 + np.eye(18)[0][:, None] * 90)
    np.testing.assert_allclose(without_others(published, moved).values, first.values)
    assert plain is not None
    found = with_others(plain, moved, told)
    np.testing.assert_array_equal(found.news, plain.news)
    np.testing.assert_allclose(found.others[:5], [-3, 0, 0, -4, 0])
    np.testing.assert_allclose(found.before[:2], published.median[1:3])
    parts = (found.before, found.engine, found.revisions, found.news, found.others)
    np.testing.assert_allclose(sum(parts), found.after)
    np.testing.assert_allclose(found.after[:4], second.median[:4] + np.array([2, 0, 0, -4]))


def test_nothing_left_of_the_old_figures_is_refused() -> None:
    """Where every figure was withdrawn there is no series as revised."""
    with pytest.raises(InvalidSeriesError):
        as_revised(OLD, Series("s", "t", START + 60, np.array([1.0])))

"""An episode on the picture of its series: its months, what was lost, and the shock that began it."""

from __future__ import annotations

import math

from markupsafe import Markup

from forecasting.shocks.interventions import Intervention
from services.queries.episodes import FollowedEpisode
from services.queries.series import Figure, SeriesView
from services.web import formats
from services.web.charts.axes import Axes
from services.web.charts.svg import across, area, element, joined, line, text
from services.web.words import NAMES


def shade(axes: Axes, found: FollowedEpisode) -> Markup:
    """An episode's months from onset to the last looked at, with its shortfall above."""
    chapter, state = found.chapter, found.chapter.episode
    first, last = max(state.onset.first, axes.first), min(chapter.followed_to, axes.last)
    left, right = axes.x(first) - axes.step / 2, axes.x(last) + axes.step / 2
    y = axes.top
    rect = element(
        "rect",
        x=left,
        y=y,
        width=right - left,
        height=axes.height - axes.bottom - y,
        class_=f"shade shade-{state.side}",
    )
    size = formats.quantity(abs(state.shortfall), state.unit)
    words = f"{size} {'less' if state.shortfall >= 0 else 'more'}"
    middle = min(max((left + right) / 2, axes.left + 60), axes.width - 70)
    return joined([rect, text(words, middle, y - 6, f"lost lost-{state.side}", "middle")])


def lost(axes: Axes, found: FollowedEpisode, view: SeriesView) -> Markup:
    """What was forecast before the episode, and the difference to what came, filled: its shortfall."""
    state = found.chapter.episode
    would_be = [(month, value) for month, value in view.would_be[state.id] if axes.shows(month)]
    known = view.known
    both = [
        ((axes.x(month), axes.y(value)), (axes.x(month), axes.y(known.at(month))))
        for month, value in would_be
        if known is not None and month <= state.last_counted and math.isfinite(known.at(month))
    ]
    return joined(
        [
            area(
                across([each for each, _ in both], axes.step / 2),
                across([each for _, each in both], axes.step / 2),
                f"loss loss-{state.side}",
            ),
            line(
                across([(axes.x(month), axes.y(value)) for month, value in would_be], axes.step / 2),
                "would-be",
            ),
        ]
    )


def kind_of(view: SeriesView, figure: Figure) -> Intervention | None:
    """The likeliest type of the shock that a figure began."""
    onsets = {each.chapter.shock.span: each.chapter.types.likeliest for each in view.episodes}
    return onsets.get(figure.span)


def mark(axes: Axes, figure: Figure, kind: Intervention | None) -> Markup:
    """A triangle that points where a shock went, with its type where it began an episode."""
    if figure.shock is None or figure.value is None or not axes.shows(figure.span.last):
        return Markup("")
    x = axes.middle(figure.span)
    y = axes.y(figure.value / figure.span.months)
    away = 1 if figure.shock == "down" else -1
    tip, base = y + away * 17, y + away * 7
    shape = element(
        "path",
        d=f"M{x - 6:.1f} {base:.1f}H{x + 6:.1f}L{x:.1f} {tip:.1f}Z",
        class_=f"shock shock-{figure.shock}",
    )
    if kind is None:
        return shape
    return joined([shape, text(NAMES[kind], x + 9, y + away * 13 + 4, f"type type-{figure.shock}")])

"""Facts, detections and rules that the tests of alerts share: small, and true in themselves."""

from __future__ import annotations

import datetime as dt
from typing import Any

from alerts.evaluation import evaluate
from alerts.facts import Facts
from alerts.lifecycle import advance
from alerts.rules import Rule, parse_rule
from alerts.states import AlertState, Transition
from forecasting.months import Month, Span
from forecasting.shocks.detection import Detection, Verdict

MAY = Span(Month.of(2025, 5))

NOT_JUDGED = Detection(
    Verdict.NOT_JUDGED, "no forecast was published", None, None, None, None, None, None, None, None, 0.004
)


def detection(verdict: Verdict, tail: float = 0.0011) -> Detection:
    """A detection against 4,287 t expected, 3,100 to 5,630 t at 80 %."""
    probability = 1 - tail if verdict is Verdict.SHOCK_UP else tail
    return Detection(verdict, "why", probability, tail, -3.0, 4287.0, 3100.0, 5630.0, 2700.0, 6200.0, 0.004)


def day(months: int = 0, days: int = 0) -> dt.datetime:
    """The 20th of June 2025 and so many months (of 30 days) and days later."""
    return dt.datetime(2025, 6, 20, tzinfo=dt.UTC) + dt.timedelta(days=30 * months + days)


def figure(value: float | None, span: Span = MAY, **known: Any) -> Facts:
    """Facts of one figure, known a month after May's for each month after May."""
    known.setdefault("known_from", day(span.first.since(MAY.first)))
    known.setdefault("detection", NOT_JUDGED)
    return Facts("MAGNETS", "magnet exports", "t", span, value, **known)


def month(after_may: int) -> Span:
    """The month so many months after May 2025."""
    return Span(MAY.first + after_may)


def level_rule(*, version: int = 1, **changes: Any) -> Rule:
    """Below 3,000 t opens; above 5,000 t closes."""
    raw = {
        "name": "Low",
        "desk": "metals",
        "scope": {"series": ["MAGNETS"]},
        "condition": {"kind": "level", "below": 3000},
        "close_when": {"kind": "level", "above": 5000},
        **changes,
    }
    return parse_rule(raw, rule_id="low", version=version)


def step(
    rule: Rule, state: AlertState | None, facts: Facts
) -> tuple[AlertState | None, tuple[Transition, ...]]:
    """Evaluate and advance."""
    return advance(rule, state, evaluate(rule, facts), facts)


def run(rule: Rule, *figures: Facts) -> tuple[AlertState | None, list[str]]:
    """The state after figures in turn, and the kinds of what happened."""
    state: AlertState | None = None
    kinds: list[str] = []
    for facts in figures:
        state, moved = step(rule, state, facts)
        kinds += [str(each.kind) for each in moved]
    return state, kinds

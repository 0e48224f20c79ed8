"""As much of PromQL as our alert rules are written in, for machines without promtool.

Series are samples a minute apart. What a rule needs and this does not know is a ValueError, never a guess.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Series = Mapping[str, Sequence[tuple[Labels, Sequence[float]]]]

_TOKEN = re.compile(
    r'\s*([a-z_:][\w:]*|\d+(?:\.\d+)?[smh]?|"[^"]*"|[=!<>]=|!~|=~|[<>=(){}\[\],])', re.IGNORECASE
)
_COMPARE = {"==": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt}
_MINUTES = {"s": 1 / 60, "m": 1.0, "h": 60.0}


def series_of(text: str) -> tuple[str, Labels]:
    """Name and labels of ``name{label="value", …}``."""
    name, _, rest = text.partition("{")
    return name, frozenset(re.findall(r'(\w+)="([^"]*)"', rest))


def samples(notation: str) -> list[float]:
    """promtool's ``1x3`` and ``0+5x3``: a first value, and so many more, each by so much larger.

    After a space more of them follow.
    """
    found = []
    for part in notation.split():
        first, step, count = re.fullmatch(r"([\d.]+)(?:\+([\d.]+))?x(\d+)", part).groups()  # type: ignore[union-attr]
        found += [float(first) + float(step or 0) * number for number in range(int(count) + 1)]
    return found


def evaluate(expression: str, series: Series, minute: int) -> Vector:
    """The instant vector of an expression at a minute; empty is false."""
    reader = _Reader(expression, series, minute)
    found = reader.disjunction()
    if reader.tokens:
        raise ValueError(f"{expression!r} goes on with {reader.tokens[:4]}")
    return found


class _Reader:
    def __init__(self, expression: str, series: Series, minute: int) -> None:
        self.tokens = _TOKEN.findall(expression)
        self.series = series
        self.minute = minute

    def disjunction(self) -> Vector:
        found = self.conjunction()
        while self.next_is("or"):
            found = self.conjunction() | found
        return found

    def conjunction(self) -> Vector:
        found = self.comparison()
        while self.next_is("and"):
            labels = self.names() if self.next_is("on") else None
            other = {_kept(key, labels) for key in self.comparison()}
            found = {key: value for key, value in found.items() if _kept(key, labels) in other}
        return found

    def comparison(self) -> Vector:
        found = self.term()
        if self.tokens and self.tokens[0] in {*_COMPARE, ">=", "<="}:
            compare: Callable[[float, float], bool] = {**_COMPARE, ">=": operator.ge, "<=": operator.le}[
                self.tokens.pop(0)
            ]
            if self.tokens and self.tokens[0][0].isdigit():
                bound = float(self.tokens.pop(0))
                return {key: value for key, value in found.items() if compare(value, bound)}
            other = self.term()
            return {key: value for key, value in found.items() if key in other and compare(value, other[key])}
        return found

    def term(self) -> Vector:
        word = self.tokens.pop(0)
        if word == "(":
            return self.closed(self.disjunction())
        if word == "absent":
            self.want("(")
            return {} if self.closed(self.term()) else {frozenset(): 1.0}
        if word in _OVER_TIME:
            self.want("(")
            return self.closed(self.over_time(_OVER_TIME[word]))
        if word == "sum":
            self.want("by")
            labels = self.names()
            self.want("(")
            summed: Vector = {}
            for key, value in self.closed(self.term()).items():
                summed[_kept(key, labels)] = summed.get(_kept(key, labels), 0.0) + value
            return summed
        if word == "histogram_quantile":
            self.want("(")
            share = float(self.tokens.pop(0))
            self.want(",")
            return _quantile(share, self.closed(self.term()))
        return {key: values[self.minute] for key, values in self.selected(word)}

    def over_time(self, of_samples: Callable[[Sequence[float]], float]) -> Vector:
        chosen = self.selected(self.tokens.pop(0))
        self.want("[")
        window = self.tokens.pop(0)
        self.want("]")
        first = max(self.minute - int(float(window[:-1]) * _MINUTES[window[-1]]), 0)
        return {key: of_samples(values[first : self.minute + 1]) for key, values in chosen}

    def selected(self, name: str) -> list[tuple[Labels, Sequence[float]]]:
        found = list(self.series.get(name, ()))
        if self.next_is("{"):
            while not self.next_is("}"):
                label, how, value = (self.tokens.pop(0) for _ in range(3))
                compare = {"=": operator.eq, "!=": operator.ne}[how]
                found = [each for each in found if compare(dict(each[0]).get(label, ""), value.strip('"'))]
                self.next_is(",")
        return found

    def names(self) -> set[str]:
        self.want("(")
        found = set()
        while not self.next_is(")"):
            found.add(self.tokens.pop(0))
            self.next_is(",")
        return found

    def closed(self, vector: Vector) -> Vector:
        self.want(")")
        return vector

    def want(self, token: str) -> None:
        if not self.next_is(token):
            raise ValueError(f"{token!r} is wanted before {self.tokens[:4]}")

    def next_is(self, token: str) -> bool:
        if self.tokens and self.tokens[0] == token:
            self.tokens.pop(0)
            return True
        return False


def _increase(values: Sequence[float]) -> float:
    """As of a counter: a value below the one before is a new beginning at zero, and counts whole."""
    return sum(now - before if now >= before else now for before, now in pairwise(values))


def _rate(values: Sequence[float]) -> float:
    return _increase(values) / (60 * max(len(values) - 1, 1))


def _delta(values: Sequence[float]) -> float:
    return values[-1] - values[0]


_OVER_TIME: dict[str, Callable[[Sequence[float]], float]] = {
    "increase": _increase,
    "rate": _rate,
    "delta": _delta,
    "min_over_time": min,
}
"""Functions of a window; nothing is extrapolated to its edges, since it begins and ends at a sample."""


def _kept(labels: Labels, names: set[str] | None) -> Labels:
    return labels if names is None else frozenset(each for each in labels if each[0] in names)


def _quantile(share: float, buckets: Vector) -> Vector:
    """Prometheus's own: linear within the bucket that holds the rank, the last bound above the others."""
    bounds = sorted((float(dict(key)["le"]), value) for key, value in buckets.items())
    if not bounds or bounds[-1][1] == 0:
        return {}
    rank = share * bounds[-1][1]
    below, under = 0.0, 0.0
    for bound, count in bounds:
        if count >= rank:
            if bound == float("inf"):
                return {frozenset(): below}
            return {frozenset(): below + (bound - below) * (rank - under) / (count - under)}
        below, under = bound, count
    return {}

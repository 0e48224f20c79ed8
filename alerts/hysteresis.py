"""Hysteresis both ways: so many breaches in a row open, so many figures in a row that clear it close."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from alerts.conditions import Answer
from alerts.evaluation import Evaluation, Outcome
from alerts.rules import Severity
from forecasting.months import Span


class Status(StrEnum):
    """Where an alert stands; pending is a streak of breaches too short to open one."""

    PENDING = "pending"
    OPENED = "opened"
    RESOLVED = "resolved"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True)
class Course:
    """How a run of judged figures ends; the fields are those of AlertState."""

    status: Status = Status.PENDING
    severity: Severity | None = None
    onset: Span | None = None
    breaches: int = 0
    clears: int = 0
    closed: Span | None = None


def follow(
    figures: Iterable[Evaluation], months_to_open: int, months_to_close: int, closed_after: Span | None = None
) -> Course:
    """The course that judged figures take, from nothing, in the order of their spans.

    A figure that cannot be judged is neutral both ways; a withdrawn one breaks every streak, so that taking a
    figure away can neither open nor close. ``closed_after`` is the span after which a person closed it.
    """
    course = Course()
    for figure in figures:
        if course.status is Status.OPENED:
            course = _while_open(course, figure, months_to_close)
        else:
            course = _while_not_open(course, figure, months_to_open)
        if figure.span == closed_after and course.status is Status.OPENED:
            course = _closed(course, figure)
    return course


def _while_open(course: Course, figure: Evaluation, months_to_close: int) -> Course:
    clears = course.clears
    if figure.outcome is Outcome.BREACH or figure.closing is Answer.NO or _withdrawn(figure):
        clears = 0
    elif figure.closing is Answer.YES:
        clears += 1
    course = replace(course, clears=clears, severity=figure.severity or course.severity)
    return _closed(course, figure) if clears >= months_to_close else course


def _while_not_open(course: Course, figure: Evaluation, months_to_open: int) -> Course:
    if figure.outcome is not Outcome.BREACH:
        broken = figure.outcome is Outcome.CLEAR or _withdrawn(figure)
        return replace(course, breaches=0) if broken else course
    begins = course.status is Status.PENDING and course.breaches == 0
    course = replace(
        course,
        breaches=course.breaches + 1,
        severity=figure.severity or course.severity,
        onset=figure.span if begins else course.onset,
    )
    if course.breaches < months_to_open:
        return course
    return replace(course, status=Status.OPENED, breaches=0, closed=None)


def _closed(course: Course, figure: Evaluation) -> Course:
    return replace(course, status=Status.RESOLVED, closed=figure.span, clears=0)


def _withdrawn(figure: Evaluation) -> bool:
    return figure.value is None and not figure.awaited

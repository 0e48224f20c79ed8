"""An alert as it stands, what can happen to it, and its plain form for keeping."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from alerts.conditions import Answer
from alerts.evaluation import Evaluation, Outcome
from alerts.hysteresis import Status
from alerts.rules import Severity
from forecasting.months import Span

_NAMESPACE = uuid.UUID("8f0d4f1e-5a38-4c0e-9a51-3a1c6f0a7f55")


class TransitionKind(StrEnum):
    """What can happen to an alert."""

    OPENED = "opened"
    UPDATED = "updated"
    ESCALATED = "escalated"
    DEESCALATED = "deescalated"
    CORRECTED = "corrected"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True)
class Transition:
    """One thing that happened to an alert: why, at which figure, and from when it was known."""

    kind: TransitionKind
    reason: str
    span: Span
    known_from: dt.datetime
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """Who did something to an alert, and when."""

    by: str
    at: dt.datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class AlertState:
    """One alert as it stands, with the judgements that made it so.

    Attributes
    ----------
    id
        Derived from rule, series and the figure that began it: the same beginning is the same alert.
    figures
        Judgements of the figures concerned, by span; the last word on each span only, and before it that of
        the span's being awaited.
    onset, last
        Span of the first breach of the streak that opened it, and of the latest figure judged.
    severity
        Of the latest breach.
    breaches, clears
        Breaches in a row while not open, and figures in a row that meet what closes while open.
    opened_known_from
        Moment from which the figure that opened it was known; None while pending.
    closed
        Span whose figure closed it (or the latest figure when a person did); None while open.
    closed_by
        The person who closed it, where none of its figures did.
    """

    id: str
    rule_id: str
    rule_version: int
    series_id: str
    status: Status
    severity: Severity
    onset: Span
    last: Span
    figures: tuple[Evaluation, ...]
    breaches: int = 0
    clears: int = 0
    opened_known_from: dt.datetime | None = None
    closed: Span | None = None
    acknowledged: Signature | None = None
    closed_by: Signature | None = None
    closed_by_after: Span | None = None

    def judged(self, span: Span, *, awaited: bool = False) -> Evaluation | None:
        """The judgement of a span's figure, or of its being awaited, that this alert rests on; or None."""
        return next((each for each in self.figures if (each.span, each.awaited) == (span, awaited)), None)

    def rests_on(self, span: Span) -> bool:
        """True where a figure of the span, or its being awaited, is part of this alert."""
        return any(each.span == span for each in self.figures)


def alert_id(rule_id: str, series_id: str, onset: Span) -> str:
    """The id of the alert that a rule opens on a series for what began at ``onset``."""
    return str(uuid.uuid5(_NAMESPACE, f"{rule_id}\n{series_id}\n{onset}"))


def dump_state(state: AlertState) -> dict[str, Any]:
    """JSON object that parse_state reads back into the same state."""
    return {
        "id": state.id,
        "rule_id": state.rule_id,
        "rule_version": state.rule_version,
        "series_id": state.series_id,
        "status": str(state.status),
        "severity": str(state.severity),
        "onset": str(state.onset),
        "last": str(state.last),
        "figures": [_dump_figure(figure) for figure in state.figures],
        "breaches": state.breaches,
        "clears": state.clears,
        "opened_known_from": state.opened_known_from and state.opened_known_from.isoformat(),
        "closed": state.closed and str(state.closed),
        "acknowledged": _dump_signature(state.acknowledged),
        "closed_by": _dump_signature(state.closed_by),
        "closed_by_after": state.closed_by_after and str(state.closed_by_after),
    }


def parse_state(plain: dict[str, Any]) -> AlertState:
    """The state that dump_state wrote; KeyError or ValueError on anything else."""
    opened = plain["opened_known_from"]
    closed, after = plain["closed"], plain["closed_by_after"]
    return AlertState(
        id=plain["id"],
        rule_id=plain["rule_id"],
        rule_version=plain["rule_version"],
        series_id=plain["series_id"],
        status=Status(plain["status"]),
        severity=Severity(plain["severity"]),
        onset=Span.parse(plain["onset"]),
        last=Span.parse(plain["last"]),
        figures=tuple(_parse_figure(figure) for figure in plain["figures"]),
        breaches=plain["breaches"],
        clears=plain["clears"],
        opened_known_from=opened and dt.datetime.fromisoformat(opened),
        closed=closed and Span.parse(closed),
        acknowledged=_parse_signature(plain["acknowledged"]),
        closed_by=_parse_signature(plain["closed_by"]),
        closed_by_after=after and Span.parse(after),
    )


def as_told(state: AlertState, told: Mapping[str, Any], acknowledged: Signature | None) -> AlertState:
    """The alert as it stood when it was told of: ``told`` is ``data.alert`` of that event's body.

    ``acknowledged`` is by whom it was then. A body says neither the judgements nor the streak of breaches nor
    who closed it, so there are none. ``closed`` is ``last`` where the body is from before it said so itself.
    KeyError or ValueError on what is no such body.
    """
    opened, status, last = told["opened_known_from"], Status(told["status"]), Span.parse(told["last"])
    said = told.get("closed", str(last) if status is Status.RESOLVED else None)
    return replace(
        state,
        status=status,
        severity=Severity(told["severity"]),
        onset=Span.parse(told["onset"]),
        last=last,
        figures=(),
        breaches=0,
        clears=told["clears"],
        opened_known_from=opened and dt.datetime.fromisoformat(opened),
        closed=said and Span.parse(said),
        acknowledged=acknowledged,
        closed_by=None,
        closed_by_after=None,
    )


def _dump_figure(figure: Evaluation) -> dict[str, Any]:
    return {
        "span": str(figure.span),
        "value": figure.value,
        "known_from": figure.known_from.isoformat(),
        "outcome": str(figure.outcome),
        "reason": figure.reason,
        "severity": figure.severity and str(figure.severity),
        "closing": str(figure.closing),
        "closing_reason": figure.closing_reason,
        "awaited": figure.awaited,
    }


def _parse_figure(plain: dict[str, Any]) -> Evaluation:
    severity = plain["severity"]
    return Evaluation(
        span=Span.parse(plain["span"]),
        value=plain["value"],
        known_from=dt.datetime.fromisoformat(plain["known_from"]),
        outcome=Outcome(plain["outcome"]),
        reason=plain["reason"],
        severity=severity and Severity(severity),
        closing=Answer(plain["closing"]),
        closing_reason=plain["closing_reason"],
        awaited=plain.get("awaited", False),  # states kept before releases were awaited have none
    )


def _dump_signature(signature: Signature | None) -> dict[str, str] | None:
    if signature is None:
        return None
    return {"by": signature.by, "at": signature.at.isoformat(), "note": signature.note}


def _parse_signature(plain: dict[str, str] | None) -> Signature | None:
    if plain is None:
        return None
    return Signature(plain["by"], dt.datetime.fromisoformat(plain["at"]), plain["note"])

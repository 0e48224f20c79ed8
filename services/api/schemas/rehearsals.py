"""A rehearsal as it is shown: what a rule would have said, and what it could not say."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import ConfigDict, Field

from alerts.rehearsal import RehearsedAlert
from alerts.rehearsal_wording import rehearsal_lines
from services.api.schemas.common import Moment, Shown
from services.usecases.rehearse_rule import Rehearsed


class RehearsedAlertShown(Shown):
    """One alert that would have been."""

    series_id: str
    onset: str = Field(description="Period of the figure that began it.")
    value: float | None = Field(description="The figure that opened it, in the unit.")
    unit: str
    severity: str
    known_from: Moment = Field(description="When it would have been known.")
    status: str
    closed: str | None
    months: int = Field(description="From the onset to what closed it, or to the latest figure.")
    reason: str
    record: str | None = Field(description="lowest or highest, where the figure was a record.")
    record_since: str | None = Field(description="The last month as extreme; null where there is none.")
    confirmed: bool | None = Field(description="Whether a shock in its months lasted beyond its figure.")

    @classmethod
    def of(cls, alert: RehearsedAlert) -> RehearsedAlertShown:
        """One alert as it is shown."""
        record = next(iter(alert.opening.records), None)
        return cls(
            series_id=alert.series_id,
            onset=str(alert.onset),
            value=alert.opening.value,
            unit=alert.opening.unit,
            severity=str(alert.severity),
            known_from=alert.known_from,
            status=str(alert.status),
            closed=None if alert.closed is None else str(alert.closed),
            months=alert.months,
            reason=alert.reason,
            record=None if record is None else record.direction,
            record_since=None if record is None or record.since is None else str(record.since),
            confirmed=alert.confirmed,
        )


class SilentShown(Shown):
    """A month that the rule could say nothing about."""

    series_id: str
    period: str
    reason: str


class AcceptanceShown(Shown):
    """Whether the rule keeps to the alerts a year that its desk accepts."""

    accepted: bool
    reason: str


class DifferenceShown(Shown):
    """Alerts heard only with the figures of the time, and only with today's."""

    only_then: list[RehearsedAlertShown]
    only_today: list[RehearsedAlertShown]


class RehearsalShown(Shown):
    """What a rule would have said over the months given; nothing was saved."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "in_words": ["1 alert on 84 figures, 0.14 a year."],
                    "rule_in_words": "Warning to rare-earths on a shock; over when that no longer holds.",
                    "series": ["CN_EXP_RE_T"],
                    "first": "2018-01",
                    "last": "2024-12",
                    "mode": "known",
                    "figures": 84,
                    "judged_by": {"made": 84},
                    "alerts": [],
                    "silent": [],
                    "judged_months": 84,
                    "alerts_per_year": 0.14,
                    "confirmed_share": 1.0,
                    "acceptance": {"accepted": True, "reason": "0.14 alerts a year, within the budget of 1"},
                    "difference": None,
                }
            ]
        }
    )

    in_words: list[str]
    rule_in_words: str
    series: list[str]
    first: str
    last: str
    mode: str = Field(description="known: on what was known at each moment; latest: on today's figures.")
    figures: int
    judged_by: dict[str, int] = Field(
        description="Figures judged by a forecast of the time, and by one made now of what was known then."
    )
    alerts: list[RehearsedAlertShown]
    silent: list[SilentShown]
    judged_months: int = Field(description="Months in which the rule could say something of a series.")
    alerts_per_year: float | None = Field(
        description="Over all series, of the months judged; null under 12 of them."
    )
    confirmed_share: float | None = Field(
        description="Of the alerts, those within whose months an episode began; null where an episode of the "
        "series cannot confirm what the rule says, as with siblings, revisions and late releases."
    )
    acceptance: AcceptanceShown | None
    difference: DifferenceShown | None

    @classmethod
    def of(cls, told: Rehearsed, *, names: Mapping[str, str] = MappingProxyType({})) -> RehearsalShown:
        """A rehearsal as it is shown; ``names`` are of forecasters, by id."""
        inner, difference = told.rehearsal, told.difference
        return cls(
            in_words=rehearsal_lines(inner, told.judged_by),
            rule_in_words=told.rule.in_words(names),
            series=[each.id for each in told.series],
            first=str(told.first),
            last=str(told.last),
            mode=told.mode,
            figures=inner.figures,
            judged_by=told.judged_by,
            alerts=[RehearsedAlertShown.of(alert) for alert in inner.alerts],
            silent=[
                SilentShown(series_id=each.series_id, period=str(each.span), reason=each.reason)
                for each in inner.silent
            ],
            judged_months=inner.judged_months,
            alerts_per_year=inner.alerts_per_year,
            confirmed_share=inner.confirmed_share,
            acceptance=None if inner.acceptance is None else AcceptanceShown.model_validate(inner.acceptance),
            difference=None
            if difference is None
            else DifferenceShown(
                only_then=[RehearsedAlertShown.of(alert) for alert in difference.only_then],
                only_today=[RehearsedAlertShown.of(alert) for alert in difference.only_today],
            ),
        )

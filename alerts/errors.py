"""The errors of rules and alerts; each says what is wrong where, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forecasting.errors import SendableError


class AlertsError(SendableError):
    """Root of every error that rules and the life of an alert raise on purpose."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a rule: the JSON path of it, the reason, and a fragment that would be accepted."""

    path: str
    reason: str
    example: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}; for example {self.example}"


class InvalidRuleError(AlertsError, ValueError):
    """A rule or condition that cannot be read; every fault is listed at once, in the order of the text."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(f"The rule has {count}. " + " ".join(f"{fault}." for fault in faults))


class InvalidFactsError(AlertsError, ValueError):
    """Facts that contradict themselves."""

    def __init__(self, series_id: str, what: str) -> None:
        self.series_id = series_id
        self.what = what
        super().__init__(f"Facts of {series_id}: {what}.")


class WrongAlertError(AlertsError, ValueError):
    """An alert advanced with another rule, version or series than those that opened it."""

    def __init__(self, alert_id: str, what: str, expected: str, given: str) -> None:
        self.alert_id = alert_id
        self.what = what
        self.expected = expected
        self.given = given
        super().__init__(
            f"Alert {alert_id} belongs to {what} {expected}, not {given}; an alert lives out its life under "
            "the rule version that opened it."
        )


class AlertClosedError(AlertsError):
    """A person's action on an alert that is not open."""

    def __init__(self, alert_id: str, status: str) -> None:
        self.alert_id = alert_id
        self.status = status
        super().__init__(f"Alert {alert_id} is {status}; only an open alert can be acknowledged or closed.")


class UnknownScopeError(AlertsError):
    """A rule that names series by what is no id of one; ``candidates`` are the ids that each may mean."""

    def __init__(self, unknown: list[str], candidates: Mapping[str, Sequence[str]] | None = None) -> None:
        self.unknown = tuple(unknown)
        self.candidates = {name: tuple(ids) for name, ids in (candidates or {}).items() if ids}
        meant = "".join(
            f" {name!r} may be {' or '.join(ids)}; write the id." for name, ids in self.candidates.items()
        )
        super().__init__(f"The rule names series that are not registered: {', '.join(unknown)}.{meant}")


class UnseenForecasterError(AlertsError):
    """A rule against forecasters that there are not, or that its desk does not see: it is told the same."""

    def __init__(self, unseen: Sequence[str], desk: str) -> None:
        self.unseen = tuple(unseen)
        self.desk = desk
        super().__init__(
            f"The rule sets figures against forecasters that the desk {desk!r} has not: {', '.join(unseen)}. "
            "Write the id of one that /v1/forecasters lists for it, or put it first."
        )


class RehearsalTooLargeError(AlertsError):
    """More than one rehearsal replays: series times months, or figures where revisions make them many."""

    def __init__(self, series: int, months: int, figures: int, most: int) -> None:
        self.series = series
        self.months = months
        self.figures = figures
        self.most = most
        super().__init__(
            f"The rule covers {series:,} series over {months:,} months, {series * months:,} together, "
            f"and {figures:,} figures in them; {most:,} are replayed at most. Narrow the scope or the months."
        )


class NothingCoveredError(AlertsError):
    """A rule whose scope covers no registered series: there is no past to replay it on."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"No series is covered yet by {scope}; there is no past to rehearse on.")


class TooManyError(AlertsError):
    """A desk that has as many of a thing as it may: what one desk keeps costs every release time."""

    def __init__(self, desk: str, what: str, most: int, *, do: str = "give one of them another task") -> None:
        self.desk = desk
        self.what = what
        self.most = most
        super().__init__(
            f"Desk {desk!r} has {most:,} {what}, the most that it may have; {do}, "
            "or ask whoever runs the service."
        )

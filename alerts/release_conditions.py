"""The condition on a release itself: that it has not come."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.facts import Facts
from alerts.findings import Finding, found, unknown, withdrawn
from alerts.quantities import counted


@dataclass(frozen=True, slots=True)
class Overdue:
    """The release of a figure is late by its calendar, and at least so many whole days after it was due."""

    days_late: int = 0

    needs = frozenset({"expectation"})

    def in_words(self) -> str:
        """Say it as a desk would."""
        if self.days_late == 0:
            return "a release that is late"
        return f"a release that is {counted(self.days_late, 'day')} late"

    def test(self, facts: Facts) -> Finding:
        """No for a figure that has come, however late; no data where no calendar expects one."""
        expected = facts.expectation
        if expected is None:
            return unknown(f"no calendar says when a figure of {facts.series_id} is due")
        if not facts.awaited:
            if facts.value is None:
                return withdrawn(facts)
            return found(False, f"the figure of {facts.span.name} has come")
        days = max((facts.known_from - expected.due).days, 0)
        late = facts.known_from >= expected.late_from and days >= self.days_late
        since = f"{expected.release} was due {expected.due:%Y-%m-%d %H:%M} ({expected.due.tzname()})"
        return found(late, f"{since} and has not come for {counted(days, 'day')}")

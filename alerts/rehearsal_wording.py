"""A rehearsal read aloud: each alert that would have been, how often, and what could not be said."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.hysteresis import Status
from alerts.quantities import counted, percent
from alerts.rehearsal import Rehearsal, RehearsedAlert, SilentMonth
from forecasting.months import Span

MOST_SILENCES = 20
"""Lines on months in which a rule had no data; a reason that names its month makes one a month."""


def rehearsal_lines(told: Rehearsal, judged_by: Mapping[str, int]) -> list[str]:
    """One line on the whole, one an alert in the order they would have been heard, and one on the silence."""
    return [
        _whole(told),
        *(alert_line(alert) for alert in told.alerts),
        *_judges(judged_by),
        *_silences(told.silent),
    ]


def _whole(told: Rehearsal) -> str:
    count = counted(len(told.alerts), "alert")
    rate = ""
    if told.alerts_per_year is not None:
        over = f" over the {counted(told.judged_months, 'month')} it could judge" if told.silent else ""
        rate = f", {told.alerts_per_year:.2g} a year{over}"
    verdict = ""
    if told.acceptance is not None:
        verdict = f". {'Accept' if told.acceptance.accepted else 'Do not accept'}: {told.acceptance.reason}"
    return f"{count} on {counted(told.figures, 'figure')}{rate}{_confirmed(told.confirmed_share)}{verdict}."


def _confirmed(share: float | None) -> str:
    """How many of the alerts an episode confirmed; nothing where nobody has said."""
    if share is None:
        return ""
    if share == 0:
        return "; no episode confirmed any of them"
    return f"; an episode confirmed {percent(share)} of them"


def alert_line(alert: RehearsedAlert) -> str:
    """When it would have been known, what opened it and why, and how it ended."""
    opening = alert.opening
    gone = "not come" if opening.awaited else "withdrawn"
    figure = gone if opening.value is None else f"{opening.value:,} {opening.unit}"
    day = f"{alert.known_from:%Y-%m-%d}"
    return (
        f"{day}: {opening.series_name}, {opening.span.name}, {figure}{_record(alert)}. "
        f"{alert.severity.capitalize()}, because {alert.reason}; {_ended(alert)}."
    )


def _record(alert: RehearsedAlert) -> str:
    if not alert.opening.records:
        return ""
    record = alert.opening.records[0]
    since = f"since {(record.since or record.first_held).name}"
    held = "" if record.since is not None else ", the first month held"
    return f", {record.direction} {since}{held}"


def _ended(alert: RehearsedAlert) -> str:
    if alert.status is Status.RETRACTED:
        return "retracted when a revision took its ground away"
    lasted = counted(alert.months, "month")
    if alert.closed is None:
        return f"still open after {lasted}"
    return f"over after {lasted}, with the figure of {alert.closed.name}"


def _judges(judged_by: Mapping[str, int]) -> list[str]:
    made, published = judged_by.get("made", 0), judged_by.get("published", 0)
    if not made:
        return []
    of = f"{made:,} of the {made + published:,} figures judged"
    return [f"{of} had no forecast published at the time; one was made of what was known then."]


def _silences(silent: tuple[SilentMonth, ...]) -> list[str]:
    """One line a series and reason by its first month, the months counted; at most MOST_SILENCES."""
    alike: dict[tuple[str, str], list[Span]] = {}
    for each in sorted(silent, key=lambda month: (month.series_id, month.span)):
        alike.setdefault((each.series_id, each.reason), []).append(each.span)
    lines = []
    for (series_id, reason), spans in list(alike.items())[:MOST_SILENCES]:
        count = sum(span.months for span in spans)
        first, last = spans[0].first.name, spans[-1].last.name
        when = first if first == last else f"{counted(count, 'month')}, {first} to {last}"
        lines.append(f"Silent on {series_id} for {when}: {reason}.")
    left = [span for spans in list(alike.values())[MOST_SILENCES:] for span in spans]
    if left:
        more = counted(sum(span.months for span in left), "more month")
        lines.append(f"Silent in {more}, to {max(span.last for span in left).name}; the JSON has each.")
    return lines

"""The sentence of a message, made from the message's own fields, so that the two can never disagree."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.conditions import over_at
from alerts.quantities import RAREST, counted, percent
from alerts.stated import OTHERS, Fields, stated, stated_unheard
from forecasting.months import Span

IF = {"LS": "lasts", "TC": "fades", "AO": "passes", "anticipation": "is given back"}
"""What each type of a shock means for the month after it, after "if it"."""

LIGHTEST = 0.1
"""Weight below which a branch stands in the message and not in its sentence."""


def sentence(data: Fields) -> str:
    """What happened, how unlikely it was, since when, what may lie behind it, and what comes next."""
    said = stated(data)
    clauses = (
        _headline(data, said),
        _revision(data, said),
        _previous(data, said),
        _expectation(data, said),
        _against(data, said),
        _record(data, said),
        _why(data, said),
        _claim(data),
        _measure(data, said),
        _standing(data, said),
        _unheard(data, said),
        _next(data, said),
    )
    return " ".join(clause for clause in clauses if clause)


def person_sentence(data: Fields) -> str:
    """What a person did to an alert."""
    verb = "acknowledged" if data["transition"]["kind"] == "acknowledged" else "closed"
    onset = Span.parse(data["alert"]["onset"]).name
    told = f"{data['transition']['by']} {verb} the alert of {onset} on {data['series']['name']}."
    late = _unheard(data, dict(stated_unheard(data)))
    return f"{told} {late}" if late else told


def overdue_sentence(data: Fields) -> str:
    """That a release has not come."""
    first, others = data["series"][0]["name"], data["count"] - 1
    more = f" and {others:,} more" if others else ""
    period = Span.parse(data["period"]).name
    return f"No figure yet for {first}{more} in {period}: {data['release']} {_late(data['days_late'])}."


def _late(days: int) -> str:
    return "was due today" if days == 0 else f"is {counted(days, 'day')} late"


def _headline(data: Fields, said: Mapping[str, str]) -> str:
    name, unit, period = data["series"]["name"], data["series"]["unit"], said["period"]
    if data["awaited"] is not None:
        release, late = data["awaited"]["release"], _late(data["awaited"]["days_late"])
        return f"No figure yet for {name} in {period}: {release} {late}."
    if data["value"] is None:
        return f"The source withdrew the figure of {name} for {period}."
    month, year = data["change_month"], data["change_year"]
    if month is None:
        moved = f"stood at {said['value']} {unit}"
    elif month == 0:
        moved = f"stayed at {said['value']} {unit}"
    else:
        verb = "fell" if month < 0 else "rose"
        moved = f"{verb} {said['change_month']} on the month to {said['value']} {unit}"
    text = f"{name} {moved} in {period}"
    if year is not None:
        side = "below" if year < 0 else "above"
        text += f", {said['change_year']} {side} {said.get('year_ago.period', 'a year before')}"
    shocks = {"shock_down": ": a downward shock", "shock_up": ": an upward shock"}
    return text + shocks.get(data["detection"]["verdict"], "") + "."


def _revision(data: Fields, said: Mapping[str, str]) -> str:
    if data["revision"] is None or data["value"] is None:
        return ""
    return f"Revised from {said['revision.previous']} to {said['value (revised)']} {data['series']['unit']}."


def _previous(data: Fields, said: Mapping[str, str]) -> str:
    """The figure before, where the same release revised it."""
    if "previous_revised" not in said or data["value"] is None:
        return ""
    from_to = f"from {said['previous_revised']} to {said['previous.value']} {data['series']['unit']}"
    return f"{said['previous.period']} was revised {from_to}."


def _expectation(data: Fields, said: Mapping[str, str]) -> str:
    found, unit = data["detection"], data["series"]["unit"]
    if data["value"] is None:
        return ""
    if "detection.expected" not in said:
        return "No forecast judged it." if found["verdict"] == "not_judged" else ""
    expected = f"{said['detection.expected']} {unit}, {_interval('detection', said)} {unit}"
    made = f", made of what was known on {said['forecast.vintage']}" if "forecast.vintage" in said else ""
    text = f"Forecast before it was known{made}: {expected}"
    if found["verdict"] in {"shock_down", "shock_up"} and found["one_in"] is not None:
        side = "low" if found["verdict"] == "shock_down" else "high"
        rare = "less than" if found["one_in"] >= RAREST else "about"
        text += f"; a figure this {side} had a chance of {rare} {said['detection.one_in']}"
    return text + "."


def _against(data: Fields, said: Mapping[str, str]) -> str:
    """The figure beside what others had said of it before, a clause each."""
    unit, clauses = data["series"]["unit"], []
    for place, each in enumerate(data.get("against", ())[:OTHERS]):
        key = f"against.{place}"
        text = f"Against {each['name']}: {said[f'{key}.expected']} {unit}"
        if f"{key}.count" in said:
            text += f" from {said[f'{key}.count']}"
        if each["bounds"] is not None:
            ends = "range" if f"{key}.level" not in said else f"{said[f'{key}.level']} interval"
            text += f" ({ends} {said[f'{key}.low']} to {said[f'{key}.high']} {unit})"
        times = said.get(f"{key}.surprise", "")
        nearly = said.get(f"{key}.percent") == percent(0) and times.startswith("within")
        if each["percent"] == 0 or nearly:
            text += ", met"
        elif each["percent"] is not None:
            text += f", {said[f'{key}.percent']} {'below' if each['difference'] < 0 else 'above'}"
        if times:
            text += f" {times}" if nearly else f", {times}"
        if each["largest"]:
            text += f", a larger miss than the {said[f'{key}.errors']} held before it"
        clauses.append(f"{text}.")
    return " ".join(clauses)


def _interval(key: str, said: Mapping[str, str]) -> str:
    lower, upper = said[f"{key}.interval_80.lower"], said[f"{key}.interval_80.upper"]
    return f"{said[f'{key}.interval_80.level']} interval {lower} to {upper}"


def _record(data: Fields, said: Mapping[str, str]) -> str:
    """The figure's record; where it sets none, that of its change."""
    key = "records" if data["records"] else "change_records"
    if not data[key] or data["value"] is None:
        return ""
    record = data[key][0]
    held, needed = said[f"{key}.0.months_held"], said[f"{key}.0.months_needed"]
    of = [] if held == needed else [f"of {needed}"]
    if f"{key}.0.months_in_totals" in said:
        of.append(f"{said[f'{key}.0.months_in_totals']} of them in pairs, by the mean")
    count = f"{held} months held" + (f" ({'; '.join(of)})" if of else "")
    years, since = said.get(f"{key}.0.years_claimed"), said[f"{key}.0.from"]
    claim = ""
    if record["years_claimed"] and record["years_claimed"] > 1:
        article = "an" if str(years).startswith(("8", "11", "18")) else "a"
        claim = f", {article} {years}-year {'low' if record['direction'] == 'lowest' else 'high'}"
    extreme = record["direction"].capitalize()
    if key == "change_records":
        change = "month" if record["of"] == "change_month" else "year"
        extreme = f"Its change on the {change} is the {record['direction']}"
    if record["since"] is None:
        return f"{extreme} of the {count} since {since}{claim}."
    if record["tied"] and key == "records":
        tied = "As low as in" if record["direction"] == "lowest" else "As high as in"
        return f"{tied} {since}, otherwise the {record['direction']} since."
    return f"{extreme} since {since}, with {count}{claim}."


def _why(data: Fields, said: Mapping[str, str]) -> str:
    """Why the rule was broken, where no field says that but the reason: of a series among its siblings."""
    if "transition.reason" not in said or data["transition"]["kind"] not in {
        "opened",
        "reopened",
        "escalated",
    }:
        return ""
    return f"Why it is told: {said['transition.reason']}."


def _claim(data: Fields) -> str:
    claim = data["source_claim"]
    return "" if claim is None else f"The source ({claim['source_name']}) says: “{claim['text']}”."


def _measure(data: Fields, said: Mapping[str, str]) -> str:
    measure = data["measure"]
    if measure is None or data["value"] is None:
        return ""
    return f"It may answer to a measure of {said['measure.day']}: {measure['title']}."


def _standing(data: Fields, said: Mapping[str, str]) -> str:
    """Where the alert stands after this figure."""
    kind = data["transition"]["kind"]
    of = f"The alert of {said['alert.onset']}"
    grades = {"critical": "critical", "warning": "a warning", "info": "for information only"}
    graded = grades[data["alert"]["severity"]]
    words = {
        "resolved": f"{of} is resolved: {_against_closing(data, said)}.",
        "retracted": f"{of} is retracted: the ground that opened it is gone.",
        "reopened": f"{of} is open again.",
        "corrected": f"{of} stands, with its figures corrected."
        if data["alert"]["status"] == "opened"
        else f"{of}, which is {data['alert']['status']}, has its figures corrected.",
        "escalated": f"{of} is now {graded}.",
        "deescalated": f"{of} is now {graded}.",
    }
    if kind == "updated":
        return f"{of} stays open: {_against_closing(data, said)}{_progress(data, said)}."
    return words.get(kind, "")


def _unheard(data: Fields, said: Mapping[str, str]) -> str:
    """What was kept from the desk since it last heard of the alert."""
    missed = data["unheard"]
    if missed is None:
        return ""
    kept = "held back" if missed.get("inhibited") else "silenced"
    what = f"what came since {said['unheard.since']} was {kept} ({said['unheard.events']})"
    if "opened" in missed["events"]:
        return f"It is told now for the first time: {what}."
    return f"{what[0].upper()}{what[1:]}."


def _against_closing(data: Fields, said: Mapping[str, str]) -> str:
    value, band = data["value"], data["counterfactual"]
    unit, closing = data["series"]["unit"], data["alert"]["rule"]["closing"]
    if value is not None and "alert.rule.closing.level" in said:
        limit = f"{said['alert.rule.closing.level']} {unit}"
        if closing["kind"] == "not":
            return _no_longer(closing["of"], value, limit)
        return _against_level(data, f"the closing level of {limit}")
    recovering = closing["kind"] == "recovered"  # of other rules that interval is no part
    if value is None or not recovering or "counterfactual.expected" not in said:
        met, words = data["alert"]["status"] == "resolved", said["alert.rule.closing"]
        return f"it meets what closes it, {words}" if met else f"it ends {over_at(words)}"
    interval = band["interval_80"]
    still = "still " if data["transition"]["kind"] == "updated" else ""
    where = "back inside"
    if not interval["lower"] <= value <= interval["upper"]:
        where = f"{still}below" if value < interval["lower"] else f"{still}above"
    past = said.get("counterfactual.rolled_past")
    rolled = "" if past is None else f" (its last year rolled on past {past})"
    return f"{where} the {_interval('counterfactual', said)} {unit} forecast before it began{rolled}"


def _no_longer(opening: Fields, value: float, limit: str) -> str:
    """A figure against the level that opened the alert, of a rule that closes where that holds no more."""
    side = "below" if "below" in opening else "above"
    holds = value < opening["below"] if side == "below" else value > opening["above"]
    return f"still {side} {limit}" if holds else f"no longer {side} {limit}"


def _against_level(data: Fields, level: str) -> str:
    closing, value = data["alert"]["rule"]["closing"], data["value"]
    limit = closing.get("below", closing.get("above"))
    side = "at" if value == limit else "below" if value < limit else "above"
    met = value < limit if "below" in closing else value > limit
    return f"{side} {level}" if met else f"still {side} {level}"


def _progress(data: Fields, said: Mapping[str, str]) -> str:
    if not data["alert"]["clears"]:
        return ""
    return f", {said['alert.clears']} of the {said['alert.rule.months_to_close']} figures needed to close"


def _next(data: Fields, said: Mapping[str, str]) -> str:
    if "next_expected.expected" not in said:
        return ""
    unit = data["series"]["unit"]
    expected = f"{said['next_expected.expected']} {unit}, {_interval('next_expected', said)} {unit}"
    branches = [
        f"if it {IF[branch['type']]} {said[f'next_expected.branches.{place}.expected']} {unit}"
        for place, branch in enumerate(data["next_expected"]["branches"])
        if branch["weight"] >= LIGHTEST
    ]
    mixed = "taken together " if branches else ""
    return f"Expected for {said['next_expected.period']}: {'; '.join([*branches, mixed + expected])}."

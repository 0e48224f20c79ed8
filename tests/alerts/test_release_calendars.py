"""Release calendars: the rhythm of China's customs, other sources as data, and what lateness teaches."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from alerts.errors import InvalidRuleError
from alerts.release_calendars import EXAMPLE, dump_calendar, parse_calendar
from alerts.releases import Arrival, Lateness, ReleaseState, absences, lateness, release_line, releases
from forecasting.months import Month, Span
from services.ingestion.calendars import shipped

CUSTOMS = shipped()["cn-customs-preliminary"]
ANNOUNCED = Path(__file__).parents[3] / "shared" / "data" / "rare_earth" / "release_calendar.csv"


def due(span: str, calendar: str = "cn-customs-preliminary") -> str:
    return f"{shipped()[calendar].due(Span.parse(span)):%Y-%m-%d %H:%M %z}"


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.skipif(not ANNOUNCED.exists(), reason="the collected calendar is not at hand")
def test_the_announced_days_are_those_collected() -> None:
    """Every day of the customs' own notices of 2025 and 2026 is the day of the shipped calendar."""
    with ANNOUNCED.open(newline="", encoding="utf-8") as file:
        told = {
            row["what"].removeprefix("preliminary ").removesuffix(" combined"): row["release_date"]
            for row in csv.DictReader(file)
        }
    told = {f"{span[:4]}-01..{span[:4]}-02" if ".." in span else span: day for span, day in told.items()}
    assert {str(span): day.isoformat() for span, day in CUSTOMS.days.items()} == told


@pytest.mark.parametrize(
    ("span", "moment"),
    [
        ("2025-04", "2025-05-09 11:00 +0800"),
        ("2025-01..2025-02", "2025-03-07 11:00 +0800"),
        ("2030-04", "2030-05-09 11:00 +0800"),
        ("2030-09", "2030-10-14 11:00 +0800"),
        ("2030-01..2030-02", "2030-03-11 11:00 +0800"),
    ],
)
def test_the_rhythm_of_the_customs(span: str, moment: str) -> None:
    """The announced day, else the 9th or 14th after a quarter, on the next day that the office is open."""
    assert due(span) == moment


def test_january_and_february_come_together() -> None:
    """No release in February: the two months are one span, due in March."""
    spans = [str(each) for each in CUSTOMS.spans(Month.parse("2025-12"), Month.parse("2026-03"))]
    assert spans == ["2025-12", "2026-01..2026-02", "2026-03"]
    assert CUSTOMS.span(Month.parse("2026-01")) == Span.parse("2026-01..2026-02")


def test_hours_are_of_the_source_s_zone() -> None:
    """The same clock time is another moment in summer, where the source's clock says so."""
    assert due("2025-05", "census") == "2025-07-07 08:30 -0400"  # 5 July 2025 is a Saturday
    assert due("2025-10", "census") == "2025-12-05 08:30 -0500"


def test_stages_follow_one_another() -> None:
    """A later stage brings the release too; an earlier one does not."""
    bulletin = shipped()["cn-customs-bulletin"]
    taken = {
        stage: bulletin.takes(stage) for stage in ("flash", "preliminary", "bulletin", "detail", "final")
    }
    assert taken == {"flash": False, "preliminary": False, "bulletin": True, "detail": True, "final": True}


def test_a_calendar_survives_being_written() -> None:
    """What is dumped is read back the same, for every calendar that ships and for the example."""
    for name, calendar in {**shipped(), "example": parse_calendar(EXAMPLE, calendar_id="example")}.items():
        assert parse_calendar(dump_calendar(calendar), calendar_id=name) == calendar


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"zone": "Beijing"}, "$.zone", "not a time zone"),
    ({"hour": "25:00"}, "$.hour", "not a clock time"),
    ({"day": 0}, "$.day", "does not lie"),
    ({"combined": ["02..01"]}, "$.combined", "not a first and a last month"),
    ({"combined": ["01..02", "02..03"]}, "$.combined", "apart from others"),
    ({"holidays": "Atlantis"}, "$.holidays", "Atlantis"),
    ({"closed": ["tomorrow"]}, "$.closed", "not a day"),
    ({"days": {"2026-01": "2026-02-30"}}, "$.days", "is not a month"),
    ({"scope": {}}, "$.scope", "names no series"),
    ({"hours": 3}, "$.hours", ""),
]


@pytest.mark.parametrize(
    ("wrong", "path", "reason"), BAD, ids=[f"{case[1]}-{n}" for n, case in enumerate(BAD)]
)
def test_bad_calendars_are_refused_with_path_and_example(
    wrong: dict[str, Any], path: str, reason: str
) -> None:
    """Each fault names where it is, why, and what would be accepted."""
    with pytest.raises(InvalidRuleError) as refused:
        parse_calendar({**EXAMPLE, **wrong}, calendar_id="mine")
    (fault,) = refused.value.faults
    assert fault.path == path
    assert reason in fault.reason
    assert fault.example


def arrivals(*months_and_hours: tuple[str, float]) -> list[Arrival]:
    return [
        Arrival("S", Span.parse(span), CUSTOMS.due(Span.parse(span)) + dt.timedelta(hours=hours))
        for span, hours in months_and_hours
    ]


NOTHING_LEARNED = Lateness(0)
YEAR = [(f"2025-{number:02d}", 2.0) for number in range(3, 11)]


def test_lateness_is_learned_from_the_last_releases() -> None:
    """Median and the delay of nine in ten, of what was known by then; nothing from less than six."""
    seen = arrivals(*YEAR[:-1], ("2025-10", 50.0))
    assert lateness(CUSTOMS, seen, at("2026-01-01T00:00:00+00:00")) == Lateness(
        8, dt.timedelta(hours=2), dt.timedelta(hours=50)
    )
    before = lateness(CUSTOMS, seen, at("2025-11-01T00:00:00+00:00"))
    assert before.nearly_always == dt.timedelta(hours=2)
    assert lateness(CUSTOMS, seen[:5], at("2026-01-01T00:00:00+00:00")).usual is None
    by_calendar = [Arrival(each.series_id, each.span, each.known_from, by_calendar=True) for each in seen]
    assert lateness(CUSTOMS, by_calendar, at("2026-01-01T00:00:00+00:00")).releases == 0


def standing(moment: str, *seen: tuple[str, float], learned: Lateness = NOTHING_LEARNED) -> dict[str, str]:
    found = releases(
        CUSTOMS,
        {"S": arrivals(*seen)},
        learned,
        first=Month.parse("2025-10"),
        last=Month.parse("2026-01"),
        as_of=at(moment),
    )
    return {str(each.span): str(each.state) for each in found}


def test_a_release_is_expected_due_late_and_arrived() -> None:
    """Late is after the grace alone; a figure that comes early or late has arrived."""
    assert standing("2025-12-07T00:00:00+08:00", *YEAR) == {
        "2025-10": "arrived", "2025-11": "expected", "2025-12": "expected",
    }  # fmt: skip
    assert standing("2025-12-08T11:00:00+08:00", *YEAR)["2025-11"] == "due"
    assert standing("2025-12-09T10:59:00+08:00", *YEAR)["2025-11"] == "due"
    assert standing("2025-12-09T11:00:00+08:00", *YEAR)["2025-11"] == "late"
    assert standing("2025-12-08T09:00:00+08:00", *YEAR, ("2025-11", -3.0))["2025-11"] == "arrived"
    assert standing("2025-12-11T11:00:00+08:00", *YEAR, ("2025-11", 60.0))["2025-11"] == "arrived"


def test_a_source_that_is_often_late_is_given_longer() -> None:
    """Where nine in ten releases kept to 50 hours, one is not late before them."""
    habit = Lateness(8, dt.timedelta(hours=2), dt.timedelta(hours=50))
    assert standing("2025-12-10T10:59:00+08:00", *YEAR, learned=habit)["2025-11"] == "due"
    assert standing("2025-12-10T13:00:00+08:00", *YEAR, learned=habit)["2025-11"] == "late"


def test_a_month_that_is_skipped_stays_missing_when_the_next_one_comes() -> None:
    """Out of order: December is in, November is not, and then it comes."""
    seen = [*YEAR, ("2025-12", 1.0)]
    assert standing("2026-01-20T00:00:00+08:00", *seen) == {
        "2025-10": "arrived", "2025-11": "late", "2025-12": "arrived",
    }  # fmt: skip
    assert standing("2026-02-20T00:00:00+08:00", *seen, ("2025-11", 1_500.0))["2025-11"] == "arrived"


def test_a_series_that_has_lapsed_is_awaited_no_more() -> None:
    """After four months without a figure nothing is expected of it."""
    assert standing("2026-05-01T00:00:00+08:00", ("2025-05", 0.0)) == {}


def test_a_release_is_said_in_a_line() -> None:
    """When it is due by the source's clock, of which months, how it stands, and which series is missing."""
    (late,) = releases(
        CUSTOMS,
        {"S": arrivals(*YEAR)},
        Lateness(0),
        first=Month.parse("2025-11"),
        last=Month.parse("2025-11"),
        as_of=at("2025-12-20T00:00:00+00:00"),
    )
    assert late.state is ReleaseState.LATE
    assert release_line(late) == (
        "2025-12-08 11:00 CST  China Customs, preliminary table, November 2025: late; S missing"
    )


def test_absences_of_the_past_are_by_what_was_known_then() -> None:
    """One moment at the end of the grace and one a day after; later habits change nothing."""
    seen = arrivals(*YEAR[:5], ("2025-08", 80.0), ("2025-09", 1.0), ("2025-10", 1.0))
    (absence,) = absences(CUSTOMS, seen, first=Month.parse("2025-03"), last=Month.parse("2025-10"))
    due = CUSTOMS.due(Span.parse("2025-08"))
    assert absence.span == Span.parse("2025-08")
    assert [each - due for each in absence.moments] == [dt.timedelta(days=days) for days in (1, 2, 3)]
    later = arrivals(*[(f"2026-{number:02d}", 500.0) for number in range(3, 9)])
    assert absence in absences(
        CUSTOMS, [*seen, *later], first=Month.parse("2025-03"), last=Month.parse("2025-10")
    )

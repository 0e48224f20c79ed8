"""Whatever comes in whatever order, what is recorded of alerts and what desks are told is one story.

The same promises as of one alert in memory (tests/alerts/test_lifecycle_paths.py), kept by recording itself:
two rules of two desks, a parent and a child, on PostgreSQL. Beside it stands that nothing waits in vain.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, Engine, create_engine, select

from alerts.hysteresis import Status
from alerts.parents import EXPORTS
from alerts.routing import Matcher, Silence, notice, silencing
from forecasting.months import Month, Span
from services.ingestion.figures import ArrivingFigure
from services.storage import endpoints, series, silences
from services.storage.alerts import AlertRecord, open_of_rule
from services.storage.endpoints import Endpoint
from services.storage.series import SeriesRecord
from services.storage.silences import SilenceRecord
from services.storage.tables import alert_events, alerts, messages
from services.usecases.handle_alerts import acknowledge_alert, close_alert
from services.usecases.record_observations import record_observations
from services.usecases.save_rule import save_rule
from services.usecases.watch_releases import watch_releases

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FIRST = Month.of(2020, 1)
SERIES = ("WORLD", "USA")
RULES = ("low", "quiet")
SILENCED = st.sampled_from([(), ("WORLD",), ("USA",)])
VALUES = st.sampled_from([50.0, 500.0, 2000.0, 4000.0, 6000.0])
FEW = settings(
    max_examples=8,
    stateful_step_count=18,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a shrunk story would cost minutes
    suppress_health_check=list(HealthCheck),
)

ALLOWED: dict[str | None, set[str]] = {
    None: {"opened"},
    "open": {"updated", "escalated", "deescalated", "corrected", "acknowledged", "resolved", "retracted"},
    "resolved": {"corrected", "reopened", "retracted"},
    "retracted": {"reopened"},
}
LEADS_TO = {"opened": "open", "reopened": "open", "resolved": "resolved", "retracted": "retracted"}
STANDS = {"opened": "open", "resolved": "resolved", "retracted": "retracted"}


class Life(RuleBasedStateMachine):
    """Two rules on a parent and a child, in one transaction that is taken back when the story is over."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.connection: Connection = engine.connect()
        try:
            self._begin()
        except BaseException:
            self.teardown()
            raise

    def _begin(self) -> None:
        self.clock = START
        self.held: dict[tuple[str, int], float | None] = {}
        self.silenced = 0
        self.conditions = dict.fromkeys(RULES, 3000)
        world = SeriesRecord("WORLD", "World", "t", tags=(EXPORTS,), reporter="CHN", hs_code="8505")
        records = [world, replace(world, id="USA", name="USA", partner="USA")]
        series.register(self.connection, records, now=START)
        for desk in RULES:
            hook = Endpoint(f"end_{desk}", desk, "https://desk.example.com", None, START)
            endpoints.add(self.connection, hook, secret=b"sealed")
            self._save(desk)

    def teardown(self) -> None:
        self.connection.rollback()
        self.connection.close()

    def _save(self, name: str) -> None:
        raw = {
            "name": name,
            "desk": name,
            "scope": {"hs_prefixes": ["8505"]},
            "condition": {"kind": "level", "below": self.conditions[name]},
            "escalate": [{"severity": "critical", "when": {"kind": "level", "below": 1000}}],
            "cooldown_months": 2,
            "months_to_close": 2 if name == "quiet" else 1,
            "inhibits": "children" if name == "low" else None,
        }
        save_rule(self.connection, name, raw, now=self._tick())

    def _tick(self) -> dt.datetime:
        self.clock += dt.timedelta(hours=1)
        return self.clock

    def _record(self, figures: dict[tuple[str, int], float | None]) -> None:
        now = self._tick()
        arriving = [
            ArrivingFigure(row, name, Span(FIRST + place), value, "t", now)
            for row, ((name, place), value) in enumerate(figures.items(), start=1)
        ]
        record_observations(
            self.connection, arriving, source="test", now=now, budget=0.1, portfolio="standard"
        )
        self.held |= figures

    def _open(self) -> list[AlertRecord]:
        return [each for name in RULES for each in open_of_rule(self.connection, name)]

    @rule(
        releases=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=4),
        gap=st.integers(1, 2),
        which=st.sampled_from([(0,), (1,), (0, 1)]),
    )
    def publish(self, releases: list[tuple[float, float]], gap: int, which: tuple[int, ...]) -> None:
        """Some releases of one series or both, each a month on, the first perhaps two."""
        place = max((month for _, month in self.held), default=-1) + gap
        for at, values in enumerate(releases, start=place):
            self._record({(SERIES[each], at): values[each] for each in which})

    @precondition(lambda self: self.held)
    @rule(value=VALUES | st.none(), data=st.data())
    def revise(self, value: float | None, data: st.DataObject) -> None:
        """A figure is revised, withdrawn, or said again."""
        self._record({data.draw(st.sampled_from(sorted(self.held))): value})

    @rule(name=st.sampled_from(RULES), below=st.sampled_from([1000, 3000, 5000]))
    def edit(self, name: str, below: int) -> None:
        """A rule's condition changes; what is open lives on under its version."""
        self.conditions[name] = below
        self._save(name)

    @rule(desk=st.sampled_from(RULES), on=SILENCED, hours=st.integers(2, 5))
    def silence(self, desk: str, on: tuple[str, ...], hours: int) -> None:
        """A desk wants to hear nothing, or nothing of a series, while the next few things happen."""
        now = self._tick()
        self.silenced += 1
        matcher = Matcher(desks=frozenset({desk}), series=frozenset(on))
        ends = now + dt.timedelta(hours=hours, minutes=-30)
        given = Silence(f"sil_{self.silenced}", matcher, now, ends, "ada")
        silences.add(self.connection, SilenceRecord(given, desk, now))

    @rule(later=st.sampled_from([0, 6]))
    def look(self, later: int) -> None:
        """What the service does each five minutes: openings that nothing keeps from a desk are told.

        After it each open alert is heard, or silenced now, or the world's alert of its rule and desk, which
        that desk has heard of and which is as grave, speaks for it.
        """
        self.clock += dt.timedelta(hours=later)  # by then every silence is over
        now = self._tick()
        watch_releases(self.connection, budget=0.1, now=now)
        quiet = silences.in_force(self.connection, now=now)
        unheard = {each.state.id: self._unheard(each.state.id) for each in self._open()}
        for record in self._open():
            missed = unheard[record.state.id]
            if not {"opened", "reopened"} & {each.kind for each in missed}:
                continue
            speakers = [
                each
                for each in self._open()
                if (each.state.rule_id, each.state.series_id, each.desk) == ("low", "WORLD", record.desk)
                and not unheard[each.state.id]
                and each.state.severity.rank >= record.state.severity.rank
            ]
            spoken_for = speakers and (record.state.rule_id, record.state.series_id) == ("low", "USA")
            assert spoken_for or silencing(notice(missed[-1].payload), quiet, now) is not None

    @rule(on=SILENCED, values=st.tuples(VALUES, VALUES), which=st.sampled_from([(0,), (1,), (0, 1)]))
    def pass_over(self, on: tuple[str, ...], values: tuple[float, float], which: tuple[int, ...]) -> None:
        """A silence begins, a release comes, the silence ends and the service looks."""
        self.silence(desk="low", on=on, hours=3)
        self.publish(releases=[values], gap=1, which=which)
        self.look(later=6)

    def _unheard(self, alert_id: str) -> list[Any]:
        """The events of an alert after the last that its desk heard."""
        found = (
            select(alert_events).where(alert_events.c.alert_id == alert_id).order_by(alert_events.c.id.desc())
        )
        return list(takewhile(lambda event: not _heard(event), self.connection.execute(found)))[::-1]

    @precondition(lambda self: self._open())
    @rule(closes=st.booleans(), data=st.data())
    def act(self, closes: bool, data: st.DataObject) -> None:
        """A person acknowledges an open alert, or closes it."""
        ids = sorted(each.state.id for each in self._open())
        act = close_alert if closes else acknowledge_alert
        act(self.connection, data.draw(st.sampled_from(ids)), by="ada", now=self._tick())

    @invariant()
    def one_alert_of_a_rule_on_a_series_is_open_at_most(self) -> None:
        places = [(each.state.rule_id, each.state.series_id) for each in self._open()]
        assert len(places) == len(set(places))

    @invariant()
    def what_is_kept_and_what_was_sent_are_one_story(self) -> None:
        """Each alert's events are a path that can be told, and each body sent is that of one heard event.

        A heard event counts all that was kept from its desk since the one heard before it, and no more.
        """
        sent: dict[str, list[str]] = defaultdict(list)
        for body in self.connection.execute(select(messages.c.payload)).scalars():
            for one in body["data"].get("events", [body]):
                sent[one["data"]["alert"]["id"]].append(_key(one))
        stories: dict[str, list[Any]] = defaultdict(list)
        for row in self.connection.execute(select(alert_events).order_by(alert_events.c.id)):
            stories[row.alert_id].append(row)
        told = {row.id: row for row in self.connection.execute(select(alerts))}
        for alert_id, row in told.items():
            story = stories.pop(alert_id, [])
            _is_a_path(story, row.status)
            assert sorted(sent.pop(alert_id, [])) == sorted(
                _key(each.payload) for each in story if _heard(each)
            )
            _misses_nothing(story)
            for by in (told[each.inhibited_by] for each in story if each.inhibited_by is not None):
                assert (row.rule_id, by.rule_id, row.series_id, by.series_id) == (
                    "low",
                    "low",
                    "USA",
                    "WORLD",
                )
        assert not sent
        assert not stories

    @invariant()
    def an_alert_rests_on_the_figures_held(self) -> None:
        for record in self._open():
            assert record.state.status is Status.OPENED
            for judged in record.state.figures:
                place = judged.span.first.since(FIRST)
                assert judged.value == self.held[record.state.series_id, place]


def _is_a_path(story: Sequence[Any], status: str) -> None:
    where: str | None = None
    for event in story:
        assert event.kind in ALLOWED[where], f"{event.kind} after {where}"
        where = LEADS_TO.get(event.kind, where)
    assert where == STANDS.get(status)


def _misses_nothing(story: Sequence[Any]) -> None:
    missed = inhibited = 0
    for event in story:
        kept = event.silenced_by is not None or event.inhibited_by is not None
        # an event that was told late counts itself
        missed, inhibited = missed + kept, inhibited + (event.inhibited_by is not None)
        if _heard(event):
            unheard = event.payload["data"]["unheard"] or {"count": 0, "inhibited": 0}
            assert (unheard["count"], unheard["inhibited"]) == (missed, inhibited)
            missed = inhibited = 0


def _key(body: dict[str, Any]) -> str:
    """What tells one body from another, the words included."""
    data = body["data"]
    return f"{body['type']} {body['timestamp']} {data['sentence']} {data['transition']} {data['unheard']}"


def _heard(event: Any) -> bool:
    """True where an event's desk was told of it, at once or late."""
    told_late = event.payload["data"]["unheard"] is not None
    return told_late or (event.silenced_by is None and event.inhibited_by is None)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database that every story leaves as it was."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def test_what_is_recorded_of_alerts_is_a_story_that_can_be_told(engine: Engine) -> None:
    """Figures, revisions, withdrawals, silences, edits, looks and people, in any order, break no promise."""
    run_state_machine_as_test(lambda: Life(engine), settings=FEW)

"""Forecasts of others in the ensemble, over HTTP: who has been nearer moves the months that it foretells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from api_stage import MAGNETS, Stage, key, served
from httpx import Client
from test_score_forecasts import LEASE, publish

from forecasting.models import global_trees
from forecasting.months import Month
from forecasting.portfolios import portfolio
from forecasting.weights import shipped
from services.cli.forecast_lines import told as lines_of
from services.storage import forecasts, series
from services.storage.forecasts import ForecastRecord
from services.storage.known_series import known_series
from services.usecases.order_refits import REFRESH
from services.usecases.refresh_forecasts import refresh_forecasts
from services.usecases.score_forecasts import score_due
from services.usecases.sign_in import sign_in
from services.web.app import create_web

FIRST = Month.parse("2025-01")
NEXT = FIRST + 8
PATH = f"/v1/series/{MAGNETS}/forecasts"


def known(month: Month) -> dt.datetime:
    return dt.datetime.combine((month + 1).first_day, dt.time(8), dt.UTC)


@dataclass
class Told:
    """A stage after eight figures of 5,200 of which we said 5,000; three others foretold each."""

    stage: Stage
    every: dict[str, str]
    metals: dict[str, str]

    def foretell(self, forecaster: str, month: Month, point: float, **more: Any) -> dict[str, Any]:
        """Submit a point; the report of it."""
        replay = more.pop("replay", False)
        row = {"series_id": MAGNETS, "month": str(month), "unit": "t", "point": point, **more}
        answer = self.stage.client.post(
            f"/v1/forecasters/{forecaster}/forecasts",
            json={"forecasts": [row]},
            params={"replay": replay},
            headers=self.metals if forecaster == "house" else self.every,
        )
        assert answer.status_code == 200, answer.text
        report: dict[str, Any] = answer.json()
        return report

    def refit(self) -> int:
        """Run the refits that are due; how many were."""
        count = 0
        while claimed := refresh_forecasts(self.stage.engine, now=self.stage.at, lease=LEASE).claimed:
            count += claimed
        return count

    def ours(self, model: str = "standard") -> list[ForecastRecord]:
        """What is published, the newest vintage first."""
        with self.stage.engine.connect() as connection:
            return forecasts.published(connection, MAGNETS, model=model)


@pytest.fixture
def told(stage: Stage) -> Told:
    stage.at = known(FIRST - 1)
    every = key(stage, "read", "write", "admin")
    metals = key(stage, "read", "write", desk="metals")
    stage.client.headers.update(every)
    stage.register()
    rows = [
        {"month": str(FIRST - 36 + step), "value": 4900 + 100 * (step // 12) + 20 * (step % 12)}
        for step in range(36)
    ]
    stage.upload(*({**row, "known_from": known(FIRST - 1).isoformat()} for row in rows), history=True)
    publish(stage, known(FIRST - 1), str(FIRST - 1), 4950)
    for name in ("consensus", "worse"):
        stage.client.put(f"/v1/forecasters/{name}", json={"name": name.title()})
    stage.client.put("/v1/forecasters/house", json={"name": "House view"}, headers=metals)
    found = Told(stage, every, metals)
    for month in (FIRST + place for place in range(8)):
        stage.at = known(month) - dt.timedelta(days=7)
        for name, point in (("consensus", 5190), ("worse", 4000), ("house", 5200)):
            assert found.foretell(name, month, point)["refits"] == 0  # nobody has a record yet
        stage.at = known(month)
        assert stage.upload({"month": str(month), "value": 5200}).status_code == 200
    return found


def score(stage: Stage) -> None:
    while score_due(stage.engine, now=stage.at, lease=LEASE).claimed:
        pass


@contextmanager
def page_of(told: Told, path: str) -> Iterator[str]:
    with told.stage.engine.begin() as connection:
        opened = sign_in(connection, told.every["Authorization"].removeprefix("Bearer "), now=told.stage.at)
    cookie = {"Cookie": f"tonnage_session={opened}"}
    with (
        served(create_web(told.stage.app.state.service)) as address,
        Client(base_url=address, timeout=30, headers=cookie) as pages,
    ):
        yield " ".join(pages.get(path).text.split())


def share(told: Told) -> float:
    """Of half a vote, beside what the models hold together on the series: no global model is trained here."""
    with told.stage.engine.begin() as connection:
        ((held, _),) = known_series(connection, series.of_ids(connection, [MAGNETS]), told.stage.at)
    weights = shipped("standard").of(held, portfolio("standard").votes)
    return 0.5 / (0.5 + sum(held for name, held in weights.items() if name not in global_trees.NAMES))


def weigh_in(told: Told) -> float:
    """Three others foretell the next month, of whom one has been nearer; how far it moves our median."""
    stage = told.stage
    score(stage)
    told.refit()
    stage.at = known(NEXT) - dt.timedelta(days=7)
    stage.nudged.clear()
    assert told.foretell("house", NEXT, 9000)["refits"] == 0
    assert told.foretell("worse", NEXT, 9000)["refits"] == 0
    assert stage.nudged == []
    assert told.foretell("consensus", NEXT, 8000)["refits"] == 1
    assert REFRESH in stage.nudged[0]
    assert told.foretell("consensus", NEXT, 8000)["refits"] == 0  # it stands already
    again = told.foretell("consensus", NEXT, 8000, low=7000, high=9000)
    assert (again["submitted"], again["refits"]) == (1, 0)  # another range, and nothing else is expected
    stage.at += dt.timedelta(minutes=1)
    before = told.ours()[0].forecast
    assert before is not None
    assert told.refit() == 1
    return share(told) * (8000 - float(before.median[0]))


def test_who_was_nearer_moves_the_month_that_it_foretold(told: Told) -> None:
    """A consensus better on eight figures moves its month and what judges it; a worse one does not."""
    moved = weigh_in(told)
    for model in ("standard", forecasts.judging("standard")):
        after, before = told.ours(model)[:2]
        assert (after.vintage, before.vintage) == (known(NEXT) - dt.timedelta(days=7), known(NEXT - 1))
        assert after.forecast is not None
        assert before.forecast is not None
        shift = after.forecast.values - before.forecast.values
        np.testing.assert_array_equal(shift[1:], 0)
        assert (shift[0] > 0).all()
        if model == "standard":
            np.testing.assert_allclose(shift[0], moved)
    client = told.stage.client
    shown = client.get(PATH).json()["members"]
    others = {each["name"]: each for each in shown if each["name"].startswith("forecaster:")}
    assert list(others) == ["forecaster:consensus", "forecaster:worse"]
    consensus, worse = others.values()
    assert consensus["weight"] == pytest.approx(share(told))
    assert consensus["moved"] == {str(NEXT): pytest.approx(moved)}
    assert (worse["weight"], worse["moved"]) == (0, None)
    assert "not below our" in worse["note"]
    lines = client.get("/v1/scoreboard", params={"by": "series"}).json()["lines"]
    (line,) = [each for each in lines if each["model"] == "forecaster:consensus"]
    theirs, mine = line["mase"], line["service_mase"]
    assert (line["figures"], theirs) == (8, pytest.approx(consensus["score"]))
    assert consensus["note"] == (
        f"weighs in on {NEXT}: MASE {theirs:.3g} against our {mine:.3g} on 8 figures here"
    )


def test_the_page_the_change_and_the_command_say_who_moved_it(told: Told) -> None:
    """The series' page names both as they are called, no desk's own; the change is no news of figures."""
    moved = weigh_in(told)
    with page_of(told, f"/series/{MAGNETS}") as page:
        members = page.split("Who forecasts it")[1].split("What others expect")[0]
        assert f'Consensus<br><small class="muted">weighs in on {NEXT}: ' in members
        assert f'Worse<br><small class="muted">beside it on {NEXT}: ' in members
        assert "house" not in members.lower()
    change = told.stage.client.get(f"{PATH}/changes", params={"month": str(NEXT)}).json()[0]
    (month,) = change["months"]
    assert change["figures"] == []
    assert (month["engine"], month["revisions"], month["news"]) == (0, 0, pytest.approx(0, abs=1e-6))
    assert month["others"] == pytest.approx(moved)
    assert month["before"] + month["others"] == pytest.approx(month["after"])
    said = list(lines_of(told.ours()[0]))
    assert any(
        each.startswith(f"member forecaster:consensus: weight {share(told):.3f}, weighs in") for each in said
    )
    assert said[-1].endswith(f"by another engine +0, by forecasts of others {moved:+,.4g}")


def test_the_figure_ends_it_and_what_it_moved_is_no_news(told: Told) -> None:
    """Once the month is known nobody weighs in on it; a refit orders its own scoring where that is behind."""
    stage = told.stage
    stage.at = known(NEXT) - dt.timedelta(days=7)
    assert told.foretell("consensus", NEXT + 1, 8000)["refits"] == 0  # nothing is scored yet
    stage.at = known(NEXT)
    assert stage.upload({"month": str(NEXT), "value": 5200}).status_code == 200
    told.refit()
    newest = told.ours()[0]
    assert newest.vintage == known(NEXT)
    (member,) = [each for each in newest.members if each["name"] == "forecaster:consensus"]
    assert list(member["moved"]) == [str(NEXT + 1)]  # what came before was scored by the refit itself
    change = stage.client.get(f"{PATH}/changes", params={"month": str(NEXT + 1)}).json()[0]["months"][0]
    assert change["others"] == pytest.approx(member["moved"][str(NEXT + 1)])
    stage.at = known(NEXT + 1)
    assert stage.upload({"month": str(NEXT + 1), "value": 5200}).status_code == 200
    told.refit()
    newest = told.ours()[0]
    assert newest.vintage == known(NEXT + 1)
    assert [each for each in newest.members if each["name"].startswith("forecaster:")] == []
    score(stage)
    assert stage.client.get("/v1/scoreboard").status_code == 200


def test_a_model_asked_for_by_name_takes_nobody_in(told: Told) -> None:
    """What theta says is theta's alone, though the consensus was nearer; no submission fits it anew."""
    stage = told.stage
    publish(stage, known(FIRST - 1), str(FIRST - 1), 4950, model="theta")
    score(stage)
    stage.at = known(NEXT) - dt.timedelta(days=7)
    assert told.foretell("consensus", NEXT + 1, 8000)["refits"] == 1
    stage.at = known(NEXT)
    assert stage.upload({"month": str(NEXT), "value": 5200}).status_code == 200
    assert stage.client.get(PATH, params={"model": "theta"}).status_code == 202
    told.refit()
    shown = stage.client.get(PATH, params={"model": "theta"}).json()
    assert [each["name"] for each in shown["members"] if "forecaster" in each["name"]] == []
    assert stage.client.get(PATH).json()["members"][-1]["name"] == "forecaster:consensus"
    told.foretell("consensus", NEXT + 1, 7000)
    assert stage.client.get(PATH, params={"model": "theta"}).json()["id"] == shown["id"]


def test_a_figure_known_before_a_submission_and_recorded_after_it_is_not_missing(told: Told) -> None:
    """The refit as of the submission is made once more with the figure, and stands."""
    stage = told.stage
    score(stage)
    stage.at = known(NEXT - 1) + dt.timedelta(days=3)
    assert told.foretell("consensus", NEXT, 8000)["refits"] == 1
    told.refit()
    submitted = stage.at
    assert told.ours()[0].vintage == submitted
    stage.at += dt.timedelta(hours=1)
    late = {
        "month": str(NEXT - 1),
        "value": 5400,
        "known_from": (submitted - dt.timedelta(hours=1)).isoformat(),
    }
    assert stage.upload(late).json()["revised"] == 1
    assert told.refit() == 2
    newest = told.ours()[0]
    assert (newest.vintage, newest.figures) == (submitted, 36 + 9)
    assert newest.members[-1]["name"] == "forecaster:consensus"
    assert newest.members[-1]["weight"] > 0
    assert told.refit() == 0


def test_a_replayed_submission_orders_its_refit_in_its_own_time(told: Told) -> None:
    """It counts as published at the moment that the replay gives, by the record of that moment."""
    stage = told.stage
    score(stage)
    moment = known(NEXT - 1) + dt.timedelta(days=2)
    stage.at = moment + dt.timedelta(days=300)
    early = known(NEXT - 2).isoformat()
    assert told.foretell("consensus", NEXT + 2, 8000, known_from=early, replay=True)["refits"] == 0
    report = told.foretell("consensus", NEXT, 8000, known_from=moment.isoformat(), replay=True)
    assert report["refits"] == 1
    told.refit()
    newest = told.ours()[0]
    assert (newest.vintage, newest.published_at) == (moment, moment)
    (member,) = [each for each in newest.members if each["name"] == "forecaster:consensus"]
    assert list(member["moved"]) == [str(NEXT), str(NEXT + 2)]


def test_nothing_said_after_the_vintage_changes_a_forecast(told: Told) -> None:
    """A refit that runs late, as of a moment before a submission, is what it would have been in time."""
    stage = told.stage
    score(stage)
    stage.at = known(NEXT) - dt.timedelta(days=7)
    told.foretell("consensus", NEXT, 8000)
    told.refit()  # those of the figures too, which nobody had run
    by_vintage = {each.vintage: each for each in told.ours()}
    in_time = by_vintage[known(NEXT - 1)]
    assert [each["name"] for each in in_time.members if each["name"].startswith("forecaster:")] == []

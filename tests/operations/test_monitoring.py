"""Alert rules fire on what they are for; rules and dashboard ask only for numbers that are told."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import REGISTRY
from small_promql import Labels, evaluate, samples, series_of
from sqlalchemy import create_engine

from services import bootstrap, telemetry
from services.exporter import State
from services.storage import heartbeats

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "services" / "operations"


def asked() -> Iterator[str]:
    """Every expression of the rules and of the dashboard."""
    for group in yaml.safe_load((SHIPPED / "prometheus" / "alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]
    for panel in json.loads((SHIPPED / "grafana" / "dashboards" / "tonnage.json").read_text())["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def told(database_url: str) -> str:
    """What the processes tell about an installation that has just begun to work."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        heartbeats.beat(connection, heartbeats.TASK, now=bootstrap.now())
    registry = CollectorRegistry()
    registry.register(State(engine, bootstrap.now, portfolio="standard"))
    text = generate_latest(registry).decode() + generate_latest(REGISTRY).decode()
    engine.dispose()
    return text


def test_nothing_is_asked_for_that_is_not_told(database_url: str) -> None:
    """Each metric in a rule or on the dashboard is among those of the processes."""
    names = set(re.findall(r"^# TYPE (\w+)", told(database_url), re.MULTILINE))
    wanted = {name for each in asked() for name in re.findall(r"tonnage_\w+", each)}
    assert len(wanted) >= 14
    assert {name.removesuffix("_bucket").removesuffix("_count") for name in wanted} <= names


def test_counters_grow_and_gauges_do_not(database_url: str) -> None:
    """Only of a counter is the increase asked for: a gauge that falls would look like a new beginning."""
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)", told(database_url), re.MULTILINE))
    grown, moved = (
        {name for each in asked() for name in re.findall(rf"\b(?:{functions})\(\s*(\w+)", each)}
        for functions in ("increase|rate|irate|resets", "i?delta|deriv|[a-z]+_over_time")
    )
    of_histograms = {name: re.sub(r"_(bucket|count|sum)$", "", name) for name in grown}
    assert {kinds.get(name) or kinds[whole] for name, whole in of_histograms.items()} == {
        "counter",
        "histogram",
    }
    assert {kinds[name] for name in moved} == {"gauge"}


def test_the_reader_counts_resets_as_prometheus_does() -> None:
    """A fall from 5 to 4 is an increase of 4 of a counter, -1 of a gauge, and leaves 4 the least held."""
    series = {"n": [(Labels(), [5.0, 5.0, 4.0, 5.0])]}
    for expression, value in (
        ("increase(n[2m])", 4.0),
        ("rate(n[2m])", 4 / 120),
        ("delta(n[2m])", -1.0),
        ("min_over_time(n[2m])", 4.0),
    ):
        assert evaluate(expression, series, 2) == {Labels(): value}
    assert evaluate("n > min_over_time(n[2m])", series, 2) == {}
    assert evaluate("n > min_over_time(n[2m])", series, 3) == {Labels(): 5.0}


def test_a_database_that_is_away_is_told_and_not_an_error() -> None:
    """A scrape without a database says so in one gauge."""
    registry = CollectorRegistry()
    registry.register(
        State(create_engine("postgresql+psycopg://127.0.0.1:1/nowhere"), bootstrap.now, portfolio="standard")
    )
    assert "tonnage_database_up 0.0" in generate_latest(registry).decode()


def test_no_label_takes_many_values() -> None:
    """No metric has a label that grows with series, desks or endpoints."""
    ours = (each for each in vars(telemetry).values() if hasattr(each, "_labelnames"))
    labels = {label for each in ours for label in each._labelnames}
    assert labels <= {"task", "outcome", "type", "verdict", "model", "route", "status"}


def test_every_rule_says_what_to_do() -> None:
    """Each alert has a severity, a summary and a next step."""
    for group in yaml.safe_load((SHIPPED / "prometheus" / "alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"warning", "critical"}
            assert {"summary", "do"} <= rule["annotations"].keys()


RULES = yaml.safe_load((SHIPPED / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
COURSES = yaml.safe_load((HERE / "alerts_test.yml").read_text())["tests"]


def firing(course: dict[str, Any], minute: int) -> set[str]:
    """Alerts whose expression has held for their whole ``for`` at a minute of a course, by our own reader."""
    series: dict[str, list[tuple[Labels, list[float]]]] = {}
    for each in course.get("input_series", ()):
        name, labels = series_of(each["series"])
        series.setdefault(name, []).append((labels, samples(each["values"])))
    fired = set()
    for rule in RULES:
        held_for = int(rule.get("for", "0m").removesuffix("m").replace("1h", "60"))
        window = range(minute - held_for, minute + 1)
        if all(evaluate(rule["expr"], series, at) for at in window):
            fired.add(rule["alert"])
    return fired


@pytest.mark.parametrize("course", COURSES, ids=[each["name"] for each in COURSES])
def test_the_rules_fire_without_promtool(course: dict[str, Any]) -> None:
    """Each course of alerts_test.yml ends with the alerts that it names, as our own reader sees it."""
    (asked,) = course["promql_expr_test"]
    wanted = {series_of(each["labels"])[1] for each in asked["exp_samples"]}
    assert firing(course, int(asked["eval_time"].removesuffix("m"))) == {
        value for labels in wanted for _, value in labels
    }


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_the_rules_fire_when_they_should() -> None:
    """promtool evaluates every rule on a healthy and on a broken service."""
    tried = subprocess.run(
        ["promtool", "test", "rules", HERE / "alerts_test.yml"],  # noqa: S607 - wherever it is installed
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr

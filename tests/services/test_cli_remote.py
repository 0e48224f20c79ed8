"""``tonnage remote``: a desk with an address and a key, and no database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from api_stage import MAGNETS, Stage, key
from click.testing import Result
from test_client import refitting
from typer.testing import CliRunner

from services import cli
from services.queries import alert_stream

__all__ = ["refitting"]

Run = Callable[..., Result]


@pytest.fixture
def remote(refitting: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A command of the group, by an address and a key that stand in the environment, as a desk has them."""
    given = key(refitting, "read", "write", "rules")["Authorization"].removeprefix("Bearer ")
    monkeypatch.setenv("TONNAGE_API", str(refitting.client.base_url))
    monkeypatch.setenv("TONNAGE_KEY", given)
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    monkeypatch.chdir(tmp_path)
    refitting.client.headers["Authorization"] = f"Bearer {given}"
    refitting.register()
    months = [f"{2022 + at // 12}-{at % 12 + 1:02}" for at in range(40)]
    rows = [f"{MAGNETS},{month},{5000 + at % 7},t" for at, month in enumerate(months)]
    Path("past.csv").write_text("series_id,month,value,unit\n" + "\n".join(rows) + "\n")
    Path("low.csv").write_text(f"series_id,month,value,unit\n{MAGNETS},2025-05,1238,t\n")
    Path("wrong.csv").write_text(f"series_id,month,value,unit\n{MAGNETS},2025-05,many,t\n")
    Path("poll.csv").write_text(f"series_id,month,unit,point\n{MAGNETS},2025-06,t,4900\n")
    return lambda *words: CliRunner().invoke(cli.app, ["remote", *words])


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def test_a_desk_records_reads_and_submits(refitting: Stage, remote: Run) -> None:
    """A history, a rule, a low figure: counts, the forecast, the alert, and a submission that counts."""
    told = done(remote("record", "past.csv", "--source", "customs", "--history"))
    assert "40 recorded, 0 revised, 0 unchanged; alerts: none" in told
    lines = done(remote("forecast", MAGNETS, "--horizon", "3")).splitlines()
    assert lines[0].startswith(f"{MAGNETS}, standard, of figures to 2025-04, in t")
    assert [line.split()[0] for line in lines[2:]] == ["2025-05", "2025-06", "2025-07"]
    assert all("e+" not in line and "," in line for line in lines[2:])  # 5,003, and no 5.003e+03
    rule = {"name": "Low", "desk": "metals", "scope": {"series": [MAGNETS]}}
    rule["condition"] = {"kind": "level", "below": 3000}
    assert refitting.client.put("/v1/rules/low", json=rule).status_code == 200
    report = json.loads(done(remote("record", "low.csv", "--json")))
    assert (report["recorded"], report["alerts"]) == (1, {"opened": 1})
    assert f"opened  warning, low on {MAGNETS}, 2025-05 to 2025-05" in done(remote("alerts"))
    (alert,) = json.loads(done(remote("alerts", "--status", "opened", "--json")))
    assert alert["series_id"] == MAGNETS
    assert refitting.client.put("/v1/forecasters/poll", json={"name": "A poll"}).status_code == 201
    assert done(remote("submit", "poll.csv", "--forecaster", "poll")) == (
        "1 submitted, 0 claimed, 0 unchanged\n"
    )
    assert "no month that a forecast foretold" in done(remote("scoreboard"))


def test_what_the_service_refuses_ends_in_its_words(remote: Run) -> None:
    """A row that cannot be read, a series that is not there: the service's own reason, and no trace."""
    refused = remote("record", "wrong.csv")
    assert refused.exit_code == 1
    assert "row 1: " in refused.stderr
    assert "many" in refused.stderr
    mangled = remote("forecast", "NONE", "--key", "tonnage_…")
    assert (mangled.exit_code, "copy it whole" in mangled.stderr) == (1, True)
    missing = remote("forecast", "NONE")
    assert (missing.exit_code, "not-found" in missing.stderr) == (1, True)
    none = remote("alerts", "--series", "NONE")
    assert (none.exit_code, "There is no series 'NONE'" in none.stderr) == (1, True)
    assert "there is no such alert" in done(remote("alerts", "--series", MAGNETS))
    Path("headless.csv").write_text(f"series_id,month,valeu,unit\n{MAGNETS},2025-05,5,t\n")
    headless = remote("record", "headless.csv")
    assert "the header: 'valeu' is not a column" in headless.stderr
    assert "row 0" not in headless.stderr
    unknown = remote("submit", "poll.csv", "--forecaster", "nobody")
    assert (unknown.exit_code, "nobody" in unknown.stderr) == (1, True)


def test_the_live_stream_is_said_as_it_comes(
    refitting: Stage, remote: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happened since an event is one line each with its sentence, and --count ends it."""
    monkeypatch.setattr(alert_stream, "LOOK_SECONDS", 0.02)
    done(remote("record", "past.csv", "--source", "customs", "--history"))
    rule = {"name": "Low", "desk": "metals", "scope": {"series": [MAGNETS]}}
    rule["condition"] = {"kind": "level", "below": 3000}
    refitting.client.put("/v1/rules/low", json=rule)
    done(remote("record", "low.csv"))
    (line,) = done(remote("live", "--after", "0", "--count", "1")).splitlines()
    assert f"opened  {MAGNETS}  " in line
    assert "1,238 t" in line

"""A file from the command line: shown, corrected and recorded, and never recorded by a guess nobody saw."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from agency_files import COMEXSTAT, GACC_ENGLISH
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import create_engine, text
from typer.testing import Result

Run = Callable[..., Result]


def held(database_url: str) -> list[tuple[str, float]]:
    """Figures that are recorded."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT series_id, value FROM observations ORDER BY id"))
        found = [(row.series_id, row.value) for row in rows]
    engine.dispose()
    return found


def test_a_file_is_shown_then_recorded(run: Run, database_url: str, tmp_path: Path) -> None:
    """A preview records nothing and writes a mapping; by that the file and its new series are recorded."""
    file = tmp_path / "gacc.xlsx"
    file.write_bytes(GACC_ENGLISH)
    straight = run("ingest", file)
    assert straight.exit_code == 1
    assert "can be read in more than one way, and nothing was stored" in straight.output
    assert held(database_url) == []
    preview = run("ingest", file, "--preview")
    assert preview.exit_code == 0, preview.output
    for said in (
        "2025-05 stands above the table",
        "5,864.6 tons",
        "Series that are not held",
        "2 new figures",
    ):
        assert said in preview.output
    assert held(database_url) == []
    mapping = tmp_path / "gacc.xlsx.map.toml"
    assert "# the figures may stand in 'May / Quantity'" in mapping.read_text()
    recorded = run("ingest", file, "--map", mapping, "--source", "GACC")
    assert recorded.exit_code == 0, recorded.output
    assert "2 recorded, 0 revised" in recorded.output
    assert held(database_url) == [("Rare-earth-and-products", 5864.6), ("Steel-products", 1057.8)]
    again = run("ingest", file, "--map", mapping)
    assert "0 recorded, 0 revised, 2 held already" in again.output


def test_figures_become_those_of_the_series_unit(run: Run, database_url: str, tmp_path: Path) -> None:
    """What is in kilograms is recorded in the tonnes of its series, and the preview says by which rule."""
    for code in ("28053010", "28053090"):
        run("series", "add", code, "--name", code, "--unit", "t")
    file = tmp_path / "exp.csv"
    file.write_bytes(COMEXSTAT)
    preview = run("ingest", file, "--preview")
    assert "'kg' becomes 't': ÷ 1,000" in preview.output
    assert "Numbers have a decimal comma" in preview.output
    assert run("ingest", file, "--map", tmp_path / "exp.csv.map.toml").exit_code == 0
    assert held(database_url) == [("28053010", 12.0), ("28053010", 10.5005), ("28053090", 0.9)]


def test_a_file_of_one_reading_is_recorded_straight(run: Run, database_url: str, tmp_path: Path) -> None:
    """Semicolons, decimal commas and our names leave nothing to guess; our own CSV is read as ever."""
    run("series", "add", "A", "--name", "A", "--unit", "t")
    file = tmp_path / "a.csv"
    file.write_text("series_id;month;value;unit\nA;May 2025;1.234,5;t\nA;June 2025;n/a;t\nsource: desk;;;\n")
    recorded = run("ingest", file)
    assert recorded.exit_code == 0, recorded.output
    assert "1 'n/a'" in recorded.output
    assert "row 4: 'source: desk'" in recorded.output
    strict = tmp_path / "b.csv"
    strict.write_text("series_id,month,value,unit\nA,2025-05,1300,t\n")
    assert "0 recorded, 1 revised" in run("ingest", strict).output
    assert held(database_url) == [("A", 1234.5), ("A", 1300.0)]


@pytest.mark.parametrize(
    ("content", "doubt", "value"),
    [
        ("series_id;month;shipped;unit\nA;2025-05;5;t\n", "'shipped' alone holds numbers", 5.0),
        ("series_id;month;value;unit\nA;2025-05;5;Mt\n", "Mt was taken for a million tonnes", 5e6),
    ],
)
def test_what_may_be_wrong_is_recorded_only_once_it_was_shown(
    run: Run, database_url: str, tmp_path: Path, *, content: str, doubt: str, value: float
) -> None:
    """A column of unknown name, and Mt, are recorded by the mapping of a preview and not before."""
    run("series", "add", "A", "--name", "A", "--unit", "t")
    file = tmp_path / "a.csv"
    file.write_text(content)
    straight = run("ingest", file)
    assert straight.exit_code == 1
    assert doubt in straight.output
    assert held(database_url) == []
    assert doubt in run("ingest", file, "--preview").output
    recorded = run("ingest", file, "--map", tmp_path / "a.csv.map.toml")
    assert recorded.exit_code == 0, recorded.output
    assert held(database_url) == [("A", value)]


def test_a_price_is_recorded_by_nobodys_guess(run: Run, database_url: str, tmp_path: Path) -> None:
    """A column named as a price is asked about, and even the preview's own mapping does not take it."""
    run("series", "add", "A", "--name", "A", "--unit", "t")
    file = tmp_path / "a.csv"
    file.write_text("series_id;month;price;unit\nA;2025-05;905;t\n")
    for words in (("--preview",), (), ("--map", tmp_path / "a.csv.map.toml")):
        refused = run("ingest", file, *words)
        assert refused.exit_code == 1, refused.output
        assert "'price'" in refused.output
    assert held(database_url) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("series;month;value;unit\nA;2025-05;five;t\n", "row 2, column 'value': 'five' is not a number"),
        ("series;month;value;unit\nA;2025-05;5;t\nA;2025-06;1.234;t\n", "1234 by thousands and 1.234"),
        ("series;month;value;unit\nA;2025-05;5e14;kt\n", "a figure beyond 10¹⁵ is refused: check its unit"),
        ("series;month;value;unit\nA;2025-05;5;pieces\n", "no rule makes one the other"),
        ("series;month;value;unit\nB;2025-05;5,5;t\n", "there is no series 'B'"),
        ("series;month;value;unit\nA;2025-05;5,5;t\nA;2099-05;5,5;t\n", "row 3: 2099-05 had not begun"),
    ],
)
def test_a_fault_leaves_nothing_recorded(
    run: Run, database_url: str, tmp_path: Path, content: str, reason: str
) -> None:
    """A file with one fault is refused with its place, and nothing of it is recorded."""
    run("series", "add", "A", "--name", "A", "--unit", "t")
    file = tmp_path / "a.csv"
    file.write_text(content)
    refused = run("ingest", file)
    assert refused.exit_code == 1
    assert reason in refused.output
    assert held(database_url) == []


def test_a_mapping_that_cannot_be_is_refused(run: Run, tmp_path: Path) -> None:
    """A mapping names what is wrong in it, and what stands beside it in the call is not ignored."""
    file, mapping = tmp_path / "a.csv", tmp_path / "m.toml"
    file.write_text("when,how much\n2025-05,5\n")
    mapping.write_text('[table]\nshap = "long"\n[numbers]\ndecimal = "x"\n')
    refused = run("ingest", file, "--map", mapping)
    assert refused.exit_code == 1
    assert "table.shap is not known; did you mean 'shape'" in refused.output
    assert "numbers.decimal is 'x'; it is one of '.', ','" in refused.output
    assert "--map says how" in run("ingest", file, "--map", mapping, "--unit", "t").output
    assert "There is no file" in run("ingest", tmp_path / "none.csv").output


@pytest.mark.long  # 18 s: two commands as processes, with the metrics of each
def test_a_release_by_command_is_told_as_any_other(
    run: Run, database_url: str, valkey_url: str, tmp_path: Path
) -> None:
    """Each way of ingest logs its commit once, to standard error, and counts its figures and verdicts."""
    run("series", "add", "A", "--name", "A", "--unit", "t")
    strict, guessed = tmp_path / "strict.csv", tmp_path / "guessed.csv"
    strict.write_text("series_id,month,value,unit\nA,2025-05,5,t\nA,2025-06,6,t\n")
    guessed.write_text("series;month;value;unit\nA;2025-07;5,5;t\n")
    numbers = tmp_path / "numbers"
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": valkey_url,
        "PROMETHEUS_MULTIPROC_DIR": str(numbers),
    }
    for file, recorded in ((strict, 2), (guessed, 1)):
        done = subprocess.run(
            [sys.executable, "-c", "from services.cli import app; app()", "ingest", str(file)],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{recorded} recorded, 0 revised")
        (told,) = [line for line in done.stderr.splitlines() if "release committed" in line]
        told = re.sub(r"\x1b\[[0-9;]*m", "", told)
        assert f"recorded={recorded}" in told
        assert "way=file" in told
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(numbers))
    assert registry.get_sample_value("tonnage_figures_total", {"outcome": "recorded"}) == 3
    assert registry.get_sample_value("tonnage_verdicts_total", {"verdict": "not_judged"}) == 3
    assert registry.get_sample_value("tonnage_release_commit_seconds_count") == 2

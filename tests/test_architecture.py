"""The contracts of the architecture hold, and each refuses a violation planted in a copy of the tree."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
LINTER = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINTER, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree, for all: each test takes out what it planted."""
    copy = tmp_path_factory.mktemp("tree")
    for package in ("forecasting", "alerts", "services"):
        shutil.copytree(TOP / package, copy / package, ignore=shutil.ignore_patterns("__pycache__", "*.csv"))
    shutil.copy(TOP / "pyproject.toml", copy)
    return copy


@pytest.mark.parametrize(
    ("module", "planted", "contract"),
    [
        ("forecasting/metrics.py", "import alerts.rules", "Imports run services"),
        ("alerts/rules.py", "import services.settings", "Imports run services"),
        ("forecasting/metrics.py", "import time", "forecasting is pure"),
        ("forecasting/metrics.py", "import os", "forecasting is pure"),
        ("forecasting/engine.py", "import random", "forecasting is pure"),
        ("alerts/evaluation.py", "import socket", "opens a socket"),
        ("services/storage/series.py", "import services.usecases.save_rule", "Inside services"),
        ("services/usecases/save_rule.py", "import services.bootstrap", "Inside services"),
        ("services/work/runner.py", "import services.usecases.save_rule", "Inside services"),
        ("services/storage/jobs.py", "import services.work.queue", "Inside services"),
        ("services/api/routes/jobs.py", "import services.work.queue", "read through queries"),
        ("services/usecases/save_rule.py", "import services.queries.rules", "Inside services"),
        ("services/queries/rules.py", "import services.usecases.save_rule", "Inside services"),
        ("services/api/routes/series.py", "import services.storage.series", "read through queries"),
        ("services/web/pages/series.py", "import services.storage.series", "read through queries"),
        ("services/cli/series.py", "import services.storage.series", "read through queries"),
        ("services/doctor.py", "import services.storage.keys", "read through queries"),
    ],
)
def test_a_planted_violation_is_refused(tree: Path, module: str, planted: str, contract: str) -> None:
    """A forbidden import breaks the contract that forbids it, by name."""
    target = tree / module
    before = target.read_text()
    target.write_text(f"{before}\n{planted}\n")
    try:
        found = lint(tree)
    finally:
        target.write_text(before)
    assert found.returncode != 0
    broken = [line for line in found.stdout.splitlines() if " BROKEN" in line]
    assert any(contract in line for line in broken), found.stdout


def test_the_tree_keeps_its_contracts() -> None:
    """The tree as it stands breaks none of them."""
    found = lint(TOP)
    assert found.returncode == 0, found.stdout


def test_queries_only_read() -> None:
    """No query writes a statement of its own or calls what changes a row: what it asks of storage reads."""
    changing = re.compile(r"\.(execute|add|append|put|keep|register|end|replay|lock|save|claim)\(connection")
    for path in (TOP / "services" / "queries").rglob("*.py"):
        text = path.read_text()
        assert not re.search(r"\b(insert|update|delete|text)\b.*|import select", _sqlalchemy(text)), path
        assert not changing.search(text.replace("alert_stream.end(connection)", "")), path


def _sqlalchemy(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.startswith("from sqlalchemy"))


def test_no_clock_no_global_randomness_in_forecasting() -> None:
    """No line of forecasting asks for the present or draws from a global generator."""
    forbidden = ("datetime.now(", "date.today(", "np.random.normal(", "np.random.rand")
    for path in (TOP / "forecasting").rglob("*.py"):
        text = path.read_text()
        assert not [word for word in forbidden if word in text], path

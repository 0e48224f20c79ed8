"""`make demo EXIT=1` as its user runs it: one command, real processes, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

TOP = Path(__file__).parents[2]


def started_under(folder: Path) -> list[str]:
    """Processes that have the folder in what they were started with."""
    return [
        " ".join(process.info["cmdline"] or [process.info["name"]])
        for process in psutil.process_iter(["name", "cmdline", "environ"])
        if str(folder) in f"{process.info['cmdline']} {process.info['environ']}"
    ]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A temporary folder that ``nobody`` can pass, which pytest's own 0700 one is not."""
    folder = Path(tempfile.mkdtemp(prefix="tonnage-acceptance-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.timeout(400)
def test_the_demo_tells_the_story_and_leaves_nothing(folder: Path) -> None:
    """It ends with status 0, prints what it showed as JSON last, and no process of it is left."""
    demo = subprocess.run(
        [sys.executable, "-m", "services.cli", "demo", "--exit"],
        cwd=TOP,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=380,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    summary = json.loads(demo.stdout[demo.stdout.index("\n{") :])
    assert summary["ok"]
    values = [point["shown"]["value"] for point in summary["points"]]
    assert values == [1238.0, 2117.0, 3808.0, 7742.2, 6146.0]
    episode, parted, controls = [point["shown"] for point in summary["aftermath"]]
    assert episode["onset"] in {"2025-04", "2025-05"}
    assert (episode["trough"]["value"], episode["closed"]) == (1238.0, "2025-08")
    lost = episode["shortfall"]
    assert 0 < lost["lower"] < lost["value"] < lost["upper"]
    assert episode["life"]["2025-08"] == "closed"
    assert (parted["month"], parted["parted"], parted["opposite"]) == ("2025-06", True, True)
    assert "138 % of what the one lost" in parted["matched"]
    assert (controls["effective"], controls["lag_months"] in {0, 1}) == ("2025-04-04", True)
    assert controls["state_on_2025-05-01"] == "announced, not yet visible"
    assert "desk: China's exports of rare-earth magnets fell 53 % on the month to 1,238 t" in demo.stdout
    assert any(
        "July 2020, 1,620.3 t, lowest since January 2015." in line
        and line.startswith("  2020-08-07: China's exports of rare-earth ores, metals and compounds,")
        for line in demo.stdout.splitlines()
    ), "the rehearsal does not tell July 2020"
    assert started_under(folder) == []
    assert list(folder.iterdir()) == []

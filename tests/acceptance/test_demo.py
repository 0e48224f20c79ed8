"""`make demo EXIT=1` as its user runs it: one command, real processes, and nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

TOP = Path(__file__).parents[2]


def ours() -> set[int]:
    """Processes of a local stack, by the data folders of demos in what they were started with."""
    found = set()
    for process in psutil.process_iter(["cmdline", "environ"]):
        words = " ".join(
            [*(process.info["cmdline"] or []), (process.info["environ"] or {}).get("REDIS_URL", "")]
        )
        if "tonnage-" in words and process.pid != os.getpid() and "tonnage-tests-" not in words:
            found.add(process.pid)
    return found


@pytest.mark.timeout(400)
def test_the_demo_tells_the_story_and_leaves_nothing() -> None:
    """It ends with status 0, prints the five points as JSON last, and no process of it is left."""
    before = ours()
    demo = subprocess.run(
        [sys.executable, "-m", "services.cli", "demo", "--exit"],
        cwd=TOP,
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
    assert "desk: China's exports of rare-earth magnets fell 53 % on the month to 1,238 t" in demo.stdout
    assert ours() - before == set()

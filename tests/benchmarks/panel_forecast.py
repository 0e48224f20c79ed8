"""``tonnage forecast`` on 300 trade series: series a CPU second, start and training included.

Run by hand: ``python -m tests.benchmarks.panel_forecast [SERIES]``, and by ``make bench-speed``. The command
runs as a user runs it, as a process of its own; CPU seconds are of it and all its children.
"""

from __future__ import annotations

import csv
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from services.cli.shell import say
from tests.benchmarks.accuracy import trade

SERIES = 300
DATA = Path("../shared/data")


def main() -> None:
    """Write the panel, run the command on it, print the rate."""
    if not DATA.is_dir():  # the other rows of make bench-speed need no data
        say(f"tonnage forecast: no row, since the trade panel is not in {DATA}")
        return
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else SERIES
    panel = trade(DATA, wanted).series
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "panel.csv", Path(folder) / "made.parquet"
        with given.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["series_id", "month", "value"])
            for series in panel:
                for step, value in enumerate(series.values.tolist()):
                    if np.isfinite(value):
                        rows.writerow([series.id, series.start + step, value])
        command = [sys.executable, "-m", "services.cli", "forecast", "--input", str(given), "--jobs", "2"]
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run([*command, "--output", str(made)], check=True, stderr=subprocess.DEVNULL)
        wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    say(
        f"tonnage forecast, {len(panel)} trade series, standard: {wall:.1f} s, {spent:.1f} CPU s, "
        f"{len(panel) / spent:.1f} series a CPU second, at most {after.ru_maxrss / 1000:,.0f} MB a process"
    )


if __name__ == "__main__":
    main()

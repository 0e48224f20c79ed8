"""Make ``measures.json`` from the collected dated measures.

``python -m services.demo.collect_measures FOLDER``: FOLDER holds events.csv, as PROVENANCE.md describes it.
Measures on rare earths or magnets dated to the day, up to the end of 2025. Only the day is known: noon in
Beijing stands for it.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from services.demo.collect import BEIJING, LAST_DAY

_DAY = r"(\d{4}-\d{2}-\d{2})"
_ANNOUNCED = re.compile(rf"announced {_DAY}")
_EFFECTIVE = re.compile(rf"(?:effective|from) {_DAY}")
_SHOWS_IN = {"rare earth": ("CN_EXP_RE_T", "CN_EXP_REPROD_T"), "magnet": ("CN_EXP_REPM_T", "CN_EXP_REPROD_T")}
"""Series that a measure on a commodity may show in."""

Body = dict[str, Any]


def collect_measures(folder: Path) -> dict[str, Body]:
    """Each measure under its id, as the API takes it, in the order of their days."""
    found: dict[str, Body] = {}
    of_day: Counter[str] = Counter()
    with (folder / "events.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            shows = sorted(
                {each for word, ids in _SHOWS_IN.items() if word in row["commodity"] for each in ids}
            )
            if not shows or len(row["date"]) < len("2025-04-04") or row["date"] > LAST_DAY.isoformat():
                continue
            of_day[row["date"]] += 1
            found[f"cn-{row['date']}-{of_day[row['date']]}"] = _body(row, shows)
    return found


def _body(row: dict[str, str], shows: list[str]) -> Body:
    announced, effective = _ANNOUNCED.search(row["event"]), _EFFECTIVE.search(row["event"])
    day = announced[1] if announced else row["date"]
    noon = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(12), BEIJING)
    return {
        "title": row["event"],
        "announced": day,
        "effective": effective[1] if effective else row["date"],
        "known_from": noon.isoformat(),
        "scope": {"series": shows},
        "source_url": row["source_url"],
    }


def written(measures: dict[str, Body]) -> str:
    """The file that ships."""
    return json.dumps(measures, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("measures.json").write_text(
        written(collect_measures(Path(sys.argv[1]))), encoding="utf-8"
    )

"""The table of behaviours in the docs names tests that are there, at least one of every source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from services.ingestion.sources.registry import SOURCES

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "services" / "docs" / "connectors.md"
ROW = re.compile(r"^\| (\w+) \| .+ \| `(\w+)::(\w+)` \|$", re.MULTILINE)


def test_each_behaviour_has_its_test() -> None:
    """A row whose test is renamed or dropped fails here, and so does a source without a row."""
    rows = ROW.findall(DOCS.read_text())
    missing = []
    for _, module, name in rows:
        tree = ast.parse((HERE / f"{module}.py").read_text())
        if name not in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}:
            missing.append(f"{module}::{name}")
    assert missing == []
    assert {source.casefold() for source, _, _ in rows} == set(SOURCES)

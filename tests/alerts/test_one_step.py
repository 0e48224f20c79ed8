"""What judges a figure and what moves an alert is called in one place, whoever drives it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def callers(module: str, name: str) -> set[str]:
    """Files of the three packages that take a function from the module that holds it."""
    return {str(path.relative_to(ROOT)) for path, imported in imports() if (module, name) in imported}


@cache
def imports() -> list[tuple[Path, set[tuple[str, str]]]]:
    """Each file with what it imports by name."""
    return [
        (
            path,
            {
                (node.module or "", each.name)
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.ImportFrom)
                for each in node.names
            },
        )
        for package in ("forecasting", "alerts", "services")
        for path in (ROOT / package).rglob("*.py")
    ]


@pytest.mark.parametrize(
    ("module", "name", "where"),
    [
        ("forecasting.shocks.detection", "judge_many", {"alerts/judging.py"}),
        ("alerts.evaluation", "evaluate", {"alerts/step.py"}),
        ("alerts.lifecycle", "advance", {"alerts/step.py"}),
        ("alerts.step", "step", {"alerts/rehearsal.py", "services/usecases/follow_alerts.py"}),
        (
            "alerts.judging",
            "judge_figures",
            {
                "services/usecases/detect_panel.py",
                "services/usecases/judge_release.py",
                "services/usecases/replay_figures.py",
            },
        ),
    ],
)
def test_a_figure_is_judged_and_a_rule_evaluated_in_one_place(
    module: str, name: str, where: set[str]
) -> None:
    """Live, rehearsal and detection share the step: nothing else judges a figure or evaluates a rule."""
    assert callers(module, name) == where

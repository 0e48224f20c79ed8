"""Migrations stand in one line, each named by its number."""

from __future__ import annotations

from pathlib import Path

from alembic.script import ScriptDirectory

import services.storage.migrations

HERE = Path(services.storage.migrations.__file__).parent


def test_migrations_stand_in_one_line() -> None:
    """No two come after the same one, and the file of each begins with its number."""
    steps = list(ScriptDirectory(str(HERE)).walk_revisions())
    numbers = [step.revision for step in steps]
    assert numbers == sorted(numbers, reverse=True)
    assert [step.down_revision for step in steps] == [*numbers[1:], None]
    assert all(Path(step.path).name.startswith(f"{step.revision}_") for step in steps)

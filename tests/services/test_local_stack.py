"""What keeps the stack from starting is one line that says what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services.local.errors import DataFolderError, UnreachableError
from services.local.folder import default_folder, held, kept_secret, stop
from services.local.stack import check_given, running


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("DATABASE_URL", "postgresql+psycopg://desk:hunter2@127.0.0.1:9/tonnage"),
        ("REDIS_URL", "redis://:hunter2@127.0.0.1:9/0"),
    ],
)
def test_a_server_that_does_not_answer_is_one_line(variable: str, address: str) -> None:
    """The line names the variable, the address without its password, and the three ways out."""
    with pytest.raises(UnreachableError) as refusal:
        check_given({variable: address})
    line = str(refusal.value)
    assert "\n" not in line
    assert line.startswith(f"{variable} names ")
    assert "127.0.0.1:9" in line
    assert "hunter2" not in line
    assert f"correct {variable}, or unset it" in line


def test_servers_that_answer_are_accepted(empty_database_url: str, valkey_url: str) -> None:
    """A reachable database and broker pass."""
    check_given({"DATABASE_URL": empty_database_url, "REDIS_URL": valkey_url})


def test_an_unreachable_database_starts_nothing(tmp_path: Path) -> None:
    """Nothing is said to be ready before what the environment names has answered."""
    said: list[str] = []
    environment = {"DATABASE_URL": "postgresql+psycopg://127.0.0.1:9/tonnage"}
    with pytest.raises(UnreachableError), running(tmp_path / "data", environment, said.append):
        pass
    assert said == []


def test_one_stack_runs_on_a_folder(tmp_path: Path) -> None:
    """A second stack on the same folder is refused with the number of the first."""
    with held(tmp_path), pytest.raises(DataFolderError, match=r"process \d+ runs on it"), held(tmp_path):
        pass


def test_down_ends_what_runs_and_says_so(tmp_path: Path) -> None:
    """stop() ends the process that holds the folder, and has nothing to do a second time."""
    holder = (
        "import sys, threading; from pathlib import Path; from services.local.folder import held\n"
        "from services.local.stack import stops_on_signals\n"
        "with stops_on_signals(), held(Path(sys.argv[1])):\n"
        "    print('held', flush=True); threading.Event().wait()\n"
    )
    said: list[str] = []
    with subprocess.Popen(  # our own script
        [sys.executable, "-c", holder, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert stop(tmp_path, said.append)
        assert process.wait(90) == 0
    assert stop(tmp_path, said.append)
    assert said == [f"stopped what ran on {tmp_path}", f"nothing runs on {tmp_path}"]


def test_the_data_folder_can_be_chosen(tmp_path: Path) -> None:
    """TONNAGE_DATA_DIR wins over every default."""
    assert default_folder({"TONNAGE_DATA_DIR": str(tmp_path), "XDG_STATE_HOME": "/elsewhere"}) == tmp_path


def test_a_secret_is_made_once_and_private(tmp_path: Path) -> None:
    """The same secret is read again, from a file that only its owner can read."""
    path = tmp_path / "secret"
    assert kept_secret(path) == kept_secret(path)
    assert path.stat().st_mode & 0o777 == 0o600

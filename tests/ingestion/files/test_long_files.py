"""A file as long as they come: its own limit at the command line, and a bar on a terminal alone."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from services import settings

Run = Callable[..., Result]
NO_DATABASE = {"DATABASE_URL": "postgresql+psycopg://127.0.0.1:1/nowhere", "TERM": "xterm"}


def rows(path: Path, count: int) -> None:
    """A semicolon table of so many figures of one series, five bytes a figure at least."""
    with path.open("w") as file:
        file.write("series;month;value;unit\n")
        for at in range(count):
            file.write(f"S{at // 600};{1990 + at // 12 % 50}-{at % 12 + 1:02d};{at},5;t\n")


def limited(monkeypatch: pytest.MonkeyPatch, **named: int) -> None:
    for name, value in named.items():
        monkeypatch.setenv(f"TONNAGE_{name.upper()}", str(value))
    settings.settings.cache_clear()


def test_a_local_file_is_not_held_to_what_a_request_may_hold(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file longer than a request body is read at the command line, by the limit of files alone."""
    run("series", "add", "S0", "--name", "S0", "--unit", "t")
    file, strict = tmp_path / "long.csv", tmp_path / "ours.csv"
    rows(file, 400)
    strict.write_text("series_id,month,value,unit\n" + "".join(f"S0,19{at}-01,1,t\n" for at in range(50, 90)))
    limited(monkeypatch, upload_limit_bytes=100)
    assert "400 recorded" in run("ingest", file, "--history").output
    assert "40 recorded" in run("ingest", strict, "--history").output
    limited(monkeypatch, file_limit_bytes=100)
    for each in (file, strict):
        for words in ((), ("--preview",)):
            refused = run("ingest", each, *words)
            assert refused.exit_code == 1
            assert "larger than 100 bytes" in refused.output
            assert "TONNAGE_FILE_LIMIT_BYTES" in refused.output


def test_the_default_holds_a_million_rows() -> None:
    """A million rows of Comtrade's length fit into what is read of a local file."""
    assert settings.Settings().file_limit_bytes >= 1_000_000 * 200


@pytest.mark.long  # 10 s: commands under a terminal
def test_progress_stands_on_a_terminal_alone(tmp_path: Path) -> None:
    """A terminal sees how many rows were looked at and read; a pipe sees the answer and nothing else."""
    file = tmp_path / "long.csv"
    rows(file, 10_001)
    command = [sys.executable, "-m", "services.cli", "ingest", str(file), "--preview"]
    piped = subprocess.run(command, capture_output=True, env={**os.environ, **NO_DATABASE}, check=True)
    assert piped.stderr == b""
    assert b"10,001 rows" in piped.stdout
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, **NO_DATABASE}
        )
        os.close(theirs)
        said = b""
        try:
            while part := terminal.read(4096):
                said += part
        except OSError:  # a terminal whose other end is closed says so by an error
            pass
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert b"rows looked at" in said
    assert b"rows read" in said
    assert out == piped.stdout

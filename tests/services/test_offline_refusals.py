"""What an offline command cannot do it says in one line, before any work, and ends with a status."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import app

ROWS = "".join(f"0402,{2020 + at // 12}-{at % 12 + 1:02d},{1000 + at % 12}\n" for at in range(48))
PANEL = f"series_id,month,value\n{ROWS}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a sound panel in it."""
    (tmp_path / "panel.csv").write_text(PANEL)
    return tmp_path


def refused(*words: str) -> str:
    """The one line that a command ends with, its status being 2."""
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 2, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    (line,) = done.output.strip().splitlines()
    return line


def asked(command: str, folder: Path, source: str = "panel.csv", output: str = "out.csv") -> list[str]:
    return [command, "--input", str(folder / source), "--output", str(folder / output)]


COMMANDS = pytest.mark.parametrize("command", ["forecast", "backtest", "detect"])


@COMMANDS
@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gbk.csv", "series_id,month,value\n中国,2022-01,1\n".encode("gbk"), "save the file as UTF-8"),
        ("empty.csv", b"", "there is no row in it"),
        ("EMPTY.PARQUET", b"", "it is not a Parquet file"),
        ("book.XLSX", b"PK", "it is not an Excel workbook"),
        ("typo.csv", b"series_id,month,value\nX,0203-01,1\n", "row 1: the month 0203-01 lies before 1900-01"),
    ],
)
def test_a_file_that_is_no_panel(command: str, folder: Path, name: str, content: bytes, reason: str) -> None:
    """A file that cannot be read is refused with what to do, and nothing is said of storing."""
    (folder / name).write_bytes(content)
    line = refused(*asked(command, folder, name))
    assert reason in line
    assert line.startswith(f"{name} was not read, 1 fault: ")


@COMMANDS
def test_a_portfolio_that_there_is_not(command: str, folder: Path) -> None:
    """An unknown portfolio is answered with those that there are."""
    assert "standard" in refused(*asked(command, folder), "--portfolio", "oracle")


@COMMANDS
def test_a_folder_that_there_is_not(command: str, folder: Path) -> None:
    """A folder for the output that is missing is noticed before the work, not after it."""
    assert "There is no folder" in refused(*asked(command, folder, output="no/out.csv"))


@COMMANDS
def test_a_table_of_another_format(command: str, folder: Path) -> None:
    """No CSV is written under the name of another format: that is said before the work."""
    line = refused(*asked(command, folder, output="out.json"))
    assert line == "out.json: tables are written as CSV or Parquet; give a name that ends in either."
    assert not (folder / "out.json").exists()


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--budget", "0", "0 is no budget"),
        ("--budget", "nan", "nan is no budget"),
        ("--discovery-rate", "0", "0 is no budget"),
        ("--from", "2024", "'2024' is not a month; write it as YYYY-MM"),
    ],
)
def test_what_detect_cannot_judge_by(folder: Path, option: str, value: str, reason: str) -> None:
    """A budget of nothing and a year for a month are refused."""
    assert reason in refused(*asked("detect", folder), option, value)


@pytest.mark.parametrize("content", [PANEL.encode(), b"", "中国\n".encode("gbk")])
def test_episodes_of_another_file(folder: Path, content: bytes) -> None:
    """A file that detect did not write has no episodes, and that is said."""
    (folder / "other.csv").write_bytes(content)
    assert "other.csv was not read" in refused("episodes", "--input", str(folder / "other.csv"))


def test_families_of_another_file(folder: Path) -> None:
    """A family that is no table is refused as a panel is."""
    (folder / "families.csv").write_bytes(b"")
    line = refused(*asked("forecast", folder), "--families", str(folder / "families.csv"))
    assert line.startswith("families.csv was not read")


def test_identifiers_stay_text_to_the_end(folder: Path) -> None:
    """HS code 0402 is judged, written and listed as 0402, and its shock is an episode."""
    (folder / "panel.csv").write_text(PANEL + "0402,2024-01,150\n0402,2024-02,140\n")
    options = ["--from", "2023-01", "--portfolio", "seasonal_naive", "--jobs", "1"]
    done = CliRunner().invoke(app, [*asked("detect", folder), *options])
    assert done.exit_code == 0, done.output
    assert (folder / "out.csv").read_text().splitlines()[1].startswith("0402,2023-01,")
    listed = CliRunner().invoke(app, ["episodes", "--input", str(folder / "out.csv"), "--series", "0402"])
    assert listed.exit_code == 0, listed.output
    assert "0402" in listed.output

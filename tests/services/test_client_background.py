"""The Python client and its command with an upload in the background: sent, waited for, refused."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from api_stage import MAGNETS, Stage, key
from typer.testing import CliRunner

from services import cli
from services.bootstrap import RECORD_UPLOADS
from services.client import AsyncClient, Client, Job, JobNotDoneError, Report, UploadFailedError
from services.usecases.record_uploads import uploads_due
from services.work.runner import turn

CSV = f"series_id,month,value,unit,known_from\n{MAGNETS},2025-05,1238,t,2025-06-20T02:00:00Z\n".encode()
AGAIN = CSV.replace(b"1238", b"1239").replace(b"06-20", b"06-21")
UNKNOWN = CSV.replace(MAGNETS.encode(), b"NONE")


@pytest.fixture
def working(stage: Stage) -> Iterator[Stage]:
    """A stage beside which uploads are recorded once they are nudged, as by a worker."""
    kind = uploads_due(stage.engine, stage.settings, clock=lambda: stage.at, lease=dt.timedelta(minutes=5))

    def nudge(task: str) -> None:
        if task == RECORD_UPLOADS:
            beside.submit(turn, stage.engine, kind, clock=lambda: stage.at)

    with ThreadPoolExecutor(1) as beside:
        stage.app.state.service = replace(stage.app.state.service, nudge=nudge)
        yield stage


def test_both_clients_send_and_wait(working: Stage) -> None:
    """Each is given the job at once and its report in the end, and is told how far it is."""
    working.register()
    address, seen = str(working.client.base_url), list[Job]()
    with Client(address) as client:
        sent = client.send(CSV, "text/csv", source="customs")
        assert (sent.kind, sent.of, sent.report) == ("record_upload", 1, None)
        report = client.recorded(sent.id, progress=seen.append)
        assert (report.recorded, seen[-1].done, seen[-1].of) == (1, 1, 1)
        assert client.job(sent.id).report == report

    async def awaited() -> tuple[Job, Report]:
        async with AsyncClient(address) as client:
            sent = await client.send(AGAIN, "text/csv", source="customs")
            report = await client.recorded(sent.id, progress=seen.append)
            return await client.job(sent.id), report

    job, revised = asyncio.run(awaited())
    assert (revised.revised, job.report, job.status) == (1, revised, "done")


def test_what_is_refused_or_late_is_an_error(working: Stage, stage: Stage) -> None:
    """Faults come by row; a job that is not done in time says so, goes on, and can be waited for again."""
    address = str(working.client.base_url)
    with Client(address) as client:
        sent = client.send(UNKNOWN, "text/csv", source="customs")
        with pytest.raises(UploadFailedError, match="there is no series") as refused:
            client.recorded(sent.id)
        assert [each["row"] for each in refused.value.faults] == [1]

        working.register()
        service = stage.app.state.service
        stage.app.state.service = replace(service, nudge=lambda _: None)
        waiting = client.send(CSV, "text/csv", source="customs")
        with pytest.raises(JobNotDoneError, match="goes on"):
            client.recorded(waiting.id, wait=0)
        service.nudge(RECORD_UPLOADS)
        assert client.recorded(waiting.id).recorded == 1

    async def awaited() -> None:
        async with AsyncClient(address) as client:
            await client.recorded(sent.id)

    with pytest.raises(UploadFailedError, match="there is no series"):
        asyncio.run(awaited())


def test_the_command_waits_for_the_worker(
    working: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`tonnage remote record --background` ends with the same line as without, or with the reasons."""
    given = key(working, "read", "write")["Authorization"].removeprefix("Bearer ")
    monkeypatch.setenv("TONNAGE_API", str(working.client.base_url))
    monkeypatch.setenv("TONNAGE_KEY", given)
    monkeypatch.chdir(tmp_path)
    working.client.headers["Authorization"] = f"Bearer {given}"
    working.register()
    Path("may.csv").write_bytes(CSV)
    Path("none.csv").write_bytes(UNKNOWN)
    recorded = CliRunner().invoke(cli.app, ["remote", "record", "may.csv", "--background"])
    assert recorded.exit_code == 0, recorded.output
    assert "1 recorded, 0 revised, 0 unchanged; alerts: none" in recorded.output
    refused = CliRunner().invoke(cli.app, ["remote", "record", "none.csv", "--background"])
    assert refused.exit_code == 1
    assert "row 1: there is no series" in refused.stderr

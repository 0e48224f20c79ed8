"""``tonnage remote``: a service elsewhere, asked by its address and a key; no database is needed here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

import typer

from alerts.quantities import volume
from services.cli.progress import progress_bar
from services.cli.shell import AsJson, fail, say, say_all

if TYPE_CHECKING:  # a command that asks no service starts without the client
    from services.client import Client
    from services.client.shapes import Alert, Forecast, Standing

app = typer.Typer(help="A service elsewhere, asked by its address and a key.", no_args_is_help=True)

Api = Annotated[str, typer.Option(envvar="TONNAGE_API", help="Its address.")]
Key = Annotated[str | None, typer.Option(envvar="TONNAGE_KEY", help="An API key; best in the environment.")]
LOCAL = "http://127.0.0.1:8000"
MEDIA = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Content types by the ending of a file, of uploads with our own columns."""


@app.command()
def record(
    file: Annotated[Path, typer.Argument(help="CSV, JSON, Parquet or Excel with our own columns.")],
    *,
    api: Api = LOCAL,
    key: Key = None,
    source: Annotated[str, typer.Option(help="Who says so, where a row does not.")] = "file",
    history: Annotated[bool, typer.Option(help="The past of a new installation: wake no rule.")] = False,
    replay: Annotated[bool, typer.Option(help="The past as it became known.")] = False,
    background: Annotated[
        bool, typer.Option("--background", help="Recorded by a worker there; a bar shows how far it is.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, help="With --background: seconds to wait for it.")] = 600.0,
    as_json: Annotated[bool, typer.Option("--json", help="The report as a JSON object.")] = False,
) -> None:
    """Upload the figures of a file: all are recorded, judged and followed by every rule, or none is."""
    content, media = _content(file)
    with _service(api, key) as service:
        if background:
            sent = service.send(content, media, source=source, history=history, replay=replay)
            with progress_bar() as show:
                report = service.recorded(
                    sent.id, wait=wait, progress=lambda job: show("figures judged", job.done, job.of)
                )
        else:
            report = service.upload(content, media, source=source, history=history, replay=replay)
    if as_json:
        say(json.dumps(asdict(report), indent=2, ensure_ascii=False))
        return
    alerts = ", ".join(f"{count} {kind}" for kind, count in report.alerts.items()) or "none"
    counts = f"{report.recorded:,} recorded, {report.revised:,} revised, {report.unchanged:,} unchanged"
    say(f"release {report.release_id}: {counts}; alerts: {alerts}")


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(help="CSV or JSON: series_id, month, unit, and what is expected.")],
    *,
    forecaster_id: Annotated[str, typer.Option("--forecaster", help="Whose forecasts they are.")],
    api: Api = LOCAL,
    key: Key = None,
) -> None:
    """Submit the forecasts of a forecaster: all of them, or none and the reasons."""
    content, media = _content(file)
    with _service(api, key) as service:
        done = service.submit(forecaster_id, content, media)
    say(f"{done['submitted']} submitted, {done['claimed']} claimed, {done['unchanged']} unchanged")


@app.command()
def forecast(
    series_id: Annotated[str, typer.Argument(metavar="SERIES")],
    *,
    api: Api = LOCAL,
    key: Key = None,
    model: Annotated[str | None, typer.Option(help="A portfolio or one model, such as prophet.")] = None,
    horizon: Annotated[int | None, typer.Option(min=1, help="Months ahead.")] = None,
    as_of: Annotated[str | None, typer.Option(help="A past moment, such as 2025-06-20T10:00:00Z.")] = None,
) -> None:
    """The newest forecast of a series; one that is being fitted is waited for."""
    with _service(api, key) as service:
        found = service.forecast(series_id, model=model, horizon=horizon, as_of=as_of)
    for line in _told(found):
        say(line)


@app.command()
def alerts(
    *,
    api: Api = LOCAL,
    key: Key = None,
    status: Annotated[
        Literal["opened", "resolved", "closed"] | None, typer.Option(help="Only those that stand so.")
    ] = None,
    series_id: Annotated[str | None, typer.Option("--series", help="Only of a series.")] = None,
    as_json: AsJson = False,
) -> None:
    """Alerts, the last opened first."""

    def line(alert: Alert) -> str:
        what = f"{alert.severity}, {alert.rule_id} on {alert.series_id}"
        return f"{alert.id}  {alert.status}  {what}, {alert.onset} to {alert.closed or alert.last}"

    with _service(api, key) as service:
        found = service.alerts(status=status, series_id=series_id)
        if series_id is not None and not found:  # a series that is not there has no alert either
            service.ask("GET", f"/v1/series/{quote(series_id, safe='')}")
    say_all(found, line, as_json=as_json, none="there is no such alert")


@app.command()
def scoreboard(*, api: Api = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """How published forecasts did, ours and others'."""

    def line(one: Standing) -> str:
        mase, naive = _number(one.mase), _number(one.naive_mase)
        said = (
            f"{one.model}  {one.figures:,} pairs of forecast and figure  MASE {mase}  seasonal naive {naive}"
        )
        if one.service_mase is None:
            return said
        test = "no test yet" if one.p_value is None else f"p {one.p_value:.2f} if both err alike"
        return f"{said}  ours on the same {one.service_mase:.3f} ({one.compared_months} months, {test})"

    with _service(api, key) as service:
        found = service.scoreboard()
    say_all(found, line, as_json=as_json, none="no month that a forecast foretold has arrived yet")


@app.command()
def live(
    *,
    api: Api = LOCAL,
    key: Key = None,
    after: Annotated[int | None, typer.Option(min=0, help="Begin after the event of this id.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many.")] = None,
) -> None:
    """Say what happens to alerts as it happens, each with its id; Ctrl-C ends it."""
    with _service(api, key) as service:
        for event in islice(service.live(after=after), count):
            say(f"{event.id}  {event.kind}  {event.series_id}  {event.sentence}")


@contextmanager
def _service(api: str, key: str | None) -> Iterator[Client]:
    """A client whose faults end in one line."""
    import httpx  # noqa: PLC0415 - read when asked for

    from services.client import (  # noqa: PLC0415 - as above
        ApiError,
        Client,
        ForecastNotReadyError,
        JobNotDoneError,
        UploadFailedError,
    )
    from services.client.retries import Retries  # noqa: PLC0415 - as above

    if key is not None and not (key.isascii() and key.isprintable()):
        raise fail("The key holds what no key holds: copy it whole, as `tonnage key add` printed it.")
    try:
        with Client(api, key, retries=Retries(most=2)) as client:
            yield client
    except ApiError as error:
        told = "".join(f"\n  {_fault(each)}" for each in error.faults)
        said = f"{error.status} {error.kind}: {error.title}{told}" if told else str(error)
        raise fail(said) from error
    except (UploadFailedError, ForecastNotReadyError, JobNotDoneError) as error:
        raise fail(str(error)) from error
    except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise fail(f"{api} does not answer ({error}). Set TONNAGE_API, or give --api.") from error


def _fault(fault: dict[str, Any]) -> str:
    reason = str(fault.get("reason", ""))
    if fault.get("row") == 0:  # of the header or the whole, as the reason says
        return reason
    where = f"row {fault['row']}" if "row" in fault else str(fault.get("path", ""))
    return f"{where}: {reason}"


def _content(file: Path) -> tuple[bytes, str]:
    media = MEDIA.get(file.suffix.lower())
    if media is None:
        raise fail(f"{file} ends with none of {', '.join(MEDIA)}; `tonnage ingest` takes other files.")
    try:
        return file.read_bytes(), media
    except OSError as error:
        raise fail(f"{file} cannot be read: {error.strerror}.") from error


def _told(found: Forecast) -> Iterator[str]:
    levels = list(found.steps[0].quantiles) if found.steps else []
    yield f"{found.series_id}, {found.model}, of figures to {found.origin}, in {found.unit}"
    yield "month   " + "".join(f"{float(level):>14.1%}" for level in levels)
    for step in found.steps:
        yield f"{step.month:8}" + "".join(f"{volume(step.quantiles[level]):>14}" for level in levels)


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"

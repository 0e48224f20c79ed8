"""The Python client on a real API: the page of the docs as it stands, retries, errors, and both its kinds."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_stage import MAGNETS, Stage

from alerts.delivery.signing import sign
from forecasting.months import Month
from services.bootstrap import RECORD_UPLOADS, REFRESH_FORECASTS
from services.client import (
    ApiError,
    AsyncClient,
    Client,
    Figure,
    Forecast,
    Step,
    StreamedAlert,
    calls,
    to_pandas,
    to_polars,
    verify,
)
from services.client.retries import Retries
from services.queries import alert_stream
from services.usecases.manage_keys import add_key
from services.usecases.record_uploads import uploads_due
from services.usecases.refresh_forecasts import refresh_forecasts
from services.work.runner import turn

PAGE = Path(__file__).parents[2] / "services" / "docs" / "client.md"
LEASE = dt.timedelta(minutes=5)
QUICK = Retries(most=3, first=0.01)
LOW = {"month": "2025-05", "value": 12, "known_from": "2025-06-20T02:00:00Z"}
MAY = Figure(MAGNETS, "2025-05", 1238.0, "t", known_from=dt.datetime(2025, 6, 20, 2, tzinfo=dt.UTC))


@pytest.fixture
def refitting(stage: Stage) -> Stage:
    """A stage on which a refit is made, and an upload recorded, as soon as it is nudged, as by a worker."""

    def nudge(task: str) -> None:
        if task == REFRESH_FORECASTS:
            refresh_forecasts(stage.engine, now=stage.at, lease=LEASE)
        if task == RECORD_UPLOADS:
            uploads = uploads_due(stage.engine, stage.settings, clock=lambda: stage.at, lease=LEASE)
            turn(stage.engine, uploads, clock=lambda: stage.at)

    stage.app.state.service = replace(stage.app.state.service, nudge=nudge)
    return stage


def key(stage: Stage) -> str:
    with stage.engine.begin() as connection:
        scopes = ("read", "write", "rules", "endpoints")
        return add_key(connection, name="research", scopes=scopes, desk="metals", now=stage.at)[1]


def test_the_page_of_the_docs_runs(refitting: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Each block of the page runs in its order: to a forecast, an alert, and a webhook that is verified."""
    text = PAGE.read_text().replace("tonnage_…", key(refitting))
    text = text.replace("http://127.0.0.1:8000", str(refitting.client.base_url))
    shared: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), shared)  # noqa: S102 - the page is ours
    shown = capsys.readouterr().out
    assert "2025-06" in shown
    assert "1 of 1" in shown
    assert "{'opened': 1}" in shown
    assert "['TIN']" in shown
    assert "opened" in shown.split("['TIN']")[1]
    assert "{'name': 'metals', 'series': 1}" in shown
    assert list(shared["forecast"].steps[0].quantiles) == ["0.1", "0.5", "0.9"]
    body = b'{"data":{"sentence":"Copper fell."}}'
    headers = sign([shared["secret"]], message_id="msg_1", at=dt.datetime.now(dt.UTC), body=body)
    assert shared["received"](headers, body) == "Copper fell."
    with pytest.raises(Exception, match="signature"):
        shared["received"](headers, body + b" ")
    assert verify is shared["verify"]


def test_both_clients_give_the_same(refitting: Stage) -> None:
    """What one waits for the other awaits; both read figures, verdicts, series and forecasts alike."""
    address, given = str(refitting.client.base_url), key(refitting)
    refitting.client.headers["Authorization"] = f"Bearer {given}"
    with Client(address, given) as client:
        client.put_series(MAGNETS, name="Magnets", unit="t", tags=["magnets"])
        assert client.record([MAY], source="customs").recorded == 1
        told = (
            list(client.list_series()),
            client.observations(MAGNETS, as_of=MAY.known_from),
            client.verdicts(MAGNETS),
            client.forecast(MAGNETS),
            client.alerts(),
            client.alerts(as_of=MAY.known_from),
            client.episodes(family="none"),
            client.releases(),
            client.scoreboard(by="horizon"),
            client.rules(),
            list(client.deliveries(status="exhausted")),
            client.ask("get", "/v1/families", after=None),
        )

    async def awaited() -> tuple[Any, ...]:
        async with AsyncClient(address, given) as client:
            return (
                [each async for each in client.list_series()],
                await client.observations(MAGNETS, as_of=MAY.known_from),
                await client.verdicts(MAGNETS),
                await client.forecast(MAGNETS),
                await client.alerts(),
                await client.alerts(as_of=MAY.known_from),
                await client.episodes(family="none"),
                await client.releases(),
                await client.scoreboard(by="horizon"),
                await client.rules(),
                [each async for each in client.deliveries(status="exhausted")],
                await client.ask("get", "/v1/families", after=None),
            )

    assert asyncio.run(awaited()) == told
    assert told[0][0].tags == ("magnets",)
    assert told[1][0].value == 1238.0


def test_a_problem_is_an_error_with_its_faults(stage: Stage) -> None:
    """What the API refuses is raised with its kind and faults; a naive moment is refused at once."""
    with Client(str(stage.client.base_url)) as client:
        with pytest.raises(ApiError, match="there is no series") as refused:
            client.record([MAY], source="customs")
        assert (refused.value.status, refused.value.kind) == (422, "upload-refused")
        assert refused.value.faults[0]["row"] == 1
        with pytest.raises(ValueError, match="no zone"):
            client.observations(MAGNETS, as_of=dt.datetime(2025, 6, 20))  # noqa: DTZ001 - what is refused


@contextmanager
def faulty(answers: list[int | None]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server with these statuses in turn, None being a broken connection; and the headers it was sent."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True  # else a body waits 40 ms behind its head

        def do_POST(self) -> None:
            asked.append({name.lower(): value for name, value in self.headers.items()})
            self.rfile.read(int(self.headers["content-length"]))
            status = answers[min(len(asked), len(answers)) - 1]
            if status is None:
                self.close_connection = True
                return
            body = b'{"release_id":1,"recorded":1,"revised":0,"unchanged":0,"alerts":{},"figures":[]}'
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def record(address: str) -> None:
    with Client(address, retries=QUICK) as client:
        client.record([MAY], source="customs")


def record_awaited(address: str) -> None:
    async def recorded() -> None:
        async with AsyncClient(address, retries=QUICK) as client:
            await client.record([MAY], source="customs")

    asyncio.run(recorded())


@pytest.mark.parametrize("made", [record, record_awaited], ids=["sync", "async"])
def test_an_upload_is_made_again_under_one_idempotency_key(made: Callable[[str], None]) -> None:
    """No answer, 503 and 429 are tried again with the same key, so that nothing is recorded twice."""
    with faulty([None, 503, 429, 200]) as (address, asked):
        made(address)
    assert len(asked) == 4
    assert len({each["idempotency-key"] for each in asked}) == 1
    with faulty([503]) as (address, asked), pytest.raises(ApiError):
        made(address)
    assert len(asked) == 1 + QUICK.most


def test_what_may_have_happened_is_not_done_twice() -> None:
    """An endpoint that may have been added is not added again."""
    with (
        faulty([None]) as (address, asked),
        Client(address, retries=QUICK) as client,
        pytest.raises(httpx.TransportError),
    ):
        client.add_endpoint(desk="metals", url="https://desk.example.com")
    assert len(asked) == 1


def test_every_page_of_a_list_is_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """More figures, verdicts and alerts than one page holds come whole and in order, from both clients."""
    first = Month.of(1930, 1)
    stage.register()
    past = [
        {"month": str(first + n), "value": 100 + n % 7, "known_from": f"{first + n + 1}-20T02:00:00Z"}
        for n in range(1001)
    ]
    assert stage.upload(*past, history=True).json()["recorded"] == len(past)
    stage.register("COPPER")
    low = {"kind": "level", "below": 3000}
    for series_id in (MAGNETS, "COPPER"):
        rule = {"name": "Low", "desk": "metals", "scope": {"series": [series_id]}, "condition": low}
        assert stage.client.put(f"/v1/rules/{series_id}", json=rule).is_success
        stage.upload({**LOW, "series_id": series_id})
    given = key(stage)
    address = str(stage.client.base_url)
    with Client(address, given) as client:
        months = [each.month for each in client.observations(MAGNETS)]
        assert months == [*(each["month"] for each in past), LOW["month"]]
        assert sorted(each.month for each in client.verdicts(MAGNETS)) == months
        monkeypatch.setattr(calls, "MOST_ITEMS", 1)
        opened = client.alerts()
        assert {each.series_id for each in opened} == {MAGNETS, "COPPER"}
        series = list(client.list_series())
        assert [each.id for each in series] == [MAGNETS, "COPPER"]

    async def awaited() -> tuple[Any, ...]:
        async with AsyncClient(address, given) as client:
            return await client.alerts(), [each async for each in client.list_series()]

    assert asyncio.run(awaited()) == (opened, series)


def test_the_live_stream_is_heard_by_both_clients(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alerts come as they are streamed, each with its sentence; what is refused is an error."""
    monkeypatch.setattr(alert_stream, "LOOK_SECONDS", 0.02)
    stage.register()
    rule = {"desk": "metals", "scope": {"series": [MAGNETS]}, "condition": {"kind": "level", "below": 3000}}
    stage.client.put("/v1/rules/low", json={"name": "Low", **rule})
    stage.upload(LOW)
    address, given = str(stage.client.base_url), key(stage)
    with Client(address, given) as client:
        heard = next(client.live(after=0))
    assert (heard.kind, heard.series_id, heard.desk) == ("opened", MAGNETS, "metals")
    assert "stood at 12 t" in heard.sentence

    async def awaited(key: str) -> StreamedAlert:
        async with AsyncClient(address, key) as client:
            return await anext(client.live(after=0))

    assert asyncio.run(awaited(given)) == heard
    with Client(address, "wrong") as client, pytest.raises(ApiError, match="unauthorised"):
        next(client.live())
    with pytest.raises(ApiError, match="unauthorised"):
        asyncio.run(awaited("wrong"))


STEPS = (Step("2025-06", 1, {"0.1": 90.0, "0.5": 100.0}), Step("2025-07", 2, {"0.1": 80.0, "0.5": 101.0}))
FORECAST = Forecast(1, MAGNETS, "t", "standard", "2025-05", "2025-06-20", "2025-06-20", None, STEPS, [], {})
ROWS = [
    {"month": "2025-06", "horizon": 1, "0.1": 90.0, "0.5": 100.0},
    {"month": "2025-07", "horizon": 2, "0.1": 80.0, "0.5": 101.0},
]


def test_answers_become_frames_of_pandas() -> None:
    """A forecast is a row a month and a column a level; any list is a row an item."""
    assert to_pandas(FORECAST).to_dict("records") == ROWS
    assert list(to_pandas(list(STEPS)).columns) == ["month", "horizon", "quantiles"]


def test_answers_become_frames_of_polars() -> None:
    """As of pandas, where polars is installed: the package neither brings it nor needs it."""
    pytest.importorskip("polars", reason="polars is optional and is not installed here")
    assert to_polars(FORECAST).to_dicts() == ROWS
    assert to_polars(list(STEPS)).columns == ["month", "horizon", "quantiles"]

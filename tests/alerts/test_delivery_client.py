"""The client against real receivers on loopback: what each behaviour of a receiver comes to."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from alerts.delivery import client as client_module
from alerts.delivery.attempts import Failure, Outcome
from alerts.delivery.client import KEPT, Timeouts, open_client

LOOPBACK = (ipaddress.ip_network("127.0.0.1/32"),)
QUICK = Timeouts(dns=0.3, connect=0.3, total=0.5)
Route = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def _receiver(route: Route) -> AsyncIterator[int]:
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", route)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _post_to(route: Route, headers: dict[str, str] | None = None) -> Outcome:
    async def scene() -> Outcome:
        async with _receiver(route) as port, open_client(allowed=LOOPBACK, timeouts=QUICK) as client:
            return await client.post(f"http://127.0.0.1:{port}/hook", headers or {}, b"{}")

    return asyncio.run(scene())


def _post_url(url: str, *, resolver: AbstractResolver | None = None) -> Outcome:
    async def scene() -> Outcome:
        async with open_client(timeouts=QUICK, resolver=resolver) as client:
            return await client.post(url, {}, b"{}")

    return asyncio.run(scene())


def test_success_keeps_the_answer_and_sends_the_bytes() -> None:
    """The receiver gets exactly the body and headers given, and its answer is kept."""

    async def echo(request: web.Request) -> web.Response:
        assert request.headers["webhook-id"] == "msg_1"
        assert request.content_type == "application/json"
        return web.Response(status=202, body=b"got " + await request.read())

    outcome = _post_to(echo, {"webhook-id": "msg_1"})
    assert (outcome.status, outcome.answer, outcome.succeeded) == (202, b"got {}", True)


def test_long_answer_is_cut() -> None:
    """Of an endless answer 4 KiB are kept."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b"x" * 1024)
        return response

    assert len(_post_to(endless).answer) == KEPT


def test_redirect_is_not_followed() -> None:
    """A redirect is an answer like another: its status is the outcome and nobody goes where it points."""
    seen = []

    async def redirect(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=307, headers={"location": "/inside"})

    assert _post_to(redirect).status == 307
    assert seen == ["/hook"]


def test_retry_after_is_reported() -> None:
    """A 429 is reported with its Retry-After as written."""

    async def busy(_: web.Request) -> web.Response:
        return web.Response(status=429, headers={"retry-after": "120"})

    outcome = _post_to(busy)
    assert (outcome.status, outcome.retry_after) == (429, "120")


def test_hanging_receiver_times_out() -> None:
    """A receiver that never answers costs the total time and no more."""

    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    outcome = _post_to(hang)
    assert (outcome.status, outcome.failure) == (None, Failure.TIMEOUT)
    assert 0.4 < outcome.duration < 2


def test_answer_that_breaks_off_after_its_status() -> None:
    """The status line decides: a body that hangs afterwards does not turn a success into a failure."""

    async def hang_after_status(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=200)
        await response.prepare(request)
        await asyncio.sleep(30)
        return response

    assert _post_to(hang_after_status).succeeded


def test_reset_connection() -> None:
    """A receiver that drops the connection is a reset."""

    async def drop(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    assert _post_to(drop).failure is Failure.RESET


def test_nobody_listens() -> None:
    """A port that nobody listens on is a failed connection."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    async def scene() -> Outcome:
        async with open_client(allowed=LOOPBACK, timeouts=QUICK) as client:
            return await client.post(f"http://127.0.0.1:{port}/", {}, b"{}")

    assert asyncio.run(scene()).failure is Failure.CONNECT


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "169.254.169.254", "0"],
)
def test_no_spelling_of_inside_is_dialled(host: str) -> None:
    """Loopback and metadata addresses are refused at the socket, however they are spelled."""
    outcome = _post_url(f"https://{host}/")
    assert outcome.failure is Failure.FORBIDDEN, outcome


class _Stub(AbstractResolver):
    """Answers each look-up with the next address."""

    def __init__(self, *addresses: str) -> None:
        self.left = list(addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        assert family in (socket.AF_UNSPEC, socket.AF_INET)
        address = self.left.pop(0)
        if not address:
            await asyncio.sleep(30)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        pass


def test_rebinding_name() -> None:
    """A name whose address turns into an inside one is refused when it turns: every dial is checked."""

    async def scene() -> tuple[Outcome, Outcome, list[int]]:
        seen: list[int] = []

        async def inside(_: web.Request) -> web.Response:
            seen.append(1)
            return web.Response()

        resolver = _Stub("192.0.2.1", "127.0.0.1")
        async with _receiver(inside) as port, open_client(timeouts=QUICK, resolver=resolver) as client:
            url = f"https://desk.example:{port}/"
            return await client.post(url, {}, b"{}"), await client.post(url, {}, b"{}"), seen

    first, second, seen = asyncio.run(scene())
    assert (first.failure, second.failure, seen) == (Failure.FORBIDDEN, Failure.FORBIDDEN, [])
    assert "127.0.0.1" in second.detail


def test_slow_name_server() -> None:
    """A name server that does not answer costs the DNS limit and is reported as such."""
    outcome = _post_url("https://desk.example/", resolver=_Stub(""))
    assert outcome.failure is Failure.DNS
    assert outcome.duration < 0.45


def test_a_name_that_hangs_holds_one_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for ten times at once a name is looked up once; where all look-ups hang it is our fault."""
    over, asked = threading.Event(), []

    def look_up(host: str, *_: object, **__: object) -> None:
        asked.append(host)
        over.wait(90)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    async def scene() -> list[Outcome]:
        async with open_client(timeouts=QUICK) as client:
            urls = ["https://desk.example/"] * 10 + ["https://other.example/"]
            return await asyncio.gather(*(client.post(url, {}, b"{}") for url in urls))

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(client_module, "LOOK_UPS", 1)
    try:
        outcomes = asyncio.run(scene())
    finally:
        over.set()
    assert asked == ["desk.example"]
    assert [each.failure for each in outcomes] == [Failure.DNS] * 10 + [Failure.OURS]
    assert "looked up" in outcomes[-1].detail


def test_environment_proxy_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment does not see a message."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    async def take(_: web.Request) -> web.Response:
        return web.Response()

    assert _post_to(take).succeeded


def test_connections_are_reused() -> None:
    """Messages to one desk share a connection."""
    peers = set()

    async def take(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response(text="ok")

    async def scene() -> None:
        async with _receiver(take) as port, open_client(allowed=LOOPBACK) as client:
            for _ in range(5):
                assert (await client.post(f"http://127.0.0.1:{port}/", {}, b"{}")).succeeded

    asyncio.run(scene())
    assert len(peers) == 1

"""The only file of alerts that opens a socket: posts one signed body and says what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from alerts.delivery.attempts import Failure, Outcome
from alerts.delivery.errors import ForbiddenAddressError
from alerts.delivery.guard import Network, check_address

KEPT = 4096
"""Bytes of an answer that are read; the rest is a receiver's affair, and could be endless."""

LOOK_UPS = 1024
"""Names looked up at once: twice as many as first attempts fly, since a look-up outlives the attempt that
gave it up. A thread each, made when it is needed. Where all hang, that no further name is looked up is our
fault and none of its desk's."""

_HEADERS = {"content-type": "application/json", "user-agent": "Tonnage-Webhooks/1.0"}


_Addresses = Sequence[tuple[int, int, int, str, tuple[Any, ...]]]
"""As getaddrinfo gives them."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that an attempt may take: to resolve the name, to connect, and in all."""

    dns: float = 5.0
    connect: float = 5.0
    total: float = 15.0


class Client:
    """Posts messages over guarded sockets; made by open_client."""

    def __init__(self, encrypted: aiohttp.ClientSession, plain: aiohttp.ClientSession) -> None:
        self._sessions = {"https": encrypted, "http": plain}

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Post ``body`` once, reading at most KEPT bytes of the answer; nothing a receiver does is raised.

        What is dialled is the URL as it is stored, sign by sign: a signed one breaks where %2F becomes /.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        scheme = url.partition(":")[0].lower()
        status: int | None = None
        retry_after: str | None = None
        answer = b""
        try:
            async with self._sessions[scheme].post(
                URL(url, encoded=True), data=body, headers=_HEADERS | dict(headers), allow_redirects=False
            ) as response:
                status = response.status
                retry_after = response.headers.get("retry-after")
                answer = await _read(response)
        except (ForbiddenAddressError, aiohttp.ClientError, OSError, ValueError) as error:
            if status is None:
                return Outcome(None, _failure(error), _words(error), clock() - began)
            # the status line has decided; a body that breaks off afterwards changes nothing
        return Outcome(status, None, "", clock() - began, answer, retry_after)


@contextlib.asynccontextmanager
async def open_client(
    *,
    allowed: Sequence[Network] = (),
    timeouts: Timeouts | None = None,
    resolver: AbstractResolver | None = None,
) -> AsyncIterator[Client]:
    """A client whose sockets are guarded; ``allowed`` networks may be dialled, and by plain http too.

    No redirect is followed, no proxy or credential is taken from the environment, no cookie kept, no name's
    address remembered, no answer decompressed. ``resolver`` stands in for the system's in tests.
    """
    limits = timeouts or Timeouts()
    bounded = _BoundedResolver(resolver or _SystemResolver(), limits.dns)
    async with (
        _session(allowed, limits, bounded, plain=False) as encrypted,
        _session(allowed, limits, bounded, plain=True) as plain,
    ):
        yield Client(encrypted, plain)


def _session(
    allowed: Sequence[Network], limits: Timeouts, resolver: AbstractResolver, *, plain: bool
) -> aiohttp.ClientSession:
    def guarded(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        check_address(ipaddress.ip_address(address[0]), allowed=allowed, plain=plain)
        return socket.socket(family=family, type=kind, proto=protocol)

    connector = aiohttp.TCPConnector(
        resolver=resolver,
        socket_factory=guarded,
        use_dns_cache=False,
        ttl_dns_cache=0,
        limit=0,  # deliver_messages bounds what is in flight; a second queue here would eat the timeouts
        happy_eyeballs_delay=None,  # one address after another, so that the guard's refusal comes out whole
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=limits.total, sock_connect=limits.connect),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        raise_for_status=False,
    )


class _NoLookUpError(OSError):
    """As many look-ups as may hang do."""


class _SystemResolver(AbstractResolver):
    """The system's resolver in threads of its own.

    A look-up cannot be interrupted: in the loop's own threads, which the database needs, a few that hang
    would hold up every claim and settlement. None waits for a thread, as its time would run meanwhile; and
    a name that hangs holds one thread, however often it is asked for.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="look-up")
        self._running: dict[tuple[str, int, int], asyncio.Future[_Addresses]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        asked = host, port, int(family)
        if asked not in self._running:
            if len(self._running) >= LOOK_UPS:
                raise _NoLookUpError(errno.EAGAIN, f"{LOOK_UPS:,} names are looked up without an answer yet")
            running = asyncio.get_running_loop().run_in_executor(self._threads, _look_up, *asked)
            self._running[asked] = running
            running.add_done_callback(partial(self._ended, asked))
        found = await asyncio.shield(self._running[asked])
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in found
        ]

    def _ended(self, asked: tuple[str, int, int], running: asyncio.Future[_Addresses]) -> None:
        del self._running[asked]
        if not running.cancelled():
            running.exception()  # is known, though whoever asked may have given up

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: int) -> _Addresses:
    return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)


class _BoundedResolver(AbstractResolver):
    """The system's resolver with a time limit, which it does not have itself."""

    def __init__(self, inner: AbstractResolver, seconds: float) -> None:
        self._inner = inner
        self._seconds = seconds

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._inner.resolve(host, port, family)
        except TimeoutError as error:
            raise OSError(errno.ETIMEDOUT, f"no name server answered within {self._seconds:g} s") from error

    async def close(self) -> None:
        await self._inner.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """First KEPT bytes; the connection is reused only if the answer ended within them."""
    kept = bytearray()
    while len(kept) < KEPT and (chunk := await response.content.read(KEPT - len(kept))):
        kept += chunk
    if not response.content.at_eof():
        response.close()
    return bytes(kept)


def _failure(error: BaseException) -> Failure:
    match error:
        case ForbiddenAddressError() | ValueError():
            return Failure.FORBIDDEN
        case aiohttp.ClientConnectorDNSError():
            return Failure.OURS if isinstance(error.os_error, _NoLookUpError) else Failure.DNS
        case aiohttp.ClientSSLError() | aiohttp.ServerFingerprintMismatch():
            return Failure.TLS
        case TimeoutError():
            return Failure.TIMEOUT
        case aiohttp.ClientConnectorError():
            return Failure.CONNECT
        case _:
            return Failure.RESET


def _words(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:300]

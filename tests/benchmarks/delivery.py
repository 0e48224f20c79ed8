"""``make bench-delivery``: deliveries per CPU second, database writes included, against a bare aiohttp loop.

The sender is this process; its CPU time is what is counted. PostgreSQL (fsync on) and the desk are others.
Logs are written as in production, to nowhere. Every message is committed before the first is sent, so the
wait from its commit to the desk is mostly that for its turn.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import aiohttp
import psutil
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, text

from alerts.delivery import signing
from alerts.delivery.client import open_client
from services import telemetry
from services.local.parts import Workshop
from services.local.ports import HOST, listen, port_of
from services.local.postgres import USER, Postgres
from services.local.supervisor import Part, Supervisor
from services.settings import Settings
from services.storage import outbox, schema
from services.storage.messages import Message
from services.usecases.deliver_messages import deliver_due
from services.usecases.manage_endpoints import add_endpoint

IN_FLIGHT = 32
WARM = 1000
RECEIVER = Path(__file__).parents[1] / "chaos" / "chaos_receiver.py"
SETTINGS = Settings(
    secret_keys=(SecretStr(Fernet.generate_key().decode()),),
    private_networks=(IPv4Network("127.0.0.1/32"),),
)
EVENT = {
    "type": "alert.opened",
    "version": 1,
    "timestamp": "2025-06-20T02:00:00Z",
    "data": {"sentence": "x" * 500},
}
"""Makes a body of about 600 bytes, as an alert has."""


PROMISED_RATE, PROMISED_SHARE, PROMISED_GROWTH = 1500.0, 0.2, 0.05
"""Deliveries per CPU second, share of the bare loop's posts, and growth of this process's memory."""


def main() -> int:
    """Measure the bare loop, our client and the whole delivery; 0 where what is promised holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--endpoints", type=int, default=50)
    given = parser.parse_args()
    telemetry.configure(production=True, to=Path(os.devnull).open("w"))  # noqa: SIM115 - open to the end
    with _servers() as (engine, desk):
        bare = asyncio.run(_bare(desk, given.messages))
        _say(f"bare aiohttp loop: {bare:,.0f} posts per CPU second")
        ours = asyncio.run(_signed(desk, given.messages))
        _say(f"our client, which guards and signs: {ours:,.0f} posts per CPU second, {ours / bare:.2f} of it")
        _enqueue(engine, desk, WARM, given.endpoints)
        _deliver(engine)  # the first thousand warm this process up
        _enqueue(engine, desk, given.messages, given.endpoints)
        memory = psutil.Process().memory_info().rss
        cpu, wall = time.process_time(), time.monotonic()
        tally = _deliver(engine)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        after = psutil.Process().memory_info().rss
        rate = given.messages / cpu
        _say(f"{dict(tally)} to {given.endpoints} endpoints: {given.messages / wall:,.0f} a second")
        _say(f"delivery, database included: {rate:,.0f} per CPU second, {rate / bare:.2f} of the bare loop")
        _say(f"memory {memory / 2**20:.0f} MB before, {after / 2**20:.0f} MB after")
        _say("one attempt: p50 {:.1f} ms, p99 {:.1f} ms".format(*_spread(engine, "seconds * 1000")))
        waited = "extract(epoch FROM started_at - created_at) + seconds"
        _say("from commit to desk: p50 {:.2f} s, p99 {:.2f} s".format(*_spread(engine, waited)))
    faults = broken(rate=rate, bare=bare, growth=after / memory - 1)
    if tally != {"delivered": given.messages}:
        faults.append(f"of {given.messages:,} messages came {dict(tally)}")
    for fault in faults:
        _say(f"BROKEN: {fault}")
    return int(bool(faults))


def broken(*, rate: float, bare: float, growth: float) -> list[str]:
    """Promises that are not kept: deliveries and bare posts per CPU second, growth of memory as a share."""
    held = {
        f"{rate:,.0f} per CPU second, promised are {PROMISED_RATE:,.0f}": rate >= PROMISED_RATE,
        f"{rate / bare:.3f} of the bare loop, promised is {PROMISED_SHARE}": rate >= PROMISED_SHARE * bare,
        f"memory grew by {growth:.1%}, promised is {PROMISED_GROWTH:.0%} at most": growth <= PROMISED_GROWTH,
    }
    return [fault for fault, holds in held.items() if not holds]


def _deliver(engine: Engine) -> Counter[str]:
    return deliver_due(engine, SETTINGS, clock=lambda: dt.datetime.now(dt.UTC), seconds=600)


def _spread(engine: Engine, expression: str) -> tuple[float, float]:
    """Median and 99th percentile over the attempts of the second lot."""
    query = (
        f"SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY {expression}) "  # noqa: S608 - ours
        "FROM attempts JOIN deliveries ON deliveries.id = delivery_id "
        "WHERE created_at = (SELECT max(created_at) FROM deliveries)"
    )
    with engine.connect() as connection:
        p50, p99 = connection.execute(text(query)).scalar_one()
    return p50, p99


async def _bare(url: str, posts: int) -> float:
    """Posts per CPU second of a plain session: nothing is signed, guarded, timed or written down."""
    body = _body()
    left = iter(range(posts))

    async with aiohttp.ClientSession() as session:

        async def lane() -> None:
            for _ in left:
                async with session.post(url, data=body) as answer:
                    await answer.read()

        cpu = time.process_time()
        await asyncio.gather(*(lane() for _ in range(IN_FLIGHT)))
        return posts / (time.process_time() - cpu)


async def _signed(url: str, posts: int) -> float:
    """The same of our client: each post signed, each address guarded, each attempt timed."""
    secret = signing.new_secret(bytes(32))
    body = _body()
    left = iter(range(posts))

    async with open_client(allowed=SETTINGS.private_networks) as client:

        async def lane() -> None:
            for number in left:
                now = dt.datetime.now(dt.UTC)
                headers = signing.sign([secret], message_id=f"msg_{number}", at=now, body=body)
                await client.post(url, headers, body)

        cpu = time.process_time()
        await asyncio.gather(*(lane() for _ in range(IN_FLIGHT)))
        return posts / (time.process_time() - cpu)


def _body() -> bytes:
    return outbox.body_of(Message("desk", EVENT, dt.datetime.now(dt.UTC)), 1)


def _enqueue(engine: Engine, desk: str, messages: int, endpoints: int) -> None:
    now = dt.datetime.now(dt.UTC)
    ids = [
        add_endpoint(engine, SETTINGS, desk="bench", url=f"{desk}?{number}", now=now)[0].id
        for number in range(endpoints)
    ]
    with engine.begin() as connection:
        addressed = [(Message("bench", EVENT, now), [ids[number % endpoints]]) for number in range(messages)]
        outbox.enqueue(connection, addressed, now=now)
        connection.execute(text("ANALYZE deliveries"))


@contextlib.contextmanager
def _servers() -> Iterator[tuple[Engine, str]]:
    with contextlib.ExitStack() as leaving:
        folder = Path(leaving.enter_context(tempfile.TemporaryDirectory(prefix="tonnage-bench-")))
        folder.chmod(0o711)
        (folder / "logs").mkdir()
        supervisor = leaving.enter_context(Supervisor(say=lambda _: None))
        postgres = Postgres.prepare(folder / "postgres")
        supervisor.start(postgres.part())
        schema.upgrade(postgres.create(USER))
        listener = leaving.enter_context(listen(8950))
        shop = Workshop(folder, dict(os.environ))
        argv = (str(RECEIVER), str(listener.fileno()), os.devnull)
        desk = Part("receiver", shop.command("receiver", *argv, listener=listener), ready=lambda: True)
        supervisor.start(desk)
        engine = create_engine(postgres.url())
        leaving.callback(engine.dispose)
        yield engine, f"http://{HOST}:{port_of(listener)}/calm/bench"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

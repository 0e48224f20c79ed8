"""The receivers of the docs and ``tonnage desk``, run as they stand, take what the service sends."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import pytest
from own_ports import free_port

from alerts.delivery import signing
from alerts.delivery.attempts import Failure, Outcome
from alerts.delivery.client import open_client
from alerts.service_events import ping_event
from services.storage.messages import Message
from services.storage.outbox import body_of

PAGE = Path(__file__).parents[2] / "services" / "docs" / "receivers.md"
OLD, NEW, FOREIGN = (signing.new_secret(name * 8) for name in (b"aged", b"new!", b"none"))
EACH = ("python", "javascript", "desk")

Eventually = Callable[[Callable[[], bool]], bool]


@dataclass
class Receiver:
    """A receiver as a process, and what it said."""

    url: str
    said: Path

    def send(
        self, message: Message, *secrets: str, at: dt.datetime | None = None, spoilt: bool = False
    ) -> Outcome:
        """Send a message as a worker does, on request with a byte changed after it was signed."""
        body = body_of(message, 7)
        headers = signing.sign(secrets, message_id=message.id, at=at or dt.datetime.now(dt.UTC), body=body)
        body = body.replace(b"1", b"2", 1) if spoilt else body

        async def post() -> Outcome:
            async with open_client(allowed=[ip_network("127.0.0.1/32")]) as client:
                return await client.post(self.url, headers, body)

        return asyncio.run(post())

    def sentences(self) -> int:
        """How often it said the sentence of a greeting."""
        return self.said.read_text().count(message().payload["data"]["sentence"])


def message() -> Message:
    now = dt.datetime.now(dt.UTC)
    return Message("metals", ping_event(endpoint_id="ep_1", now=now), now)


def command(name: str, folder: Path, port: int) -> list[str]:
    """What starts a receiver: a block of the page, or our own."""
    if name == "desk":
        where = ("--listen", f"127.0.0.1:{port}", "--secret", NEW)
        return [sys.executable, "-m", "services.cli", "desk", *where]
    (block,) = re.findall(rf"```{name}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    program = folder / ("receiver.py" if name == "python" else "receiver.mjs")
    program.write_text(block)
    return [sys.executable if name == "python" else "node", str(program)]


@pytest.fixture(params=EACH)
def receiver(request: pytest.FixtureRequest, tmp_path: Path, eventually: Eventually) -> Iterator[Receiver]:
    """Each receiver in turn, listening and trusting NEW."""
    if request.param == "javascript" and shutil.which("node") is None:
        pytest.skip("Node is not installed: the JavaScript receiver was not run")
    port = free_port()
    said = tmp_path / "said"
    environment = {**os.environ, "TONNAGE_SECRET": NEW, "PORT": str(port)}
    with (
        said.open("w") as output,
        subprocess.Popen(
            command(request.param, tmp_path, port), env=environment, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        made = Receiver(f"http://127.0.0.1:{port}/", said)
        assert eventually(lambda: made.send(message(), FOREIGN).failure is not Failure.CONNECT), (
            said.read_text()
        )
        yield made
        process.terminate()


def test_a_message_is_taken_once_however_often_it_comes(receiver: Receiver) -> None:
    """The first attempt and a second one are both answered 204; the sentence is said once, with no secret."""
    sent = message()
    assert [receiver.send(sent, NEW).status, receiver.send(sent, NEW).status] == [204, 204]
    assert receiver.sentences() == 1
    assert NEW not in receiver.said.read_text()


def test_both_signatures_of_a_rotation_are_understood(receiver: Receiver) -> None:
    """While two secrets sign, a receiver that holds either takes the message."""
    assert receiver.send(message(), OLD, NEW).status == 204
    assert receiver.send(message(), NEW, OLD).status == 204


def test_what_was_not_sent_by_us_is_refused(receiver: Receiver) -> None:
    """Another secret, a changed byte and a signature of ten minutes ago are refused, and nothing is said."""
    aged = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=10)
    refused = [
        receiver.send(message(), FOREIGN),
        receiver.send(message(), NEW, spoilt=True),
        receiver.send(message(), NEW, at=aged),
    ]
    assert [each.status for each in refused] == [401, 401, 401]
    assert receiver.sentences() == 0

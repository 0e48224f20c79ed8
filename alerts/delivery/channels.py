"""Channels that Apprise speaks, e-mail among them: each message is sent by a process of its own.

Apprise opens sockets as it likes and blocks while it does. In a child process the guard stands at every
socket (apprise_process), no proxy or secret is inherited, and what hangs is killed.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Sequence

from alerts.delivery.attempts import Failure, Outcome
from alerts.delivery.errors import ForbiddenUrlError
from alerts.delivery.guard import LONGEST_URL, Network

CHILDREN = 4
"""Processes at once, which who claims deliveries keeps to; each takes about 0.7 s and 60 MB."""

_COMMAND = ("-m", "alerts.delivery.apprise_process")
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
_FORM = re.compile(r"[a-zA-Z][a-zA-Z0-9]{0,29}://\S+\Z")
_START_UP = 10.0
"""Seconds that a child may take beyond its time to send, to start on a busy machine."""


def check_channel(url: str) -> None:
    """ForbiddenUrlError unless the URL has the form of one of Apprise's; who it reaches is seen by a ping."""
    if len(url) > LONGEST_URL or not url.isprintable() or not _FORM.match(url):
        raise ForbiddenUrlError(masked(url), "it has not the form service://… of Apprise")


def masked(url: str) -> str:
    """A channel's URL as it may be shown: the service and, for https, its host; what follows is a secret."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/…" if scheme in {"http", "https"} else f"{scheme[:30]}://…"


async def notify(url: str, body: bytes, *, allowed: Sequence[Network], seconds: float) -> Outcome:
    """Send a body of Kind.APPRISE through the service that ``url`` names; nothing a service does is raised.

    2xx stands for "sent", since Apprise tells no more than whether it was; the URL is in no outcome.
    """
    clock = asyncio.get_running_loop().time
    task = {"url": url, "allowed": [str(network) for network in allowed], "seconds": seconds}
    began = clock()
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *_COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_ENVIRONMENT,
    )
    try:
        async with asyncio.timeout(seconds + _START_UP):
            said, _ = await child.communicate(json.dumps({**task, **json.loads(body)}).encode())
    except TimeoutError:
        child.kill()
        await child.wait()
        return Outcome(None, Failure.TIMEOUT, "the service did not answer", clock() - began)
    if child.returncode != 0:
        return Outcome(None, Failure.CONNECT, f"the sender ended with {child.returncode}", clock() - began)
    told = json.loads(said)
    if told["sent"]:
        return Outcome(200, None, "", clock() - began)
    failure = Failure.FORBIDDEN if told["forbidden"] else Failure.CONNECT
    return Outcome(None, failure, told["detail"], clock() - began)


def without_addresses(text: str) -> str:
    """The words of a service without anything that looks like a URL, which may hold a token; 300 at most."""
    return re.sub(r"\S+://\S+", "…", text)[:300]

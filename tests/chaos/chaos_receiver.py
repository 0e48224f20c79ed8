"""Run as a script: a desk that misbehaves by lot and keeps a record of everything that reached it.

``python chaos_receiver.py SOCKET FILE``: the number of a listening socket and the record, one JSON line
a request, written before the answer. ``/calm/SCENE`` always answers 204, ``/slow/SCENE`` does so
after SLOW seconds, ``/hanging/SCENE`` after a client has lost patience; ``/hostile/SCENE`` draws from LOT.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import sys
import time
from pathlib import Path

from aiohttp import web

LOT = (
    ("ok", 70),
    ("500", 12),
    ("429", 4),
    ("hang", 4),
    ("take, then hang", 3),
    ("reset", 4),
    ("take, then reset", 3),
)
"""What a hostile desk does, and how often in 100 requests."""

TAKEN = {"ok", "take, then hang", "take, then reset"}
"""Of these the desk has processed the message, whatever the sender saw."""

SLOW = 1.5
_HANG = 30.0


def application(record: Path, lot: random.Random) -> web.Application:
    """The desk, appending to ``record``."""

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        mood = request.match_info["mood"]
        drawn = lot.choices([name for name, _ in LOT], [weight for _, weight in LOT])[0]
        fate = {"hostile": drawn, "hanging": "hang"}.get(mood, "ok")
        line = {
            "scene": request.match_info["scene"],
            "at": time.time(),
            "fate": fate,
            "headers": {
                name.lower(): value
                for name, value in request.headers.items()
                if name.lower().startswith("webhook-")
            },
            "body": body.decode(),
        }
        with record.open("a") as file:
            file.write(json.dumps(line) + "\n")
        if mood == "slow":
            await asyncio.sleep(SLOW)
        return await _answer(request, fate)

    app = web.Application()
    app.router.add_post("/{mood}/{scene}", take)
    return app


async def _answer(request: web.Request, fate: str) -> web.Response:
    if fate in ("hang", "take, then hang"):
        await asyncio.sleep(_HANG)
    if fate in ("reset", "take, then reset") and request.transport is not None:
        request.transport.abort()
    return web.Response(status={"500": 500, "429": 429}.get(fate, 204))


if __name__ == "__main__":
    web.run_app(
        application(Path(sys.argv[2]), random.Random(1)),  # noqa: S311 - a lot, not a secret
        sock=socket.socket(fileno=int(sys.argv[1])),
        print=None,
        access_log=None,
    )

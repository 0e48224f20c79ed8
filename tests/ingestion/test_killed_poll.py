"""A poll killed with -9, as a process, while its answer is on the way."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from source_shop import Shop, release

from services.storage.tables import observations

PAGE = "/Statics/Apr.html"

PROGRAM = """
import datetime as dt
from services.cli import app
from services.ingestion.sources.gacc import Gacc
from services.ingestion.sources.source import Pace

Gacc.pace = Pace(apart=dt.timedelta(0), calls_a_day=500)
app()
"""
"""The command, without the 3 s that it leaves the customs between two questions: this site is ours."""


@contextmanager
def polling(shop: Shop) -> Iterator[subprocess.Popen[bytes]]:
    """The command on the shop's database and site; killed in the end, whatever happens."""
    given = {
        **os.environ,
        "DATABASE_URL": shop.engine.url.render_as_string(hide_password=False),
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "TONNAGE_SECRET_KEYS": json.dumps([each.get_secret_value() for each in shop.settings.secret_keys]),
        "TONNAGE_SOURCE_ADDRESSES": json.dumps(shop.settings.source_addresses),
    }
    command = [sys.executable, "-c", PROGRAM, "sources", "poll", "gacc"]
    process = subprocess.Popen(command, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so; an AssertionError at the deadline."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def test_killed_while_the_answer_is_on_its_way(shop: Shop) -> None:
    """Nothing was kept, and the next poll asks again."""
    shop.at = dt.datetime.now(dt.UTC)
    shop.publish(release())
    good = shop.site.answers[PAGE]
    with polling(shop) as process:

        def kills(_: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
            process.kill()
            process.wait()
            return 200, {}, b"nobody reads this"

        shop.site.answers[PAGE] = kills
        until(lambda: process.poll() is not None)
    assert (process.returncode, shop.count(observations)) == (-9, 0)
    shop.site.answers[PAGE] = good
    assert shop.poll().derived.recorded == 1
    assert shop.count(observations) == 1

"""Rate limits by key: counted in Valkey over all processes, and open to everybody where it is away."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from functools import cache

import redis
import structlog
from redis.connection import ConnectionInterface

from services.telemetry import RATE_LIMITS

WINDOW_SECONDS = 60
POLICY = "requests"

_VALKEY_SECONDS = 0.1
_REST_SECONDS = 5.0
"""How long Valkey is left alone once it did not answer, so that no request waits for it again and again."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rate:
    """What a key has left of ``limit`` requests in this window, and the seconds until the next."""

    limit: int
    used: int
    resets_in: int

    @property
    def exceeded(self) -> bool:
        """True where the request is one too many."""
        return self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers-10."""
        left = max(0, self.limit - self.used)
        return {
            "RateLimit-Policy": f'"{POLICY}";q={self.limit};w={WINDOW_SECONDS}',
            "RateLimit": f'"{POLICY}";r={left};t={self.resets_in}',
        }


class Rates:
    """Counts of requests by key and window in one Valkey."""

    def __init__(self, redis_url: str) -> None:
        timeouts = {"socket_timeout": _VALKEY_SECONDS, "socket_connect_timeout": _VALKEY_SECONDS}
        self._valkey = redis.Redis.from_url(redis_url, **timeouts)
        self._rests_until = 0.0

    def count(self, key_id: str, limit: int, *, now: dt.datetime) -> Rate | None:
        """Count one request; None, which lets it pass, where Valkey does not answer."""
        if time.monotonic() < self._rests_until:
            RATE_LIMITS.labels("unchecked").inc()
            return None
        window, into = divmod(int(now.timestamp()), WINDOW_SECONDS)
        name = f"tonnage:rate:{key_id}:{window}"
        try:
            used = self._counted(name)
        except (redis.RedisError, OSError) as error:
            self._rests_until = time.monotonic() + _REST_SECONDS
            RATE_LIMITS.labels("unchecked").inc()
            _log.warning("rate limits are not checked", error=type(error).__name__)
            return None
        rate = Rate(limit, used, WINDOW_SECONDS - into)
        RATE_LIMITS.labels("refused" if rate.exceeded else "passed").inc()
        return rate

    def _counted(self, name: str) -> int:
        """Count one in a window that ends by itself; by the connection alone, since a pipeline costs more.

        A connection that has gone since its last use is made anew once.
        """
        pool = self._valkey.connection_pool
        connection = pool.get_connection()
        try:
            both = [("INCR", name), ("EXPIRE", name, 2 * WINDOW_SECONDS)]
            sent = connection.pack_commands(both)  # type: ignore[no-untyped-call]  # redis gives it none
            try:
                return _answered(connection, sent)
            except redis.ConnectionError:
                return _answered(connection, sent)
        finally:
            pool.release(connection)


def _answered(connection: ConnectionInterface, sent: list[bytes]) -> int:
    """The first of two answers; an error closes the connection, lest the second be read for another."""
    try:
        connection.send_packed_command(sent)  # type: ignore[no-untyped-call]  # as above
        used = connection.read_response()
        connection.read_response()
    except redis.RedisError:
        connection.disconnect()  # type: ignore[no-untyped-call]  # as above
        raise
    return int(used)


@cache
def rates(redis_url: str) -> Rates:
    """The counts of one Valkey, for this process."""
    return Rates(redis_url)

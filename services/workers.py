"""The workers that answer over the broker now: what each does, and from which queues it takes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from services.broker import broker_address

ANSWER_SECONDS = 1.0
"""How long they are given to answer; whoever asks waits as long, since nobody knows how many there are."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that answered: its queues, its processes, tasks done since its start and in hand now."""

    name: str
    queues: tuple[str, ...]
    processes: int
    done: int
    in_hand: int


class BrokerAwayError(ConnectionError):
    """A broker that nobody can be asked over."""

    def __init__(self) -> None:
        super().__init__(
            "The broker does not answer, so no worker can be asked: check REDIS_URL. Messages go out all the "
            "same, by the sweep."
        )


def workers(redis_url: str) -> list[Worker]:
    """Every worker that answers within a second, by name. BrokerAwayError."""
    with Celery(broker=broker_address(redis_url), set_as_current=False) as app:
        app.conf.broker_transport_options = {
            "socket_timeout": 2 * ANSWER_SECONDS,
            "socket_connect_timeout": ANSWER_SECONDS,
            "max_retries": 0,
        }
        asked = app.control.inspect(timeout=ANSWER_SECONDS)
        questions = (asked.stats, asked.active_queues, asked.active)
        try:
            with ThreadPoolExecutor(len(questions)) as at_once:
                stats, queues, active = (answer or {} for answer in at_once.map(lambda ask: ask(), questions))
        except (OperationalError, redis.RedisError, OSError) as error:
            raise BrokerAwayError from error
    return [
        Worker(
            name,
            tuple(sorted(queue["name"] for queue in queues.get(name, ()))),
            int(told["pool"]["max-concurrency"]),
            sum(told["total"].values()),
            len(active.get(name, ())),
        )
        for name, told in sorted(stats.items())
    ]

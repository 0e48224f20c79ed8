"""Whose turn it is: what is awaited first, then what nobody has tried, then what has been due longest.

One order for all kinds that share the hands of a queue: so nothing waits behind a kind that never ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from services.work import queue


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of job among those that share its hands, and the task that asks for it.

    Its turn never comes while one of the kinds ``after`` which it is done is due.
    """

    kind: str
    task: str
    after: tuple[str, ...] = ()


def following(connection: Connection, hands: Sequence[Place], *, now: dt.datetime) -> Place | None:
    """Whose turn is next; None where nothing is due."""
    urgent = queue.urgencies(connection, [place.kind for place in hands], now=now)
    ready = [place for place in hands if place.kind in urgent and not urgent.keys() & set(place.after)]
    return min(ready, key=lambda place: urgent[place.kind], default=None)

"""When a call is made again: no answer, too many requests, or a service that is away for a moment."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import httpx

from services.client.calls import Answer, Call
from services.client.errors import ApiError

AGAIN = frozenset({429, 502, 503, 504})
LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call is made again; the first wait in seconds, each next twice as long, ±20 %."""

    most: int = 4
    first: float = 0.25

    def wait(
        self, call: Call[Any], number: int, outcome: httpx.Response | httpx.TransportError
    ) -> float | None:
        """Seconds until the call is made again after its ``number``-th outcome; None where it is not."""
        if number > self.most:
            return None
        if isinstance(outcome, httpx.TransportError):
            unsent = isinstance(outcome, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            return self._backed_off(number) if call.repeatable or unsent else None
        if outcome.status_code not in AGAIN or not (call.repeatable or outcome.status_code == 429):
            return None
        stated = outcome.headers.get("retry-after", "")
        return min(float(stated), LONGEST_WAIT) if stated.isdecimal() else self._backed_off(number)

    def _backed_off(self, number: int) -> float:
        return float(min(self.first * 2 ** (number - 1), LONGEST_WAIT)) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret


def read(call: Call[Answer], response: httpx.Response) -> Answer:
    """The answer of a call; ApiError where it is a problem."""
    if response.is_success:
        return call.read(response.json())
    raise refusal(response)


def refusal(response: httpx.Response) -> ApiError:
    """The problem that a response is, whose body is read."""
    try:
        problem = response.json()
    except ValueError:
        problem = {"title": response.reason_phrase}
    return ApiError(response.status_code, problem if isinstance(problem, dict) else {})

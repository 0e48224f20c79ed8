"""Which desks may have a child process started for a channel: few run at once, and no desk holds them all.

A delivery through a child is claimed where one is free for its desk, so none waits while its lease runs. A
desk is ailing while one of its channels that children serve is failing: it may hang as often as it is tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from alerts.delivery.channels import CHILDREN

PER_DESK = 2
"""Children at once for one desk; for an ailing one there is a single one."""

FOR_AILING = CHILDREN - 1
"""Children at once for all ailing desks together: one is left for those whose channels answer."""


@dataclass(frozen=True, slots=True)
class Room:
    """Whose child a process may start next: no desk of ``full``, and no ailing one of ``busy``.

    ``free`` and ``free_for_ailing`` say whether there is one at all; desks whose names come behind ``after``,
    the one served last, go first, so that a caller goes round.
    """

    free: bool = True
    free_for_ailing: bool = True
    full: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()
    after: str = ""


OPEN = Room()
"""Where no child runs."""


def room(running: Sequence[tuple[str, bool]], *, after: str) -> Room:
    """What is left beside the children that run, each with its desk and whether that was ailing."""
    held = Counter(desk for desk, _ in running)
    ailing = sum(is_ailing for _, is_ailing in running)
    return Room(
        free=len(running) < CHILDREN,
        free_for_ailing=ailing < FOR_AILING,
        full=tuple(desk for desk, count in held.items() if count >= PER_DESK),
        busy=tuple(held),
        after=after,
    )

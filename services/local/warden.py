"""Run as a script: outlives the supervisor by seconds and ends every process group that it left.

``python -I -S warden.py``; reads ``watch GROUP SIGNAL`` and ``forget GROUP`` lines. The end of the input
means that the supervisor is gone, however it went: each group still watched gets its signal, and SIGKILL 5 s
later. The tether does the same for direct children on Linux at once; the warden also reaches their children,
and is all there is on macOS.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 5.0


def groups_left(lines: Iterable[str]) -> dict[int, int]:
    """Signal by process group of those watched and not forgotten when ``lines`` ends."""
    watched: dict[int, int] = {}
    for line in lines:
        match line.split():
            case ["watch", group, signum]:
                watched[int(group)] = int(signum)
            case ["forget", group]:
                watched.pop(int(group), None)
    return watched


def is_alive(group: int) -> bool:
    """Whether a process group has a member."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it exists and is not ours: the number was given to another
        return False
    return True


def end(groups: dict[int, int], grace: float) -> None:
    """Signal each group, then kill what is left of them after ``grace`` seconds."""
    for group, signum in groups.items():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signum)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(map(is_alive, groups)):
        time.sleep(0.05)
    for group in filter(is_alive, groups):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    end(groups_left(sys.stdin), GRACE_SECONDS)

"""Run as a script: becomes a command that the kernel ends when the process that started it dies.

``python -I -S tether.py PARENT SIGNAL UID GID COMMAND …``; UID and GID are ``-`` to stay who we are.
It holds the standard library only and loads all it needs before it gives up its rights, since the account it
changes to may not be allowed to read this checkout.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h; kept across exec, lost by setuid, so it is set after that


def become(parent: int, death_signal: int, account: tuple[int, int] | None, command: list[str]) -> None:
    """Replace this process by ``command``; only on Linux does the kernel send ``death_signal``."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if account is not None:
        uid, gid = account
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if libc is not None and libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
    if os.getppid() != parent:
        sys.exit(f"{command[0]}: the process that started it is already gone")
    os.execv(command[0], command)  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    parent, death_signal, uid, gid, *command = sys.argv[1:]
    become(int(parent), int(death_signal), None if uid == "-" else (int(uid), int(gid)), command)

"""Where a Unix socket lies: in its server's folder, or in a short one where that path is too long."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_LONGEST = 103  # bytes in sockaddr_un.sun_path without its end: 107 on Linux, 103 on macOS


def socket_folder(folder: Path, longest_name: str) -> Path:
    """``folder/run``, or a new 0700 folder in the system's temporary one where a name there would not fit."""
    inside = folder / "run"
    if len(os.fsencode(inside / longest_name)) <= _LONGEST:
        inside.mkdir(exist_ok=True, mode=0o700)
        return inside
    return Path(tempfile.mkdtemp(prefix="tonnage-"))


def remove_if_elsewhere(sockets: Path, folder: Path) -> None:
    """Remove a socket folder that lies outside its server's folder."""
    if not sockets.is_relative_to(folder):
        shutil.rmtree(sockets, ignore_errors=True)

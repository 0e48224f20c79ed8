"""The data folder: where it is, that it is ours alone, and who runs on it now.

``TONNAGE_DATA_DIR`` if set; else ``/var/lib/tonnage`` for root, since ``nobody``, as whom PostgreSQL then
runs, may not pass ``/root``; else ``$XDG_STATE_HOME/tonnage`` or ``~/.local/state/tonnage``. A demo has a
fresh temporary one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from services.local.errors import DataFolderError

_STOP_SECONDS = 60.0


def default_folder(environment: Mapping[str, str]) -> Path:
    """Data folder of ``tonnage up``."""
    if chosen := environment.get("TONNAGE_DATA_DIR"):
        return Path(chosen)
    if os.geteuid() == 0:
        return Path("/var/lib/tonnage")
    state = environment.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "tonnage"


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A fresh data folder that is removed with all it holds."""
    folder = Path(tempfile.mkdtemp(prefix="tonnage-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[Path]:
    """The folder, made if absent and locked against a second stack; DataFolderError if it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder = folder.resolve()
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)  # as root, nobody passes to its own part of it
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise DataFolderError(
            folder, f"{error.strerror}; set TONNAGE_DATA_DIR to one that you own"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataFolderError(
                folder,
                f"process {_holder(folder)} runs on it; end that by make down, or set TONNAGE_DATA_DIR",
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield folder


def stop(folder: Path, say: Callable[[str], None]) -> bool:
    """Ask the stack on this folder to stop and wait for it; whether nothing runs on it afterwards."""
    path = folder / "lock"
    if not path.exists() or not _is_held(path):
        say(f"nothing runs on {folder}")
        return True
    pid = _holder(folder)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _is_held(path):
        if time.monotonic() > deadline:
            say(f"process {pid} has not stopped within {_STOP_SECONDS:.0f} s; it runs on {folder}")
            return False
        time.sleep(0.05)
    say(f"stopped what ran on {folder}")
    return True


def kept_secret(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
    """A secret that is made once and kept in a file that only we can read."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make() + "\n")
    return path.read_text().strip()


def _holder(folder: Path) -> int:
    return int((folder / "lock").read_text().strip() or 0)


def _is_held(lock: Path) -> bool:
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False

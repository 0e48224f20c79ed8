"""One child process: what to run, started so that it cannot outlive us, and ended with a deadline."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from services.local.errors import LocalStackError

_TETHER = Path(__file__).with_name("tether.py")
_WARDEN = Path(__file__).with_name("warden.py")
_SCRIPT = (sys.executable, "-I", "-S")  # isolated and without site: 20 ms, and nothing of the environment


@dataclass(frozen=True, slots=True)
class Account:
    """User and group, as numbers, that a child runs as."""

    uid: int
    gid: int

    @classmethod
    def unprivileged(cls) -> Self | None:
        """``nobody`` where we are root, for a server that refuses to run as root; None where we are not."""
        if os.geteuid() != 0:
            return None
        try:
            entry = pwd.getpwnam("nobody")
        except KeyError as error:
            raise LocalStackError(
                "PostgreSQL does not run as root and this machine has no account 'nobody'; "
                "run as an ordinary user, or set DATABASE_URL."
            ) from error
        return cls(entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True, slots=True)
class Command:
    """A program with its whole environment, and how it is ended.

    ``stop_signal`` asks for a clean end within ``stop_within`` seconds; ``death_signal`` is what it gets if
    we die without a word. ``log`` takes both outputs, None leaves them ours. ``sockets`` are descriptors that
    it inherits.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    stop_within: float = 10.0
    sockets: tuple[int, ...] = ()

    def tethered(self) -> list[str]:
        """Argument list that runs this command under the tether."""
        uid, gid = ("-", "-") if self.account is None else (str(self.account.uid), str(self.account.gid))
        return [*_SCRIPT, str(_TETHER), str(os.getpid()), str(int(self.death_signal)), uid, gid, *self.argv]


class Warden:
    """The process that ends what we leave if we are killed; started again if it is itself killed."""

    def __init__(self) -> None:
        self._watched: dict[int, int] = {}
        self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603  # our own script
            [*_SCRIPT, str(_WARDEN)], stdin=subprocess.PIPE, text=True, start_new_session=True
        )

    def watch(self, group: int, signum: signal.Signals) -> None:
        """End ``group`` by ``signum`` if we die."""
        self._watched[group] = int(signum)
        self._write(f"watch {group} {int(signum)}\n")

    def forget(self, group: int) -> None:
        """The group has ended by itself or by us."""
        self._watched.pop(group, None)
        self._write(f"forget {group}\n")

    def keep_alive(self) -> None:
        """Replace a warden that was killed."""
        if self._process.poll() is not None:
            self._close_pipe()
            self._process = self._start()
            for group, signum in self._watched.items():
                self._write(f"watch {group} {signum}\n")

    def close(self) -> None:
        """Let the warden end whatever is still watched, and itself."""
        self._close_pipe()
        self._process.wait()

    def _write(self, line: str) -> None:
        pipe = self._process.stdin
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # keep_alive tells its successor
                pipe.write(line)
                pipe.flush()

    def _close_pipe(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()


@dataclass(slots=True)
class Process:
    """A started command; ``group`` is its process group, in a session of its own."""

    command: Command
    warden: Warden
    popen: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        with contextlib.ExitStack() as stack:
            log = self.command.log
            output = None if log is None else stack.enter_context(log.open("ab"))
            self.popen = subprocess.Popen(  # noqa: S603  # the argument list is built by us
                self.command.tethered(),
                env=dict(self.command.environment),
                cwd=self.command.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=None if output is None else subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self.command.sockets,
            )
        self.warden.watch(self.popen.pid, self.command.death_signal)

    @property
    def pid(self) -> int:
        """Process and process-group number."""
        return self.popen.pid

    def ended(self) -> int | None:
        """Exit status, negative for a signal, or None while it runs."""
        return self.popen.poll()

    def ask_to_stop(self) -> None:
        """Send the stop signal to the leader of the group."""
        if self.ended() is None:
            self.popen.send_signal(self.command.stop_signal)

    def finish(self) -> None:
        """Wait for a clean end, then kill what is left of the group."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(self.command.stop_within)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()
        self.warden.forget(self.pid)


def last_words(log: Path | None, lines: int = 12) -> str:
    """Last lines that a command left in its log, at most 8 KiB of them."""
    if log is None or not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8192))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])

"""Why the local stack cannot start or go on; each error says what to do, in one sentence."""

from __future__ import annotations

from pathlib import Path


class LocalStackError(Exception):
    """Root of every error that the local stack raises on purpose."""


class DataFolderError(LocalStackError):
    """A data folder that the stack cannot use, with the reason and the way out."""

    def __init__(self, folder: Path, what: str) -> None:
        self.folder = folder
        super().__init__(f"The data folder {folder} cannot be used: {what}.")


class PartFailedError(LocalStackError):
    """A part that ended, or was not ready in time, while the stack was starting."""

    def __init__(self, part: str, what: str, last_words: str) -> None:
        self.part = part
        self.last_words = last_words
        said = f" Its last words:\n{last_words}" if last_words else ""
        super().__init__(f"{part} did not start: {what}.{said}")


class UnreachableError(LocalStackError):
    """A server that the environment names and that does not answer."""

    def __init__(self, variable: str, address: str, why: str) -> None:
        self.variable = variable
        self.address = address
        super().__init__(
            f"{variable} names {address}, which does not answer ({why}); "
            f"start that server, correct {variable}, or unset it to use the embedded one."
        )


class NoFreePortError(LocalStackError):
    """A range of ports of which each is in use."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        self.last = last
        super().__init__(f"Each port from {first} to {last} is in use; end what holds one of them.")

"""An import in two steps: shown and kept, then confirmed by its id and recorded by what was shown."""

from __future__ import annotations

import datetime as dt
import secrets
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection

from services.ingestion.files.errors import FileRefusedError
from services.ingestion.files.mapping import Layout, Mapping, of_dictionary, to_dictionary
from services.ingestion.files.packing import Given
from services.ingestion.files.understanding import Asked
from services.storage import imports
from services.storage.imports import PendingImport
from services.usecases.import_file import import_file
from services.usecases.preview_file import FilePreview, mapped, preview_file

__all__ = [
    "ImportSettledError",
    "PendingImport",
    "UnknownImportError",
    "confirm_import",
    "look_again",
    "show_again",
    "show_import",
]

WAITS = dt.timedelta(days=1)
"""How long an import waits to be confirmed."""


class UnknownImportError(Exception):
    """No import of that id waits for its sender; it may have expired."""

    def __init__(self, import_id: str) -> None:
        super().__init__(f"There is no import {import_id!r}; one is kept for a day after it was shown.")


class ImportSettledError(Exception):
    """An import that was recorded already and cannot be shown anew."""

    def __init__(self, import_id: str) -> None:
        super().__init__(f"The import {import_id!r} is recorded already; send the file again.")


def show_import(
    connection: Connection,
    given: tuple[str, bytes],
    *,
    sender: str,
    limit: int,
    asked: Asked,
    recording: dict[str, Any],
    installation: dict[str, Any],
) -> tuple[PendingImport, FilePreview]:
    """Show a file, by its name and bytes, and keep it with the mapping it was shown by.

    ``recording`` is what its sender says of it, ``installation`` the other arguments of record_observations.
    """
    name, content = given
    file = Given.of_bytes(name, content)
    shown = preview_file(connection, file, limit=limit, asked=asked, **recording, **installation)
    now = installation["now"]
    pending = PendingImport(
        id=f"imp_{secrets.token_hex(10)}",
        sender=sender,
        name=name,
        content=content,
        mapping=to_dictionary(shown.preview.understood.mapping),
        recording=recording,
        expires_at=now + WAITS,
        asked=asdict(asked),
    )
    imports.add(connection, pending, now=now)
    return pending, shown


def show_again(
    connection: Connection,
    import_id: str,
    raw: dict[str, Any],
    *,
    sender: str,
    limit: int,
    installation: dict[str, Any],
) -> tuple[PendingImport, FilePreview]:
    """Show an import by another mapping, and keep that; FileRefusedError where it is none."""
    pending = _pending(connection, import_id, sender, installation["now"])
    if pending.report is not None:
        raise ImportSettledError(import_id)
    mapping = of_dictionary("the mapping", raw)
    file = Given.of_bytes(pending.name, pending.content)
    shown = preview_file(connection, file, limit=limit, mapping=mapping, **pending.recording, **installation)
    kept = to_dictionary(shown.preview.understood.mapping)
    imports.remap(connection, import_id, kept)
    return replace(pending, mapping=kept), shown


def look_again(
    connection: Connection, import_id: str, *, sender: str, limit: int, installation: dict[str, Any]
) -> tuple[PendingImport, FilePreview | None]:
    """An import by the mapping that it was shown by last; nothing to show where it is recorded already."""
    pending = _pending(connection, import_id, sender, installation["now"])
    if pending.report is not None:
        return pending, None
    file = Given.of_bytes(pending.name, pending.content)
    recording = {**pending.recording, **installation}
    with suppress(FileRefusedError):  # such as where its encoding had to be said
        first = preview_file(connection, file, limit=limit, asked=_asked(pending.asked), **recording)
        if to_dictionary(first.preview.understood.mapping) == pending.mapping:
            return pending, first  # with what was guessed and is to be asked
    mapping = of_dictionary("the mapping", pending.mapping)
    return pending, preview_file(connection, file, limit=limit, mapping=mapping, **recording)


def confirm_import(
    connection: Connection, import_id: str, *, sender: str, limit: int, installation: dict[str, Any]
) -> tuple[dict[str, Any], bool]:
    """Record an import by the mapping it was shown by last; its report, and whether it was already."""
    pending = _pending(connection, import_id, sender, installation["now"])
    if pending.report is not None:
        return pending.report, True
    mapping: Mapping = of_dictionary("the mapping", pending.mapping)
    understood = mapped(Given.of_bytes(pending.name, pending.content), mapping, limit)
    report, _ = import_file(
        connection, understood, confirmed=True, sender=sender, **pending.recording, **installation
    )
    imports.settle(connection, import_id, report)
    return report, False


def _asked(raw: dict[str, Any]) -> Asked:
    """What a sender said of a file, as it was kept."""
    return Asked(**{**raw, "layout": Layout(**raw["layout"])}) if raw else Asked()


def _pending(connection: Connection, import_id: str, sender: str, now: dt.datetime) -> PendingImport:
    pending = imports.locked(connection, import_id, sender=sender, now=now)
    if pending is None:
        raise UnknownImportError(import_id)
    return pending

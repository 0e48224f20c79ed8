"""Follow what a source offers: its code becomes a series of ours, and its figures arrive by themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, Engine

from services.ingestion.sources import parsing
from services.ingestion.sources.faults import (
    ForeignUnitError,
    NothingOfferedError,
    OtherDesksRowsError,
    SeveralOfferedError,
)
from services.ingestion.sources.source import Ask, Entry, Source
from services.settings import Settings
from services.storage import encryption, restrictions, series, snapshots, sources
from services.storage.encryption import EncryptionKeyError
from services.storage.sources import Followed

__all__ = ["EncryptionKeyError", "follow", "give_key", "key_missing", "key_of", "search", "unfollow"]


def search(source: Source, words: str, *, now: dt.datetime, ask: Ask) -> list[Entry]:
    """What a source offers; NothingOfferedError where that is nothing."""
    found = parsing.offered(source, words, now, ask)
    if not found:
        raise NothingOfferedError(source.name, words)
    return found


def follow(
    connection: Connection,
    source: Source,
    entries: Sequence[Entry],
    *,
    now: dt.datetime,
    as_series: str | None = None,
) -> list[str]:
    """Register what is offered and follow it; the ids of our series, under a name of our own where given.

    A series that is registered already keeps its description and must have the unit of the source. Answers
    that are kept already may hold its past: they are read again for it. Raises SeveralOfferedError where one
    name is given for several, and ForeignUnitError.
    """
    if as_series is not None and len(entries) != 1:
        raise SeveralOfferedError(as_series, [each.series.id for each in entries])
    offered = [each.series if as_series is None else replace(each.series, id=as_series) for each in entries]
    held = {each.id: each for each in series.of_ids(connection, [each.id for each in offered])}
    for each in offered:
        if each.id in held and held[each.id].unit != each.unit:
            raise ForeignUnitError(each.id, held[each.id].unit, each.unit)
    series.add(connection, [each for each in offered if each.id not in held], now=now)
    wanted = [
        Followed(ours.id, source.name, entry.code) for ours, entry in zip(offered, entries, strict=True)
    ]
    sources.follow(connection, wanted, now=now)
    snapshots.reopen(connection, source.name)
    return [each.id for each in offered]


def unfollow(connection: Connection, series_id: str) -> bool:
    """Follow a series no longer, its figures stay; False where it was not followed."""
    return sources.unfollow(connection, series_id)


def give_key(
    engine: Engine,
    settings: Settings,
    source: Source,
    key: str,
    *,
    desk: str | None = None,
    noted: Callable[[Connection], None] = lambda _: None,
) -> None:
    """Keep the installation's key to a source, encrypted as endpoints' secrets are.

    ``noted`` is told in the transaction. OtherDesksRowsError where rows that may not be passed on were
    fetched with the key of another desk.
    """
    sealed = encryption.encrypt(key, settings.secret_keys)
    with engine.begin() as connection:
        others = restrictions.of_source(connection, source.name) - {desk}
        if others:
            raise OtherDesksRowsError(source.name, next(iter(others)), desk)
        sources.seal_key(connection, source.name, sealed=sealed, desk=desk)
        noted(connection)


def key_missing(connection: Connection, source: Source) -> bool:
    """True where a source answers only with a key, and none is kept."""
    needed = source.key is not None and source.key.needed
    return needed and sources.sealed_key(connection, source.name) is None


def key_of(engine: Engine, settings: Settings, source: Source) -> str | None:
    """The installation's key to a source; None where there is none; or EncryptionKeyError."""
    if source.key is None:
        return None
    with engine.begin() as connection:
        sealed = sources.sealed_key(connection, source.name)
    return None if sealed is None else encryption.decrypt(sealed, settings.secret_keys)

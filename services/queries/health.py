"""Whether the parts of an installation work: what /readyz and ``tonnage doctor`` look at in the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import Connection, Engine

from services.storage import endpoints, heartbeats, schema
from services.storage.encryption import EncryptionKeyError, decrypt
from services.storage.heartbeats import QUEUES, SWEEPER, TASK, worker
from services.storage.session import cut_short

__all__ = [
    "QUEUES",
    "SWEEPER",
    "TASK",
    "Server",
    "at_head",
    "beat_age",
    "cut_short",
    "server",
    "unreadable_secret",
    "worker",
]


@dataclass(frozen=True, slots=True)
class Server:
    """The database server: its version as PostgreSQL numbers it, such as 150004, and its clock."""

    version: int
    clock: dt.datetime


def server(connection: Connection) -> Server:
    """The version and the clock of the database server."""
    return Server(*schema.server(connection))


def at_head(engine: Engine) -> bool:
    """True where the schema is at the newest migration."""
    return schema.at_head(engine)


def beat_age(connection: Connection, part: str, *, now: dt.datetime) -> dt.timedelta | None:
    """How long ago a part last worked; None where it never has."""
    last = heartbeats.last(connection, part)
    return None if last is None else now - last


def unreadable_secret(connection: Connection, keys: tuple[SecretStr, ...]) -> str | None:
    """Why a stored webhook secret cannot be read with the keys in force; None where each can."""
    try:
        for sealed in endpoints.sealed_secrets(connection):
            decrypt(sealed, keys)
    except EncryptionKeyError as error:
        return str(error)
    return None

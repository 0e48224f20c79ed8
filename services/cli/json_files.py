"""JSON that a command is given as a file: read in one way, and refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.cli.shell import fail
from services.ingestion.json_text import JsonTextError, json_of


def json_file(file: Path, *, of: str) -> dict[str, Any]:
    """The JSON object of a file, with ``of`` (such as "a rule") under each id; else one line and the end."""
    try:
        given = json_of(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise fail(f"{file} cannot be read: {error.strerror}.") from error
    except JsonTextError as error:
        raise fail(f"{file} cannot be read: {error}.") from error
    if not isinstance(given, dict):
        raise fail(f'{file} holds no JSON object; {of} under each id is needed, as in {{"some-id": {{…}}}}.')
    return given

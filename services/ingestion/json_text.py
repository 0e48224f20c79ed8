"""JSON as people and programs write it: one reader, which says in a line why a text is none."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any


class JsonTextError(ValueError):
    """A text that is not one JSON value, or nests deeper than is read."""


class RepeatedKeyError(JsonTextError):
    """An object with a key that stands twice in it: which value is meant nobody can say."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        super().__init__("; ".join(f"the key {name!r} stands twice" for name in names))


def json_of(text: str | bytes) -> Any:
    """The value that a text holds; JsonTextError, of which RepeatedKeyError names the keys."""
    try:
        return json.loads(text, object_pairs_hook=_object)
    except JsonTextError:
        raise
    except RecursionError as error:
        raise JsonTextError("it is nested too deeply") from error
    except ValueError as error:
        raise JsonTextError(f"it is not JSON ({str(error)[:80]})") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise RepeatedKeyError([name for name, count in counts.items() if count > 1])
    return made

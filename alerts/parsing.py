"""Plain JSON read into typed things, every fault collected: its path, the reason, and what would work."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from alerts.errors import Fault, InvalidRuleError

JsonObject = Mapping[str, Any]


class Faults:
    """The faults met so far, in the order of the text."""

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, path: str, reason: str, example: object) -> None:
        """Note one fault; ``example`` is a JSON value that would be accepted at this place."""
        self._found.append(Fault(path, reason, json.dumps(example, ensure_ascii=False)))

    def __len__(self) -> int:
        return len(self._found)

    def raise_any(self) -> None:
        """InvalidRuleError with all of them, if there is one."""
        if self._found:
            raise InvalidRuleError(tuple(self._found))


class Reader:
    """One JSON object being read: each call takes a key, notes what is wrong with it, and answers a value.

    Where a fault was noted the value answered is a stand-in that is never used: the whole is refused.
    ``finish`` refuses the keys that nobody asked for.
    """

    def __init__(self, raw: object, path: str, faults: Faults, example: JsonObject) -> None:
        self.path = path
        self.faults = faults
        self.example = example
        self._known: list[str] = []
        self._raw: JsonObject = {}
        if isinstance(raw, Mapping):
            self._raw = raw
        else:
            faults.add(path, f"an object is needed, not {_kind(raw)}", example)

    def at(self, key: str) -> str:
        """JSON path of a key."""
        return f"{self.path}.{key}"

    def has(self, key: str) -> bool:
        """True where the key is given and not null."""
        self._known.append(key)
        return self._raw.get(key) is not None

    def raw(self, key: str) -> Any:
        """The value as it stands; a fault where it is missing or null."""
        if not self.has(key):
            self.fault(key, "is missing")
        return self._raw.get(key)

    def fault(self, key: str, reason: str) -> None:
        """Note a fault of a key."""
        self.faults.add(self.at(key), reason, {key: self.example.get(key)})

    def number(self, key: str, *, least: float = -math.inf, most: float = math.inf) -> float:
        """A finite number from ``least`` to ``most``."""
        value = self.raw(key)
        if value is None:
            return max(least, 0.0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.fault(key, f"a number is needed, not {_kind(value)}")
            return max(least, 0.0)
        if not least <= value <= most:
            self.fault(key, f"{value} does not lie {_range(least, most)}")
        return float(value)

    def whole(self, key: str, *, default: int | None = None, least: int, most: int) -> int:
        """A whole number from ``least`` to ``most``."""
        if default is not None and not self.has(key):
            return default
        value = self.raw(key)
        if isinstance(value, bool) or not isinstance(value, int):
            if value is not None:
                self.fault(key, f"a whole number is needed, not {_kind(value)}")
            return least
        if not least <= value <= most:
            self.fault(key, f"{value} does not lie {_range(least, most)}")
        return value

    def text(self, key: str, *, default: str | None = None) -> str:
        """A text that is not empty, unless a default is given."""
        if default is not None and not self.has(key):
            return default
        value = self.raw(key)
        if not isinstance(value, str) or (default is None and not value.strip()):
            if value is not None:
                self.fault(key, "a text is needed, not " + ("an empty one" if value == "" else _kind(value)))
            return ""
        return value

    def choice(self, key: str, options: Sequence[str], *, default: str | None = None) -> str:
        """One of a few words."""
        if default is not None and not self.has(key):
            return default
        value = self.raw(key)
        if value in options:
            return str(value)
        if value is not None:
            self.fault(key, f"{value!r} is not one of {', '.join(options)}")
        return options[0]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, empty where the key is absent."""
        if not self.has(key):
            return ()
        value = self.raw(key)
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            self.fault(key, "a list of texts is needed")
            return ()
        return tuple(value)

    def moment(self, key: str) -> dt.datetime | None:
        """A time with its zone, in ISO 8601; None where the key is absent."""
        if not self.has(key):
            return None
        value = self.text(key)
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fault(key, f"{value!r} is not a time with a zone")
            return None
        return moment.astimezone(dt.UTC)

    def just_one(self, *keys: str) -> str:
        """The one key of these that is given; a fault where none or several are."""
        given = [key for key in keys if self.has(key)]
        if len(given) != 1:
            which = " or ".join(keys)
            found = "both are" if given else "none is"
            self.faults.add(self.path, f"exactly one of {which} is needed and {found} given", self.example)
        return given[0] if given else keys[0]

    def finish(self) -> None:
        """Note each key that is not known: a misspelt one must never be ignored."""
        for key in self._raw:
            if key not in self._known:
                known = dict.fromkeys(self._known)
                meant = difflib.get_close_matches(str(key), known, n=1) or list(known)[:1]
                reason = f"is not known here; known are {', '.join(known)}"
                self.faults.add(self.at(str(key)), reason, {each: self.example.get(each) for each in meant})


def _kind(value: object) -> str:
    names = {bool: "a truth value", str: "a text", list: "a list", dict: "an object", type(None): "null"}
    return names.get(type(value), repr(value))


def _range(least: float, most: float) -> str:
    if most == math.inf:
        return f"at or above {least:g}"
    return f"between {least:g} and {most:g}"

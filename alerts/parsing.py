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


LONGEST_TEXT = 200
"""Characters in a text, unless its place allows more."""

MOST_TEXTS = 500
"""Texts in a list."""


class Faults:
    """The faults met so far, in the order of the text.

    What was saved before there were bounds is read without them (``bounded`` False): a rule that is in force
    stays so, and nothing that a desk has set may keep a figure from being recorded.
    """

    def __init__(self, *, bounded: bool = True) -> None:
        self.bounded = bounded
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
        self.faults.add(self.at(key), reason, self._works(key))

    def number(self, key: str, *, least: float = -math.inf, most: float = math.inf) -> float:
        """A finite number from ``least`` to ``most``."""
        value = self.raw(key)
        if value is None:
            return max(least, 0.0)
        number = _finite(value)
        if number is None:
            self.fault(key, f"a number is needed, not {_kind(value)}")
            return max(least, 0.0)
        if number < least or (self.faults.bounded and number > most):
            self.fault(key, f"{number:g} does not lie {_range(least, most)}")
        return number

    def whole(self, key: str, *, default: int | None = None, least: int, most: int) -> int:
        """A whole number from ``least`` to ``most``."""
        if default is not None and not self.has(key):
            return default
        value = self.raw(key)
        if isinstance(value, bool) or not isinstance(value, int):
            if value is not None:
                self.fault(key, f"a whole number is needed, not {_kind(value)}")
            return least
        if value < least or (self.faults.bounded and value > most):
            self.fault(key, f"{_kind(value)} does not lie {_range(least, most)}")
            return least
        return value

    def text(self, key: str, *, default: str | None = None, longest: int = LONGEST_TEXT) -> str:
        """A text of at most ``longest`` characters that is not empty, unless a default is given."""
        if default is not None and not self.has(key):
            return default
        value = self.raw(key)
        if not isinstance(value, str) or (default is None and not value.strip()):
            if value is not None:
                self.fault(key, "a text is needed, not " + ("an empty one" if value == "" else _kind(value)))
            return ""
        self.bounded(key, value, longest)
        return value

    def bounded(self, key: str, value: str, longest: int = LONGEST_TEXT) -> None:
        """Faults where a text of a key is too long, or could be kept nowhere."""
        if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            self.fault(key, "holds a NUL or half a surrogate pair, which can be kept nowhere")
        if self.faults.bounded and len(value) > longest:
            self.fault(key, f"has {len(value):,} characters, and {longest:,} are accepted")

    def count(self, key: str, number: int, most: int, what: str) -> None:
        """A fault where a list or object of a key holds more than it may."""
        if self.faults.bounded and number > most:
            self.fault(key, f"holds {number:,} {what}, and {most:,} are accepted")

    def choice(self, key: str, options: Sequence[str], *, default: str | None = None) -> str:
        """One of a few words."""
        if default is not None and not self.has(key):
            return default
        value = self.raw(key)
        if value in options:
            return str(value)
        if value is not None:
            self.fault(key, f"{_shown(value)} is not one of {', '.join(options)}")
        return options[0]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, empty where the key is absent."""
        if not self.has(key):
            return ()
        value = self.raw(key)
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            self.fault(key, "a list of texts is needed")
            return ()
        self.count(key, len(value), MOST_TEXTS, "texts")
        for each in value:
            self.bounded(key, each)
        return tuple(value)

    def truth(self, key: str) -> bool:
        """True or false; false where the key is absent."""
        if not self.has(key):
            return False
        value = self.raw(key)
        if not isinstance(value, bool):
            self.fault(key, f"true or false is needed, not {_kind(value)}")
            return False
        return value

    def moment(self, key: str) -> dt.datetime | None:
        """A time with its zone, in ISO 8601; None where the key is absent."""
        if not self.has(key):
            return None
        value = self.text(key)
        try:
            moment = dt.datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment.astimezone(dt.UTC)
        except (ValueError, OverflowError):  # such as the first of the year 1 in a zone ahead of UTC
            pass
        self.fault(key, f"{_shown(value)} is not a time with a zone")
        return None

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
                self.faults.add(self.at(str(key)[:LONGEST_TEXT]), reason, self._works(*meant))

    def _works(self, *keys: str) -> JsonObject:
        """What would be accepted under keys; the whole example where it holds none of them."""
        held = {key: self.example[key] for key in keys if self.example.get(key) is not None}
        return held or self.example


def _finite(value: object) -> float | None:
    """A JSON number as a float; None for anything else, and for one that no float holds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _kind(value: object) -> str:
    names = {bool: "a truth value", str: "a text", list: "a list", dict: "an object", type(None): "null"}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**15:
        return "a number beyond 10¹⁵"  # Python refuses to write out an integer of thousands of digits
    return names.get(type(value), repr(value))


def _shown(value: object) -> str:
    """What was given, as far as a refusal should repeat it."""
    return repr(value[:LONGEST_TEXT]) if isinstance(value, str) else _kind(value)


def _range(least: float, most: float) -> str:
    if most == math.inf:
        return f"at or above {least:g}"
    return f"between {least:g} and {most:g}"

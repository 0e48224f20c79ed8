"""A mapping says every choice by which a file is read. The preview writes it, and it is read back."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping as Dictionary
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from services.ingestion.cells import instead
from services.ingestion.errors import Fault
from services.ingestion.files.errors import FileRefusedError, refusal
from services.ingestion.json_text import RepeatedKeyError, json_of

Format = Literal["text", "excel", "parquet", "arrow", "json", "jsonl"]
Shape = Literal["long", "months across", "years down"]
Missing = Literal["skip", "withdraw"]


@dataclass(frozen=True, slots=True)
class NewSeries:
    """A series that the file brings and that is to be registered with it."""

    id: str
    name: str
    unit: str
    family: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bytes become rows of cells. ``header`` is the row of names, from 1 as a sheet shows it."""

    format: Format = "text"
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    sheet: str | None = None
    header: int = 1
    header_rows: int = 1
    keys: bool = False
    """The first column holds several, parted by commas, as in Eurostat's TSV."""


@dataclass(frozen=True, slots=True)
class Table:
    """What the columns are. ``series`` are those that make the id; ``series_id`` is that of all rows."""

    shape: Shape = "long"
    series: tuple[str, ...] = ()
    join: str = "-"
    series_id: str | None = None
    month: str | None = None
    year: str | None = None
    value: str | None = None
    unit: tuple[str, ...] = ()
    stage: str | None = None
    carry: tuple[str, ...] = ()
    """Columns under our own names that are taken as they are: known_from, source and the like."""
    keep: Dictionary[str, tuple[str, ...]] = field(default_factory=dict)
    leave_out: Dictionary[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Months:
    """How months are read; ``month`` or ``year`` is that of the whole file where its rows name none."""

    day_first: bool | None = None
    month: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """How figures are read; a marker is skipped, or withdraws what is held."""

    decimal: Literal[".", ","] | None = None
    missing: Missing = "skip"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Every choice. ``ids`` turn what the file calls a series into its id; ``unit`` is that of all rows."""

    file: Layout = field(default_factory=Layout)
    table: Table = field(default_factory=Table)
    months: Months = field(default_factory=Months)
    numbers: Numbers = field(default_factory=Numbers)
    unit: str | None = None
    ids: Dictionary[str, str] = field(default_factory=dict)
    flags: Dictionary[str, str] = field(default_factory=dict)
    register: tuple[NewSeries, ...] = ()


_PARTS: dict[str, type] = {"file": Layout, "table": Table, "months": Months, "numbers": Numbers}
_CHOICES: dict[tuple[str, str], tuple[Any, ...]] = {
    ("file", "format"): get_args(Format),
    ("table", "shape"): get_args(Shape),
    ("numbers", "decimal"): (".", ","),
    ("numbers", "missing"): get_args(Missing),
}
_KINDS: dict[str, tuple[type, ...]] = {
    "header": (int,), "header_rows": (int,), "keys": (bool,), "day_first": (bool,), "year": (int, str),
    "series": (list,), "carry": (list,), "unit": (list, str), "keep": (dict,), "leave_out": (dict,),
}  # fmt: skip


def parse(name: str, text: str) -> Mapping:
    """The mapping of a TOML or JSON text; FileRefusedError with every key that cannot stand in it."""
    try:
        raw = json_of(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except RepeatedKeyError as error:
        raise refusal(name, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise refusal(name, f"it is neither TOML nor JSON ({error})") from error
    return of_dictionary(name, raw)


def of_dictionary(name: str, raw: Any) -> Mapping:
    """The mapping of what JSON holds."""
    if not isinstance(raw, dict):
        raise refusal(name, "a mapping is a table of the parts file, table, months and numbers")
    known = [each.name for each in fields(Mapping)]
    faults = [
        Fault(0, f"{key!r} is no part of a mapping{instead(key, known)}") for key in raw if key not in known
    ]
    held: dict[str, Any] = {}
    for part, kind in _PARTS.items():
        held[part] = _part(part, kind, raw.get(part), faults)
    for part in ("ids", "flags"):
        held[part] = _texts(part, raw.get(part), faults)
    unit = raw.get("unit")
    if unit is not None and not isinstance(unit, str):
        faults.append(Fault(0, "unit is not a text"))
    register = _register(raw.get("register"), faults)
    if faults:
        raise FileRefusedError(name, faults)
    return Mapping(unit=unit or None, register=register, **held)


def _part(part: str, kind: type, raw: Any, faults: list[Fault]) -> Any:
    names = [each.name for each in fields(kind)]
    if not isinstance(raw, dict):
        if raw is not None:
            faults.append(Fault(0, f"[{part}] is not a table"))
        return kind()
    held: dict[str, Any] = {}
    for key, value in raw.items():
        where = f"{part}.{key}"
        if key not in names:
            faults.append(Fault(0, f"{where} is not known{instead(key, names)}"))
        elif not _fits(part, key, value):
            wanted = _CHOICES.get((part, key))
            said = (
                f"one of {', '.join(map(repr, wanted))}" if wanted else "of the kind that the preview writes"
            )
            faults.append(Fault(0, f"{where} is {str(value)[:40]!r}; it is {said}"))
        else:
            held[key] = _frozen(value)
    return kind(**held)


def _fits(part: str, key: str, value: Any) -> bool:  # noqa: PLR0911 - a kind of value a line
    if value is None:
        return key not in {
            "format",
            "shape",
            "header",
            "header_rows",
            "keys",
            "missing",
            "join",
            "series",
            "unit",
            "carry",
        }
    if (part, key) in _CHOICES:
        return isinstance(value, str) and value in _CHOICES[part, key]
    wanted = _KINDS.get(key, (str,))
    if part == "table" and key in {"year", "unit"}:
        wanted = (str,) if key == "year" else (list,)
    if part == "months" and key == "year":
        return isinstance(value, int) and not isinstance(value, bool) and 1900 <= value <= 2100
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        return False
    if isinstance(value, int) and not isinstance(value, bool):
        return 0 <= value <= 10_000
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    if isinstance(value, dict):
        return all(
            isinstance(each, list) and all(isinstance(one, str) for one in each) for each in value.values()
        )
    return key not in {"delimiter", "quote"} or len(str(value)) == 1


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return {key: tuple(each) for key, each in value.items()} if isinstance(value, dict) else value


def _texts(part: str, raw: Any, faults: list[Fault]) -> dict[str, str]:
    if raw is None:
        return {}
    if not isinstance(raw, dict) or not all(isinstance(each, str) for each in raw.values()):
        faults.append(Fault(0, f"[{part}] is not a table of texts"))
        return {}
    return dict(raw)


def _register(raw: Any, faults: list[Fault]) -> tuple[NewSeries, ...]:
    names = {each.name for each in fields(NewSeries)}
    found: list[NewSeries] = []
    for each in raw if isinstance(raw, list) else [] if raw is None else [raw]:
        texts = isinstance(each, dict) and all(isinstance(one, str | None) for one in each.values())
        if (
            not texts
            or not {"id", "name", "unit"} <= set(each) <= names
            or not all(each[k] for k in ("id", "unit"))
        ):
            faults.append(Fault(0, "[[register]] wants id, name and unit, and may have family"))
        else:
            found.append(NewSeries(**each))
    return tuple(found)


def to_dictionary(mapping: Mapping) -> dict[str, Any]:
    """A mapping as JSON holds it, without what is not said."""
    raw: dict[str, Any] = json.loads(json.dumps(asdict(mapping)))
    return {key: value for key, value in _said(raw).items() if value not in ({}, [])}


def _said(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _said(value)
        if isinstance(value, dict) and key in _PARTS
        else [_said(each) for each in value]
        if key == "register"
        else value
        for key, value in raw.items()
        if value is not None and value not in ({}, [])
    }

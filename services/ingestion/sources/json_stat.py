"""JSON-stat: a cube of flat indices, read by what its dimensions say and not by what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from services.ingestion.sources.faults import OutsideFault, UnreadableFault
from services.ingestion.sources.json_rows import number, parsed
from services.storage.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class Cube:
    """Cells that hold something, each by its codes; labels of codes by dimension."""

    cells: tuple[tuple[Mapping[str, str], float | None], ...]
    labels: Mapping[str, Mapping[str, str]]


def read_cube(snapshot: Snapshot, title: str) -> Cube:
    """The cube of an answer; ``value`` may be sparse, and a dimension larger than what was asked for."""
    given = parsed(snapshot, title)
    try:
        names: list[str] = given["id"]
        sizes: list[int] = given["size"]
        codes = {name: _codes(given["dimension"][name]["category"]) for name in names}
        labels = {name: dict(given["dimension"][name]["category"].get("label", {})) for name in names}
        values = given["value"]
        held = values.items() if isinstance(values, dict) else enumerate(values)
        cells = tuple((_cell(int(at), names, sizes, codes), number(value)) for at, value in held)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise UnreadableFault(f"{title} answered with no JSON-stat: {str(given)[:120]}") from error
    return Cube(cells, labels)


def _codes(category: Any) -> list[str]:
    index = category["index"]
    return list(index) if isinstance(index, list) else sorted(index, key=lambda code: index[code])


def _cell(at: int, names: list[str], sizes: list[int], codes: Mapping[str, list[str]]) -> dict[str, str]:
    """The codes of a flat index: the last dimension runs fastest."""
    if at >= prod(sizes):
        raise OutsideFault(f"JSON-stat has the cell {at} in a cube of {prod(sizes)}")
    cell = {}
    for name, size in zip(reversed(names), reversed(sizes), strict=True):
        at, place = divmod(at, size)
        cell[name] = codes[name][place]
    return cell

"""Families of a panel in a file: which series are sums, differences, ratios or shares of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from forecasting.errors import InvalidFamilyError
from forecasting.hierarchy import Derived, derive, leaves, reconciled
from forecasting.publication import Publication
from forecasting.series import Series
from services.ingestion.errors import Fault, PanelRefusedError
from services.usecases.panel_file import Panel, table_of

COLUMNS = ("series_id", "kind", "parts")


def read_families(path: Path) -> tuple[Derived, ...]:
    """A file of COLUMNS, parts separated by spaces, each series after its parts; else PanelRefusedError."""
    table = table_of(path)
    if missing := [name for name in COLUMNS if name not in table.columns]:
        raise PanelRefusedError(path.name, [Fault(0, f"it has no column {', '.join(missing)}")])
    family: list[Derived] = []
    for row, line in table.mappings():
        said = {name: "" if line[name] is None else str(line[name]) for name in COLUMNS}
        kind: Any = said["kind"]
        try:
            family.append(Derived(said["series_id"], kind, tuple(said["parts"].split())))
            leaves(family)
        except InvalidFamilyError as error:
            raise PanelRefusedError(path.name, [Fault(row, str(error).rstrip("."))]) from error
    return tuple(family)


def with_derived(panel: Panel, family: Sequence[Derived]) -> Panel:
    """The panel with what is derived; a series that the panel holds itself stays as published."""
    held = {series.id: series for series in panel.series}
    for row, wanted in enumerate(family, start=1):
        try:
            held.setdefault(wanted.id, derive(wanted, held))
        except InvalidFamilyError as error:
            raise PanelRefusedError("The family", [Fault(row, str(error).rstrip("."))]) from error
    return replace(panel, series=tuple(held[name] for name in sorted(held)))


def adding_up(
    publications: Sequence[Publication], panel: Sequence[Series], family: Sequence[Derived]
) -> tuple[tuple[Publication, ...], str | None]:
    """Publications whose forecasts of sums add up; as they were, with the reason, where they cannot."""
    if not any(each.kind == "sum" for each in family):
        return tuple(publications), None
    forecasts = {each.series_id: each.forecast for each in publications if each.forecast is not None}
    try:
        made = reconciled(forecasts, {series.id: series for series in panel}, family)
    except InvalidFamilyError as error:
        return tuple(publications), f"{error} The forecasts stand as they are and do not add up."
    return tuple(
        replace(each, forecast=made[each.series_id]) if each.series_id in made else each
        for each in publications
    ), None

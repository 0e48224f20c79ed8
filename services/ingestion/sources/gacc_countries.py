"""China Customs' table of countries: exports and imports in value, whose sums must be what it prints."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from forecasting.months import Span
from services.ingestion.sources.faults import AmbiguousFault, ContradictionFault, ShiftedTableFault
from services.ingestion.sources.gacc_page import VALUE_UNITS, Opened, check_width, figure_of, labelled

WIDTH = 10
"""Label; month and year to date of both flows, of exports and of imports; their changes."""
COMBINED = 7
"""January and February: the year to date alone."""
ROUNDING = Decimal("0.2")
"""Exports and imports are rounded to 0.1 each, and so is their sum."""


@dataclass(frozen=True, slots=True)
class Countries:
    """Exports and imports by the path of a country's label, in the unit of the page."""

    span: Span
    currency: str
    printed: dt.date | None
    flows: Mapping[str, Mapping[str, Decimal]]

    @property
    def value_unit(self) -> str:
        """The unit of values."""
        return VALUE_UNITS[self.currency]


def read_countries(page: Opened) -> Countries:
    """The countries of one release; a SourceFault says which guard the page fails."""
    span = page.span
    single = span.months == 1
    check_width(page.body, span, WIDTH if single else COMBINED)
    step = 2 if single else 1
    flows: dict[str, Mapping[str, Decimal]] = {}
    for label, cells in labelled(page.body):
        figures = [figure_of(cells[1 + place * step], label, span) for place in range(3)]
        both, exports, imports = (Decimal(0) if each is None else each for each in figures)
        if figures[0] is None or figures[1] is None or figures[2] is None:
            raise ShiftedTableFault(f"{label!r} has no figure where exports or imports stand in {span}")
        if abs(exports + imports - both) > ROUNDING:
            raise ContradictionFault(
                f"{label!r} has exports {exports} and imports {imports}, and their sum as {both}, in {span}"
            )
        if label in flows:
            raise AmbiguousFault(f"The table of {span} has two rows {label!r}")
        flows[label] = {"exports": exports, "imports": imports}
    return Countries(span, page.currency, page.printed, flows)

"""One page of China Customs' major exports: its table taken apart, and every guard that refuses it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from selectolax.lexbor import LexborHTMLParser

from forecasting.months import Month, Span
from services.ingestion.sources.faults import (
    AmbiguousFault,
    ContradictionFault,
    HalfLoadedFault,
    NoTableFault,
    ShiftedTableFault,
    UnreadableFault,
)

WIDTH = 10
"""Label, unit; quantity and value of the month, the year to date and the prior one; their changes."""
COMBINED = 8
"""The same without the month: January and February come as one figure, the year to date."""
UNITS = {"ton": "t", "tons": "t", "tonne": "t", "tonnes": "t", "metric ton": "t", "metric tons": "t"}
VALUE_UNITS = {"USD": "USD million", "CNY": "CNY 100 million"}
NONE = frozenset({"-", "--", "\N{EN DASH}", "\N{EM DASH}"})  # how the table says that a row has no quantity

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)})[a-z]*\b", re.IGNORECASE)
_YEAR = re.compile(r"\b(20\d\d)\b")
_UNIT = re.compile(r"unit\s*[:\N{FULLWIDTH COLON}]\s*(CNY|RMB|USD)\s*([\d,]*)\s*(million)", re.IGNORECASE)
_SCALED = re.compile(r"^(?:([\d,]+)\s*)?([A-Za-z][A-Za-z .()/-]*)$")
_FULL_WIDTH = str.maketrans(
    {
        "\N{FULLWIDTH LEFT PARENTHESIS}": "(",
        "\N{FULLWIDTH RIGHT PARENTHESIS}": ")",
        "\N{FULLWIDTH COMMA}": ",",
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """One commodity in one month; ``quantity`` times ``factor`` is in ``unit``, both None where it has none.

    ``label`` is the path through the table's indents: a subset stands behind its whole.
    """

    label: str
    unit: str | None
    factor: Decimal
    quantity: Decimal | None
    value: Decimal


@dataclass(frozen=True, slots=True)
class Page:
    """A table that passed its guards; ``printed`` is the day that the page says, a claim and no evidence."""

    span: Span
    currency: str
    printed: dt.date | None
    rows: tuple[Row, ...]

    @property
    def value_unit(self) -> str:
        """The unit of values."""
        return VALUE_UNITS[self.currency]

    def by_label(self) -> Mapping[str, Row]:
        """Rows by label; AmbiguousFault where two have one."""
        held: dict[str, Row] = {}
        for row in self.rows:
            if row.label in held:
                raise AmbiguousFault(f"The table of {self.span} has two rows {row.label!r}")
            held[row.label] = row
        return held


@dataclass(frozen=True, slots=True)
class Opened:
    """A page's title, month and currency, the day that it prints, and the cells of its body."""

    title: str
    span: Span
    currency: str
    printed: dt.date | None
    body: tuple[tuple[str, ...], ...]


def read_page(body: bytes) -> Page:
    """The page of major exports of one release; a SourceFault says which guard it fails."""
    page = open_page(body)
    return Page(page.span, page.currency, page.printed, tuple(_rows(page.body, page.span)))


def open_page(body: bytes) -> Opened:
    """A page of any of the tables, whose title and unit agree."""
    tree = LexborHTMLParser(body)
    heading = tree.css_first("div.atcl-ttl")
    content = tree.css_first("div.atcl-cnt")
    if heading is None or content is None:
        raise UnreadableFault("The page has neither the title nor the content of a page of China Customs")
    title = _plain(heading.text())
    table = content.css_first("table")
    if table is None:
        seen = "only an image" if content.css_first("img") is not None else "no table"
        raise NoTableFault(f"The page {title[:100]!r} has {seen}, so nothing that a machine can read")
    span = _span(title)
    currency = _currency(title, content.text())
    cells = [[cell.text() for cell in row.css("td, th")] for row in table.css("tr")]
    date = tree.css_first("div.atcl-date")
    printed = None if date is None else _printed(date.text())
    return Opened(title, span, currency, printed, tuple(tuple(each) for each in cells if _is_body(each)))


def _span(title: str) -> Span:
    months = [_MONTHS.index(found.lower()) + 1 for found in _MONTH.findall(title)]
    years = _YEAR.findall(title)
    if not months or len(set(years)) != 1:
        raise UnreadableFault(f"The title {title[:100]!r} names no month of one year")
    last = Month.of(int(years[0]), months[-1])
    if len(months) == 1 and last.number > 1:
        return Span(last)
    if months == [1, 2]:
        return Span.between(last - 1, last)
    raise UnreadableFault(f"The title {title[:100]!r} names neither one month nor January and February")


def _currency(title: str, content: str) -> str:
    """The currency that title and unit agree on."""
    named = {each for each in ("CNY", "USD") if each in title.upper().replace("RMB", "CNY")}
    units = {found[0].upper().replace("RMB", "CNY") for found in _UNIT.findall(_plain(content))}
    if len(named) != 1 or len(units) != 1:
        raise UnreadableFault(
            f"The title {title[:100]!r} and the units {sorted(units) or 'none'} name no one currency"
        )
    if named != units:
        raise ContradictionFault(f"The title says {named.pop()}, and the unit of the table {units.pop()}")
    return named.pop()


def _is_body(cells: Sequence[str]) -> bool:
    """True for a row of figures: more than a label, and none of the words of a heading."""
    said = [_plain(cell) for cell in cells]
    if len(said) < 4 or not said[0]:
        return False
    return not any(
        word in each.casefold() for each in said[1:] for word in ("quantity", "value", "percentage")
    )


def _rows(body: Sequence[Sequence[str]], span: Span) -> list[Row]:
    check_width(body, span, WIDTH if span.months == 1 else COMBINED)
    return [_row(label, cells, span) for label, cells in labelled(body)]


def check_width(body: Sequence[Sequence[str]], span: Span, width: int) -> None:
    """Refuse a table that is empty, or whose rows have another number of cells, or all end in a blank."""
    if not body:
        raise NoTableFault(f"The table of {span} has no row of figures")
    widths = {len(cells) for cells in body}
    if widths != {width}:
        raise ShiftedTableFault(
            f"The rows of {span} have {', '.join(map(str, sorted(widths)))} cells, and {width} are expected"
        )
    if all(not _plain(cells[-1]) for cells in body):
        raise ShiftedTableFault(
            f"The last cell of all {len(body)} rows of {span} is blank: a column is missing before it"
        )


def labelled(body: Sequence[Sequence[str]]) -> Iterator[tuple[str, Sequence[str]]]:
    """Rows by their path through the table's indents."""
    above: list[tuple[int, str]] = []
    for cells in body:
        indent = len(cells[0]) - len(cells[0].lstrip(" \t\r\n\N{NO-BREAK SPACE}"))
        deep = cells[0][:indent].count("\N{NO-BREAK SPACE}")
        above = [each for each in above if each[0] < deep]
        above.append((deep, _label(cells[0])))
        yield " > ".join(name for _, name in above), cells


def _row(label: str, cells: Sequence[str], span: Span) -> Row:
    said = _plain(cells[1])
    if _number(said) is not None:
        raise ShiftedTableFault(f"The unit of {label!r} in {span} is the number {said}")
    quantity, value = figure_of(cells[2], label, span), figure_of(cells[3], label, span)
    if value is None:
        raise ShiftedTableFault(f"{label!r} has the quantity {quantity} and no value in {span}")
    if said in NONE or not said:
        if quantity is not None:
            raise ShiftedTableFault(f"{label!r} has the quantity {quantity} and no unit in {span}")
        return Row(label, None, Decimal(1), None, value)
    scaled = _SCALED.match(said)
    if scaled is None:
        raise UnreadableFault(f"The unit {said[:40]!r} of {label!r} is none that is known")
    if "usd" in said.casefold() or "cny" in said.casefold():
        return Row(label, None, Decimal(1), None, value)
    unit = scaled[2].strip().casefold()
    factor = Decimal((scaled[1] or "1").replace(",", ""))
    return Row(label, UNITS.get(unit, unit), factor, quantity, value)


def figure_of(cell: str, label: str, span: Span) -> Decimal | None:
    """A number; None where the table says that there is none; a blank cell is a table not yet filled."""
    said = _plain(cell)
    if said in NONE:
        return None
    if not said:
        raise HalfLoadedFault(f"{label!r} has a blank cell in {span}")
    number = _number(said)
    if number is None:
        raise UnreadableFault(f"{said[:40]!r} stands where a figure of {label!r} in {span} is expected")
    if number < 0:
        raise UnreadableFault(f"{label!r} is {number} in {span}, and an export cannot be negative")
    return number


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _printed(text: str) -> dt.date | None:
    """YYYY/MM/DD; the DD/MM/YYYY of 2018 is left alone where it could be read either way."""
    found = re.search(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})", text)
    if found is None:
        return None
    try:
        return dt.date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def _label(text: str) -> str:
    return re.sub(r"^of which\s*:?\s*", "", _plain(text), flags=re.IGNORECASE)


def _plain(text: str) -> str:
    return " ".join(text.translate(_FULL_WIDTH).replace("\N{NO-BREAK SPACE}", " ").split())

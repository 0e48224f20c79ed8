"""What can be wrong with a source's answer; each says what happened and what ops can do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import ClassVar


class SourceFault(Exception):  # noqa: N818 - the word of the field; subclasses are named for what is wrong
    """An answer that is not used: it is kept as evidence, nothing is recorded of it, and ops is told.

    ``series`` are the ids of those that it cannot be used for, where it can for the others; else it is empty.
    """

    kind: ClassVar[str] = "fault"
    todo: ClassVar[str] = "Open it with `tonnage sources snapshot ID` and compare it with the source's page."

    def __init__(self, happened: str, todo: str | None = None, *, series: Iterable[str] = ()) -> None:
        self.happened = happened.rstrip(".")
        self.series = frozenset(series)
        super().__init__(f"{self.happened}. {todo or self.todo}")


class UnreachableFault(SourceFault):
    """No answer, or one of the 500s."""

    kind = "unreachable"
    todo = "Nothing needs to be done unless it lasts: the next poll asks again."


class TooManyCallsFault(SourceFault):
    """The source asked for fewer calls; ``until`` is when it may be asked again."""

    kind = "too-many-calls"
    todo = "The next call waits that long; if it happens each day, follow fewer series or get a larger quota."

    def __init__(self, happened: str, until: dt.datetime) -> None:
        self.until = until
        super().__init__(happened)


class BudgetSpentFault(SourceFault):
    """Our own bound on calls a day is reached."""

    kind = "budget-spent"
    todo = "Calls go on after midnight UTC; follow fewer series if it happens each day."


class KeyRefusedFault(SourceFault):
    """The source wants a key, or another one."""

    kind = "key-refused"
    todo = "Give a valid one with `tonnage sources key SOURCE`."


def key_wanted(source: str) -> str:
    """What to do where a source answers only with a key."""
    return f"Give yours with `tonnage sources key {source}`; TONNAGE_SECRET_KEYS must be set to encrypt it."


class RefusedRequestFault(SourceFault):
    """The source calls the request itself wrong."""

    kind = "request-refused"
    todo = "Check how the series is named at the source; `tonnage sources search` lists its codes."


class MovedFault(SourceFault):
    """A redirect; none is followed, since it may lead anywhere."""

    kind = "moved"
    todo = "If the source has moved for good, set its new address in TONNAGE_SOURCE_ADDRESSES."


class QueuedFault(SourceFault):
    """The source prepares the answer; ``ticket`` names it, and the visit asks on for it."""

    kind = "queued"
    todo = "Nothing needs to be done: the next poll asks for it again."

    def __init__(self, happened: str, ticket: str) -> None:
        self.ticket = ticket
        super().__init__(happened)


class TooLargeFault(SourceFault):
    """More bytes than an answer may have, or more rows than the source delivers at once."""

    kind = "too-large"
    todo = "Follow fewer series in one request."


class TruncatedFault(SourceFault):
    """As many rows as the source's cap, so some may be missing without a word."""

    kind = "truncated"
    todo = "Split the request: fewer codes, then fewer reporters, then fewer partners."


class UnreadableFault(SourceFault):
    """Not the format agreed: HTML under 200, cut short, or an unknown shape."""

    kind = "unreadable"
    todo = (
        "Open it with `tonnage sources snapshot ID`: it may be a page for maintenance. "
        "If the format changed, the parser must."
    )


class NoTableFault(SourceFault):
    """A page that has no machine-readable table, such as an image of one; that is not the same as no data."""

    kind = "no-table"
    todo = "Enter the figures by hand with `tonnage ingest` if they are needed."


class ShiftedTableFault(SourceFault):
    """Cells that stand under the wrong headings."""

    kind = "shifted-table"
    todo = "Wait for the source to mend its page, or enter the figures by hand with `tonnage ingest`."


class ContradictionFault(SourceFault):
    """An answer whose parts disagree, such as its title and its unit."""

    kind = "contradiction"
    todo = "Compare with the table in the other currency and tell the source."


class EditionChangedFault(SourceFault):
    """Another edition of the Harmonized System than the series has: the code may mean other goods."""

    kind = "edition-changed"
    todo = (
        "If the code means the same goods in both, follow it with both, such as edition=H5+H6; "
        "else follow the newer one as a series of its own."
    )


class UnitChangedFault(SourceFault):
    """Another unit than the series has."""

    kind = "unit-changed"
    todo = "Follow it as a new series: figures in another unit are never mixed into one."


class HalfLoadedFault(SourceFault):
    """A month of which the source holds only a part."""

    kind = "half-loaded"
    todo = "Nothing needs to be done: it is asked for again until it is whole."


class EmptyFault(SourceFault):
    """An answer without rows where rows were announced; it is never read as zero."""

    kind = "empty"
    todo = "Check the code of the series: a bad one gets the same empty answer as a month not yet out."


class OutsideFault(SourceFault):
    """Rows that were not asked for."""

    kind = "outside"
    todo = "Open it with `tonnage sources snapshot ID`: the source has ignored a part of the request."


class AmbiguousFault(SourceFault):
    """Two rows for one figure, with two values."""

    kind = "ambiguous"
    todo = (
        "Open it with `tonnage sources snapshot ID`: "
        "totals and breakdowns stand side by side, and none is marked."
    )


class SourceMisnamedError(Exception):
    """A source, a series of it or a unit that whoever asks has got wrong; its message says what to do."""


class UnknownSourceError(SourceMisnamedError):
    """No source of that name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        super().__init__(f"There is no source {name!r}; known are {', '.join(known)}.")


class NothingOfferedError(SourceMisnamedError):
    """A query under which the source offers nothing."""

    def __init__(self, source: str, query: str) -> None:
        self.source = source
        self.query = query
        super().__init__(
            f"{source} offers nothing under {query!r}; "
            f"`tonnage sources search {source} WORDS` lists what it does."
        )


class SeveralOfferedError(SourceMisnamedError):
    """An id of our own for a query under which the source offers several series."""

    def __init__(self, series_id: str, offered: Sequence[str]) -> None:
        self.series_id = series_id
        self.offered = tuple(offered)
        shown = ", ".join(self.offered[:5])
        more = f" and {len(self.offered) - 5} more" if len(self.offered) > 5 else ""
        super().__init__(
            f"{len(self.offered)} series are offered, and {series_id} can be the id of one: {shown}{more}. "
            "Ask for one of them, or follow them all under their own ids, without --as."
        )


class ForeignUnitError(SourceMisnamedError):
    """A series that is registered in another unit than the source's."""

    def __init__(self, series_id: str, held: str, offered: str) -> None:
        super().__init__(
            f"The series {series_id} is in {held}, the source in {offered}; follow it under another id."
        )


class OtherDesksRowsError(SourceMisnamedError):
    """A key for one desk, where rows that may not be passed on were fetched with the key of another."""

    def __init__(self, source: str, held_for: str | None, desk: str | None) -> None:
        super().__init__(
            f"Figures of {source} are kept for {held_for or 'no desk'} and may not be passed on to "
            f"{desk or 'no desk'}; give a key for the same desk, or a source of its own to an installation."
        )

"""What is held beside a series: measures, siblings and partners' imports, as known at any moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection

from alerts.facts import Expectation
from alerts.parents import IMPORTS
from alerts.release_calendars import ReleaseCalendar
from alerts.releases import Lateness, expectation
from forecasting.months import Span
from forecasting.prints import PrintArrays, Prints
from forecasting.series import Series
from forecasting.shocks.measures import Measure
from forecasting.shocks.partners import Partners, chosen, same_goods
from forecasting.shocks.siblings import Families
from services.storage import measures, observations, release_calendars, series
from services.storage.measures import covering
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord
from services.storage.traits import traits


class Beside:
    """What is held beside some series: measures, siblings and partners' imports, each read once.

    ``desk`` is whose rule asks: what it may not see is not there; ``shipped`` are the calendars of the
    service, which those of the installation stand beside or take the place of. The series of a release are
    read ``together``, where one of them is asked for.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        desk: str | None,
        shipped: Mapping[str, ReleaseCalendar],
        together: Collection[str] = (),
    ) -> None:
        self.connection = connection
        self.desk = desk
        self.shipped = shipped
        self.families = Families()
        self._measures: list[measures.MeasureRecord] | None = None
        self._calendars: dict[str, ReleaseCalendar] | None = None
        self._listed: dict[tuple[str | None, str | None], list[SeriesRecord]] = {}
        self._together = frozenset(together)
        self._rows: dict[str, list[ObservationRecord]] = {}
        self._prints: dict[str, PrintArrays | None] = {}
        self._series: dict[tuple[str, dt.datetime], Series | None] = {}

    def measures(self, watched: SeriesRecord) -> list[Measure]:
        """Measures that may show in a series."""
        if self._measures is None:
            self._measures = measures.listed(self.connection)
        return covering(self._measures, watched)

    def calendars(self, watched: SeriesRecord) -> list[ReleaseCalendar]:
        """Release calendars that cover a series."""
        if self._calendars is None:
            self._calendars = release_calendars.in_force(self.connection, self.shipped)
        return [each for each in self._calendars.values() if each.scope.covers(traits(watched))]

    def expected(self, watched: SeriesRecord, span: Span) -> Expectation | None:
        """When the calendars expect a figure of a series first, by their own grace; None where none does."""
        found = [expectation(each, each.span(span.last), Lateness(0)) for each in self.calendars(watched)]
        return min(found, key=lambda each: each.due, default=None)

    def siblings(self, watched: SeriesRecord) -> list[SeriesRecord]:
        """Other series of the family."""
        if watched.family is None:
            return []
        return [each for each in self._of(watched.family, None) if each.id != watched.id]

    def partners(self, watched: SeriesRecord, as_of: dt.datetime) -> Partners[SeriesRecord]:
        """Partners' reported imports of the same goods, in the same unit, from the series' reporter.

        Each partner once, by what was held of each series at a moment.
        """
        if watched.hs_code is None or watched.reporter is None:
            return Partners(())
        found = [
            each
            for each in self._of(None, IMPORTS)
            if same_goods(each.hs_code, watched.hs_code)
            and each.partner == watched.reporter
            and each.unit.casefold() == watched.unit.casefold()
            and watched.partner in {None, each.reporter}
        ]
        held = {each.id: each.held for each in self.known(found, as_of)}
        return chosen(watched, found, lambda each: held.get(each.id, 0))

    def rows(self, wanted: SeriesRecord) -> list[ObservationRecord]:
        """Every row of a series, in the order in which they became known."""
        if wanted.id not in self._rows:
            self._rows[wanted.id] = observations.history(self.connection, [wanted.id]).get(wanted.id, [])
        return self._rows[wanted.id]

    def known(self, wanted: Iterable[SeriesRecord], as_of: dt.datetime) -> list[Series]:
        """Series as they were known at a moment; one of which nothing was known is left out."""
        asked = list(wanted)
        unread = {each.id for each in asked if each.id not in self._prints}
        if unread & self._together:
            unread |= self._together
        if unread:
            found = observations.prints(self.connection, unread)
            self._prints |= {each: found.get(each) for each in unread}
        return [each for one in asked if (each := self._known(one, as_of)) is not None]

    def _known(self, wanted: SeriesRecord, as_of: dt.datetime) -> Series | None:
        if (wanted.id, as_of) not in self._series:
            prints = Prints(wanted.id, wanted.unit, self._prints[wanted.id])
            prints.advance(as_of)
            self._series[wanted.id, as_of] = prints.series()
        return self._series[wanted.id, as_of]

    def _of(self, family: str | None, tag: str | None) -> list[SeriesRecord]:
        if (family, tag) not in self._listed:
            self._listed[family, tag] = series.listed(
                self.connection, family=family, tag=tag, desk=self.desk, limit=None
            )
        return self._listed[family, tag]

"""What a rule may ask of the shock behind a figure: read or computed only where a rule asks for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from alerts.facts import Facts, Following
from alerts.facts import Measure as MeasureFact
from forecasting.series import Series
from forecasting.shocks.chronicle import Shock, latest
from forecasting.shocks.detection import Verdict
from forecasting.shocks.measures import Measure, linked
from forecasting.shocks.newest_gap import newest_gap
from forecasting.shocks.sides import SIDES
from services.storage.beside import Beside
from services.storage.episodes import Chronicler
from services.storage.series import SeriesRecord

SIBLINGS_ASKED = frozenset({"rank_shifts", "share_shifts", "substitutions"})
"""Facts of the family that the series stands in."""
SERIES_ASKED = SIBLINGS_ASKED | {"following", "divergences", "mirror_gap"}
"""Facts that are made from the series itself."""
ASKED = SERIES_ASKED | {"measure", "expectation"}
"""Facts that are made here."""


READ_TOGETHER = 500
"""Series whose shocks are read at once."""
MOST_HELD = 8
"""Parts of so many series of which the shocks are held in memory, however large a release is."""


class RecordedShocks:
    """Figures of some series that were judged shocks, read for many series at once, up to a moment."""

    def __init__(
        self, connection: Connection, registered: Sequence[SeriesRecord], *, until: dt.datetime
    ) -> None:
        self._connection = connection
        self._registered = registered
        self._part = {each.id: place // READ_TOGETHER for place, each in enumerate(registered)}
        self._until = until
        self._read: dict[int, Chronicler] = {}

    def of(self, watched: SeriesRecord, *, as_of: dt.datetime) -> list[Shock]:
        """Those of a series by what was known at a moment."""
        part = self._part[watched.id]
        if part not in self._read:
            if len(self._read) == MOST_HELD:
                del self._read[next(iter(self._read))]
            together = self._registered[part * READ_TOGETHER : (part + 1) * READ_TOGETHER]
            self._read[part] = Chronicler(self._connection, together, as_of=self._until)
        return self._read[part].shocks(watched, as_of=as_of)


def recorded_facts(
    facts: Facts,
    watched: SeriesRecord,
    needs: Collection[str],
    beside: Beside,
    recorded: RecordedShocks,
) -> Facts:
    """The facts of a figure that is recorded, with what a rule asks of the shock behind it.

    A shock names the measure that it may answer to, asked for or not.
    """
    if facts.detection.verdict in SIDES:
        needs = {*needs, "measure"}
    if not ASKED.intersection(needs):
        return facts
    shocks = recorded.of(watched, as_of=facts.known_from) if "following" in needs else []
    held = None
    if SERIES_ASKED.intersection(needs):
        held = next(iter(beside.known([watched], facts.known_from)), None)
    return shock_facts(facts, watched, held, shocks, beside, needs)


def with_episode(facts: Facts, watched: SeriesRecord, beside: Beside, recorded: RecordedShocks) -> Facts:
    """The facts of a figure that a desk is told of, with its episode where no rule asked for that.

    Only where something is said: of most figures nothing is, and an episode costs as much as a rule.
    """
    if facts.value is None or facts.following is not None:
        return facts
    return recorded_facts(facts, watched, {"following"}, beside, recorded)


def shock_facts(  # noqa: PLR0917  # what is known of a figure, and what stands beside it
    facts: Facts,
    watched: SeriesRecord,
    held: Series | None,
    shocks: Sequence[Shock],
    beside: Beside,
    needs: Collection[str],
) -> Facts:
    """The facts with those that are asked for, by what was known when the figure became known.

    ``held`` is the series as of that moment and ``shocks`` its figures judged so; what lies in later months
    is not looked at.
    """
    known = [each for each in beside.measures(watched) if each.known_from <= facts.known_from]
    if "measure" in needs:
        facts = replace(facts, measure=_measure(facts, known))
    if "expectation" in needs and facts.expectation is None:
        facts = replace(facts, expectation=beside.expected(watched, facts.span))
    if facts.value is None or held is None:
        return facts
    if "following" in needs:
        facts = replace(facts, following=_following(facts, held, shocks, known))
    if "divergences" in needs:
        others = beside.known(beside.siblings(watched), facts.known_from)
        facts = replace(facts, divergences=beside.families.divergences(held, others, facts.span))
    if SIBLINGS_ASKED.intersection(needs):
        facts = _among_siblings(facts, watched, held, beside, needs)
    if "mirror_gap" in needs and facts.span.months == 1:
        partners = beside.known(beside.partners(watched, facts.known_from).taken, facts.known_from)
        facts = replace(facts, mirror_gap=newest_gap(held, partners, facts.span.last))
    return facts


def _among_siblings(
    facts: Facts, watched: SeriesRecord, held: Series, beside: Beside, needs: Collection[str]
) -> Facts:
    """The facts with what the family shows of the series, by the siblings' figures known at that moment."""
    siblings = beside.siblings(watched)
    others, families, span = beside.known(siblings, facts.known_from), beside.families, facts.span
    names = tuple((each.id, each.name) for each in (watched, *siblings))
    facts = replace(facts, sibling_names=names)
    if "rank_shifts" in needs:
        facts = replace(facts, rank_shifts=families.rank_shifts(held, others, span))
    if "share_shifts" in needs:
        facts = replace(facts, share_shifts=families.share_shifts(held, others, span))
    if "substitutions" in needs:
        facts = replace(facts, substitutions=families.substitutions(held, others, span))
    return facts


def _following(
    facts: Facts, held: Series, shocks: Sequence[Shock], known: Sequence[Measure]
) -> Following | None:
    """The last episode as of the figure; None where no forecast judged it and no episode goes on."""
    past = [each for each in shocks if each.span.last <= facts.span.last]
    if not past and facts.detection.verdict is Verdict.NOT_JUDGED:
        return None
    ahead = frozenset(each.span for each in past if any(one.ahead_of(each.span) for one in known))
    return Following(latest(held.until(facts.span.last), past, measures_ahead=ahead))


def _measure(facts: Facts, known: Sequence[Measure]) -> MeasureFact | None:
    """The measure that a shock may answer to, or whose first figure this is; None where there is none."""
    side = SIDES.get(facts.detection.verdict)
    found: Measure | None = None
    if side is not None:
        link = linked(known, facts.span, side, as_of=facts.known_from)
        found = None if link is None else link.measure
    if found is None:
        found = next((each for each in reversed(known) if each.first_month in facts.span), None)
    return None if found is None else MeasureFact(found.title, found.effective, found.url)

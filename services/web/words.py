"""Things of the domain in words, for pages; sentences of alerts and episodes are made in alerts."""

from __future__ import annotations

import re

from alerts.episodes import SUREST
from alerts.wording import IF
from forecasting.shocks.episodes import Status
from forecasting.shocks.interventions import Intervention
from forecasting.shocks.records import Extreme
from services.web.formats import share

NAMES = {kind: IF[kind] for kind in Intervention}
"""What a shock of each type does, in the one word that sentences have for it: it has room on a picture."""

TYPES = {kind: f"it {word}" for kind, word in NAMES.items()}
"""What each type of shock means: it passes, lasts, fades, or is given back."""

STANDS: dict[str, str] = {
    Status.OPEN: "not over",
    Status.RECOVERING: "recovering",
    Status.CLOSED: "over",
    Status.REOPENED: "not over again",
}
"""Where each episode stands: alerts open and close, an episode is over or not."""


def chance(probability: float | None) -> str:
    """A chance as its sentence says it, which is never the whole."""
    if probability is not None and probability > SUREST:
        return "more than 99\u00a0%"
    return share(probability)


_END = re.compile(r"(?<=[a-z0-9%”)]\.) +(?=[A-Z0-9“])")


def lead(sentence: str) -> tuple[str, str]:
    """What is said first, to be read at a glance, and the rest: the grounds."""
    first, *rest = _END.split(sentence, maxsplit=1)
    return first, "".join(rest)


def record_words(record: Extreme) -> str:
    """Since when a figure was not so low or high, beside how much of that time is held."""
    held = f"{record.months_held:,} of {record.months_needed:,} months held"
    years = "" if record.years_claimed is None else f"; a {record.years_claimed}-year {_noun(record)}"
    if record.since is None:
        return f"{record.direction.capitalize()} of all held since {record.first_held.name} ({held}){years}"
    if record.tied:
        return (
            f"As {_noun(record)} as in {record.since.name}, else the {record.direction} since ({held}){years}"
        )
    return f"{record.direction.capitalize()} since {record.since.name} ({held}){years}"


def _noun(record: Extreme) -> str:
    return "low" if record.direction == "lowest" else "high"

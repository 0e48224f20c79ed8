"""Things of the domain in words, for pages; sentences of alerts and episodes are made in alerts."""

from __future__ import annotations

import re

from alerts.episodes import SUREST
from alerts.wording import IF
from forecasting.shocks.chronicle import Chapter
from forecasting.shocks.episodes import DRAWS, Status
from forecasting.shocks.interventions import Intervention
from forecasting.shocks.parts import parts
from forecasting.shocks.records import Extreme
from services.web.formats import share

LOST_LEVEL = 90
"""Per cent of the simulated paths between the bounds that stand beside a volume lost."""

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


def lost_words(found: Chapter) -> str:
    """What the volume lost to an episode is: the sum of which months, the mean of what, and how sure."""
    state = found.episode
    first, last = state.onset.first.name, state.last_counted.name
    months = first if first == last else f"the months held from {first} to {last}"
    less = "what was forecast before it began less what came"
    if state.shortfall < 0:
        less = "what came less what was forecast before it began"
    return (
        f"{less[:1].upper()}{less[1:]}, summed over {months}: the mean of {DRAWS:,} paths simulated from "
        f"that forecast, within a {LOST_LEVEL} % interval"
    )


def judged_on(found: Chapter) -> str:
    """On how many figures after the shock the chances of its types stand: few may turn with the next one."""
    count = sum(1 for _ in parts(found.series, found.episode.onset)) - 1
    if count < 1:
        return "judged at first sight, on no figure since"
    return "judged on one figure since" if count == 1 else f"judged on {count:,} figures since"


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

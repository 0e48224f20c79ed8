"""Episodes of series as of a moment: computed on reading, from what was known then and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from alerts.episodes import episode_fields
from forecasting.forecast import HORIZON
from forecasting.shocks.chronicle import ahead
from forecasting.shocks.episodes import Status
from forecasting.shocks.scenarios import Scenarios
from services.storage.episodes import Chronicler, FollowedEpisode
from services.storage.series import SeriesRecord

__all__ = ["EpisodeStory", "FollowedEpisode", "branches", "episode_as_of", "episodes_as_of", "told"]


@dataclass(frozen=True, slots=True, eq=False)
class EpisodeStory:
    """An episode, each state that it was in, and what may follow: None where it is over or not followed."""

    episode: FollowedEpisode
    states: list[FollowedEpisode]
    ahead: Scenarios | None


def episodes_as_of(
    connection: Connection, registered: Sequence[SeriesRecord], *, as_of: dt.datetime
) -> list[FollowedEpisode]:
    """Episodes of the series given, by what was known at a moment; the latest onset first."""
    chronicler = Chronicler(connection, registered, as_of=as_of)
    found = [each for series in chronicler.series for each in chronicler.episodes(series)]
    return sorted(found, key=lambda each: (-each.chapter.shock.span.first.ordinal, each.series.id))


def episode_as_of(
    connection: Connection, registered: SeriesRecord, episode_id: str, *, as_of: dt.datetime
) -> EpisodeStory | None:
    """One episode of a series, by what was known at a moment; None where none of that id was."""
    chronicler = Chronicler(connection, [registered], as_of=as_of)
    states = chronicler.history(registered, episode_id)
    current = [each for each in chronicler.episodes(registered) if each.chapter.episode.id == episode_id]
    if not current:
        return None
    (found,) = current
    going = found.chapter.followed and found.chapter.episode.status is not Status.CLOSED
    return EpisodeStory(found, states, branches(found) if going else None)


def told(found: FollowedEpisode) -> dict[str, Any]:
    """Fields and sentence of an episode; see alerts.episodes."""
    return episode_fields(
        found.chapter,
        found.measure,
        series_name=found.series.name,
        onset_known_from=found.onset_known_from,
        as_of=found.as_of,
        forecast_id=found.forecast.id,
    )


def branches(found: FollowedEpisode, months: int = HORIZON) -> Scenarios:
    """What follows an episode, by the type of its shock, for so many months after the last figure."""
    return ahead(found.chapter, months)

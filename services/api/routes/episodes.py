"""/v1/episodes: the life of each shock, as of any moment."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from forecasting.shocks.episodes import Status
from services.api.dependencies import TheService
from services.api.formats import CONTENT, Fields, Format, page
from services.api.problems import ProblemError
from services.api.routes.series import existing
from services.api.schemas.common import AsOf, Limit, Page, PageOfParts
from services.api.schemas.episodes import EPISODE_COLUMNS, EpisodeShown, EpisodeTold
from services.api.security import Reader
from services.queries import series
from services.queries.episodes import episode_as_of, episodes_as_of
from services.queries.slices import sliced

router = APIRouter(prefix="/episodes", tags=["episodes"])

EpisodeId = Annotated[
    str, Path(min_length=1, max_length=250, description="Series, onset and side, with colons between.")
]


@router.get(
    "",
    summary="Episodes as of a moment",
    response_model=Page[EpisodeShown] | PageOfParts,
    responses=CONTENT,
)
def listed(
    *,
    service: TheService,
    caller: Reader,
    wanted: Format,
    series_id: Annotated[str | None, Query(max_length=200, description="Only those of a series.")] = None,
    family: Annotated[str | None, Query(max_length=200, description="Only those of a family.")] = None,
    status: Annotated[Status | None, Query(description="Only those that stand so.")] = None,
    as_of: AsOf = None,
    after: Annotated[
        str | None, Query(max_length=250, description="The cursor ``next`` of the page before.")
    ] = None,
    limit: Limit = 100,
    fields: Fields = None,
) -> Response:
    """The latest onset first, each as it stood by what was known at the moment."""
    with service.engine.begin() as connection:
        if series_id is not None:
            existing(connection, caller, series_id)
        registered = series.chosen(connection, series_id=series_id, family=family, desk=caller.desk)
        found = episodes_as_of(connection, registered, as_of=as_of or service.now())
    ids = [each.chapter.episode.id for each in found]
    if after is not None and after not in ids:
        raise ProblemError("invalid-request", f"query.after: {after[:40]!r} is no cursor of this list.")
    rest = found if after is None else found[ids.index(after) + 1 :]
    shown = sliced([each for each in rest if status in {None, each.chapter.episode.status}], limit)
    items = [EpisodeShown.of(each) for each in shown.rows]
    return page(
        wanted,
        items,
        EpisodeShown,
        fields=fields,
        following=items[-1].id if shown.more else None,
        row=EpisodeShown.row,
        columns=EPISODE_COLUMNS,
        name="episodes",
    )


@router.get("/{episode_id}", summary="One episode with its past states and scenarios")
def one(service: TheService, caller: Reader, episode_id: EpisodeId, as_of: AsOf = None) -> EpisodeTold:
    """An episode, each state it was in as the news came, and the paths that may follow; 404 where none."""
    series_id = episode_id.rsplit(":", 2)[0]
    with service.engine.begin() as connection:
        registered = existing(connection, caller, series_id)
        story = episode_as_of(connection, registered, episode_id, as_of=as_of or service.now())
    if story is None:
        raise ProblemError("not-found", f"There is no episode {episode_id!r} as of that moment.")
    return EpisodeTold.told(story.episode, story.states, story.ahead)

"""The hands: which kinds of work share a queue's workers, by which task each is asked for, and the asking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from sqlalchemy import Connection

from services import bootstrap
from services.storage.backtests import BACKTEST
from services.storage.uploads import UPLOAD
from services.usecases.order_polls import POLL
from services.usecases.order_refits import REFRESH
from services.usecases.order_scoring import SCORE
from services.usecases.order_training import TRAIN
from services.work import schedules, turns
from services.work.turns import Place

FORECAST = (
    Place(REFRESH, bootstrap.REFRESH_FORECASTS),
    Place(SCORE, bootstrap.SCORE_FORECASTS),
    Place(BACKTEST, bootstrap.RUN_BACKTESTS, after=(REFRESH,)),  # minutes, of many series
    Place(TRAIN, bootstrap.TRAIN_MODELS, after=(REFRESH,)),  # it may take hours, of all series
)
INGEST = (Place(POLL, bootstrap.POLL_SOURCES), Place(UPLOAD, bootstrap.RECORD_UPLOADS))


def ask_for_what_waits(connection: Connection, nudge: Callable[[str], None], *, now: dt.datetime) -> None:
    """Nudge for what is due: of the kinds that share hands the next one, and every schedule.

    Asked each second, so a nudge, a tick or a worker that was lost costs so long and no more.
    """
    for hands in (FORECAST, INGEST):
        following = turns.following(connection, hands, now=now)
        if following is not None:
            nudge(following.task)
    for name in schedules.due(connection, now=now):
        nudge(name)

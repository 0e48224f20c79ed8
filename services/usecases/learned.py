"""What refits use of what was trained: loaded once a process, and never from after their vintage."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from forecasting.calibration import Calibration
from forecasting.models.global_trees import GlobalTrees
from forecasting.portfolios import portfolio as named
from forecasting.weights import edition
from services.storage import trained_models
from services.storage.trained_models import TrainedModel

_KEPT = 4
"""Versions a process keeps: the newest, and those of the vintages that late figures ask for."""

_loaded: dict[str, Learned] = {}


@dataclass(frozen=True, slots=True)
class Learned:
    """A trained model ready for use; without one, what ships with the engine stands."""

    version: str | None = None
    portfolio: str | None = None
    global_model: GlobalTrees | None = None
    own_calibration: Calibration | None = None

    def calibration(self, portfolio: str) -> Calibration | None:
        """The calibration, for the portfolio whose residuals it is made of; None for another."""
        return self.own_calibration if portfolio == self.portfolio else None

    def versions(self, portfolio: str) -> dict[str, str]:
        """What a published forecast says of it."""
        own = self.calibration(portfolio)
        weights = {"weights": edition()} if named(portfolio).learned else {}
        return weights | {
            "global_model": "none" if self.global_model is None else str(self.version),
            "calibration": "shipped" if own is None else str(self.version),
        }


def learned_as_of(connection: Connection, vintage: dt.datetime) -> Learned:
    """The newest model trained as of a moment not after ``vintage``: a later one has seen the future."""
    version = trained_models.newest_version(connection, as_of=vintage)
    if version is None:
        return Learned()
    if version not in _loaded:
        stored = trained_models.by_version(connection, version)
        if stored is None:
            return Learned()
        while len(_loaded) >= _KEPT:
            _loaded.pop(next(iter(_loaded)))
        _loaded[version] = _load(stored)
    return _loaded[version]


def _load(stored: TrainedModel) -> Learned:
    return Learned(
        stored.version,
        stored.portfolio,
        None if stored.global_model is None else GlobalTrees.load(stored.global_model),
        None if stored.calibration is None else Calibration.load(stored.calibration),
    )

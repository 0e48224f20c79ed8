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

_loaded: dict[str, _Training] = {}


@dataclass(frozen=True, slots=True)
class _Training:
    """What one training made, ready for use; each None where it made none."""

    version: str
    portfolio: str
    global_model: GlobalTrees | None
    calibration: Calibration | None


@dataclass(frozen=True, slots=True)
class Learned:
    """The newest global model and the newest calibration; where none was made, what ships with the engine."""

    of_model: _Training | None = None
    of_calibration: _Training | None = None

    @property
    def global_model(self) -> GlobalTrees | None:
        """The global model."""
        return None if self.of_model is None else self.of_model.global_model

    def calibration(self, portfolio: str) -> Calibration | None:
        """The calibration, for the portfolio whose residuals it is made of; None for another."""
        own = self.of_calibration
        return own.calibration if own is not None and own.portfolio == portfolio else None

    def versions(self, portfolio: str) -> dict[str, str]:
        """What a published forecast says of it."""
        own = None if self.calibration(portfolio) is None else self.of_calibration
        weights = {"weights": edition()} if named(portfolio).learned else {}
        return weights | {
            "global_model": "none" if self.of_model is None else self.of_model.version,
            "calibration": "shipped" if own is None else own.version,
        }


def learned_as_of(connection: Connection, vintage: dt.datetime) -> Learned:
    """The newest of what was learned as of a moment not after ``vintage``: a later one has seen the future.

    A training that made no calibration, or no global model, leaves the one that stands in use.
    """
    newest = trained_models.newest(connection, as_of=vintage)
    return Learned(_training(connection, newest.global_model), _training(connection, newest.calibration))


def _training(connection: Connection, version: str | None) -> _Training | None:
    if version is not None and version not in _loaded:
        stored = trained_models.by_version(connection, version)
        if stored is None:
            return None
        while len(_loaded) >= _KEPT:
            _loaded.pop(next(iter(_loaded)))
        _loaded[version] = _load(stored)
    return None if version is None else _loaded[version]


def _load(stored: TrainedModel) -> _Training:
    return _Training(
        stored.version,
        stored.portfolio,
        None if stored.global_model is None else GlobalTrees.load(stored.global_model),
        None if stored.calibration is None else Calibration.load(stored.calibration),
    )

"""Errors of alerting cross from one process to another as they are: detection runs in a pool."""

from __future__ import annotations

import pickle

import pytest

from alerts.errors import (
    AlertClosedError,
    AlertsError,
    Fault,
    InvalidFactsError,
    InvalidRuleError,
    NothingCoveredError,
    RehearsalTooLargeError,
    TooManyError,
    UnknownScopeError,
    UnseenForecasterError,
    WrongAlertError,
)

ERRORS = (
    InvalidRuleError((Fault("$.name", "it is missing", '"Low"'),)),
    InvalidFactsError("A", "no figure"),
    WrongAlertError("al_1", "rule", "low", "high"),
    AlertClosedError("al_1", "resolved"),
    UnknownScopeError(["a"], {"a": ["A"]}),
    UnseenForecasterError(["poll"], "metals"),
    RehearsalTooLargeError(1, 2, 3, 4),
    NothingCoveredError("all"),
    TooManyError("soy", "rules", 1_000),
    TooManyError("soy", "rules", 1_000, do="enable one of them"),
)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_in_another_process(error: AlertsError) -> None:
    """A pickled error has its type, its message and its numbers."""
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_every_error_was_tried() -> None:
    """No error of the module is left out above."""
    assert {type(error) for error in ERRORS} == {
        each for each in AlertsError.__subclasses__() if each.__module__ == "alerts.errors"
    }

"""Errors of forecasting cross from one process to another as they are."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Iterator

import pytest

import forecasting.errors
from forecasting.errors import ForecastingError, SendableError


def kinds(of: type[ForecastingError] = ForecastingError) -> Iterator[type[ForecastingError]]:
    """Every subclass, of subclasses too."""
    for each in of.__subclasses__():
        yield each
        yield from kinds(each)


def made(kind: type[ForecastingError]) -> ForecastingError:
    """An error with something under each parameter, of the type that is asked for."""
    examples = {"str": "x", "int": 3, "float": 0.5, "tuple[str, ...]": ("a", "b")}
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    return kind(*(examples[str(each.annotation)] for each in parameters))


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_an_error_is_the_same_in_another_process(kind: type[ForecastingError]) -> None:
    """A pickled error has its type, its message and its numbers: no pool breaks where a series does."""
    error = made(kind)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own bytes
        assert type(again) is kind
        assert str(again) == str(error)
        assert vars(again) == vars(error)


def test_every_error_of_the_module_is_one_of_the_tree() -> None:
    """No error stands beside the tree, where no command would catch it."""
    held = {each for each in vars(forecasting.errors).values() if inspect.isclass(each)}
    assert {each for each in held if issubclass(each, Exception)} == {
        SendableError,
        ForecastingError,
        *kinds(),
    }

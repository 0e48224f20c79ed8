"""The tree of errors of the forecasting package; each carries its numbers and says what to do."""

from __future__ import annotations

from typing import Any


class SendableError(Exception):
    """An error that can be sent from one process to another, whatever its ``__init__`` takes.

    Once pickled it is made again from its message and its numbers, not by that ``__init__``, which takes the
    numbers alone: a pool that cannot make the error of one series is broken, and all others with it.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        """How pickle makes it again."""
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[SendableError], args: tuple[Any, ...]) -> SendableError:
    return kind.__new__(kind, *args)


class ForecastingError(SendableError):
    """Root of every error that forecasting raises on purpose."""


class InvalidMonthError(ForecastingError, ValueError):
    """A text that is not a calendar month."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(f"{text!r} is not a month; write it as YYYY-MM, for example 2025-05.")


class InvalidSpanError(ForecastingError, ValueError):
    """A span of fewer than one month, or more than the longest that is accepted."""

    def __init__(self, months: int, longest: int) -> None:
        self.months = months
        self.longest = longest
        super().__init__(f"A span of {months} months is not accepted; it holds 1 to {longest} months.")


class InvalidSeriesError(ForecastingError, ValueError):
    """Values, months or units that do not make one monthly series."""

    def __init__(self, series_id: str, what: str) -> None:
        self.series_id = series_id
        self.what = what
        super().__init__(f"Series {series_id}: {what}.")


class InvalidForecastError(ForecastingError, ValueError):
    """Levels or values that are not a predictive distribution by horizon."""

    def __init__(self, series_id: str, what: str) -> None:
        self.series_id = series_id
        self.what = what
        super().__init__(f"Forecast of {series_id}: {what}.")


class HorizonError(ForecastingError, ValueError):
    """A month that the forecast does not reach."""

    def __init__(self, series_id: str, month: str, first: str, last: str) -> None:
        self.series_id = series_id
        self.month = month
        self.first = first
        self.last = last
        super().__init__(
            f"The forecast of {series_id} runs from {first} to {last} and says nothing about {month}; "
            "publish one whose horizon reaches it."
        )


class SeriesTooShortError(ForecastingError):
    """Fewer observed months than a model needs."""

    def __init__(self, series_id: str, held: int, needed: int) -> None:
        self.series_id = series_id
        self.held = held
        self.needed = needed
        super().__init__(f"Series {series_id} holds {held} observed months; this model needs {needed}.")


class UnknownModelError(ForecastingError, LookupError):
    """A model or portfolio name that nothing is registered under."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        self.known = known
        super().__init__(f"There is no model or portfolio {name!r}; known are {', '.join(known)}.")


class UnknownCalendarError(ForecastingError, LookupError):
    """A country or a year that no calendar covers."""

    def __init__(self, asked: str, known: str) -> None:
        self.asked = asked
        self.known = known
        super().__init__(f"There is nothing known of {asked}; known are {known}.")


class ModelFailedError(ForecastingError):
    """A fit that raised, exploded or returned what the sanity gate refuses."""

    def __init__(self, model: str, series_id: str, reason: str) -> None:
        self.model = model
        self.series_id = series_id
        self.reason = reason
        super().__init__(f"{model} on {series_id}: {reason}.")


class InvalidBudgetError(ForecastingError, ValueError):
    """An alert budget or a false discovery rate outside its range."""

    def __init__(self, budget: float) -> None:
        self.budget = budget
        super().__init__(
            f"{budget:g} is no budget: give false alarms per series and year, above 0 and at most 12, "
            "or a false discovery rate above 0 and at most 1."
        )


class GlobalModelError(ForecastingError):
    """A global model that cannot be trained, or bytes that are none."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"Global model: {what}.")


class CalibrationError(ForecastingError):
    """Too few residuals to calibrate from, or bytes that are no calibration."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"Calibration: {what}.")


class InvalidFamilyError(ForecastingError, ValueError):
    """Series that cannot be derived from one another, or forecasts that cannot be made to add up."""

    def __init__(self, series_id: str, what: str) -> None:
        self.series_id = series_id
        self.what = what
        super().__init__(f"Family of {series_id}: {what}.")

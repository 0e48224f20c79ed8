"""Shapes that several resources share: strict models, pages, moments and identifiers."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from typing import Annotated, Any, Generic, Self, TypeVar

from fastapi import Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from services.api.problems import ProblemError
from services.ingestion.cells import can_be_id, unfit_id
from services.middleware.parameters import no_such


class Given(BaseModel):
    """A body that a caller sends: an unknown key is refused, and nothing is guessed from another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="wrap")
    @classmethod
    def _nearest_named(cls, given: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        """The model; a key that nobody knows is told with the nearest that is known, where it stands."""
        try:
            return validate(given)
        except ValidationError as error:
            known = [field.alias or name for name, field in cls.model_fields.items()]
            told = [_told(each, known) for each in error.errors()]
            raise ValidationError.from_exception_data(error.title, told) from error


def _told(fault: ErrorDetails, known: list[str]) -> InitErrorDetails:
    """A fault as it was, at its place; of a model's own unknown key the reason names those it has."""
    own = fault["type"] == "extra_forbidden" and len(fault["loc"]) == 1
    reason = no_such("field", str(fault["loc"][0]), known) if own else fault["msg"]
    said = PydanticCustomError(fault["type"], "{reason}", {"reason": reason})
    return InitErrorDetails(type=said, loc=fault["loc"], input=fault["input"])


class Shown(BaseModel):
    """What is answered."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


Item = TypeVar("Item")


class Page(Shown, Generic[Item]):
    """A part of a list in a stable order; ``next`` is the cursor of the rest, null at the end."""

    items: list[Item]
    next: str | None = None


class PageOfParts(Shown):
    """The same where ``fields`` is given: each item holds those alone."""

    items: list[dict[str, Any]]
    next: str | None = None


def _moment(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    with contextlib.suppress(ValueError, OverflowError):
        moment = dt.datetime.fromisoformat(given)
        if moment.tzinfo is not None:
            return moment.astimezone(dt.UTC)
    plus = "; in an address + is written %2B" if " " in given else ""
    raise ValueError(f"a moment with its zone is wanted, such as 2025-06-20T10:00:00Z{plus}")


def _iso(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _storable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it holds a control character")
    return text


def storable_id(text: str) -> str:
    """A new id as it may be kept: letters, digits and _ - . : and no more; else ProblemError."""
    if not can_be_id(text):
        raise ProblemError("invalid-request", f"{unfit_id(text)}.")
    return text


Moment = Annotated[
    dt.datetime, BeforeValidator(_moment), PlainSerializer(_iso, return_type=str, when_used="json")
]
"""A moment, read with its zone and written in UTC."""

Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable)]
LongText = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_storable)]
By = Annotated[
    Text | None,
    Field(description="A person's name, kept in brackets behind the name of the key, which says who it was."),
]

AsOf = Annotated[
    Moment | None,
    Query(
        description="Only what was known at this moment (ISO 8601 with its zone); now by default.",
        openapi_examples={"moment": {"value": "2025-06-20T10:00:00Z"}},
    ),
]
StoodAt = Annotated[
    Moment | None,
    Query(description="As it stood at this moment (ISO 8601 with its zone); 404 before it began."),
]
SeriesId = Annotated[str, Path(description="Id of the series.", min_length=1, max_length=200)]
Before = Annotated[
    int | None, Query(ge=1, le=2**63 - 1, description="The cursor ``next`` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=1000, description="Items on one page.")]
Month = Annotated[
    str | None, Query(pattern=r"^\d{4}-\d{2}$", description="A month as YYYY-MM.", examples=["2025-05"])
]


def clean_json(value: Any) -> Any:
    """A JSON value whose texts can all be stored; else ProblemError."""
    if isinstance(value, str) and not value.isprintable():
        raise ProblemError("invalid-request", "A text in the body holds a control character.")
    if isinstance(value, float) and not math.isfinite(value):
        raise ProblemError("invalid-request", "A number in the body is not finite.")
    if isinstance(value, dict):
        for key, each in value.items():
            clean_json(key)
            clean_json(each)
    if isinstance(value, list):
        for each in value:
            clean_json(each)
    return value

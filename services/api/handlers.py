"""Errors of every layer below as problems; what is not foreseen shows nothing of the inside."""

from __future__ import annotations

import http
from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from alerts.delivery.errors import ForbiddenAddressError, ForbiddenUrlError
from alerts.errors import (
    AlertClosedError,
    InvalidRuleError,
    NothingCoveredError,
    RehearsalTooLargeError,
    TooManyError,
    UnknownScopeError,
    UnseenForecasterError,
)
from forecasting.errors import InvalidMonthError, UnknownModelError
from services.api.problems import ProblemError, answer, faults
from services.ingestion.errors import UploadRefusedError, UploadTooLargeError
from services.queries.health import cut_short
from services.usecases.callers import OtherDeskError
from services.usecases.enable_rule import UnknownRuleError, UnreadableRuleError
from services.usecases.handle_alerts import SnoozeInThePastError, UnknownAlertError
from services.usecases.manage_endpoints import TooManySecretsError, UnknownEndpointError
from services.usecases.manage_keys import InvalidScopesError, UnknownKeyError
from services.usecases.put_forecaster import (
    ForecasterMovedError,
    ForecasterTakenError,
    SharedForecasterError,
    TooManyForecastersError,
    UnknownForecasterError,
)
from services.usecases.record_observations import IdempotencyKeyReusedError
from services.usecases.request_forecast import NoFiguresError, NotPublishedError
from services.usecases.save_rule import RuleChangedError
from services.usecases.shared_things import SharedThingError

_log = structlog.get_logger()

READ_ONLY = "25006"
"""SQLSTATE of a change within a transaction that only reads."""

_BY_STATUS = {404: "not-found", 405: "method-not-allowed", 408: "body-too-slow", 413: "too-large"}


def install(app: FastAPI) -> None:
    """Answer every error of an app with a problem."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(UploadRefusedError, _refused)
    app.add_exception_handler(InvalidRuleError, _rule)
    for error, kind in {
        UploadTooLargeError: "too-large",
        IdempotencyKeyReusedError: "idempotency-key-reused",
        OtherDeskError: "forbidden",
        SharedThingError: "forbidden",
        SharedForecasterError: "forbidden",
        UnknownForecasterError: "not-found",
        ForecasterMovedError: "conflict",
        ForecasterTakenError: "conflict",
        TooManyForecastersError: "conflict",
        UnknownEndpointError: "not-found",
        UnknownAlertError: "not-found",
        UnknownRuleError: "not-found",
        UnreadableRuleError: "conflict",
        SnoozeInThePastError: "invalid-request",
        UnknownKeyError: "not-found",
        InvalidScopesError: "invalid-request",
        NoFiguresError: "no-figures",
        NotPublishedError: "not-found",
        UnknownModelError: "invalid-request",
        InvalidMonthError: "invalid-request",
        ForbiddenUrlError: "forbidden-url",
        ForbiddenAddressError: "forbidden-url",
        AlertClosedError: "conflict",
        TooManySecretsError: "conflict",
        TooManyError: "conflict",
        RuleChangedError: "changed-meanwhile",
        UnknownScopeError: "invalid-rule",
        UnseenForecasterError: "invalid-rule",
        NothingCoveredError: "invalid-rule",
        RehearsalTooLargeError: "invalid-request",
    }.items():
        app.add_exception_handler(error, _plain(kind))
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(OperationalError, _unavailable)
    app.add_exception_handler(PoolTimeoutError, _no_connection)
    app.add_exception_handler(InternalError, _reading_only)
    app.add_exception_handler(Exception, _unforeseen)


def _plain(kind: str) -> Any:
    def handle(_: Request, error: Exception) -> JSONResponse:
        return answer(kind, str(error))

    return handle


def _problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101 - Starlette's handlers are typed for Exception
    return answer(error.kind, error.detail, headers=error.headers, **error.members)


def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return answer("not-json", "The body is not one JSON value in UTF-8.")
    found = [
        {"path": path_of(each["loc"]), "reason": each["msg"].removeprefix("Value error, ")}
        for each in error.errors()
    ]
    first = found[0]
    return answer("invalid-request", f"{first['path']}: {first['reason']}", **faults(found))


def path_of(location: Sequence[int | str]) -> str:
    """Where a fault is, as ``query.as_of`` or ``body.tags[0]``."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    kind = _BY_STATUS.get(error.status_code, "http")
    title = http.HTTPStatus(error.status_code).phrase if kind == "http" else None
    return answer(kind, str(error.detail), status=error.status_code, title=title, headers=error.headers)


def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, UploadRefusedError)  # noqa: S101 - as above
    return answer(
        "upload-refused",
        str(error),
        **faults([{"row": fault.row, "reason": fault.reason} for fault in error.faults]),
    )


def _rule(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, InvalidRuleError)  # noqa: S101 - as above
    return answer(
        "invalid-rule",
        str(error),
        **faults(
            [{"path": fault.path, "reason": fault.reason, "example": fault.example} for fault in error.faults]
        ),
    )


def _unstorable(_: Request, error: Exception) -> JSONResponse:
    _log.warning("a value that the database does not take", error=type(error).__name__)
    return answer(
        "invalid-request", "A number or a text lies outside what can be stored; nothing was changed."
    )


def _unavailable(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OperationalError)  # noqa: S101 - as above
    why = cut_short(error)
    if why is not None:
        _log.warning("a statement was cut short", why=why, path=request.url.path, error=str(error.orig))
    if why == "slow":
        return answer("too-slow", "The database was at it for longer than a request may take.")
    if why == "waiting":
        detail = "What this would change or read is held by others for longer than a request waits."
        return answer("busy", detail, headers={"Retry-After": "5"})
    _log.error("the database cannot be reached", error=str(getattr(error, "orig", error)))
    return answer("unavailable", "The database does not answer.", headers={"Retry-After": "2"})


def _no_connection(request: Request, _: Exception) -> JSONResponse:
    _log.warning("no connection to the database was free", path=request.url.path)
    detail = "Other requests have every connection to the database."
    return answer("busy", detail, headers={"Retry-After": "5"})


def _reading_only(request: Request, error: Exception) -> JSONResponse:
    """A change asked of a read replica; whatever else PostgreSQL calls internal nobody has foreseen."""
    if getattr(getattr(error, "orig", None), "sqlstate", None) != READ_ONLY:
        return _unforeseen(request, error)
    return answer("read-only", "This would change or order something, and here the database is only read.")


def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    request_id: str = request.state.request_id
    _log.error("unforeseen", request_id=request_id, path=request.url.path, exc_info=error)
    return answer("internal", "Something went wrong on our side.", request_id=request_id)

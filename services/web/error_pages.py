"""Errors as pages: what happened, that nothing was changed, and what to do next."""

from __future__ import annotations

import http
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from alerts.errors import AlertClosedError
from services.bootstrap import Service
from services.doctor import examine
from services.middleware.parameters import unknown_parameters
from services.queries.health import cut_short
from services.usecases.callers import OtherDeskError
from services.usecases.handle_alerts import SnoozeInThePastError
from services.web.csrf import SAFE_METHODS, ForgedRequestError
from services.web.rendering import NotFoundError, page
from services.web.sessions import ScopeMissingError, SignInNeededError, whoever
from services.web.ways_back import above, way_back

_log = structlog.get_logger()

_CUT_SHORT = {
    "slow": "This took longer than a page may. Nothing was changed; ask for less at once.",
    "waiting": "Others are changing the same. Nothing was changed; try again shortly.",
}


class UnknownParameterError(ValueError):
    """An address that asks for what its page does not know."""


def known_parameters(request: Request) -> None:
    """Dependency of every page: refuse a query parameter that it does not know, or given twice."""
    for fault in unknown_parameters(request):
        raise UnknownParameterError(f"{fault['path']}: {fault['reason']}.")


def install(app: FastAPI) -> None:
    """Answer every error of an app with a page."""
    app.add_exception_handler(NotFoundError, _not_found)
    app.add_exception_handler(SignInNeededError, _sign_in)
    app.add_exception_handler(ScopeMissingError, _forbidden)
    app.add_exception_handler(ForgedRequestError, _forbidden)
    app.add_exception_handler(OtherDeskError, _forbidden)
    for error in (AlertClosedError, SnoozeInThePastError):
        app.add_exception_handler(error, _conflict)
    app.add_exception_handler(UnknownParameterError, _unknown)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(OperationalError, _unavailable)
    app.add_exception_handler(Exception, _unforeseen)


def refused(
    request: Request, status: int, title: str, detail: str, *, instead: str = "/", link: str = "To the start"
) -> Response:
    """A page that says what stands in the way, and where to go on."""
    return page(
        request,
        whoever(request),
        "error.html",
        status=status,
        title=title,
        detail=detail,
        instead=instead,
        link=link,
        request_id=getattr(request.state, "request_id", ""),
    )


def _not_found(request: Request, error: Exception) -> Response:
    instead = error.instead if isinstance(error, NotFoundError) else "/"
    return refused(
        request, 404, "There is no such thing", str(error), instead=instead, link="See what there is"
    )


def _sign_in(request: Request, _: Exception) -> Response:
    """To the page that asks for a key, and back here after it."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = wanted if request.method == "GET" else "/"
    return RedirectResponse(f"/sign-in?next={quote(back, safe='')}", status_code=303)


def _forbidden(request: Request, error: Exception) -> Response:
    return refused(request, 403, "This may not be done", str(error))


def _conflict(request: Request, error: Exception) -> Response:
    back = request.url.path.rpartition("/")[0] or "/"
    return refused(request, 409, "Not as things stand", str(error), instead=back, link="Back to it")


def _unknown(request: Request, error: Exception) -> Response:
    title = "That address says more than is known"
    return refused(request, 422, title, str(error), instead=_anew(request), link="Without it")


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - Starlette's handlers are typed for Exception
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "the form"
    detail = f"{where}: {first['msg']}. Nothing was changed: go back and mend it."
    return refused(request, 422, "That cannot be read", detail, instead=_anew(request), link="Begin anew")


def _anew(request: Request) -> str:
    """The page asked for without what was asked of it, or the one that a form came from."""
    return request.url.path if request.method in SAFE_METHODS else way_back(request)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    if error.status_code == http.HTTPStatus.NOT_FOUND:
        return _not_found(request, NotFoundError(f"Nothing stands at {request.url.path}."))
    if error.status_code == http.HTTPStatus.METHOD_NOT_ALLOWED:
        detail = "This address takes what a form sends, and shows nothing by itself. Nothing was changed."
        instead = above(request.url.path)
        return refused(request, 405, "No page stands here", detail, instead=instead, link="See what there is")
    title = http.HTTPStatus(error.status_code).phrase
    return refused(
        request, error.status_code, title, str(error.detail), instead=way_back(request), link="Back"
    )


def _unstorable(request: Request, error: Exception) -> Response:
    _log.warning("a value that the database does not take", error=type(error).__name__)
    detail = "A number or a text lies outside what can be stored or looked for; nothing was changed."
    return refused(request, 422, "That cannot be read", detail, instead=above(request.url.path))


def _unavailable(request: Request, error: Exception) -> Response:
    assert isinstance(error, OperationalError)  # noqa: S101 - as above
    if (why := cut_short(error)) is not None:
        _log.warning("a statement was cut short", why=why, path=request.url.path, error=str(error.orig))
        detail = _CUT_SHORT[why]
        back = way_back(request)
        return refused(request, 503, "Not for the moment", detail, instead=back, link="Try again")
    _log.error("the database cannot be reached", error=str(error.orig))
    detail = "The database does not answer. Figures and alerts are safe in it; load this page again shortly."
    if request.url.path == "/operations":
        detail = f"{_wrong(request)} {detail}"
    return refused(request, 503, "Not for the moment", detail, instead=way_back(request), link="Try again")


def _wrong(request: Request) -> str:
    """What ops has to do about the database and the broker; neither an address nor other state is named.

    It is said to anybody, since nobody can be told from another now.
    """
    service: Service = request.app.state.service
    findings = examine(service.settings, service.engine, now=service.now())
    return " ".join(
        f"{each.what[:1].upper()}{each.what[1:].partition(':')[0]}: {each.do}"
        for each in findings
        if not each.well and each.what.startswith(("the database", "the broker"))
    )


def _unforeseen(request: Request, error: Exception) -> Response:
    _log.error("unforeseen", path=request.url.path, exc_info=error)
    detail = "Something went wrong on our side. Nothing was changed; tell the operator the number below."
    return refused(request, 500, "An error that is ours", detail, instead=way_back(request), link="Try again")

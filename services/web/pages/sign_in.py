"""Signing in with an API key, and out again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from services.bootstrap import Service
from services.usecases.sign_in import ReadlessKeyError, WrongKeyError, sign_in, sign_out
from services.web import csrf
from services.web.changes import back_to
from services.web.rendering import page
from services.web.sessions import Known, give_cookie, session_of, take_cookie
from services.web.ways_back import own

router = APIRouter()


@router.get("/sign-in")
def asked(request: Request, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:  # noqa: A002 - in the address
    """The form."""
    return _form(request, next)


@router.post("/sign-in")
def given(
    request: Request,
    key: Annotated[str, Form(max_length=400)],
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 - as above
) -> Response:
    """A session, where the key is valid and may read."""
    csrf.check_origin(request.headers, host=request.headers.get("host", ""))
    service: Service = request.app.state.service
    try:
        with service.engine.begin() as connection:
            token = sign_in(connection, key, now=service.now())
    except (WrongKeyError, ReadlessKeyError) as error:
        return _form(request, next, refusal=str(error))
    answer = back_to(own(next))
    give_cookie(answer, service.settings, token)
    return answer


@router.post("/sign-out")
def ended(request: Request, _: Known) -> Response:
    """The end of the session, here and in the database."""
    service: Service = request.app.state.service
    session = session_of(request)
    if session is not None:
        with service.engine.begin() as connection:
            sign_out(connection, session)
    answer = back_to("/sign-in")
    take_cookie(answer, service.settings)
    return answer


def _form(request: Request, wanted: str, *, refusal: str = "") -> Response:
    service: Service = request.app.state.service
    return page(
        request,
        None,
        "sign_in.html",
        status=401 if refusal else 200,
        next=own(wanted),
        refusal=refusal,
        production=service.settings.environment == "production",
    )

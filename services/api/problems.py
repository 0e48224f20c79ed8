"""RFC 9457 problems: every error of the API, with its type, what it means and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.responses import JSONResponse

from services.telemetry import PROBLEMS

MEDIA_TYPE = "application/problem+json"
MOST_FAULTS = 100
"""Faults that one problem lists; ``fault_count`` is of all."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of problem: its status, its title, and what whoever meets it can do."""

    status: int
    title: str
    remedy: str


KINDS: dict[str, Kind] = {
    "invalid-request": Kind(
        422, "The request is not valid", "Mend what each fault names; nothing was changed."
    ),
    "upload-refused": Kind(
        422,
        "The upload was refused",
        "Each fault names its row (counted after the header; 0 is the whole upload) and the reason. Nothing "
        "was stored: mend the rows and send the whole upload again.",
    ),
    "invalid-rule": Kind(
        422,
        "The rule cannot be read",
        "Each fault names the path in the rule, the reason, and an example that would be accepted.",
    ),
    "forbidden-url": Kind(
        422, "Nothing may be sent to this URL", "Give an https URL whose host has a public address."
    ),
    "idempotency-key-reused": Kind(
        422,
        "The idempotency key came first with other figures",
        "Send other figures with a new Idempotency-Key; the same figures with the same key are safe.",
    ),
    "not-json": Kind(400, "The body is not JSON", "Send one JSON value in UTF-8."),
    "unauthorised": Kind(
        401, "No valid API key was given", "Send the header: Authorization: Bearer YOUR-KEY."
    ),
    "forbidden": Kind(
        403, "The API key may not do this", "Use a key that has the scope named, or ask an admin for one."
    ),
    "not-found": Kind(404, "There is no such thing", "Check the id; the lists name what there is."),
    "method-not-allowed": Kind(
        405, "The method is not allowed here", "The header Allow names those that are."
    ),
    "conflict": Kind(409, "This cannot be done as things stand", "The detail says what stands in the way."),
    "no-figures": Kind(409, "The series holds no figures", "Upload figures; a forecast follows by itself."),
    "refit-failed": Kind(
        409, "The forecast could not be made", "The detail holds the error; another model may do."
    ),
    "changed-meanwhile": Kind(
        412, "It was changed in the meantime", "Read it again, and repeat the change on what you find."
    ),
    "too-large": Kind(413, "The body is too large", "Send it in smaller parts; nothing was stored."),
    "media-type": Kind(415, "The content type is not accepted", "Send one that the detail names."),
    "not-acceptable": Kind(
        406, "None of the formats asked for is offered", "Ask for one that the detail names."
    ),
    "http": Kind(400, "The request cannot be answered", "See the status and the detail."),
    "too-many-requests": Kind(
        429, "The key makes too many requests", "Wait for Retry-After seconds; RateLimit says what is left."
    ),
    "too-many-streams": Kind(
        503, "Too many streams are open", "Close one, or come back after Retry-After seconds."
    ),
    "busy": Kind(
        503,
        "Others were first",
        "Try again after Retry-After seconds; nothing was changed, and an upload with its Idempotency-Key is "
        "safe to repeat.",
    ),
    "too-slow": Kind(
        504,
        "The question took too long",
        "Ask for less at once, such as one series, fewer months or a smaller upload; nothing was changed.",
    ),
    "body-too-slow": Kind(
        408, "The body did not come in time", "Send it again, in smaller parts; nothing was stored."
    ),
    "read-only": Kind(
        421,
        "This address only reads",
        "It serves from a read replica. Ask the same of the service's main address; nothing was changed.",
    ),
    "unavailable": Kind(
        503, "The database cannot be reached", "Try again in a few seconds; nothing was changed."
    ),
    "internal": Kind(
        500,
        "An error that is ours",
        "Nothing was changed. Tell the operator the request id; the log holds the rest.",
    ),
}


class ProblemError(Exception):
    """An answer that is a problem; ``kind`` is a key of KINDS, ``members`` are its extension members."""

    def __init__(
        self, kind: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.members = members
        super().__init__(detail)


def answer(
    kind: str,
    detail: str,
    *,
    status: int | None = None,
    title: str | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> JSONResponse:
    """The response that is a problem."""
    known = KINDS[kind]
    PROBLEMS.labels(kind).inc()
    body = {
        "type": f"/problems/{kind}",
        "title": title or known.title,
        "status": status or known.status,
        "detail": detail,
        **members,
    }
    return JSONResponse(body, body["status"], headers, media_type=MEDIA_TYPE)


def faults(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Faults as extension members: the first of them, and the count of all."""
    return {"faults": found[:MOST_FAULTS], "fault_count": len(found)}

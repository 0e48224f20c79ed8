"""Query parameters that nobody knows are refused, never ignored: an ``as_of`` misspelt leaks the future."""

from __future__ import annotations

import difflib
from collections import Counter

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute


def unknown_parameters(request: Request) -> list[dict[str, str]]:
    """Path and reason of each query parameter that the route does not know, or that is given twice."""
    if not request.scope["query_string"]:
        return []
    route = request.scope["route"]
    known = _parameters(route) if isinstance(route, APIRoute) else ()
    found = []
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            found.append({"path": f"query.{name}", "reason": _unknown(name, known)})
        elif count > 1:
            found.append({"path": f"query.{name}", "reason": f"it is given {count} times"})
    return found


def _parameters(route: APIRoute) -> tuple[str, ...]:
    return tuple(
        field.alias
        for field in get_flat_params(route.dependant)
        if getattr(field.field_info, "in_", None) is ParamTypes.query
    )


def _unknown(name: str, known: tuple[str, ...]) -> str:
    if not known:
        return "there is no such parameter; none is known here"
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    meant = f"did you mean {nearest[0]!r}? " if nearest else ""
    return f"there is no such parameter; {meant}Known are {', '.join(known)}"

"""Query parameters that nobody knows are refused, never ignored: an ``as_of`` misspelt leaks the future."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection
from typing import get_args

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute


def unknown_parameters(request: Request) -> list[dict[str, str]]:
    """Path and reason of each query parameter that the route does not know, or cannot take.

    That is one given twice, or a number written as no figure may be: 1_238. In the path itself such a number
    is no more one.
    """
    for name, given in request.path_params.items():
        if "_" in given and given.replace("_", "").isdecimal() and _is_number(request, name):
            return [{"path": f"path.{name}", "reason": "it is not a number; write digits alone"}]
    if not request.scope["query_string"]:
        return []
    route = request.scope["route"]
    known = _parameters(route) if isinstance(route, APIRoute) else {}
    found = []
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            found.append({"path": f"query.{name}", "reason": no_such("parameter", name, known)})
        elif count > 1:
            found.append({"path": f"query.{name}", "reason": f"it is given {count} times"})
        elif known[name] and "_" in request.query_params[name]:
            found.append({"path": f"query.{name}", "reason": "it is not a number; write digits alone"})
    return found


def _parameters(route: APIRoute) -> dict[str, bool]:
    """Names of a route's query parameters, and whether each is a number."""
    return {name: number for name, (where, number) in _fields(route).items() if where is ParamTypes.query}


def _is_number(request: Request, name: str) -> bool:
    route = request.scope["route"]
    return isinstance(route, APIRoute) and _fields(route).get(name, (None, False))[1]


def _fields(route: APIRoute) -> dict[str, tuple[ParamTypes | None, bool]]:
    """Names of a route's parameters: where each stands, and whether it is a number."""
    return {
        field.alias: (
            getattr(field.field_info, "in_", None),
            bool({int, float} & {field.field_info.annotation, *get_args(field.field_info.annotation)}),
        )
        for field in get_flat_params(route.dependant)
    }


def no_such(what: str, name: str, known: Collection[str]) -> str:
    """Why a name is refused that is none of ``known``: the nearest of them, if one is near, and all."""
    if not known:
        return f"there is no such {what}; none is known here"
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    meant = f"did you mean {nearest[0]!r}? " if nearest else ""
    return f"there is no such {what}; {meant}Known are {', '.join(known)}"

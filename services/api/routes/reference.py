"""/docs: every operation on one page that needs no network, no script and no key."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape

router = APIRouter(tags=["reference"])

_PAGES = Environment(
    loader=PackageLoader("services.api"), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
)


@router.get("/docs", include_in_schema=False)
def reference(request: Request) -> HTMLResponse:
    """The description of the API for people, made from the one for programs at /openapi.json."""
    described: dict[str, Any] = request.app.openapi()
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            shown = {**operation, "method": method.upper(), "path": path, "body": _body(described, operation)}
            groups.setdefault(operation.get("tags", ["service"])[0], []).append(shown)
    page = _PAGES.get_template("reference.html").render(info=described["info"], groups=groups, style=style)
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(page, headers={"Content-Security-Policy": policy})


@cache
def _style() -> str:
    return _PAGES.get_template("reference.css").render()


def _body(described: dict[str, Any], operation: dict[str, Any]) -> str | None:
    """The example of the body that an operation takes, as indented JSON."""
    media = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if media is None:
        return None
    found = media.get("example")
    if found is None and "$ref" in media["schema"]:
        named = media["schema"]["$ref"].rpartition("/")[2]
        found = described["components"]["schemas"][named].get("examples", [None])[0]
    return None if found is None else json.dumps(found, indent=2, ensure_ascii=False)

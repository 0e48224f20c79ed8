"""Templates to answers: what every page knows, and how a page is made of a template beside its module."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.web import flashes, formats, statics
from services.web.sessions import Visitor
from services.web.words import STANDS, chance, judged_on, lead, lost_words

HERE = Path(__file__).parent

NAVIGATION = (
    ("/", "Now"),
    ("/series", "Series"),
    ("/releases", "Releases"),
    ("/episodes", "Episodes"),
    ("/alerts", "Alerts"),
    ("/rules", "Rules"),
    ("/deliveries", "Deliveries"),
    ("/endpoints", "Endpoints"),
    ("/track-record", "Track record"),
    ("/imports", "Import"),
    ("/operations", "Operations"),
)
"""Where every page leads to, in the order of the bar at the top."""


class NotFoundError(LookupError):
    """Nothing of that name, or nothing that the visitor may see; ``instead`` is where to look."""

    def __init__(self, what: str, instead: str = "/") -> None:
        self.what = what
        self.instead = instead
        super().__init__(what)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader([HERE / "templates", HERE / "pages"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"static": statics.address, "navigation": NAVIGATION}
    environment.globals |= {"lead": lead, "stands": STANDS, "lost_words": lost_words, "judged_on": judged_on}
    environment.filters |= {
        name: getattr(formats, name)
        for name in ("quantity", "change", "share", "decimal", "month", "day", "moment", "ago")
    }
    environment.filters["chance"] = chance
    return environment


def compile_templates() -> None:
    """Compile every template, so that no visitor is the first to wait for one."""
    templates = _templates()
    for each in templates.list_templates(extensions=["html"]):
        templates.get_template(each)


def page(
    request: Request, looking: Visitor | None, template: str, *, status: int = 200, **context: Any
) -> HTMLResponse:
    """A page from a template, for whoever looks (None: nobody knows yet), never kept by a cache."""
    said = flashes.said(request)
    html = (
        _templates()
        .get_template(template)
        .render(looking=looking, path=request.url.path, address=_address(request), said=said, **context)
    )
    headers = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
    }  # where a form came from: ways_back
    response = HTMLResponse(html, status, headers)
    if said is not None:
        flashes.forget(response)
    return response


def _address(request: Request) -> str:
    """Path and query of this page, to come back to."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")

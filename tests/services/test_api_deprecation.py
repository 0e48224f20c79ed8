"""A route that is to go says so in its answers."""

from __future__ import annotations

import datetime as dt

import pytest
from api_stage import served, staged_app
from httpx import Client

from services.api.deprecation import leaving
from services.api.problems import ProblemError

SINCE = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
ENDS = dt.datetime(2027, 5, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))


def test_a_route_that_is_to_go_says_since_when_until_when_and_what_instead() -> None:
    """Its answers and its errors bear the three headers, its description says deprecated; no other's do."""
    app = staged_app()
    said = leaving(since=SINCE, ends=ENDS, instead="/v1/new")

    @app.get("/v1/old", **said)
    def old(fail: bool = False) -> dict[str, int]:
        if fail:
            raise ProblemError("not-found", "There is none.")
        return {"told": 1}

    assert app.openapi()["paths"]["/v1/old"]["get"]["deprecated"] is True
    with served(app) as address, Client(base_url=address, timeout=30) as client:
        for query, status in (({}, 200), ({"fail": "true"}, 404)):
            answer = client.get("/v1/old", params=query)
            assert answer.status_code == status
            assert answer.headers["deprecation"] == "@1793491200"
            assert answer.headers["sunset"] == "Sat, 01 May 2027 10:00:00 GMT"
            assert answer.headers["link"] == '</v1/new>; rel="successor-version"'
        assert not {"deprecation", "sunset"} & client.get("/healthz").headers.keys()


@pytest.mark.parametrize("ends", [SINCE, dt.datetime(2027, 5, 1)])  # noqa: DTZ001 - what is refused
def test_a_route_cannot_go_before_it_is_deprecated(ends: dt.datetime) -> None:
    """Moments in the wrong order, or without a zone, are refused where the route is declared."""
    with pytest.raises(ValueError, match=r"not after|zone"):
        leaving(since=SINCE, ends=ends, instead="/v1/new")

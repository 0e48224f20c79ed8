"""Where a form comes from: only a page of this host changes anything."""

from __future__ import annotations

import pytest

from services.web.csrf import ForgedRequestError, check_origin, token

HOST = "tonnage.example:8000"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": f"https://{HOST}"},
    ],
    ids=lambda headers: next(iter(headers.items()))[1],
)
def test_a_page_of_ours_may_ask(headers: dict[str, str]) -> None:
    """A browser says that the page is ours, or that nobody but its user asks."""
    check_origin(headers, host=HOST)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": f"https://{HOST}"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"https://{HOST}.evil.example"},
        {},
    ],
    ids=["cross-site", "same-site", "other host", "no origin", "host as a prefix", "nothing told"],
)
def test_anybody_else_is_refused(headers: dict[str, str]) -> None:
    """Another site, a sandboxed frame, or whoever says nothing of where it comes from."""
    with pytest.raises(ForgedRequestError, match="Nothing was changed"):
        check_origin(headers, host=HOST)


def test_a_token_is_of_one_session_and_does_not_tell_it() -> None:
    """Two sessions have two tokens, and neither is in its token."""
    assert token("a" * 43) == token("a" * 43)
    assert token("a" * 43) != token("b" * 43)
    assert "a" * 43 not in token("a" * 43)

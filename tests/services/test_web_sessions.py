"""The session of the dashboard: its cookie, its row, and what ends it."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import Engine, select
from starlette.responses import Response

from services.settings import Settings
from services.storage.tables import sessions
from services.usecases.manage_keys import add_key, revoke_key
from services.usecases.sign_in import LIFETIME, ReadlessKeyError, WrongKeyError, sign_in, sign_out, signed_in
from services.web.sessions import give_cookie

NOW = dt.datetime(2025, 8, 1, 12, tzinfo=dt.UTC)


def opened(engine: Engine) -> tuple[str, str]:
    """Id of a key, and the token of a session that it opened."""
    with engine.begin() as connection:
        key, text = add_key(connection, name="k", scopes=("read",), now=NOW)
        return key.id, sign_in(connection, text, now=NOW)


def test_a_session_lasts_a_working_day_and_is_of_its_key(engine: Engine) -> None:
    """What its key may do, it may, for twelve hours; only the hash of its token is kept."""
    key_id, token = opened(engine)
    with engine.begin() as connection:
        caller = signed_in(connection, token, now=NOW + LIFETIME - dt.timedelta(seconds=1))
        assert caller is not None
        assert (caller.key_id, caller.scopes) == (key_id, frozenset({"read"}))
        assert signed_in(connection, token, now=NOW + LIFETIME) is None
        assert signed_in(connection, token[:-1], now=NOW) is None
        assert token.encode() not in connection.execute(select(sessions.c.digest)).scalar_one()


def test_signing_out_and_revoking_end_it(engine: Engine) -> None:
    """At once, each by itself."""
    _, first = opened(engine)
    key_id, second = opened(engine)
    with engine.begin() as connection:
        sign_out(connection, first)
        revoke_key(connection, key_id, now=NOW)
        assert signed_in(connection, first, now=NOW) is None
        assert signed_in(connection, second, now=NOW) is None


def test_sessions_that_have_expired_go_when_another_is_opened(engine: Engine) -> None:
    """The table holds what can still be used, whoever left without signing out."""
    opened(engine)
    with engine.begin() as connection:
        _, text = add_key(connection, name="k", scopes=("admin",), now=NOW)
        sign_in(connection, text, now=NOW + LIFETIME)
        assert len(connection.execute(select(sessions)).all()) == 1


def test_what_is_no_key_or_may_not_read_opens_nothing(engine: Engine) -> None:
    """Both are refused in words that say what to do."""
    with engine.begin() as connection:
        _, text = add_key(connection, name="writer", scopes=("write",), now=NOW)
        with pytest.raises(ReadlessKeyError, match="'writer' lacks the scope 'read'"):
            sign_in(connection, text, now=NOW)
        with pytest.raises(WrongKeyError, match="tonnage key add"):
            sign_in(connection, text + "x", now=NOW)
        assert connection.execute(select(sessions)).all() == []


@pytest.mark.parametrize(
    ("environment", "begins", "secure"),
    [("production", "__Host-tonnage_session=", True), ("development", "tonnage_session=", False)],
)
def test_the_cookie_is_kept_from_scripts_and_other_sites(environment: str, begins: str, secure: bool) -> None:
    """HttpOnly and SameSite=Strict everywhere; in production bound to this host and to TLS."""
    response = Response()
    give_cookie(response, Settings.model_construct(environment=environment), "token")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(begins)
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Path=/" in cookie
    assert ("Secure" in cookie) == secure

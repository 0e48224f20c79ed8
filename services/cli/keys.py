"""``tonnage key``: API keys from the command line, where the first one of an installation is made."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.auditing import keep
from services.cli.shell import AsJson, database, fail, say, say_all

if TYPE_CHECKING:  # a command that needs no database starts without storage
    from services.queries.keys import Key

app = typer.Typer(help="API keys: who may do what.", no_args_is_help=True)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    *,
    scope: Annotated[list[str], typer.Option(help="read, write, rules, endpoints or admin; repeatable.")],
    desk: Annotated[
        str | None, typer.Option(help="The one desk it sees; every desk where not given.")
    ] = None,
) -> None:
    """Make a key; it is shown once, on the second line."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.api.schemas.keys import KeyShown  # noqa: PLC0415 - as above
    from services.usecases.manage_keys import InvalidScopesError, add_key  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        try:
            key, text = add_key(connection, name=name, scopes=scope, desk=desk, now=bootstrap.now())
        except InvalidScopesError as error:
            raise fail(str(error)) from error
        keep(connection, "key.made", key.id, after=KeyShown.model_validate(key))
    say(f"{key.id}\n{text}")


@app.command("list")
def listed(*, as_json: AsJson = False) -> None:
    """Every key, without its secret."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.queries import keys  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        found = keys.listed(connection)
        now = bootstrap.now()

    def line(key: Key) -> str:
        state = "valid" if key.valid(now) else "ended"
        return f"{key.id}  {state}  {key.name}  {key.desk or 'every desk'}  {' '.join(key.scopes)}"

    say_all(found, line, as_json=as_json, none="no key was made: the API is open to anybody in development")


@app.command("rotate")
def rotate(
    key_id: str,
    *,
    overlap_hours: Annotated[
        float, typer.Option(min=0, max=720, help="Hours that the old key goes on working.")
    ] = 24,
) -> None:
    """Make a key that may do the same as another, which ends after the overlap; shown on the second line."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.api.schemas.keys import KeyShown  # noqa: PLC0415 - as above
    from services.usecases.manage_keys import UnknownKeyError, rotate_key  # noqa: PLC0415 - as above

    overlap = dt.timedelta(hours=overlap_hours)
    with database() as engine, engine.begin() as connection:
        try:
            key, text = rotate_key(connection, key_id, now=bootstrap.now(), overlap=overlap)
        except UnknownKeyError as error:
            raise fail(str(error)) from error
        shown = KeyShown.model_validate(key).model_dump(mode="json")
        keep(connection, "key.rotated", key_id, after={"overlap_hours": overlap_hours, "key": shown})
    say(f"{key.id}\n{text}")


@app.command("revoke")
def revoke(key_id: str) -> None:
    """End a key at once."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.usecases.manage_keys import UnknownKeyError, revoke_key  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        try:
            revoke_key(connection, key_id, now=bootstrap.now())
        except UnknownKeyError as error:
            raise fail(str(error)) from error
        keep(connection, "key.revoked", key_id)
    say(f"{key_id} is revoked")

"""``tonnage key``: API keys from the command line, where the first one of an installation is made."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.shell import database, fail, say

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
    from services.usecases.manage_keys import InvalidScopesError, add_key  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        try:
            key, text = add_key(connection, name=name, scopes=scope, desk=desk, now=bootstrap.now())
        except InvalidScopesError as error:
            raise fail(str(error)) from error
    say(f"{key.id}\n{text}")


@app.command("list")
def listed() -> None:
    """Every key, without its secret."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.storage import keys  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        for key in keys.listed(connection):
            state = "valid" if key.valid(bootstrap.now()) else "ended"
            say(f"{key.id}  {state}  {key.name}  {key.desk or 'every desk'}  {' '.join(key.scopes)}")


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
    say(f"{key_id} is revoked")

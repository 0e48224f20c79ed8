"""``tonnage silences``: what desks do not want to hear, from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.auditing import keep
from services.cli.shell import AsJson, database, fail, say, say_all

if TYPE_CHECKING:  # a command that needs no database starts without storage
    from services.queries.silences import SilenceRecord

app = typer.Typer(help="What desks do not want to hear, each with an end.", no_args_is_help=True)


@app.command("list")
def listed(
    *,
    desk: Annotated[str | None, typer.Option(help="Only those of a desk.")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Those that have ended too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Silences, the oldest first; those that have ended only where asked for."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.queries import silences  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        found = silences.listed(connection, desk=desk, ended=ended, now=bootstrap.now())
    say_all(found, _line, as_json=as_json, none="no silence lasts")


@app.command("end")
def end(silence_id: str) -> None:
    """End a silence now: what it matches is heard again."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.api.schemas.silences import SilenceShown  # noqa: PLC0415 - as above
    from services.queries import silences  # noqa: PLC0415 - as above
    from services.usecases.manage_silences import end_silence  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        before = silences.one(connection, silence_id)
        after = end_silence(connection, silence_id, now=bootstrap.now())
        if before is None or after is None:
            raise fail(f"There is no silence {silence_id!r}; tonnage silences list shows which there are.")
        shown = SilenceShown.of(before), SilenceShown.of(after)
        keep(connection, "silence.ended", silence_id, before=shown[0], after=shown[1])
    say(f"{silence_id} has ended")


def _line(record: SilenceRecord) -> str:
    from services.queries.silences import dump_matcher  # noqa: PLC0415 - read when asked for

    given = record.silence
    asked = dump_matcher(given.matcher)
    what = " ".join(f"{name}={value}" for name, value in asked.items()) or "everything"
    return f"{given.id}  {record.desk}  {given.starts:%F %T} to {given.ends:%F %T}  {what}  by {given.by}"

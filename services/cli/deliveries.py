"""``tonnage deliveries``: what was sent to whom, from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from services.cli.shell import AsJson, database, fail, say, say_all

if TYPE_CHECKING:  # a command that needs no database starts without storage
    from services.queries.deliveries import DeliveryRecord

app = typer.Typer(help="What was sent to whom, and what came back.", no_args_is_help=True)


@app.command("list")
def listed(
    *,
    status: Annotated[
        Literal["pending", "delivered", "exhausted", "cancelled"] | None,
        typer.Option(help="Only those that stand so; exhausted ones were given up and wait for a replay."),
    ] = None,
    endpoint: Annotated[str | None, typer.Option(help="Only those to an endpoint.")] = None,
    desk: Annotated[str | None, typer.Option(help="Only those of a desk.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Deliveries, the newest first."""
    from services.queries import deliveries  # noqa: PLC0415 - read when asked for

    with database() as engine, engine.begin() as connection:
        found = deliveries.listed(connection, desk=desk, status=status, endpoint_id=endpoint, limit=limit)
    say_all(found.rows, _line, as_json=as_json, none="no such delivery")


@app.command("show")
def show(delivery_id: Annotated[int, typer.Argument(min=1, help="Id of the delivery.")]) -> None:
    """One delivery with each attempt: what came back, and what followed."""
    from services.queries import deliveries  # noqa: PLC0415 - read when asked for

    with database() as engine, engine.begin() as connection:
        story = deliveries.story(connection, delivery_id)
    if story is None:
        raise fail(f"There is no delivery {delivery_id}; tonnage deliveries list shows which there are.")
    say(_line(story.record))
    for each in story.tried:
        code = "" if each.status_code is None else f" {each.status_code}"
        say(f"  {each.number}  {each.started_at:%F %T}  {each.outcome}{code}  {each.reason}")
    say(story.record.body.decode("utf-8", "replace"))


def _line(each: DeliveryRecord) -> str:
    when = each.settled_at or each.due_at
    return (
        f"{each.id}  {each.status}  {each.event_type}  number {each.sequence} to {each.endpoint_id}  "
        f"{each.attempts} attempts  {'settled' if each.settled_at else 'due'} {when:%F %T}"
    )

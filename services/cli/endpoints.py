"""``tonnage endpoint``: where desks receive, from the command line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy import Engine

from alerts.delivery.bodies import Kind
from services.cli.auditing import keep, noted
from services.cli.shell import AsJson, database, fail, moment_of, say, say_all

if TYPE_CHECKING:  # a command that needs no database starts without storage
    from services.queries.endpoints import Endpoint

app = typer.Typer(help="The addresses that desks receive at.", no_args_is_help=True)


@contextmanager
def _endpoints() -> Iterator[Engine]:
    """The database; an endpoint that cannot be, or is not, ends in one line."""
    from alerts.delivery.errors import DeliveryError  # noqa: PLC0415 - read when asked for
    from services.usecases import manage_endpoints  # noqa: PLC0415 - as above

    with database() as engine:
        try:
            yield engine
        except (
            DeliveryError,
            manage_endpoints.EncryptionKeyError,
            manage_endpoints.UnknownEndpointError,
        ) as error:
            raise fail(str(error)) from error


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where messages are posted to.")],
    *,
    desk: Annotated[str, typer.Option(help="Whose rules it hears.")],
    kind: Annotated[Kind, typer.Option(help="Format of the bodies.")] = Kind.WEBHOOK,
) -> None:
    """Add an endpoint; its signing secret is shown once, on the second line."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases.manage_endpoints import add_endpoint  # noqa: PLC0415 - as above

    with _endpoints() as engine:
        made, secret = add_endpoint(
            engine,
            settings(),
            desk=desk,
            url=url,
            kind=kind,
            now=bootstrap.now(),
            noted=noted("endpoint.added"),
        )
    say(f"{made.id}\n{secret}")


@app.command("list")
def listed(
    *,
    desk: Annotated[str | None, typer.Option(help="Only those of a desk.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every endpoint and how it has been doing."""
    from services.queries import endpoints  # noqa: PLC0415 - read when asked for

    with database() as engine, engine.begin() as connection:
        found = endpoints.listed(connection, desk=desk)

    def line(each: Endpoint) -> str:
        ailing = "" if each.failing_since is None else f"  failing since {each.failing_since:%F %T}"
        return f"{each.id}  {each.status}  {each.desk}  {each.kind}  {each.url}{ailing}"

    say_all(found, line, as_json=as_json, none="no endpoint is there; tonnage endpoint add makes one")


@app.command("ping")
def ping(endpoint_id: str) -> None:
    """Send a signed greeting to an endpoint."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.usecases import manage_endpoints  # noqa: PLC0415 - as above

    with _endpoints() as engine:
        message = manage_endpoints.ping(
            engine, endpoint_id, now=bootstrap.now(), noted=noted("endpoint.pinged")
        )
        bootstrap.service().nudge(bootstrap.DELIVER_MESSAGES)
    say(f"{message.id} is on its way")


@app.command("enable")
def enable(
    endpoint_id: str,
    *,
    skip: Annotated[
        bool, typer.Option("--skip", help="Do not send what waited; it can be replayed.")
    ] = False,
) -> None:
    """Enable an endpoint that was disabled; what waited for it goes out, or is skipped."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.usecases.manage_endpoints import enable_endpoint  # noqa: PLC0415 - as above

    with _endpoints() as engine:
        enabled = enable_endpoint(
            engine, endpoint_id, now=bootstrap.now(), skip=skip, noted=noted("endpoint.enabled")
        )
        bootstrap.service().nudge(bootstrap.DELIVER_MESSAGES)
    say(f"{endpoint_id} is enabled. {enabled.in_words()}")


@app.command("replay")
def replay(
    endpoint_id: str,
    *,
    first: Annotated[int | None, typer.Option(min=1, help="Sequence number of the first.")] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Of the last, included.")] = None,
    since: Annotated[str | None, typer.Option(help="Those made at this moment or later.")] = None,
) -> None:
    """Send deliveries again, with the ids that they had: a range, or all since a time."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.queries import endpoints  # noqa: PLC0415 - as above
    from services.usecases.manage_endpoints import UnknownEndpointError  # noqa: PLC0415 - as above
    from services.usecases.replay_deliveries import replay_deliveries  # noqa: PLC0415 - as above

    if first is None and since is None:
        raise fail("Give --first or --since: what was ever sent is not all sent again by mistake.")
    made_since: dt.datetime | None = None if since is None else moment_of(since)
    with _endpoints() as engine:
        with engine.begin() as connection:
            if endpoints.one(connection, endpoint_id) is None:
                raise UnknownEndpointError(endpoint_id)
            count = replay_deliveries(
                connection, endpoint_id, now=bootstrap.now(), first=first, last=last, since=made_since
            )
            asked = {"first": first, "last": last, "since": since, "replayed": count}
            keep(connection, "endpoint.replayed", endpoint_id, after=asked)
        bootstrap.service().nudge(bootstrap.DELIVER_MESSAGES)
    say(f"{count} on their way again")


@app.command("reseal")
def reseal() -> None:
    """Encrypt every secret with the newest of TONNAGE_SECRET_KEYS, so that older ones may leave the list."""
    from services.settings import settings  # noqa: PLC0415 - read when asked for
    from services.usecases.manage_endpoints import reseal_secrets  # noqa: PLC0415 - as above

    with _endpoints() as engine:
        count = reseal_secrets(
            engine,
            settings(),
            noted=lambda connection, count: keep(
                connection, "endpoints.resealed", "every endpoint", after={"endpoints": count}
            ),
        )
    say(f"{count} endpoints are sealed with the newest key")

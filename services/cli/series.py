"""``tonnage series``: what is measured, from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.auditing import keep
from services.cli.given import as_the_api_takes_it
from services.cli.shell import AsJson, database, fail, say, say_all

if TYPE_CHECKING:  # a command that needs no database starts without storage
    from services.queries.series import SeriesRecord

app = typer.Typer(help="The series that are held.", no_args_is_help=True)


@app.command("list")
def listed(
    *,
    words: Annotated[
        str | None, typer.Option("--search", help="Words of the id, name, commodity or HS code.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="Only those of a family.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only those that bear a tag.")] = None,
    as_json: AsJson = False,
) -> None:
    """Series by id, with their unit and name."""
    from services.queries import series  # noqa: PLC0415 - read when asked for

    with database() as engine, engine.begin() as connection:
        found = series.listed(connection, family=family, tag=tag, words=words)
    say_all(found.rows, _line, as_json=as_json, none="no such series; tonnage series add registers one")


@app.command("add")
def add(
    series_id: Annotated[str, typer.Argument(help="Its id; it never changes.")],
    *,
    name: Annotated[str, typer.Option(help="As it stands in sentences.")],
    unit: Annotated[str, typer.Option(help="As in t or USD; it never changes once a figure is held.")],
    family: Annotated[str | None, typer.Option(help="Related series share one.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Repeatable.")] = None,
    hs_code: Annotated[str | None, typer.Option(help="Code of the Harmonized System.")] = None,
) -> None:
    """Register a series, or describe one that is there anew; its unit stays."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.api.schemas.common import storable_id  # noqa: PLC0415 - as above
    from services.api.schemas.series import SeriesGiven, SeriesShown  # noqa: PLC0415 - as above
    from services.queries.series import SeriesRecord  # noqa: PLC0415 - as above
    from services.usecases.register_series import OtherUnitError, register_series  # noqa: PLC0415 - as above

    with as_the_api_takes_it(series_id):
        given = SeriesGiven.model_validate(
            {"name": name, "unit": unit, "family": family, "tags": tag or [], "hs_code": hs_code}
        )
        record = SeriesRecord(storable_id(series_id), **{**dict(given), "tags": tuple(given.tags)})
    with database() as engine, engine.begin() as connection:
        try:
            earlier, held = register_series(connection, record, now=bootstrap.now())
        except OtherUnitError as error:
            raise fail(str(error)) from error
        before = None if earlier is None else SeriesShown.model_validate(earlier)
        shown = SeriesShown.model_validate(held)
        keep(connection, "series.described", series_id, before=before, after=shown)
    say(f"{series_id} is {'registered' if earlier is None else 'described anew'}")


def _line(each: SeriesRecord) -> str:
    return f"{each.id}  {each.unit}  {each.name}" + ("" if each.family is None else f"  ({each.family})")

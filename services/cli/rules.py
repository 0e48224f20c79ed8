"""``tonnage rules``: what desks want to hear, rehearsed and saved from a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from services.cli.auditing import keep
from services.cli.given import as_the_api_takes_it
from services.cli.json_files import json_file
from services.cli.shell import AsJson, database, fail, say
from services.cli.tables import show

if TYPE_CHECKING:  # a command that needs no database starts without storage
    from services.usecases.enable_rule import Enabled

app = typer.Typer(help="What desks want to hear.", no_args_is_help=True)

RuleId = Annotated[str, typer.Argument(metavar="ID", help="Id of the rule.")]
AsOne = Annotated[bool, typer.Option("--json", help="A JSON object instead of lines.")]
RulesFile = Annotated[Path, typer.Argument(help="JSON object: a rule under each id.")]
RulesOrOne = Annotated[Path, typer.Argument(help="JSON object: a rule under each id, or one rule alone.")]


@app.command("list")
def listed(
    *,
    desk: Annotated[str | None, typer.Option(help="Only those of a desk.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every rule by its newest version, in force or not, and what it asks for in words."""
    from services.api.schemas.rules import RuleShown  # noqa: PLC0415 - read when asked for
    from services.queries import forecasters, rules  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        in_force = rules.in_force(connection, desk=desk)
        out = rules.out_of_force(connection, desk=desk)
        names = forecasters.names(connection, (*in_force, *out))
    found = [RuleShown.of(each, names=names) for each in in_force]
    resting = [RuleShown.of(each, enabled=False, names=names) for each in out]
    shown = sorted((*found, *resting), key=lambda each: each.id)
    if as_json:
        say(json.dumps([each.model_dump(mode="json") for each in shown], indent=2, ensure_ascii=False))
        return
    if not shown:
        say("there is no rule; tonnage rules save adds those of a file")
        return
    table = Table(box=box.SIMPLE)
    for title in ("id", "version", "desk", "stands", "in words"):
        table.add_column(title, justify="right" if title == "version" else "left")
    for each in shown:
        stands = "in force" if each.enabled else "out of force"
        table.add_row(*map(escape, (each.id, str(each.version), each.desk, stands, each.in_words)))
    show(table)


@app.command()
def save(file: RulesFile) -> None:
    """Save rules as their next versions."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.api.schemas.common import clean_json, storable_id  # noqa: PLC0415 - as above
    from services.api.schemas.rules import RuleShown  # noqa: PLC0415 - as above
    from services.queries import forecasters  # noqa: PLC0415 - as above
    from services.usecases.save_rule import save_rule  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        given = json_file(file, of="a rule")
        if _alone(given):
            raise fail(f'{file} holds one rule alone; put it under its id, as in {{"magnet-shocks": {{…}}}}.')
        for rule_id, raw in given.items():
            with as_the_api_takes_it(rule_id):
                saved = save_rule(connection, storable_id(rule_id), clean_json(raw), now=bootstrap.now())
            rule = saved.after
            before = None if saved.before is None else RuleShown.of(saved.before, enabled=saved.enabled)
            shown = RuleShown.of(rule, enabled=saved.enabled, names=forecasters.names(connection, [rule]))
            keep(connection, "rule.saved", rule.id, before=before, after=shown)
            say(f"{rule.id} version {rule.version}: {shown.in_words}")
            if not saved.enabled:
                say(f"  It is out of force still: tonnage rules enable {rule.id}")
            say(f"  {saved.open_alerts_in_words}")


def _alone(given: dict[str, Any]) -> bool:
    """True of one rule without an id: its condition says its kind, and its name is no rule."""
    condition = given.get("condition")
    return isinstance(given.get("name"), str) or (isinstance(condition, dict) and "kind" in condition)


@app.command()
def disable(rule_id: RuleId, *, as_json: AsOne = False) -> None:
    """Put a rule out of force: no figure opens an alert of it, and those that are open stay as they are."""
    from services.usecases.enable_rule import disable_rule  # noqa: PLC0415 - read when asked for

    _stand(rule_id, disable_rule, "rule.disabled", as_json=as_json)


@app.command()
def enable(rule_id: RuleId, *, as_json: AsOne = False) -> None:
    """Put a rule back in force: figures that arrive from now on are followed again."""
    from services.usecases.enable_rule import enable_rule  # noqa: PLC0415 - read when asked for

    _stand(rule_id, enable_rule, "rule.enabled", as_json=as_json)


def _stand(rule_id: str, change: Callable[..., Enabled], action: str, *, as_json: bool) -> None:
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.api.schemas.rules import RuleStands  # noqa: PLC0415 - as above
    from services.usecases.enable_rule import UnknownRuleError, UnreadableRuleError  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        try:
            told = change(connection, rule_id, now=bootstrap.now())
        except (UnknownRuleError, UnreadableRuleError) as error:
            raise fail(str(error)) from error
        if told.changed:
            keep(connection, action, rule_id, before=asdict(told.before), after=asdict(told.after))
    if as_json:
        say(RuleStands.of(told).model_dump_json(indent=2))
        return
    say(f"{rule_id} version {told.after.version}. {told.in_words()}")


@app.command()
def rehearse(
    *,
    file: RulesOrOne,
    first: Annotated[str | None, typer.Option("--from", help="First month of figures, YYYY-MM.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last month of figures, YYYY-MM.")] = None,
    mode: Annotated[
        Literal["known", "latest"],
        typer.Option(help="On what was known at each moment, or on today's figures with the difference."),
    ] = "known",
    budget: Annotated[float | None, typer.Option(help="Alerts a year that you accept, a rule.")] = None,
) -> None:
    """Replay rules on the past without saving them: each alert that would have been, and when."""
    from alerts.rehearsal_wording import alert_line, rehearsal_lines  # noqa: PLC0415 - read when asked for
    from alerts.rules import parse_rule  # noqa: PLC0415 - as above
    from forecasting.months import Month  # noqa: PLC0415 - as above
    from services.queries import forecasters  # noqa: PLC0415 - as above
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases.rehearse_rule import rehearse_rule  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        given = json_file(file, of="a rule")
        for rule_id, raw in ({file.stem: given} if _alone(given) else given).items():
            rule = parse_rule(raw, rule_id=rule_id, version=1)
            told = rehearse_rule(
                connection,
                rule,
                first=None if first is None else Month.parse(first),
                last=None if last is None else Month.parse(last),
                latest=mode == "latest",
                alerts_a_year=budget,
                budget=settings().alert_budget,
                portfolio=settings().portfolio,
            )
            words = rule.in_words(forecasters.names(connection, [rule]))
            say(f"{rule_id}, {told.first} to {told.last}: {words}")
            for line in rehearsal_lines(told.rehearsal, told.judged_by):
                say(f"  {line}")
            if told.difference is not None:
                for name, alerts in (
                    ("then", told.difference.only_then),
                    ("today", told.difference.only_today),
                ):
                    for alert in alerts:
                        say(f"  only with the figures of {name}: {alert_line(alert)}")

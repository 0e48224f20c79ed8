"""``tonnage rules``: what desks want to hear, rehearsed and saved from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from services.cli.auditing import keep
from services.cli.given import as_the_api_takes_it
from services.cli.json_files import json_file
from services.cli.shell import database, say

app = typer.Typer(help="What desks want to hear.", no_args_is_help=True)

RulesFile = Annotated[Path, typer.Argument(help="JSON object: a rule under each id.")]


@app.command()
def save(file: RulesFile) -> None:
    """Save rules as their next versions."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.api.schemas.common import clean_json, storable_id  # noqa: PLC0415 - as above
    from services.api.schemas.rules import RuleShown  # noqa: PLC0415 - as above
    from services.queries import rules  # noqa: PLC0415 - as above
    from services.usecases.save_rule import save_rule, standing_alerts  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        for rule_id, raw in json_file(file, of="a rule").items():
            with as_the_api_takes_it(rule_id):
                held = rules.one(connection, storable_id(rule_id))
                rule = save_rule(connection, storable_id(rule_id), clean_json(raw), now=bootstrap.now())
            before = None if held is None else RuleShown.of(held)
            keep(connection, "rule.saved", rule.id, before=before, after=RuleShown.of(rule))
            say(f"{rule.id} version {rule.version}: {rule.in_words()}")
            say(f"  {standing_alerts(connection, rule)[1]}")


@app.command()
def rehearse(
    *,
    file: RulesFile,
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
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases.rehearse_rule import rehearse_rule  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        for rule_id, raw in json_file(file, of="a rule").items():
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
            say(f"{rule_id}, {told.first} to {told.last}: {rule.in_words()}")
            for line in rehearsal_lines(told.rehearsal, told.judged_by):
                say(f"  {line}")
            if told.difference is not None:
                for name, alerts in (
                    ("then", told.difference.only_then),
                    ("today", told.difference.only_today),
                ):
                    for alert in alerts:
                        say(f"  only with the figures of {name}: {alert_line(alert)}")
